"""Several labels a text: a sigmoid and a threshold for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.data import choices, lists
from textune.data.choice import option
from textune.data.columns import Column, Scan, describe, flag, signs_of
from textune.decisions.rule import Decision
from textune.errors import DataError, among, excerpt
from textune.metrics import catalogue, metrics
from textune.metrics.metrics import Parts, Report
from textune.records import Batch, Contract, Example, LinearHead, Prediction, Row, Scores, Table
from textune.splits import splits
from textune.tasks import deciding, doubt, drawn, imbalance, own_lists, priors, probes, texts
from textune.tasks import labels as named
from textune.tasks.interface import Borders, Floats, Task, thresholds
from textune.tasks.interface import Column as Added
from textune.tasks.kind import Form, Kind, Places, ToExample
from textune.tasks.texts import Marked, ReadLabel

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Multi(Task):
    """Any of C labels, or none."""

    labels: tuple[str, ...]
    weights: tuple[float, ...] | None = None  # (C,) of the positives in the loss; None: all 1
    smoothing: float = 0.0  # share of each target that is spread over yes and no
    criterion: imbalance.Loss = imbalance.PLAIN  # what is made smaller
    sampling: imbalance.Sampling = "none"  # how often texts are drawn
    goal: deciding.Goal | None = None  # of thresholds that are fitted; None: none are

    name = "multi"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    main_metric = "roc_auc"  # needs no threshold: F1 at one half is 0 for every rare label
    tie_metric = "log_loss"

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold."""
        return named.config(self.labels, "multi_label_classification")

    def prior(self, targets: NDArray[Any]) -> Floats:
        """Return the logits of the labels' shares; (C,)."""
        return priors.several(
            targets, self.weights, smoothing=self.smoothing, copies=self.copies(targets)
        )

    def copies(self, targets: NDArray[Any]) -> Floats | None:
        """Return how often each text is drawn in a pass, in the mean; (N,)."""
        return imbalance.copies(targets, self.sampling)

    def target(self, example: Example) -> NDArray[np.generic]:
        """Return zeros and ones, NaN where the label is not scored; (C,) float32.

        Raises:
            DataError: A label was not seen in training.
        """
        if example.label is None or isinstance(example.label, str):
            raise DataError(f"{example.origin}: no labels; an empty list says that none applies")
        values = np.zeros(len(self.labels), dtype=np.float32)
        for names, value in ((example.label, 1.0), (example.unscored, np.nan)):
            for name in names:
                if name not in self.labels:
                    raise DataError(
                        f"{example.origin}: label {name!r} was not seen in training; "
                        f"{among(name, self.labels)}"
                    )
                values[self.labels.index(name)] = value
        return values

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of (weighted) losses over the scored cells; () fp32."""
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.several(
            logits, batch, self.weights, smoothing=self.smoothing, criterion=self.criterion
        )

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of scored cells, each as often as its text weighs."""
        cells = (~np.isnan(targets)).sum(axis=1)  # (N,)
        return float(cells.sum() if weights is None else cells @ weights) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """(N, C) → (N, C), each on its own between 0 and 1."""
        return named.sigmoid(logits)

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return 1 where a label reaches its threshold, or is one of the likeliest; (N, C)."""
        if decision.kind == "top":
            places = np.argsort(-probabilities, axis=1, kind="stable")[:, : decision.top]
            found = np.zeros(probabilities.shape, dtype=np.int64)
            np.put_along_axis(found, places, 1, axis=1)
            return found
        bars = np.asarray([decision.thresholds[label] for label in self.labels])
        return (probabilities >= bars).astype(np.int64)

    def names(self, decided: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the names of the labels that apply, often none."""
        return [
            tuple(label for label, on in zip(self.labels, row, strict=True) if on)
            for row in decided.tolist()
        ]

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Compare with the truth, over all texts at once."""
        assert scores.truth is not None
        return metrics.multi(scores.truth, scores.probabilities, scores.decisions, self.labels)

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
        """Return one half for every label."""
        return Decision("threshold", thresholds(self.labels, 0.5))

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
        _, *scores = named.cells(self.labels, prediction)
        return [named.in_one_cell(prediction.labels, self.labels), *scores]

    def truth(self, example: Example) -> str:
        """Return the labels that apply."""
        held = [name for name in self.labels if name in (example.label or ())]
        return named.in_one_cell(held, self.labels)

    def weighted(self, targets: NDArray[np.generic]) -> Multi:
        """Weigh the positives of each label by negatives over positives."""
        scored = (~np.isnan(targets)).sum(axis=0)
        positives = (targets == 1).sum(axis=0)
        weights = splits.positive_weights(positives, scored)
        return replace(self, weights=tuple(weights.tolist()))


def weight(columns: Sequence[Column]) -> float:
    """Weigh columns as those of several labels a text: columns of 0 and 1, or one of lists."""
    return 2.0 * (len(columns) > 1 or columns[0].kind == "list")


def form(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    """Say how several labels a text are written: as a list, or in columns of 0 and 1."""
    if len(columns) > 1:
        return _marks(table, columns, seen)
    column = columns[0]
    name = column.name
    if column.kind == "flags":
        reason = f"{name!r} holds only {signs_of([column])} → one 0/1 label, as asked"
        return Form("columns", None, reason)
    separator = column.separator or lists.likely_separator(column.cells)
    reason = f"{name!r} holds lists {lists.described(separator)} → several labels a text"
    return Form("list", separator, reason)


def _marks(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    odd = [column for column in columns if column.kind not in ("flags", "constant")]
    doubts = [
        f"column {column.name!r} is not only 0, 1 and -1 but {describe(column)}" for column in odd
    ]
    if choices.are_polarity(columns):
        doubts.append(
            "-1, 0 and 1 are all frequent: where they are three classes (as negative, neutral, "
            'positive), and -1 is not "not scored", '
            f"{option('--task aspects --label', columns)} learns a class of each column"
        )
    marks = [[flag(row[column.place]) for column in columns] for row in seen.sample]
    unscored = " (-1: not scored)" if any(-1 in row for row in marks) else ""
    reason = (
        f"{len(columns)} columns hold only {signs_of(columns)}{unscored} → several labels a text"
    )
    return Form("columns", None, reason, doubts)


def instead(columns: Sequence[Column], seen: Scan) -> str:
    """Say what would become of lists of one name each, and of columns of -1, 0 and 1."""
    if len(columns) > 1 and choices.are_polarity(columns):
        return "`--task multi` would take -1 as not scored, and learn several labels a text"
    is_one = len(columns) == 1 and named.is_alone(columns[0])
    return "`--task multi` would learn several labels a text" if is_one else ""


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a text with its labels."""

    def to_reader(labels: Sequence[int]) -> ReadLabel:
        if contract.form == "columns":
            return texts.marks(labels, contract.label)
        return _list_reader(labels[0], contract.label[0], contract.separator or ",")

    return texts.reader(places, to_reader)


