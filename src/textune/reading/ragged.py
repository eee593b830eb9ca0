"""Lines of tab-separated cells, some longer than the others, become a table that holds them all.

Some tables carry further columns in a part of their lines (the sources of the texts in the STS
benchmark). Such columns are blank in the other lines. A tab that stands in a text makes lines
longer too, and pushes all that follows it aside: so the longer lines must be many, agree with the
others in their columns of numbers, and have more than one cell too many, or recurring ones.
"""

from collections import Counter
from pathlib import Path

from textune.reading.header import NUMBER
from textune.reading.lines import lines

MOST_WIDTHS = 3
LEAST_LINES = 3  # fewer are slips
LEAST_SHARE = 0.01  # of all lines; a smaller part of them are slips
NUMBERS = 0.98  # share of numbers that makes a column one of numbers
MOST_KEPT, MOST_COMPARED = 10_000, 200  # last cells that are compared, and their characters


def recognise(path: Path, sign: str) -> tuple[frozenset[int], str]:
    """Look whether some lines of a file carry columns that the others lack.

    Reads the whole file: once if all lines are alike, else twice. Memory is bounded.

    The file has no header, and quotes are text in it.

    Returns:
        The widths that occur, and what was seen, in words; neither where all lines are of one
        width, or where nobody can tell what the longer ones mean.
    """
    counts: Counter[int] = Counter()
    for line in filter(str.strip, lines(path)):
        counts[line.count(sign) + 1] += 1
        if len(counts) > MOST_WIDTHS:
            return frozenset(), ""
    narrow, total = min(counts, default=1), counts.total()
    longer = total - counts[narrow]
    few = longer < LEAST_LINES or longer < LEAST_SHARE * total
    if narrow == 1 or few or 2 * longer >= total or not _agree(path, sign, narrow):
        return frozenset(), ""
    more = [str(number) for number in range(narrow + 1, max(counts) + 1)]
    sizes = " or ".join(str(width - narrow) for width in sorted(counts) if width > narrow)
    listed = (
        f"column {more[0]}" if len(more) == 1 else f"columns {', '.join(more[:-1])} and {more[-1]}"
    )
    reason = (
        f"{longer:,} of {total:,} rows have {sizes} column{'s' if sizes != '1' else ''} more: "
        f"{listed}, blank in the others"
    )
    return frozenset(counts), reason


def _agree(path: Path, sign: str, narrow: int) -> bool:
    """Tell whether the longer lines mean by their first columns what the others mean by them."""
    sizes = [0, 0]  # of the narrow lines, of the longer ones
    numbers = [[0] * narrow, [0] * narrow]
    last: Counter[str] = Counter()  # what stands at the end of the longer lines
    single = False
    for line in filter(str.strip, lines(path)):
        cells = line.rstrip("\r\n").split(sign)
        is_longer = len(cells) > narrow
        sizes[is_longer] += 1
        for place, cell in enumerate(cells[:narrow]):
            numbers[is_longer][place] += NUMBER.fullmatch(cell.strip()) is not None
        if is_longer:
            single = single or len(cells) == narrow + 1
            if len(last) < MOST_KEPT:
                last[cells[-1].strip()[:MOST_COMPARED]] += 1
    for place in range(narrow):
        few, many = (numbers[side][place] / sizes[side] for side in (True, False))
        if many >= NUMBERS > few:
            return False
    ends_in_number = numbers[False][-1] >= NUMBERS * sizes[False]
    return not single or ends_in_number or len(last) <= last.total() / 2
