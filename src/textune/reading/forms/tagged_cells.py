"""A text beside a tag for each of its words, in one cell each, becomes lists of words and tags.

The words are what white space parts, or the control sign U+0002, as PaddleNLP's files have it, or
each sign of a text without spaces, of which there are as many (去北京, O B-LOC I-LOC). The tags
stand in a cell with spaces between them, or as a list: the tables of many a tutorial, "Dmitri Quist
left" beside "B-PER I-PER O".
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 200
MOST = 0.99  # share of tags that are some: of others the contract says what is wrong
FIT = 0.5  # share of rows with as many tags as words: of the others it is said
_TAG = re.compile(r"[Oo0BIESLUM]|[BIESLUM][-_]\S+|[biesulm][-_]\S+|\S+[-_][BIESLUM]")
_MARKED = re.compile(r"\S[-_].*|.*[-_]\S")
_ITEM = re.compile(r"[^\s\x02,'\"\[\]()]+")
_SIGN = "\x02"
UNSPACED = "\u0e00"  # from here on, scripts whose words no spaces part
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])


def lists(table: Table) -> Table | None:
    """Recognise texts with a tag for each word; None where there are none."""
    if table.format not in FORMATS or len(table.columns) < 2:
        return None
    sample = first_rows(table, SAMPLE)
    tagged = [at for at in range(len(table.columns)) if _are_tags([row[at] for row in sample])]
    texts = [
        (parted, text, tags)
        for parted in WAYS
        for tags in tagged
        for text in range(len(table.columns))
        if text not in tagged and _fit(sample, text, tags, parted)
    ]
    if not texts:
        return None
    parted, text, _ = texts[0]
    marks = {tags for way, one, tags in texts if (way, one) == (parted, text)}

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = list(row.cells)
            cells[text] = json.dumps(parted(cells[text]), ensure_ascii=False)
            for place in marks:
                cells[place] = json.dumps(_ITEM.findall(cells[place]), ensure_ascii=False)
            yield replace(row, cells=tuple(cells), given=row.given or row.cells)

    named = " and ".join(repr(table.columns[place]) for place in sorted(marks))
    sign = "U+0002" if any(_SIGN in row[text] for row in sample) else "white space"
    of = "sign" if parted is _signs else "word"
    at = "" if parted is _signs else f", parted at {sign}"
    reason = f"{named}: a tag for each {of} of {table.columns[text]!r}{at}"
    return replace(table, reasons=(*table.reasons, reason), rows=rows)


def _words(cell: str) -> list[str]:
    return cell.split(_SIGN) if _SIGN in cell else cell.split()


def _signs(cell: str) -> list[str]:
    return [sign for sign in cell if not sign.isspace()]


WAYS: tuple[Callable[[str], list[str]], ...] = (_words, _signs)


def _are_tags(cells: Sequence[str]) -> bool:
    found = [_ITEM.findall(cell) for cell in cells if cell.strip()]
    items = [item for row in found for item in row]
    several = sum(len(row) > 1 for row in found)
    is_sure = any(_SIGN in cell for cell in cells) or any(item in ("O", "o", "0") for item in items)
    is_marked = any(map(_MARKED.fullmatch, items)) and is_sure
    return (
        is_marked
        and several >= len(found) / 2
        and sum(_TAG.fullmatch(item) is not None for item in items) >= MOST * len(items)
    )


def _fit(
    sample: Sequence[tuple[str, ...]], text: int, tags: int, parted: Callable[[str], list[str]]
) -> bool:
    rows = [row for row in sample if row[text].strip() and row[tags].strip()]
    if not rows or any(row[text].lstrip()[0] in "[{" for row in rows[:20]):
        return False
    if parted is _signs and not any(sign >= UNSPACED for row in rows for sign in row[text]):
        return False
    alike = sum(len(parted(row[text])) == len(_ITEM.findall(row[tags])) for row in rows)
    return alike >= FIT * len(rows)
