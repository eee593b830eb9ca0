"""Columns without names that hold several labels of a text, from the left, become one of lists."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.reading.forms.interface import first_rows, is_prose
from textune.reading.header import NUMBER
from textune.records import Row, Table

SAMPLE = 2_000
FORMATS = frozenset(["csv", "tsv", "sheet"])
FEWEST = 5  # rows, below which nothing can be told
KNOWN = 0.5  # share of what stands in later columns that stands in the first, too
MOST_WORDS = 6  # of a label, in the mean


def joined(table: Table) -> Table | None:
    """Recognise several labels of a text, a column for each; None where there are none."""
    if table.has_header or table.format not in FORMATS or len(table.columns) < 3:
        return None
    sample = first_rows(table, SAMPLE)
    first = _first_label(sample)
    if not first or first + 2 > len(table.columns) or not _are_lists(sample, first):
        return None
    name = table.columns[first]

    def rows() -> Iterator[Row]:
        for row in table.rows():
            labels = list(dict.fromkeys(filter(None, map(str.strip, row.cells[first:]))))
            cell = json.dumps(labels, ensure_ascii=False) if labels else ""
            yield replace(row, cells=(*row.cells[:first], cell), given=row.given or row.cells)

    last = table.columns[-1]
    reason = f"columns {name} to {last} are filled from the left, with the same names"
    said = f"{reason}: read as several labels of a text, in {name!r}"
    columns = table.columns[: first + 1]
    return replace(table, columns=columns, reasons=(*table.reasons, said), rows=rows)


def _first_label(sample: Sequence[Sequence[str]]) -> int:
    """Find the column after the text, which is the longest; 0 where there is no text."""
    if len(sample) < FEWEST:
        return 0
    columns = list(zip(*sample, strict=True))
    sizes = [sum(map(len, column)) for column in columns]
    place = sizes.index(max(sizes))
    is_text = 2 * sum(map(is_prose, columns[place])) > len(sample)
    return place + 1 if is_text else 0


def _are_lists(sample: Sequence[Sequence[str]], first: int) -> bool:
    """Tell labels that fill their columns from the left, each row another number of them."""
    rows = [[cell.strip() for cell in row[first:]] for row in sample]
    lists = [list(filter(None, row)) for row in rows]
    if not all(lists) or any(
        row[: len(held)] != held for row, held in zip(rows, lists, strict=True)
    ):
        return False
    are_uneven = any(len(held) > 1 for held in lists) and len({*map(len, lists)}) > 1
    if not are_uneven or any(len({*held}) < len(held) for held in lists):
        return False
    cells = [cell for held in lists for cell in held]
    words = sum(len(cell.split()) for cell in cells)
    if any(map(NUMBER.fullmatch, cells)) or words > MOST_WORDS * len(cells):
        return False
    leading, later = {held[0] for held in lists}, {cell for held in lists for cell in held[1:]}
    return len(later & leading) >= KNOWN * len(later) and len({*cells}) <= len(cells) / 2
