"""Labels with the score that a model gave them become the labels: `positive (0.93)`, `neg: 0.87`.

A column is read so where all its cells end in a number from 0 to 1, or in per cent, and few names
stand before many different numbers; of few rows, which cannot tell, where the column's name is one
of labels. So are objects of a name and its score, and lists of such that sum to 1, as programs
answer: the name with the largest is the label. Cells further down that are written otherwise stay.
"""

import ast
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from textune.errors import excerpt
from textune.reading.forms.flat import LABELS
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

SAMPLE = 2_000
FORMATS = frozenset(["csv", "tsv", "jsonl", "sheet", "parquet", "arrow", "frame"])
FEWEST = 3  # rows; as many, and fewer, tell nothing by how their names and numbers differ
NAMED = LABELS | {"category", "class", "emotion", "intent", "sentiment", "target", "topic"}
SCORES = 5  # different numbers that there must be, or for each third row one
LONGEST = 100  # characters of a cell
MOST_WORDS = 4  # of a name
LONGEST_JSON = 8_000  # characters of a list of names, each with its score
SUM = 0.02  # by which the scores of all names may differ from 1
KEYS = frozenset(["label", "name", "class", "category"])
SCORE_KEYS = frozenset(["score", "probability", "prob", "confidence"])
_SCORE = r"(?:0?\.\d+|[01]\.0+|0|1)"
_SHARE = rf"(?:{_SCORE}|\d{{1,3}}(?:\.\d+)?\s?%)"
_NAME = r"([^\s()\[\]{}:|=;,.?!][^()\[\]{}:|=;,?!]{0,59}?)"
_SCORED = re.compile(
    rf"{_NAME}\s?(?:\(\s?({_SHARE})\s?\)|\[\s?({_SHARE})\s?\]|[:|=]\s?({_SHARE})|\s(0?\.\d+|1\.0+))"
)
_SAID = re.compile("""["'](?:score|probability|prob|confidence)["']""")


def bare(table: Table) -> Table | None:
    """Recognise such columns; None where there are none."""
    if table.format not in FORMATS or len(table.columns) < 2:
        return None
    sample = first_rows(table, SAMPLE)
    columns = zip(table.columns, zip(*sample, strict=False), strict=False)
    places = {at for at, (name, cells) in enumerate(columns) if _are_read(name, cells)}
    if not places:
        return None

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = tuple(
                _name(cell) if at in places else cell for at, cell in enumerate(row.cells)
            )
            yield replace(row, cells=cells, given=row.given or row.cells)

    said = [_said(table.columns[at], _first(sample, at)) for at in sorted(places)]
    return replace(table, reasons=(*table.reasons, *said), rows=rows)


def _are_read(name: str, cells: Sequence[str]) -> bool:
    held = [cell.strip() for cell in cells if cell.strip()]
    if _are_scored(name, held):
        return True
    is_known = name.lower() in NAMED  # or its cells say what their numbers are
    return bool(held) and all(
        _chosen(cell) and (is_known or _SAID.search(cell) is not None) for cell in held
    )


def _are_scored(name: str, held: Sequence[str]) -> bool:
    if not held or not all(map(_parted, held[:FEWEST])):
        return False
    found = [parted for cell in held if (parted := _parted(cell))]
    names, scores = {name for name, _ in found}, {score for _, score in found}
    are_short = all(len(name.split()) <= MOST_WORDS for name in names)
    are_whole = all(score in ("0", "1") for score in scores)
    if len(found) < len(held) or not are_short or are_whole:
        return False
    if len(held) <= FEWEST:  # "low (0.1)" and "high (0.9)" may be names
        return name.lower() in NAMED and any(len(score) > len("0.1") for score in scores)
    is_few = 2 <= len(names) <= len(set(found)) / 2  # a class may have a number of its own
    return is_few and len(scores) >= min(SCORES, max(2, len(held) // 3))


def _chosen(cell: str) -> str | None:
    """Take the name with the largest score of JSON; None where it holds no such scores.

    Several names whose scores do not sum to 1 are several labels, of which nobody knows the least
    score that is meant.
    """
    items = _scored_items(cell)
    scores = [score for _, score in items]
    if not items or not all(0 <= score <= 1 for score in scores):
        return None
    if len(items) > 1 and abs(math.fsum(scores) - 1) > SUM:
        return None
    return max(items, key=lambda item: item[1])[0]


def _scored_items(cell: str) -> list[tuple[str, float]]:
    """Read `[{"label": "pos", "score": 0.9}, …]`, `[["pos", 0.9], …]` and `{"pos": 0.9, …}`."""
    value = _value(cell)
    if isinstance(value, dict) and len(value) > 1 and not _is_item(value):
        value = list(value.items())
    held = value if isinstance(value, list) else [value]
    found: list[tuple[str, float]] = []
    for item in held:
        pair = sorted(item.values(), key=_is_score) if _is_item(item) else item
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return []
        if not isinstance(pair[0], str) or not _is_score(pair[1]):
            return []
        found.append((pair[0], float(pair[1])))
    return found


def _value(cell: str) -> Any:
    """Read JSON, or what Python writes; None for anything else."""
    is_able = len(cell) <= LONGEST_JSON and cell[:1] + cell[-1:] in ("{}", "[]")
    if not is_able or "." not in cell:
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _is_item(value: Any) -> bool:
    """Tell an object of a name and its score: {"label": "pos", "score": 0.9}."""
    return (
        isinstance(value, dict)
        and len(value) == 2
        and len(KEYS & value.keys()) == 1
        and len(SCORE_KEYS & value.keys()) == 1
    )


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parted(cell: str) -> tuple[str, str] | None:
    """Part a cell into a name and its score; None where it has none."""
    match = _SCORED.fullmatch(cell) if len(cell) <= LONGEST else None
    if match and match[1].isdigit():  # a time, or the result of a match
        return None
    return (match[1], next(filter(None, match.groups()[1:]))) if match else None


def _name(cell: str) -> str:
    found = _parted(cell.strip())
    chosen = found[0] if found else _chosen(cell.strip())
    return cell if chosen is None else chosen


def _said(column: str, cell: str) -> str:
    if len(_scored_items(cell)) > 1:
        told = f"{column!r} holds names and their scores ({excerpt(cell)}), which sum to 1"
        return f"{told}: read as the name with the largest"
    told = f"{column!r} holds a name and its score ({excerpt(cell)})"
    return f"{told}: read as the name, without the score"


def _first(sample: Sequence[Sequence[str]], place: int) -> str:
    return next(cells[place].strip() for cells in sample if cells[place].strip())
