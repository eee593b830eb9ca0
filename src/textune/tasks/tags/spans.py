"""Labelled stretches of characters become tags of the words that they cover."""

import ast
import json
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textune.data.words import Word
from textune.errors import excerpt
from textune.tasks.tags import offsets
from textune.tasks.tags.offsets import OffsetCensus

# fmt: off
STARTS = ("start", "begin", "from", "offset", "start_offset", "start_char", "begin_offset",
          "start_position", "begin_char", "start_idx", "start_index", "startOffset", "beginOffset",
          "startIndex", "startChar", "char_start", "charStart")
ENDS = ("end", "to", "stop", "end_offset", "end_char", "end_position", "end_idx", "end_index",
        "endOffset", "endIndex", "endChar", "char_end", "charEnd")
LENGTHS = ("length", "len")
LABELS = ("label", "label_name", "labelName", "className", "class_name", "entityLabel",
          "entity_type", "entityType", "entity_group", "type", "tag", "labels", "class", "category",
          "entity", "slot", "obj")
TEXTS = ("text", "word", "surface", "value", "mention", "entity")
PLACES = ("span", "range", "position", "positions", "indices", "offsets", "valueSpan", "value_span")
LISTS = ("entities", "spans", "annotations", "labels", "label")
# fmt: on
"""Keys of spans, as the usual tools write them."""

LEFT_OUT = "is left out"
"""What a remark says of a span whose words another one has."""


@dataclass(frozen=True, slots=True)
class Span:
    """What somebody marked in a text; the end is the first character after it."""

    start: int
    end: int
    label: str
    text: str | None = None  # what stands there, where the file says so

    def shown(self, text: str) -> str:
        """Name it for a message."""
        return f"{self.start}–{self.end} {excerpt(text[self.start : self.end])} ({self.label})"


def items(cell: str) -> list[object] | None:
    """Take the spans of a cell apart: a list, or an object with one; None where it is neither.

    A blank cell holds no span. JSON and what Python prints are read, tuples as lists. An object of
    lists of equal length ({"start": […], "end": […]}) is read as Arrow writes a list of records.
    """
    if not cell.strip():
        return []
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        value = _printed(cell.strip())
    if isinstance(value, Mapping):
        lists = {key: value[key] for key in LISTS if isinstance(value.get(key), list)}
        is_by_column = isinstance(value.get(_key(value, STARTS) or ""), list)
        value = _rows(value) if is_by_column else next(iter(lists.values()), None)
    return value if isinstance(value, list) else None


