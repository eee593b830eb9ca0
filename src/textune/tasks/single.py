"""One label a text: softmax, cross-entropy, the likeliest class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.data import lists
from textune.data.columns import Column, Scan, flag
from textune.decisions.rule import Decision
from textune.errors import DataError, among, excerpt
from textune.metrics import catalogue, metrics
from textune.metrics.metrics import Parts, Report
from textune.metrics.one_label import is_blank
from textune.records import Batch, Contract, Example, Prediction, Row, Scores, Table
from textune.splits import splits
from textune.tasks import deciding, doubt, drawn, imbalance, own_names, priors, probes, texts
from textune.tasks import labels as named
from textune.tasks.interface import Borders, Floats, Task
from textune.tasks.interface import Column as Added
from textune.tasks.kind import Form, Kind, Places, ToExample
from textune.tasks.texts import BLANK, Marked, ReadLabel

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Single(Task):
    """One of C classes; two of them are a binary task."""

    labels: tuple[str, ...]
    weights: tuple[float, ...] | None = None  # (C,) in the loss; None: all 1
    smoothing: float = 0.0  # share of each target that is spread over all labels
    criterion: imbalance.Loss = imbalance.PLAIN  # what is made smaller
    sampling: imbalance.Sampling = "none"  # how often texts are drawn
    goal: deciding.Goal | None = None  # of thresholds that are fitted; None: none are

    name = "single"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    main_metric = "mcc"
    tie_metric = "log_loss"

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold."""
        return named.config(self.labels, "single_label_classification")

    def prior(self, targets: NDArray[Any]) -> Floats:
        """Return the logarithms of the classes' shares; (C,)."""
        return priors.exclusive(
            targets,
            len(self.labels),
            self.weights,
            smoothing=self.smoothing,
            copies=self.copies(targets),
        )

    def copies(self, targets: NDArray[Any]) -> Floats | None:
        """Return how often each text is drawn in a pass, in the mean; (N,)."""
        return imbalance.copies(targets, self.sampling)

    def target(self, example: Example) -> NDArray[np.generic]:
        """Return the class as a scalar.

        Raises:
            DataError: The label was not seen in training.
        """
        label = example.label
        if not isinstance(label, str):
            raise DataError(f"{example.origin}: no label; every text needs one here")
        if label not in self.labels:
            raise DataError(
                f"{example.origin}: label {label!r} was not seen in training; "
                f"{among(label, self.labels)}"
            )
        return np.asarray(self.labels.index(label), dtype=np.int64)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of (weighted) losses; () fp32."""
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.classes(
            logits, batch, self.weights, smoothing=self.smoothing, criterion=self.criterion
        )

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of texts, or the sum of their weights and those of their classes."""
        own = np.ones(len(targets)) if self.weights is None else np.asarray(self.weights)[targets]
        return float(own.sum() if weights is None else own @ weights) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """(N, C) → (N, C), rows sum to 1."""
        return named.softmax(logits)

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return the likeliest class, (N,); of two, a threshold may decide for the second.

        Of more, each probability may be divided by a threshold before the highest is taken.
        """
        if decision.kind == "cost":
            return (probabilities @ np.asarray(decision.costs)).argmin(axis=1).astype(np.int64)
        if decision.kind == "threshold" and len(self.labels) == 2:
            return (probabilities[:, 1] >= decision.thresholds[self.labels[1]]).astype(np.int64)
        if decision.kind == "threshold":
            bars = np.asarray([decision.thresholds[label] for label in self.labels])
            return (probabilities / bars).argmax(axis=1).astype(np.int64)
        return probabilities.argmax(axis=1).astype(np.int64)

    def names(self, decided: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the one name for each decision."""
        return [(self.labels[number],) for number in decided.tolist()]

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Compare with the truth, over all texts at once."""
        assert scores.truth is not None
        return metrics.single(scores.truth, scores.probabilities, scores.decisions, self.labels)

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return the intervals of the headline numbers."""
        return named.intervals(scores)

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: Parts | None = None,
    ) -> dict[str, object]:
        """Return what label frequencies and TF-IDF would have scored."""
        targets = np.stack([self.target(item) for item in training])
        return named.baselines(
            self.labels, targets, training, scores=scores, examples=examples, parts=parts
        )

    def default_decision(self) -> Decision:
        """Return the rule of the likeliest class."""
        return Decision("argmax")

    def decision(self, scores: Scores, examples: Sequence[Example]) -> Decision:
        """Return the rule: thresholds, where they shall be fitted."""
        if self.goal is None:
            return self.default_decision()
        assert scores.truth is not None
        return deciding.fit(self.labels, scores.truth, scores.probabilities, self.goal)

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each text its names and the probability of each label."""
        return named.predictions(self.labels, self.names(scores.decisions), scores, examples)

    def columns(self) -> list[Added]:
        """Name the decision and the probability of each label."""
        return named.columns(self.labels)

    def cells(self, prediction: Prediction) -> list[object]:
        """Return the decision and the probability of each label."""
        return named.cells(self.labels, prediction)

    def truth(self, example: Example) -> str:
        """Return the label."""
        return str(example.label)

    def weighted(self, targets: NDArray[np.generic]) -> Single:
        """Weigh each class by the inverse of its frequency."""
        counts = np.bincount(targets, minlength=len(self.labels))
        weights = splits.class_weights(counts)
        return replace(self, weights=tuple(weights.tolist()))


def weight(columns: Sequence[Column]) -> float:
    """Weigh one column as that of one label a text: any may be, but lists."""
    return float(len(columns) == 1) * (2.5 if named.is_alone(columns[0]) else 1.0)


def form(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    """Say how one label a text is written: as a name, a list of one, or in columns of 0 and 1."""
    if len(columns) > 1:
        reason = f"{len(columns)} columns, of which exactly one is 1 → one label a text, as asked"
        return Form("columns", None, reason)
    column = columns[0]
    name = column.name
    if named.is_alone(column):
        held = "a list of exactly one name"
        held += " or a name alone" if column.separator == "mixed" else ""
        reason = f"{name!r} holds {held} in each row → one label a text"
        return Form("name", column.separator, reason)
    reason = f"{name!r} holds {column.classes} different values, one a row → one label a text"
    if column.kind == "constant":
        value = next(iter(column.counts or {""}))
        reason = f"{name!r} holds one value only, {value!r} → one label a text"
    return Form("name", None, reason)


def instead(columns: Sequence[Column], seen: Scan) -> str:
    """Say what would become of lists, of numbers, or of columns of which always one is 1."""
    if len(columns) == 1:
        held = "every whole cell" if columns[0].kind == "list" else "every number"
        return f"`--task single` would take {held} of {columns[0].name!r} as a class"
    marks = [[flag(row[column.place]) for column in columns] for row in seen.sample]
    if len(marks) < 20 or any(row.count(1) != 1 for row in marks):
        return ""
    return (
        "every text has exactly one of these labels: `--task single` would make them exclude each "
        "other"
    )


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a text with its label."""

    def to_reader(labels: Sequence[int]) -> ReadLabel:
        if contract.form == "columns":
            return _exclusive(texts.marks(labels, contract.label))
        if contract.separator is not None:
            return _only_reader(labels[0], contract.label[0], contract.separator)
        return _name_reader(labels[0], contract.label[0])

    return texts.reader(places, to_reader)


