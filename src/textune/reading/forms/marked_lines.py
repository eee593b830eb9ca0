"""Lines that hold a label, or a tag for each word, in signs of their own become rows.

Corpora of words and their classes have "The/DT dog/NN", a sentence a line.

A question of TREC begins with its class ("NUM:dist How far …", "3 How far …"). The data of aspect
sentiment have "the text####the=O text=T-POS"; what stands behind a second #### are opinions.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from textune.errors import DataError, excerpt
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SIGN = "####"
SAMPLE = 500
WHOLE = 200_000  # lines that are looked at, where the first all begin with one class
BEGIN = 100  # characters of each of these
MOST = 0.98  # share of lines that are so
FEWEST = 10  # lines, below which the first words tell nothing
_CODED = re.compile(r"[A-Z][A-Z_]+:[A-Za-z_]+")
_NUMBER = re.compile(r"[+-]?\d{1,2}")
_TRIPLET = re.compile(r"\[\s*[(\[]")
_SLASHED = re.compile(r"(\S+)/([A-Za-z*][\w$*+'-]{0,11}|[.,:;()?!'-]+)")
_BAR = re.compile(r"\A\s*\|\s")  # of Vowpal Wabbit
NAMES = ("targets", "opinions")


def labelled(table: Table) -> Table | None:
    """Recognise lines that begin with a class, or end with tags; None where they do not."""
    if len(table.columns) != 1 or table.has_header:
        return None
    sample = [cells[0] for cells in first_rows(table, SAMPLE) if cells[0].strip()]
    if not sample:
        return None
    if sum(SIGN in line for line in sample) >= MOST * len(sample):
        return _tagged(table, sample)
    if _are_slashed(sample):
        return _slashed(table)
    if _is_sorted(sample):  # by its classes: those of later lines are not among the first
        begun = (row.cells[0][:BEGIN] for row in islice(table.rows(), WHOLE))
        sample = [line for line in begun if line.strip()]
    return _first(table, sample) if _begin_with_classes(sample) else None


def _are_slashed(sample: Sequence[str]) -> bool:
    """Tell lines of nothing but word/TAG, with few tags."""
    words = [word for line in sample for word in line.split()]
    found = [match for word in words if (match := _SLASHED.fullmatch(word))]
    tags = {match[2] for match in found}
    is_few = 1 < len(tags) <= max(12, len(words) / 20)
    return len(sample) > 1 and len(found) >= MOST * len(words) and is_few


def _slashed(table: Table) -> Table:
    def rows() -> Iterator[Row]:
        for row in table.rows():
            found = row.cells[0].split()
            parts = [one.rpartition("/")[::2] for one in found]
            torn = [one for one, part in zip(found, parts, strict=True) if not all(part)]
            if torn:
                raise DataError(f"{row.origin}: expected word/TAG, found {excerpt(torn[0])}")
            held = tuple(zip(*parts, strict=True))
            if held:
                cells = tuple(json.dumps(part, ensure_ascii=False) for part in held)
                yield replace(row, cells=cells, given=held)

    reason = "format: word/TAG, parted by spaces, a sentence a line"
    return replace(
        table,
        format="jsonl",
        columns=("words", "tags"),
        reasons=(*table.reasons, reason),
        rows=rows,
    )


def _is_sorted(sample: Sequence[str]) -> bool:
    """Tell lines that all begin with the same class."""
    firsts = {line.split(maxsplit=1)[0] for line in sample}
    is_class = any(form.fullmatch(first) for first in firsts for form in (_CODED, _NUMBER))
    return len(firsts) == 1 and is_class and len(sample) == SAMPLE


def _begin_with_classes(sample: Sequence[str]) -> bool:
    """Tell a class at the beginning of each line: a code of capitals, or one of few numbers."""
    every = [line.split(maxsplit=1) for line in sample]
    parts = [part for part in every if len(part) > 1]  # a class alone has an empty text
    counts = Counter(part[0] for part in parts)
    if len(parts) < max(FEWEST, MOST * len(every)) or not counts.keys() >= {p[0] for p in every}:
        return False
    often = len(counts) > 1 and 3 * len(counts) <= len(parts)
    if all(map(_CODED.fullmatch, counts)):
        return often
    words = sum(len(part[1].split()) for part in parts)
    is_prose = words >= 3 * len(parts)
    return often and is_prose and all(map(_NUMBER.fullmatch, counts)) and min(counts.values()) > 1


def _first(table: Table, sample: Sequence[str]) -> Table:
    has_bars = all(_BAR.match(line.strip().partition(" ")[2]) for line in sample)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            label, _, text = row.cells[0].strip().partition(" ")
            text = _BAR.sub("", text, count=1) if has_bars else text
            yield replace(row, cells=(text.strip(), label), given=None)

    reason = "format: each line begins with its label, up to the first space"
    reason += " and a bar" * has_bars
    return replace(table, columns=("text", "label"), reasons=(*table.reasons, reason), rows=rows)


def _tagged(table: Table, sample: Sequence[str]) -> Table | None:
    """Read a tag for each word behind the text.

    Raises:
        DataError: Triplets stand there, of places and a polarity.
    """
    behind = [line.split(SIGN)[1:] for line in sample]
    if all(len(parts) == 1 and _TRIPLET.match(parts[0]) for parts in behind):
        raise DataError(
            f"{table.name}: behind {SIGN} stand triplets of a term, an opinion and a polarity "
            f"({excerpt(sample[0].split(SIGN)[1])}), which no task of textune's learns together; "
            "write a tag for each word, or a row for each term with its polarity as the label"
        )
    width = min(map(len, behind))
    if not 0 < width <= len(NAMES) or not all(_tags(part) for parts in behind for part in parts):
        return None
    names = NAMES[:width]

    def rows() -> Iterator[Row]:
        for row in table.rows():
            parts = row.cells[0].split(SIGN)
            found = [_tags(part) for part in parts[1:]]
            if len(found) < width or not all(found):
                raise DataError(
                    f"{row.origin}: expected a text, {SIGN} and word=TAG for each of its words"
                )
            words = [word for word, _ in found[0]]
            tags = [_in_runs([tag for _, tag in part]) for part in found[:width]]
            held = (words, *tags)
            cells = tuple(json.dumps(part, ensure_ascii=False) for part in held)
            yield replace(row, cells=cells, given=held)

    reason = f"format: a text, {SIGN} and a tag for each word; words of one tag are one entity"
    return replace(
        table,
        format="jsonl",
        columns=("words", *names),
        reasons=(*table.reasons, reason),
        rows=rows,
    )


def _tags(part: str) -> list[tuple[str, str]]:
    """Read word=TAG, parted by spaces; [] where anything else stands there."""
    found = [word.rpartition("=")[::2] for word in part.split()]
    return found if all(word and tag for word, tag in found) else []


def _in_runs(tags: Sequence[str]) -> list[str]:
    """Write T-POS T-POS as B-POS I-POS; T, TT and TTT number the terms of a sentence."""
    made: list[str] = []
    for at, tag in enumerate(tags):
        kind = tag.rpartition("-")[2] if "-" in tag else "opinion"
        goes_on = at > 0 and tags[at - 1] == tag
        made.append("O" if tag == "O" else f"{'I' if goes_on else 'B'}-{kind}")
    return made
