"""Words in a list and entities by the numbers of their words (SpERT, PURE, …) become tags."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from textune.reading.forms.interface import Converter, Form, Made, Values, left_out, plain

HEAD = 200  # values by which the keys are found
GLINER = "tokenized_text"  # has a form of its own
STARTS = ("start", "begin", "start_token", "token_start")
ENDS = ("end", "end_token", "token_end")
KINDS = ("type", "label", "entity_type", "tag")
Place = tuple[int, int, str]


def _place(item: object) -> Place | None:
    """Read [2, 3, "PER"] or {"start": 2, "end": 3, "type": "PER"}; None for anything else."""
    found: list[Any] = list(item) if isinstance(item, list) else []
    if isinstance(item, Mapping):
        keys = (next((key for key in names if key in item), "") for names in (STARTS, ENDS, KINDS))
        found = [item.get(key) for key in keys]
    if len(found) != 3 or not isinstance(found[2], str):
        return None
    if any(isinstance(at, bool) or not isinstance(at, int) for at in found[:2]):
        return None
    return (found[0], found[1], found[2])


def _words_key(value: Mapping[str, Any]) -> str | None:
    """Find the one key under which a list of strings of several signs stands."""
    able = [
        key
        for key, held in value.items()
        if isinstance(held, list) and held and all(isinstance(word, str) for word in held)
    ]
    return able[0] if len(able) == 1 and able[0] != GLINER else None


def _spans_key(values: Sequence[Mapping[str, Any]], words: str) -> str | None:
    """Find the one key under which nothing but places of words stands."""
    able = []
    for key in values[0]:
        held = [(value.get(key), len(value.get(words) or ())) for value in values]
        lists = [(items, size) for items, size in held if isinstance(items, list)]
        if key == words or len(lists) < len(held):
            continue
        places = [(_place(item), size) for items, size in lists for item in items]
        if places and all(at is not None and 0 <= at[0] <= at[1] <= size for at, size in places):
            able.append(key)
    return able[0] if len(able) == 1 else None


def _keys(values: Sequence[Any]) -> tuple[str, str] | None:
    if not values or not all(isinstance(value, Mapping) for value in values):
        return None
    words = next((key for value in values if (key := _words_key(value))), None)
    if words is None or not all(isinstance(value.get(words), list) for value in values):
        return None
    if any(isinstance(held, str) and " " in held for value in values for held in value.values()):
        return None  # a text beside the words, in which the places may be
    spans = _spans_key(values, words)
    return None if spans is None else (words, spans)


def _recognise(values: Sequence[Any]) -> bool:
    return _keys(values) is not None


def _converter(values: Values) -> Converter:
    """Decide by the whole file whether the ends are the last words, or those after them."""
    words, spans = _keys(list(islice(values(), HEAD))) or ("", "")
    alone = beyond = lists = 0
    others: Counter[str] = Counter()
    for value in values():
        if not isinstance(value, Mapping):
            continue
        others.update({key: len(held) for key, held in value.items() if isinstance(held, list)})
        held = value.get(spans)
        for item in held if isinstance(held, list) else ():
            place = _place(item)
            lists += isinstance(item, list)
            alone += place is not None and place[0] == place[1]
            beyond += place is not None and place[1] == len(value.get(words) or ())
    is_last = alone > beyond or (alone == beyond and lists > 0)
    if alone or beyond:
        why = "so they fit the file"
    else:
        why = "as other files have them; nothing in this one tells"
    ends = "the last word of each" if is_last else "the word after each"

    def convert(value: Any) -> Iterator[Made]:
        yield _tagged(value, words, spans, is_last=is_last)

    said = f"{spans!r} holds entities by the numbers of their words, their ends are {ends}, {why}"
    counts = {repr(key): size for key, size in others.items() if key not in (words, spans)}
    return Converter(convert, (said,), left_out(counts))


def _tagged(value: Any, words: str, spans: str, *, is_last: bool) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get(words), list):
        raise ValueError(f"the key {words!r} is missing or holds something else")
    tags = ["O"] * len(value[words])
    for item in value.get(spans) or ():
        place = _place(item)
        if place is None:
            raise ValueError(f"expected a start, an end and a type, found {item!r:.60}")
        start, last, kind = place
        end = last + is_last
        if not 0 <= start < end <= len(tags):
            raise ValueError(f"the span {start}–{last} ({kind}) does not lie in {len(tags)} words")
        if any(tag != "O" for tag in tags[start:end]):
            raise ValueError(f"the span {start}–{last} ({kind}) overlaps another one")
        tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return {**plain(value), "words": value[words], "tags": tags}


FORM = Form("words and entities by the numbers of their words", _recognise, _converter)
