"""A task more, in one file: a share between 0 and 1 for each text.

A sigmoid whose cross-entropy with the share is learned, so that no answer lies beyond 0 and 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from textune.data.columns import Column, Scan
from textune.data.numerals import is_number
from textune.decisions.rule import Decision
from textune.errors import DataError
from textune.metrics import catalogue, numbers
from textune.records import Batch, Contract, Example, Prediction, Row, Scores, Table
from textune.tasks import labels as named
from textune.tasks import texts
from textune.tasks.interface import Borders, Floats, Task
from textune.tasks.interface import Column as Added
from textune.tasks.kind import Form, Kind, Places, ToExample
from textune.tasks.numbers import kind as of_numbers


@dataclass(frozen=True, slots=True)
class Share(Task):
    """One number between 0 and 1."""

    labels: tuple[str, ...]

    name = "share"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    main_metric = "rmse"
    tie_metric = "mae"

    def config(self) -> dict[str, Any]:
        return named.config(self.labels, "multi_label_classification")

    def target(self, example: Example) -> NDArray[Any]:
        if not isinstance(example.label, str):
            raise DataError(f"{example.origin}: no share; every text needs one here")
        return np.asarray([float(example.label)], dtype=np.float32)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        assert batch.targets is not None
        return functional.binary_cross_entropy_with_logits(
            logits.float(), batch.targets.float(), reduction="sum"
        )

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        return float(len(targets))

    def probabilities(self, logits: NDArray[np.float32], borders: Borders = None) -> Floats:
        return named.sigmoid(logits)

    def decide(
        self, probabilities: Floats, decision: Decision, borders: Borders = None
    ) -> NDArray[np.float64]:
        return probabilities

    def judge(self, scores: Scores, examples: Sequence[Example]) -> dict[str, Any]:
        return numbers.judge(np.asarray(scores.truth), scores.decisions, self.labels)

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        found = numbers.intervals(np.asarray(scores.truth), scores.decisions, seed=0)
        return {name: list(span) for name, span in found.items()}

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: object = None,
    ) -> dict[str, Any]:
        known = np.stack([self.target(item) for item in training])
        return {"mean": numbers.baseline(known, np.asarray(scores.truth), self.labels)}

    def default_decision(self) -> Decision:
        return Decision("share")

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        for example, (value,) in zip(examples, scores.decisions.tolist(), strict=True):
            yield Prediction(example.text, (), {}, numbers={self.labels[0]: value})

    def columns(self) -> list[Added]:
        return [(f"predicted {self.labels[0]}", True)]

    def cells(self, prediction: Prediction) -> list[Any]:
        return list(prediction.numbers.values())

    def truth(self, example: Example) -> str:
        return str(example.label)


def weight(columns: Sequence[Column]) -> float:
    """Take one column of decimals between 0 and 1, before it is taken for other numbers."""
    cells = columns[0].cells if len(columns) == 1 else ()
    is_share = all(is_number(cell) and 0 <= float(cell) <= 1 for cell in cells)
    return 5.0 * (is_share and columns[0].classes > 2)


def form(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    return Form("name", None, f"{columns[0].name!r} holds shares → a share of 1 a text")


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    def to_reader(labels: Sequence[int]) -> texts.ReadLabel:
        def read_share(row: Row) -> texts.Marked:
            cell = row.cells[labels[0]].strip()
            if not is_number(cell) or not 0 <= float(cell) <= 1:
                raise DataError(f"{row.origin}: {cell!r} is no share; allowed: from 0 to 1")
            return cell, ()

        return read_share

    return texts.reader(places, to_reader)


KIND = Kind(
    name=Share.name,
    words="a share of 1 for a text",
    make=Share,
    judged=catalogue.Judged(catalogue.OF_NUMBERS),
    read=read,
    decisions=frozenset(["share"]),
    problem="multi_label_classification",
    weight=weight,
    form=form,
    label_names=lambda contract, examples: contract.label,
    tally=of_numbers.NumberTally,
    picture=of_numbers.picture,
    show=of_numbers.show,
    plain=of_numbers.KIND.plain,
)
