"""Columns beside texts become a hint: rows of one author or document should stay in one part.

A column is taken for one that groups rows if its values repeat, as a few rows each have one, and
labels agree within a value more than when they are dealt out anew. Names that speak of labels or
quantities are left alone; names that speak of people or documents need less of a difference.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textune.data.numerals import is_number
from textune.records import Contract, Example, Finding, Table
from textune.splits import alike
from textune.tasks import registry

MOST = 50_000  # rows that are looked at
FEWEST_ROWS, FEWEST_VALUES = 100, 10
LEAST_KNOWN = 0.9  # part of the rows that have a value
LEAST_REPEATED = 0.5  # part of the rows whose value another row has, too
LARGEST = 0.2  # part of the rows that have one value
MANY = 100.0  # rows of a value in the mean, from which it is a kind of text rather
TOLD, UNTOLD = (0.02, 3.0), (0.15, 6.0)  # least agreement beyond chance, and deviations from it,
# of columns whose name speaks of groups, and of others
DEALS = 20
LONGEST = 40.0  # characters of a value in the mean, where no name speaks of groups
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
GROUPS = frozenset(
    _WORD.findall(
        "account article author book business case channel chat client conversation "
        "customer dialog dialogue doc document domain episode film group hotel id "
        "interview meeting movie page paper paragraph passage patient person post product "
        "prompt report restaurant reviewer session site speaker story student subject "
        "template thread ticket title transcript uid url user username video writer "
    )
)
NO_GROUPS = frozenset(
    _WORD.findall(
        "age annotator category class count country date day emotion fold gender gold "
        "intent label lang language length month number rating score sentiment split "
        "stars tag target time topic type year "
    )
)

Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hint:
    """A column that looks as if its rows should stay together."""

    column: str
    values: int  # that several rows have
    rows: int  # that have one of these
    of: int  # rows that were looked at
    agreement: float  # of the labels of two rows of one value
    usual: float  # of two rows, with labels dealt out anew
    cells: Mapping[str, str]  # origin → value

    def finding(self) -> Finding:
        """Say what was found of a whole file."""
        return Finding("groups", "warning", f"{self.said()}; {self.way_out()}", self.rows)

    def said(self) -> str:
        """Say why rows should stay together."""
        return (
            f"{self.rows:,} of {self.of:,} rows share their {self.column!r} with others, and "
            f"labels agree there more than usual ({self.agreement:.0%} of pairs, "
            f"{self.usual:.0%} by chance)"
        )

    def way_out(self) -> str:
        """Say how they stay together."""
        return (
            f"a split puts rows of one {self.column!r} in both parts, so scores may flatter: "
            f"--group {self.column} keeps them together"
        )


def find(table: Table, agreed: Contract, examples: Sequence[Example] | None = None) -> Hint | None:
    """Look for a column that groups rows; None where there is none, or one is named.

    Args:
        table: Of the texts.
        agreed: How it is understood.
        examples: Its texts, if they are read already.
    """
    kind = registry.of(agreed.task)
    columns = _free(table, agreed)
    if (
        agreed.group is not None
        or kind.by_column
        or not columns
        or agreed.form in ("words", "spans")
    ):
        return None
    from textune.tasks import examples as reading

    texts = reading.read(table, agreed) if examples is None else examples
    answers = dict(_answers(islice(texts, MOST), has_classes=kind.has_classes))
    if len(answers) < FEWEST_ROWS:
        return None
    places = [table.columns.index(name) for name in columns]
    rows = [row for row in islice(table.rows(), MOST) if row.origin in answers]
    keys = np.unique([answers[row.origin] for row in rows], return_inverse=True)[1]
    found = []
    for name, place in zip(columns, places, strict=True):
        cells = [row.cells[place].strip() for row in rows]
        if (own := _hint(name, cells, keys)) is not None:
            found.append((own, {row.origin: cell for row, cell in zip(rows, cells, strict=True)}))
    if not found:
        return None
    (name, values, several, agreement, usual), cells_of = max(
        found, key=lambda one: (_tells(one[0][0]), one[0][3] - one[0][4])
    )
    return Hint(name, values, several, len(rows), agreement, usual, cells_of)


def _free(table: Table, agreed: Contract) -> list[str]:
    used = {*agreed.text, *agreed.label, agreed.weight, agreed.group, *agreed.annotators}
    used |= {one.partition("=")[0] for one in agreed.skip}
    return [name for name in table.columns if name not in used and not _words(name) & NO_GROUPS]


def _words(name: str) -> set[str]:
    found = {word.lower() for word in _WORD.findall(name)}
    return found | {word.removesuffix("s") for word in found}


def _tells(name: str) -> bool:
    return bool(_words(name) & GROUPS)


def _answers(examples: Iterator[Example], *, has_classes: bool) -> Iterator[tuple[str, int]]:
    """Yield origin and a number for the label; of numbers whether it is above the middle."""
    if has_classes:
        known = ((item.origin, alike.label_of(item)) for item in examples if item.text.strip())
        yield from ((origin, answer & 0x7FFFFFFFFFFFFFFF) for origin, answer in known if answer)
        return
    numbers = {
        item.origin: float(cell)
        for item in examples
        for cell in ([item.label] if isinstance(item.label, str) else [*(item.label or ())][:1])
        if is_number(cell)
    }
    middle = float(np.median([*numbers.values()])) if numbers else 0.0
    yield from ((origin, 1 + (value > middle)) for origin, value in numbers.items())


def _hint(
    name: str, cells: Sequence[str], answers: Keys
) -> tuple[str, int, int, float, float] | None:
    """Say of a column how many values and rows repeat, and how far labels agree within one."""
    counts = Counter(filter(None, cells))
    known, total = sum(counts.values()), len(cells)
    several = {cell: n for cell, n in counts.items() if n > 1}
    rows = sum(several.values())
    if known < LEAST_KNOWN * total or len(several) < FEWEST_VALUES or known > MANY * len(counts):
        return None
    if rows < LEAST_REPEATED * total or max(several.values()) > LARGEST * total:
        return None
    tells = _tells(name)
    if not tells and (
        all(map(is_number, several)) or sum(map(len, several)) > LONGEST * len(several)
    ):
        return None
    places = {cell: place for place, cell in enumerate(several)}
    of_row = np.asarray([places.get(cell, -1) for cell in cells])
    own, keys = of_row[of_row >= 0], answers[of_row >= 0]
    agreement = _agreement(own, keys)
    rng = np.random.default_rng(0)
    dealt = np.asarray([_agreement(own, rng.permutation(keys)) for _ in range(DEALS)])
    usual, spread = float(dealt.mean()), max(float(dealt.std()), 1e-9)
    beyond = (agreement - usual) / max(1 - usual, 1e-9)
    least, deviations = TOLD if tells else UNTOLD
    if beyond < least or agreement - usual < deviations * spread or (not tells and agreement == 1):
        return None
    return name, len(several), rows, agreement, usual


def _agreement(values: Keys, answers: Keys) -> float:
    """Give the share of pairs of rows of one value that have the same label: (R,) each."""
    sizes = np.bincount(values)
    pairs = values * (int(answers.max()) + 1) + answers
    same = np.unique(pairs, return_counts=True)[1]
    return float((same * (same - 1)).sum() / max((sizes * (sizes - 1)).sum(), 1))
