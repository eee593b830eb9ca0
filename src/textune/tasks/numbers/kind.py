"""Numbers for a text: the row of the registry, and what `check` says of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data import choices
from textune.metrics import catalogue
from textune.records import Contract, Example, Finding, LinearHead, Prediction, Survey, Table
from textune.tasks import drawn, shown, texts
from textune.tasks.kind import Grid, Kind, Places, Tally, ToExample
from textune.tasks.numbers import number_cells, number_columns, own_numerals
from textune.tasks.numbers.regress import Regress
from textune.tasks.numbers.spread import Spread


class NumberTally(Tally):
    """Measures how the numbers of each column are spread."""

    def __init__(self, contract: Contract) -> None:
        self._names = contract.label
        self._spreads = [Spread() for _ in contract.label]

    def add(self, example: Example) -> None:
        """Take its numbers into account."""
        cells = (example.label,) if isinstance(example.label, str) else example.label or ()
        for spread, cell in zip(self._spreads, cells, strict=bool(cells)):
            spread.add(float(cell))

    def targets(self, sizes: Sequence[int]) -> dict[str, Any]:
        """Return lowest, mean, highest and spread of each column."""
        both = zip(self._names, self._spreads, strict=True)
        return {name: spread.describe() for name, spread in both}

    def findings(self, rows: int) -> Iterator[Finding]:
        """Name columns that are the same in every row."""
        found = self.targets(()).items()
        is_all = all(spread["min"] == spread["max"] for _, spread in found)
        for name, spread in found:
            if spread["min"] == spread["max"] and rows > 1:
                message = (
                    f"column {name!r} holds {spread['min']:g} in every row: there is nothing to "
                    "learn from it; name the columns of the numbers with --label"
                )
                yield Finding("constant", "error" if is_all else "warning", message, rows)


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a text with its numbers."""
    return texts.reader(
        places,
        lambda labels: number_cells.reader(
            labels, contract.label, alone=contract.form == "name", written=contract.numerals
        ),
    )


def picture(found: Survey) -> Iterator[Grid]:
    """Show how the numbers of each column are spread."""
    targets: Mapping[str, Mapping[str, float]] = found.targets
    keys = ("min", "mean", "max", "spread")
    rows = [(name, *(f"{of[key]:.4g}" for key in keys)) for name, of in targets.items()]
    yield Grid("numbers", ("column", "lowest", "mean", "highest", "standard deviation"), rows)


def show(item: Prediction) -> Iterator[shown.Line]:
    """Show the numbers, and after them the text."""
    found = "  ".join(f"{name} {value:.4g}" for name, value in item.numbers.items())
    yield shown.head(found, item.text)


def probe(
    task: Regress,
    features: NDArray[np.float32],
    targets: NDArray[np.float64],
    *,
    seed: int,
    weights: NDArray[np.float64] | None,
    folds: NDArray[np.int64] | None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit the head on frozen features, to standardised numbers."""
    from textune.tasks import linear  # scipy: a while to import

    return linear.numbers(
        features, task.standardised(targets), seed=seed, weights=weights, folds=folds
    )


KIND = Kind(
    name=Regress.name,
    words="numbers for a text",
    make=Regress,
    judged=catalogue.Judged(catalogue.OF_NUMBERS, loss="mse"),
    read=read,
    of_file=own_numerals.of_file,
    decisions=frozenset(["number"]),
    problem="regression",
    weight=lambda columns: 3.0 * number_columns.are_ones(columns),
    fits=choices.could_be_numbers,
    form=number_columns.form,
    together=number_columns.together,
    instead=number_columns.instead,
    findings=number_columns.findings,
    label_names=lambda contract, examples: contract.label,
    tally=NumberTally,
    picture=picture,
    show=show,
    plain=lambda item: {"numbers": dict(item.numbers)},
    probe=probe,
    drawn=drawn.targets,
)
