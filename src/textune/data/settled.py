"""What several people, or programs, said of a text stands beside what was settled: that is learned.

`label_1`, `label_2`, `label_3` and `label`, or `majority_label`: the numbered ones are votes.
"""

import re
from collections.abc import Mapping, Sequence

from textune.data import names
from textune.data.choice import option, quoted
from textune.data.columns import Column, Scan
from textune.data.numerals import is_number

SETTLED = frozenset(
    ["adjudicated", "aggregated", "agreed", "consensus", "final", "gold", "majority", "true"]
)
KINDS = ("flags", "category")
FEWEST = 2  # columns of votes
AMONG = 0.8  # share of rows in which what is settled is what somebody said
BLANK = 0.05  # share of blank cells, from which a column may hold further labels of a text
_NUMBER = re.compile(r"(?:[\s_.-][A-Za-z]{1,4})?[\s_.-]?\d{1,2}$")


def without_votes(columns: list[Column], seen: Scan) -> tuple[list[Column], tuple[str, ...]]:
    """Leave out columns of votes beside what was settled by them, and say so."""
    able = [column for column in columns if column.kind in KINDS and column.blank < BLANK]
    for bare, votes in _series(able).items():
        held = [c for c in able if c not in votes and _is_of(c.name, bare)]
        if len(held) == 1 and _agree(held[0], votes, seen):
            said = (
                f"{quoted(column.name for column in votes)} hold what several said, and "
                f"{held[0].name!r} what was settled, which alone is taken: "
                f"{option('--label', votes[:1])} takes one of the others"
            )
            return [column for column in columns if column not in votes], (said,)
    return columns, ()


def _series(columns: Sequence[Column]) -> Mapping[str, list[Column]]:
    """Find columns of one name, each with a number behind it."""
    found: dict[str, list[Column]] = {}
    for column in columns:
        bare = _NUMBER.sub("", column.name)
        if bare not in ("", column.name):
            found.setdefault(bare.lower(), []).append(column)
    return {bare: votes for bare, votes in found.items() if len(votes) >= FEWEST}


def _is_of(name: str, bare: str) -> bool:
    """Tell whether a column is called as the votes are, or says that it is settled."""
    words = set(names.parts(name))
    rest = words - SETTLED
    return name.lower() == bare or (rest < words and rest <= {*names.parts(bare), "label"})


def _agree(settled: Column, votes: Sequence[Column], seen: Scan) -> bool:
    rows = [row for row in seen.sample if row[settled.place]]
    among = sum(
        _plain(row[settled.place]) in {_plain(row[vote.place]) for vote in votes} for row in rows
    )
    return bool(rows) and among >= AMONG * len(rows)


def _plain(cell: str) -> str:
    return f"{float(cell):g}" if is_number(cell) else cell.casefold()
