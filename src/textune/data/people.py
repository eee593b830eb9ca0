"""Columns that may hold what several people said become doubts: whose, of how many things, votes.

`annotator1, annotator2`, `hate_1, hate_2, irony_1, irony_2`, and numbers that count those who chose
each of several labels.
"""

from collections.abc import Iterator, Sequence

from textune.data import names
from textune.data.choice import option, quoted
from textune.data.columns import NUMBER, Column
from textune.data.numerals import is_number

OF_PEOPLE = (
    "they are named as people: if all judged the same thing, `--annotators majority` makes one "
    "label a text of what they said"
)
WAY_OUT = "annotator1, annotator2, …, and --annotators majority makes one label of them"
MOST_VOTES = 20  # people who judged a text
MOST_THINGS = 3  # that are named
NEARLY_ALL = 0.98  # share of rows with one sum, from which the others are slips
CLOSE = 0.02  # to 1, that rounded shares sum to
FEWEST = 3  # columns of votes of which not each row has one sum


def doubts(columns: Sequence[Column]) -> Iterator[str]:
    """Say that columns which were taken for several labels may be one label of several people."""
    named = [column.name for column in columns]
    if names.are_of_people(named):
        yield OF_PEOPLE
    elif names.are_numbered(named):
        yield (
            "they have one name and a number: if several people judged the same thing, call "
            f"their columns {WAY_OUT}"
        )
    elif things := names.numbered(named):
        shown = "; ".join(quoted(each) for each in [*things.values()][:MOST_THINGS])
        of = "one thing" if len(things) == 1 else f"{len(things)} things"
        yield (
            f"some have one name and a number ({shown}): if several people judged {of}, not each "
            f"column is a label: keep the columns of one, and call them {WAY_OUT}"
        )


def votes(columns: Sequence[Column], *, are_called: bool = False) -> Iterator[str]:
    """Say that numbers may count the people who chose each of several labels.

    Args:
        columns: Of numbers.
        are_called: Whether they are named as votes; others are mostly 0 where they are.
    """
    if len(columns) < 2 or not all(map(_are_counts, columns)):
        return
    most = max(int(float(cell)) for column in columns for cell in column.cells)
    held = [tuple(map(float, cells)) for cells in zip(*(c.cells for c in columns), strict=False)]
    if len({tuple(sorted(numbers)) for numbers in held}) == 1:  # ranks, or one of many
        return
    rows = [sum(numbers) for numbers in held]
    if any(column.blank for column in columns) or not 2 <= most <= MOST_VOTES:
        return
    total = int(max(set(rows), key=rows.count))
    estimated = f"{option('--task number --label', columns)} estimates how many chose each"
    if most <= total <= MOST_VOTES and rows.count(total) >= NEARLY_ALL * len(rows):
        yield (
            f"in each row they sum to {total}, as votes do of {total} people who chose one each: "
            "to learn what most of them chose, write its name into a column of its own; "
            f"{estimated}"
        )
        return
    zeros = sum(float(cell) == 0 for column in columns for cell in column.cells)
    if are_called or (len(columns) >= FEWEST and 2 * zeros >= len(rows) * len(columns)):
        yield (
            f"their numbers, 0 to {most}, may count people: if so, write 1 where most of them "
            f"chose the label and 0 elsewhere, to learn several labels a text; {estimated}"
        )


def shares(columns: Sequence[Column]) -> Iterator[str]:
    """Say that numbers may be shares of the people who chose each class (soft labels)."""
    whole = [c.cells for c in columns if not c.blank and all(map(is_number, c.cells))]
    if len(columns) < 2 or len(whole) < len(columns):
        return
    rows = [[float(cell) for cell in cells] for cells in zip(*whole, strict=False)]
    right = sum(min(row) >= 0 and abs(sum(row) - 1) < CLOSE for row in rows)
    if right >= NEARLY_ALL * len(rows):
        yield (
            "in each row they sum to 1, as shares of people do (soft labels): they are estimated "
            "as numbers; to learn classes, write the name of the largest into a column of its own"
        )


def called_votes(columns: Sequence[Column]) -> list[Column]:
    """Find columns of numbers that are called votes: `votes_joy`, `anger_votes`."""
    kinds = ("category", "flags", NUMBER)
    return [c for c in columns if c.kind in kinds and "votes" in names.parts(c.name)]


def _are_counts(column: Column) -> bool:
    cells = column.cells
    return bool(cells) and all(is_number(c) and float(c) >= 0 and not float(c) % 1 for c in cells)
