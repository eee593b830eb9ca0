"""One class of each of several columns: a softmax and a cross-entropy for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.errors import DataError, among
from textune.metrics import by_column
from textune.metrics.metrics import Parts, Report
from textune.records import Batch, Example, Prediction, Scores
from textune.splits import splits
from textune.tasks import imbalance, priors
from textune.tasks import labels as written
from textune.tasks.aspects import outputs
from textune.tasks.interface import Borders, Column, Floats, Task

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Aspects(Task):
    """The classes of A columns, C outputs in all, "column: class" each."""

    labels: tuple[str, ...]
    names: tuple[str, ...] = ()  # of the columns
    weights: tuple[float, ...] | None = None  # (C,) in the loss; None: all 1
    smoothing: float = 0.0  # share of each target that is spread over the classes of its column
    criterion: imbalance.Loss = imbalance.PLAIN  # what is made smaller
    sampling: imbalance.Sampling = "none"  # how often texts are drawn

    name = "aspects"
    model_class = "AutoModelForSequenceClassification"
    asks: ClassVar[Literal["texts"]] = "texts"
    main_metric = "mcc"
    tie_metric = "log_loss"

    @property
    def places(self) -> outputs.Places:
        """Return where among the outputs the classes of each column stand."""
        return outputs.places(self.labels, self.names)

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold."""
        return written.config(self.labels, "multi_label_classification")

    def state(self) -> dict[str, object]:
        """Return the names of the columns."""
        return {"names": self.names}

    def prior(self, targets: NDArray[Any]) -> Floats:
        """Return the logarithms of each column's shares; (C,)."""
        found, copies = np.zeros(len(self.labels)), self.copies(targets)
        for at in self.places.values():
            rows = by_column.scored(targets, at)
            found[at] = priors.exclusive(
                targets[rows][:, at].argmax(axis=1),
                len(at),
                self.weights_of(at),
                smoothing=self.smoothing,
                copies=None if copies is None else copies[rows],
            )
        return found

    def weights_of(self, at: NDArray[np.int64]) -> tuple[float, ...] | None:
        """Return the weights of some outputs in the loss."""
        return None if self.weights is None else tuple(self.weights[place] for place in at)

    def copies(self, targets: NDArray[Any]) -> Floats | None:
        """Return how often each text is drawn in a pass, by its rarest class; (N,)."""
        return imbalance.copies(targets, self.sampling)

    def target(self, example: Example) -> NDArray[np.generic]:
        """Return a 1 for the class of each column, NaN for columns not scored; (C,) float32.

        Raises:
            DataError: A class was not seen in training.
        """
        if example.label is None or isinstance(example.label, str):
            raise DataError(f"{example.origin}: no labels; every text needs a class of each column")
        found = np.zeros(len(self.labels), dtype=np.float32)
        for name in example.unscored:
            found[self.places[name]] = np.nan
        for label in example.label:
            if label not in self.labels:
                raise self._unseen(example.origin, label)
            found[self.labels.index(label)] = 1.0
        return found

    def _unseen(self, origin: str, label: str) -> DataError:
        column = outputs.column_of(label, self.names)
        if column is None:
            return DataError(f"{origin}: label {label!r} was not seen in training: of no column")
        value = outputs.value_of(label, column)
        known = [outputs.value_of(one, column) for one in self._of(column)]
        return DataError(
            f"{origin}: label {value!r} was not seen in training in column {column!r}; "
            f"{among(value, known)}"
        )

    def _of(self, column: str) -> list[str]:
        return [self.labels[place] for place in self.places[column].tolist()]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of (weighted) losses over all scored columns; () fp32."""
        from textune.tasks.aspects import column_losses  # torch: for training alone

        parts = {name: (at, self.weights_of(at)) for name, at in self.places.items()}
        return column_losses.total(
            logits, batch, list(parts.values()), smoothing=self.smoothing, criterion=self.criterion
        )

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of scored columns, each as often as its text and its class weigh."""
        own = np.ones(len(self.labels)) if self.weights is None else np.asarray(self.weights)
        cells = np.nan_to_num(targets) @ own  # (N,)
        return float(cells.sum() if weights is None else cells @ weights) or 1.0

    def probabilities(self, logits: NDArray[np.float32], borders: Borders = None) -> Floats:
        """(N, C) → (N, C), those of each column sum to 1."""
        found = np.zeros(logits.shape)
        for at in self.places.values():
            found[:, at] = written.softmax(logits[:, at])
        return found

    def decide(
        self, probabilities: Floats, decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return a 1 for the likeliest class of each column; (N, C)."""
        found = np.zeros(probabilities.shape, dtype=np.int64)
        rows = np.arange(len(probabilities))
        for at in self.places.values():
            found[rows, at[probabilities[:, at].argmax(axis=1)]] = 1
        return found

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Judge each column over all its texts at once, and take means over columns."""
        assert scores.truth is not None
        given = scores.truth, scores.probabilities, scores.decisions
        return by_column.judge(*given, self.places, self.labels)

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return the intervals of the means."""
        assert scores.truth is not None
        given = scores.truth, scores.probabilities, scores.decisions
        return by_column.intervals(*given, self.places)

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: Parts | None = None,
    ) -> dict[str, object]:
        """Return what label frequencies and TF-IDF would have scored."""
        from textune.metrics import baselines as simple  # scipy, not needed before

        truth = scores.truth
        assert truth is not None
        targets = np.stack([self.target(item) for item in training])

        def judge(chances: Floats) -> Report:
            decided = self.decide(chances, self.default_decision())
            return by_column.judge(truth, chances, decided, self.places, self.labels)

        texts = ([written.joined(item) for item in of] for of in (training, examples))
        first, second = texts
        return {
            "majority": simple.majority(targets, truth, self.labels, judge=judge),
            "tfidf": simple.tfidf(
                first, targets, second, truth, labels=self.labels, parts=parts, judge=judge
            ),
        }

    def default_decision(self) -> Decision:
        """Return the rule of the likeliest class."""
        return Decision("argmax")

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each text a class of each column, and the probability of every class."""
        rows = scores.probabilities.tolist()
        for example, row, decided in zip(examples, rows, scores.decisions, strict=True):
            given = [self.labels[place] for place in np.flatnonzero(decided).tolist()]
            columns = {}
            for label in given:
                column = outputs.column_of(label, self.names)
                assert column is not None
                columns[column] = outputs.value_of(label, column)
            chances = dict(zip(self.labels, row, strict=True))
            yield Prediction(example.text, tuple(given), chances, columns=columns)

    def columns(self) -> list[Column]:
        """Name the decision, the class of each column beside its probability, and all others."""
        found: list[Column] = [("decision", False)]
        for name in self.names:
            found += [(name, False), (f"{name}_score", True)]
        return found + [(f"p({label})", True) for label in self.labels]

    def cells(self, prediction: Prediction) -> list[object]:
        """Return a prediction as cells of those columns."""
        found: list[object] = [written.in_one_cell(prediction.labels, self.labels)]
        for name in self.names:
            value = prediction.columns[name]
            found += [value, prediction.scores[outputs.named(name, value)]]
        return [*found, *(prediction.scores[label] for label in self.labels)]

    def truth(self, example: Example) -> str:
        """Return the classes of the columns that are scored."""
        return written.in_one_cell(example.label or (), self.labels)

    def unscored(self, example: Example) -> tuple[str, ...]:
        """Return the classes of the columns that are not scored."""
        return tuple(label for name in example.unscored for label in self._of(name))

    def weighted(self, targets: NDArray[np.generic]) -> Aspects:
        """Weigh each class by the inverse of its frequency in its column."""
        wide = targets.astype(np.float64)
        found = np.ones(len(self.labels))
        for at in self.places.values():
            found[at] = splits.class_weights(np.nansum(wide[:, at], axis=0).astype(np.int64))
        return replace(self, weights=tuple(found.tolist()))
