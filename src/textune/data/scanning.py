"""A table is read once, and its cells become columns of which it is known what they hold."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise

from textune.data import commas, lists, missing, numerals
from textune.data.columns import KINDS, Column, Scan
from textune.data.numerals import Numerals
from textune.data.sampling import SAMPLE_CHARACTERS, Spread, chunks
from textune.data.words import UNSPACED
from textune.metrics.one_label import is_blank
from textune.records import Row, Table

MOST_VALUES = 10_000  # different cells that are counted in a column before counting stops
MOST_CELLS = (
    2_000_000  # counted or sampled, over all columns: what bounds the memory of wide tables
)
MOST_CHARACTERS = 8_000_000  # in the counted cells of one column
SAMPLE_ROWS = 4_000
LAST, MOST_MARKED = 3, 5  # rows at the end of a file, and that begin with "# ", looked at singly
WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")


def scan(table: Table) -> Scan:
    """Read a table once, from start to end, and say of every column what kind it is.

    Values are counted exactly as long as they are few; all else comes from a sample of at most
    4,000 rows, spread evenly over the file. Memory is bounded, whatever the file.
    """
    width = max(1, len(table.columns))
    counters: list[Counter[str] | None] = [Counter() for _ in table.columns]
    most = max(20, min(MOST_VALUES, MOST_CELLS // width))
    sample = Spread(max(20, min(SAMPLE_ROWS, MOST_CELLS // 10 // width)))
    first: list[Row] = []
    last: list[Row] = []
    marked: list[Row] = []
    for chunk in chunks(table.rows(), most=MOST_CHARACTERS):
        sample.add(chunk)
        first = first or chunk[:1]
        last = [*last, *chunk][-LAST:]
        if len(marked) < MOST_MARKED:
            marked += [row for row in chunk if row.cells[0].startswith("# ")]
        for place, cells in enumerate(zip(*(row.cells for row in chunk), strict=True)):
            counter = counters[place]
            if counter is None:
                continue
            before = len(counter)
            counter.update(cells)
            if len(counter) > before and _is_too_much(counter, most):
                counters[place] = None
    kept = tuple(sample.rows)
    columns = tuple(
        _column(name, place, counters[place], [row[place] for row in kept], sample.seen)
        for place, name in enumerate(table.columns)
    )
    edges = {row.origin: row for row in (*first, *last, *marked[:MOST_MARKED])}
    return Scan(sample.seen, columns, kept, tuple(edges.values()))


def _is_too_much(counter: Counter[str], most: int) -> bool:
    return len(counter) > most or sum(map(len, counter)) > MOST_CHARACTERS


def _column(
    name: str, place: int, counter: Counter[str] | None, sample: list[str], rows: int
) -> Column:
    cells = tuple(cell for cell in sample if not is_blank(cell))
    counts = None if counter is None else _stripped(counter)
    blank = 1 - len(cells) / max(1, len(sample))
    if counts is not None:
        blank = counts.pop("", 0) / max(1, rows)
        cells = cells or _counted(counts)  # so few are filled that the sample has none of them
    gaps = missing.of(Counter(cells) if counts is None else counts)
    if gaps:
        total = len(sample) if counts is None else rows
        blank += sum(gaps.values()) / total
        cells = tuple(cell for cell in cells if cell not in gaps)
        counts = counts and {cell: count for cell, count in counts.items() if cell not in gaps}
        gaps = {cell: round(count * rows / total) for cell, count in gaps.items()}
    written = _written(cells)
    column = Column(
        name,
        place,
        rows,
        blank,
        counts,
        cells,
        varied=len(set(cells)) / max(1, len(cells)),
        length=sum(map(len, cells)) / max(1, len(cells)),
        words=sum(map(_words, cells)) / max(1, len(cells)),
        blocks=len(cells) >= 50 and _stand_together(cells),
        numerals=written,
        missing=gaps,
    )
    if written is not None and written.is_clear:
        column = _in_plain_numerals(column, written)
    for kind, why in KINDS:
        if reason := why(column):
            separator = lists.separator(cells) if kind == "list" else None
            if kind == "decimal" and written is None:
                written = numerals.of_commas(cells)
            return replace(column, kind=kind, why=reason, separator=separator, numerals=written)
    raise AssertionError("the last kind takes every column")


def _stripped(counter: Counter[str]) -> dict[str, int]:
    """Count cells without the space around them, the blank ones as "", in the order they came."""
    counts: dict[str, int] = {}
    for cell, count in counter.items():
        held = "" if is_blank(cell) else cell.strip()
        counts[held] = counts.get(held, 0) + count
    return counts


def _counted(counts: dict[str, int]) -> tuple[str, ...]:
    """Take the cells of a column that were counted, as a sample has them."""
    found = islice(Counter(counts).elements(), SAMPLE_ROWS)
    return tuple(cell[:SAMPLE_CHARACTERS].rstrip() for cell in found)


def _written(cells: Sequence[str]) -> Numerals | None:
    """Find out how a column writes numbers, where that is not plainly."""
    found = numerals.of(cells)
    return numerals.of_commas(cells) if found is None and commas.are_decimals(cells) else found


def _in_plain_numerals(column: Column, written: Numerals) -> Column:
    """Give cells and counts as numerals; a cell that is none stays."""

    def read(cell: str) -> str:
        return numerals.plain(cell, written.unit, written.decimal) or cell

    found: Counter[str] = Counter()
    for cell, count in (column.counts or {}).items():
        found[read(cell)] += count
    counts = None if column.counts is None else dict(found)
    return replace(column, cells=tuple(map(read, column.cells)), counts=counts)


def _stand_together(cells: Sequence[str]) -> bool:
    """Tell whether neighbours are equal far more often than in a shuffled file."""
    shares = [count / len(cells) for count in Counter(cells).values()]
    expected = len(cells) * (1 - sum(share * share for share in shares))
    changes = sum(one != two for one, two in pairwise(cells))
    return len(shares) <= len(cells) / 5 and changes < 0.2 * expected


def _words(cell: str) -> float:
    unspaced = len(UNSPACED.findall(cell))
    spaced = UNSPACED.sub(" ", cell) if unspaced else cell
    return len(WORD.findall(spaced)) + unspaced / 2