def _printed(cell: str) -> object:
    """Read lists, tuples and objects as Python prints them; None where it is anything else."""
    if cell[0] + cell[-1] not in ("[]", "{}", "()"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes
            return _as_lists(ast.literal_eval(cell))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _as_lists(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _as_lists(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_as_lists(held) for held in value]
    return value


def is_span(item: object) -> bool:
    """Tell whether something has the form of a span, whatever its values."""
    item = _placed(item)
    if isinstance(item, Mapping):
        has_end = _key(item, ENDS) is not None or _key(item, LENGTHS) is not None
        return _key(item, STARTS) is not None and has_end and _key(item, LABELS) is not None
    return isinstance(item, list) and len(item) == 3 and isinstance(item[2], str)


def _placed(item: object) -> object:
    """Put a start and an end that stand in a value of their own, "span": [0, 7], beside the rest.

    A start that is left out is 0, as protocol buffers write it.
    """
    if not isinstance(item, Mapping) or _key(item, STARTS) is not None:
        return item
    for held in (item[key] for key in PLACES if key in item):
        if isinstance(held, list) and len(held) == 2 and all(type(at) is int for at in held):
            return {**item, "start": held[0], "end": held[1]}
        if isinstance(held, Mapping) and (end := _key(held, ENDS)) is not None:
            start = _key(held, STARTS)
            return {**item, "start": held[start] if start else 0, "end": held[end]}
    return item


def labels(found: Sequence[object]) -> list[str]:
    """List the labels of the spans that can be read."""
    made = (_span(item) for item in found)
    return [span.label for span in made if isinstance(span, Span)]


def count(census: OffsetCensus, found: Sequence[object], text: str) -> None:
    """Take the spans of a text into account that can be read."""
    for span in map(_span, found):
        if isinstance(span, Span):
            census.add(text, span.start, span.end, span.text)


def read(
    found: Sequence[object], text: str, *, reading: str = offsets.CHARACTERS
) -> tuple[list[Span], list[str]]:
    """Read spans and check each by itself.

    Args:
        found: From `items`.
        text: That they are in.
        reading: What their places count, one of `offsets.READINGS`.

    Returns:
        Those that are sound, by their start, and a sentence for each that is not.
    """
    spans: list[Span] = []
    faults: list[str] = []
    for number, item in enumerate(found, start=1):
        made = _span(item)
        if isinstance(made, Span) and reading != offsets.CHARACTERS:
            start, end = offsets.to_characters(text, made.start, made.end, reading)
            made = replace(made, start=start, end=end)
        wrong = made if isinstance(made, str) else _wrong(made, text)
        if isinstance(made, str) or wrong:
            faults.append(f"span {number}: {wrong}")
        else:
            spans.append(made)
    return sorted(spans, key=lambda span: (span.start, span.end)), faults


def tags(
    spans: Iterable[Span], words: Sequence[Word], text: str
) -> tuple[list[str], list[str], list[str]]:
    """Tag words by the spans that cover them; a span that cuts a word is widened to the whole.

    A word has one tag: of spans that overlap, lie in each other or share a word the longest is
    kept, of equally long ones the first.

    Args:
        spans: Each sound by itself.
        words: Of the text, ascending.
        text: For messages.

    Returns:
        A tag in IOB2 for each word, the faults, and what was widened or left out.
    """
    tagged = ["O"] * len(words)
    faults: list[str] = []
    remarks: dict[Span, str] = {}
    taken: dict[int, Span] = {}  # words, each with the span that it belongs to
    starts = [start for start, _ in words]
    ends = [end for _, end in words]
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        first, after = bisect_right(ends, span.start), bisect_left(starts, span.end)
        other = next((taken[word] for word in range(first, after) if word in taken), None)
        if other is not None:
            remarks[span] = _beside(span, other, text)
        elif not text[span.start : span.end].strip():
            remarks[span] = f"the span {span.shown(text)} holds white space alone: passed over"
        elif first >= after:
            faults.append(f"the span {span.shown(text)} holds no word")
        else:
            taken.update(dict.fromkeys(range(first, after), span))
            tagged[first:after] = [f"I-{span.label}"] * (after - first)
            tagged[first] = f"B-{span.label}"
            if starts[first] < span.start or ends[after - 1] > span.end:
                whole = excerpt(text[starts[first] : ends[after - 1]])
                remarks[span] = (
                    f"the span {span.shown(text)} cuts a word and was widened to {whole}"
                )
    return tagged, faults, [remarks[span] for span in sorted(remarks, key=lambda one: one.start)]


def _beside(span: Span, other: Span, text: str) -> str:
    """Say why a span is left out."""
    if (span.start, span.end, span.label) == (other.start, other.end, other.label):
        return f"the span {span.shown(text)} stands there twice, and is taken once"
    if span.end <= other.start or other.end <= span.start:
        how = "shares a word with"
    else:
        how = "lies in" if other.start <= span.start and span.end <= other.end else "overlaps"
    return f"the span {span.shown(text)} {how} {other.shown(text)} and {LEFT_OUT}"


def _rows(value: Mapping[str, object]) -> list[dict[str, object]] | None:
    columns = [found for found in value.values() if isinstance(found, list)]
    if not value or len(columns) < len(value) or len(set(map(len, columns))) > 1:
        return None
    return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _key(item: Mapping[str, object], keys: Sequence[str]) -> str | None:
    return next((key for key in keys if key in item), None)


def _span(item: Any) -> Span | str:
    """Make a span, or say why that cannot be done."""
    if not is_span(item):
        return f"{_json(item)} has no start, end and label"
    item = _placed(item)
    if isinstance(item, list):
        start, end, label, text = *item, None
    else:
        start = item[_key(item, STARTS) or ""]
        key = _key(item, ENDS)
        length = item[_key(item, LENGTHS) or ""] if key is None else None
        end = _sum(start, length) if key is None else item[key]
        label = item[_key(item, LABELS) or ""]
        named = _key(item, TEXTS) or ""
        text = item.get(named) if named != _key(item, LABELS) else None
    start, end = _whole(start), _whole(end)
    for name, value in (("start", start), ("end", end)):
        if not isinstance(value, int) or isinstance(value, bool):
            return f"its {name} is {_json(value)}; allowed: a whole number"
    label = label[0] if isinstance(label, list) and len(label) == 1 else label
    if isinstance(label, bool) or not isinstance(label, str | int) or not str(label).strip():
        return f"its label is {_json(label)}; allowed: a name"
    return Span(start, end, str(label).strip(), text if isinstance(text, str) else None)


def _sum(start: object, length: object) -> object:
    return start + length if isinstance(start, int) and isinstance(length, int) else length


def _whole(value: object) -> Any:
    """Take 7.0 for 7, as pandas writes whole numbers beside missing ones."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _wrong(span: Span, text: str) -> str:
    place = f"{span.start}–{span.end} ({span.label})"
    if span.start == span.end:
        return f"{place} is empty; its end is the first character after it"
    if not 0 <= span.start < span.end <= len(text):
        return f"{place} does not lie in the text, which has {len(text):,} characters"
    there = text[span.start : span.end]
    if span.text is None or offsets.is_said(span.text, there):
        return ""
    return f"{place} should be {excerpt(span.text)}, but there stands {excerpt(there)}" + _hint(
        span, text
    )


def _hint(span: Span, text: str) -> str:
    """Say how else the offsets would be right."""
    if text[span.start : span.end + 1] == span.text:
        return " (its end seems to be the last character; write the one after it)"
    for name, encoding, size in (("bytes", "utf-8", 1), ("UTF-16", "utf-16-le", 2)):
        data = text.encode(encoding)[span.start * size : span.end * size]
        if data.decode(encoding, errors="replace") == span.text:
            return f" (its offsets seem to count {name}; write them in characters)"
    return ""


def _json(value: object) -> str:
    return excerpt(json.dumps(value, ensure_ascii=False, default=str)).strip("'")