def _list_reader(place: int, column: str, separator: str) -> ReadLabel:
    shape = {"json": 'a list in brackets such as ["a", "b"]', "vector": "a row of 0 and 1"}

    def read_list(row: Row) -> Marked:
        names = lists.parse(row.cells[place], separator)
        if names is None:
            raise DataError(
                f"{row.origin}: column {column!r} holds {excerpt(row.cells[place])}; "
                f"allowed: {shape.get(separator, 'a list')}, or a blank cell for no label"
            )
        return names, ()

    return read_list


def probe(
    task: Multi,
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    seed: int,
    weights: Floats | None,
    folds: NDArray[np.int64] | None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit the head on frozen features; positives weigh more where they do in the loss."""
    from textune.tasks import linear  # scipy: a while to import

    positives = None if task.weights is None else np.asarray(task.weights)
    return linear.several(
        features,
        targets,
        seed=seed,
        weights=probes.weights_of(weights, task.copies(targets)),
        positives=positives,
        folds=folds,
        names=names if task.criterion == imbalance.PLAIN else None,
        criterion=task.criterion,
        strengths=strengths,
    )


KIND = Kind(
    name=Multi.name,
    words="several labels a text",
    make=Multi,
    judged=catalogue.Judged(
        (*named.METRICS, "subset_accuracy", "macro_mcc", "micro_roc_auc", "hamming_loss"),
        loss="log_loss",
        of_label=(*catalogue.OF_CLASSES, "mcc"),
    ),
    read=read,
    of_file=own_lists.of_file,
    has_classes=True,
    several=True,
    fewest=1,
    decisions=frozenset(["threshold", "top"]),
    rule=deciding.of_labels,
    aim="f1",
    calibrates=True,
    problem="multi_label_classification",
    weight=weight,
    form=form,
    instead=instead,
    findings=named.findings,
    probe=probe,
    probes_names=True,
    doubt=doubt.of_labels,
    drawn=drawn.labels,
)
