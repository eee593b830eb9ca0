"""A sample of delimited text becomes what it is in one dialect: rows, their width, how many fit."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from textune.reading.delimited import Dialect, parse

SAMPLE_ROWS = 2_000
FEW_VALUES = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """How a sample, or a whole file, looks in one dialect."""

    rows: list[list[str]]  # the first of them, blank ones left out
    width: int  # of most rows
    share: float  # of the lines that belong to rows of that width; what cannot be parsed has none

    @property
    def fits(self) -> bool:
        """Whether every line belongs to a row of the same width."""
        return self.share == 1.0


def read(dialect: Dialect, sample: str, whole: bool) -> Reading:
    """Read a sample in a dialect."""
    return survey(dialect, iter(StringIO(sample, newline="")), whole, most=SAMPLE_ROWS)


def survey(dialect: Dialect, text: Iterator[str], whole: bool, most: int | None = None) -> Reading:
    """Read in a dialect, up to the first record that cannot be parsed."""
    if dialect.delimiter is None:
        plain = [[line.rstrip("\r\n")] for line in islice(text, most) if line.strip()]
        return Reading(plain, 1, 1.0)
    kept: list[list[str]] = []
    widths: Counter[int] = Counter()
    broken, line = False, 0
    reader = parse(dialect, text)
    try:
        for cells in islice(reader, most):
            before, line = line, reader.line_num
            if cells:
                is_blank = len(cells) == 1 and not cells[0].strip()
                widths[0 if is_blank else len(cells)] += line - before
                if len(kept) < SAMPLE_ROWS:
                    kept.append(cells)
    except csv.Error as error:
        broken = whole or "unexpected end" not in str(error)
    lost = sum(1 for line in text if line.strip()) + 1 if broken else 0
    blank = widths.pop(0, 0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    if width > 1:
        kept = [cells for cells in kept if len(cells) > 1 or cells[0].strip()]
        return Reading(kept, width, count / (widths.total() + lost))
    return Reading(kept, width, (count + blank) / max(1, widths.total() + blank + lost))


def few_values(body: list[list[str]], width: int) -> dict[int, frozenset[str]]:
    """Find the columns that hold few values: what they hold tells a row from a line of text."""
    sound = [
        cells
        for cells in body
        if len(cells) == width and not any("\n" in cell or "\r" in cell for cell in cells)
    ]
    values = {at: frozenset(cells[at] for cells in sound) for at in range(width)}
    most = min(FEW_VALUES, len(sound) // 2)
    return {at: seen for at, seen in values.items() if 0 < len(seen) <= most and any(seen)}
