"""What a task offers: the one interface that loop, evaluation and prediction know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.metrics.metrics import Parts, Report
from textune.records import Asks, Batch, Example, Prediction, Scores
from textune.tasks.own import NOTHING, Own

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Borders = NDArray[np.int64] | None
Column = tuple[str, bool]  # its name, and whether it holds numbers


class Task(Protocol):
    """From labels to targets, from logits to losses, decisions and numbers.

    N texts, C outputs of the head (classes, labels, numbers, ends of an answer). The head is asked
    about I items: the texts themselves, or their words, or the tokens of their passages; `borders`
    (N + 1,) tells those of each text apart where a text has several.
    """

    own: ClassVar[Own] = NOTHING  # what of it the user brought

    @property
    def name(self) -> str:
        """Return the word for it in contracts and settings."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the names of the outputs, in the order of the logits."""

    @property
    def model_class(self) -> str:
        """Return the Auto class of transformers that has the task's head."""

    @property
    def asks(self) -> Asks:
        """Return what the head is asked about."""

    @property
    def main_metric(self) -> str:
        """Return the metric that selects the best model, by its name in the catalogue."""

    @property
    def tie_metric(self) -> str:
        """Return the metric that decides between models with the same main metric."""

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold: label names, problem type."""

    def state(self) -> dict[str, Any]:
        """Return what `registry.make` needs, beside the labels, to make the task again."""
        return {}

    def fitted(self, targets: NDArray[np.generic]) -> Self:
        """Return the task with what it learns from training targets alone, before any update."""
        return self

    def weighted(self, targets: NDArray[np.generic]) -> Self:
        """Return the task with rare classes weighing more, by their counts in these targets."""
        return self

    def prior(self, targets: NDArray[Any]) -> Floats | None:
        """Return the logits, one for each output, that know only how frequent each answer is.

        None where no such logits are the same for all texts.
        """
        return None

    def copies(self, targets: NDArray[Any]) -> Floats | None:
        """Return how often each text is drawn in a pass, in the mean, (N,); None: each once."""
        return None

    def target(self, example: Example) -> NDArray[np.generic]:
        """Turn a label into a target; raises `DataError` naming the row."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of losses over a batch, in fp32."""

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return what the sum of losses over these targets, of these weights, is divided by."""

    def probabilities(self, logits: NDArray[np.float32], borders: Borders) -> Floats:
        """Turn logits into probabilities, or numbers in the user's unit; (I, C) each."""

    def decide(self, probabilities: Floats, decision: Decision, borders: Borders) -> NDArray[Any]:
        """Turn probabilities into decisions."""

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Compare decisions and probabilities with the truth, over all texts at once."""

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return 95 % intervals of the headline numbers."""

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: Parts | None = None,
    ) -> dict[str, object]:
        """Return what simple rules would have scored on the judged examples.

        Args:
            training: What they learn from.
            scores: Of the judged examples.
            examples: That are judged.
            parts: Of cross-validation: places among `training`, and among `examples` of those that
                are judged by what was learned there; None: all by what was learned from all.
        """

    def default_decision(self) -> Decision:
        """Return the decision rule where none was fitted."""

    def decision(self, scores: Scores, examples: Sequence[Example]) -> Decision:
        """Return the decision rule, fitted on held-out texts where the task has one to fit."""
        return self.default_decision()

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Turn decisions into what a user reads, text by text."""

    def as_judged(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Return predictions as `judge` counts them, which may be none of what was not read."""
        return self.predictions(scores, examples)

    def columns(self) -> list[Column]:
        """Return the columns that predicting adds to a table."""

    def cells(self, prediction: Prediction) -> list[object]:
        """Return a prediction as cells of those columns."""

    def truth(self, example: Example) -> str:
        """Return a label as it is written beside the decision."""

    def unscored(self, example: Example) -> tuple[str, ...]:
        """Return the labels that are not judged in a text."""
        return example.unscored


def thresholds(labels: Sequence[str], value: float | Mapping[str, float]) -> dict[str, float]:
    """Give every label its threshold: one for all, or one by name (0.5 for those not named)."""
    if isinstance(value, Mapping):
        return {label: float(value.get(label, 0.5)) for label in labels}
    return {label: float(value) for label in labels}
