"""Words a line under a line that says something of the whole text become texts and its cells.

    meta    42      positive
    yaar    Hin
    film    Eng

A blank line ends a text. What stands beside each word, as its language, is left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

SAMPLE = 1 << 19  # characters
LONGEST = 2_000  # lines of a text, above which it is none
FEWEST = 5  # texts, below which nothing can be told
MOST = 0.98  # share of texts and of words that are written so
TEXT = "text"

Lines = list[tuple[int, list[str]]]  # numbers, and cells


def read(path: Path, why: tuple[str, ...] = ()) -> Table | None:
    """Recognise such texts by the first of a file; None where it is anything else."""
    begun = _begin(path)
    if all(map(str.strip, begun)):  # as most files are
        return None
    sample = list(_groups(begun))
    if any(len(group) > LONGEST for group in sample):
        return None
    heads = Counter((group[0][1][0], len(group[0][1])) for group in sample)
    (mark, width), often = heads.most_common(1)[0] if heads else (("", 0), 0)
    words = [cells for group in sample for _, cells in group[1:]]
    as_wide = Counter(map(len, words)).most_common(1)
    if (
        len(sample) < FEWEST
        or width < 2
        or often < MOST * len(sample)
        or not as_wide
        or as_wide[0][0] == width
        or as_wide[0][1] < MOST * len(words)
        or len(words) < 2 * len(sample)
    ):
        return None
    columns = (TEXT, *map(str, range(2, width + 1)))
    reasons = (
        *why,
        f"format: one word a line, under a line {mark!r} that says something of the whole text; a "
        "blank line ends it",
        "what stands beside each word is left out" * (as_wide[0][0] > 1),
    )
    rows = partial(_rows, path, mark, width)
    return Table.of_file(path, "tsv", columns, tuple(filter(None, reasons)), rows, has_header=False)


def _begin(path: Path) -> list[str]:
    """Return the first lines of a file."""
    found, size = [], 0
    for line in lines(path):
        size += len(line)
        found.append(line)
        if size > SAMPLE:
            break
    return found


def _groups(written: Iterable[str]) -> Iterator[Lines]:
    """Part a file of cells that stand between tabs where lines are blank."""
    numbered = enumerate(written, start=1)
    for is_blank, group in groupby(numbered, key=lambda item: not item[1].strip()):
        if not is_blank:
            held = islice(group, LONGEST + 1)  # the rest of a longer one is passed over
            yield [(number, line.rstrip("\r\n").split("\t")) for number, line in held]


def _rows(path: Path, mark: str, width: int) -> Iterator[Row]:
    with problems_of(path) as problems:
        for (number, head), *words in _groups(lines(path)):
            origin = f"{path.name}:{number}"
            if len(words) >= LONGEST:
                raise DataError(
                    f"{origin}: the text that begins here has no end within {LONGEST:,} lines; "
                    "leave a blank line after each text"
                )
            if head[0] != mark or len(head) != width:
                shown = excerpt("\t".join(head))
                problems.add(
                    f"{origin}: expected {mark!r} and {width - 1} cells more above each text, "
                    f"found {shown}",
                    row=shown,
                    origin=origin,
                )
                continue
            text = " ".join(cells[0].strip() for _, cells in words)
            yield Row((text, *(cell.strip() for cell in head[1:])), origin)