def _only_reader(place: int, column: str, separator: str) -> ReadLabel:
    """Make the reader of lists that hold exactly one name."""

    def read_name(row: Row) -> Marked:
        names = lists.parse(row.cells[place], separator)
        if names is None or len(names) != 1:
            raise DataError(
                f"{row.origin}: column {column!r} holds {excerpt(row.cells[place])}; allowed: a "
                "list of exactly one name (or choose --task multi)"
            )
        return names[0], ()

    return read_name


def _name_reader(place: int, column: str) -> ReadLabel:
    def read_name(row: Row) -> Marked:
        name = row.cells[place].strip()
        if is_blank(name):
            raise DataError(f"{row.origin}: column {column!r} {BLANK}")
        return name, ()

    return read_name


def _exclusive(read_marks: ReadLabel) -> ReadLabel:
    def read_one(row: Row) -> Marked:
        labels, _ = read_marks(row)
        if labels is None or len(labels) != 1:
            held = f"{len(labels or ())} columns are 1 ({', '.join(labels or ()) or 'none'})"
            raise DataError(
                f"{row.origin}: {held}, but one label a text was expected; "
                "allowed: exactly one 1 (or choose --task multi)"
            )
        return labels[0], ()

    return read_one


KIND = Kind(
    name=Single.name,
    words="one label a text",
    make=Single,
    judged=catalogue.Judged(
        (*named.METRICS, "balanced_accuracy", "weighted_f1"),
        loss="log_loss",
        of_label=catalogue.OF_CLASSES,
        is_exclusive=True,
    ),
    read=read,
    of_file=own_names.of_file,
    has_classes=True,
    fewest=2,
    decisions=frozenset(["argmax", "threshold", "cost"]),
    rule=deciding.of_classes,
    calibrates=True,
    abstains=True,
    problem="single_label_classification",
    weight=weight,
    form=form,
    instead=instead,
    findings=named.findings,
    probe=probes.exclusive,
    probes_names=True,
    refits=True,
    doubt=doubt.between_classes,
    drawn=drawn.classes,
)
