"""What a task offers: the one interface that loop, evaluation and prediction know."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from textune.records import Batch, Decision, Example, Scores


class Task(Protocol):
    """From labels to targets, from logits to losses, decisions and numbers.

    N texts, C classes or labels; a task whose head speaks of tokens has P logits instead of B.
    """

    @property
    def name(self) -> str:
        """Return the word for it in contracts and settings."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the label names, in the order of the logits."""

    @property
    def model_class(self) -> str:
        """Return the Auto class of transformers that has the task's head."""

    @property
    def per_token(self) -> bool:
        """Tell whether the head speaks of tokens rather than of texts."""

    @property
    def main_metric(self) -> str:
        """Return the metric that selects the best model; `metrics.DIRECTION` knows which way."""

    def config(self) -> dict[str, Any]:
        """Return what the model's configuration must hold: label names, problem type."""

    def target(self, example: Example) -> NDArray[Any]:
        """Turn a label into a target; raises `DataError` naming the row."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of losses over a batch, in fp32."""

    def count(self, targets: NDArray[Any]) -> float:
        """Return what the sum of losses over these targets is divided by."""

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Turn logits into probabilities; (N, C) each."""

    def decide(self, probabilities: NDArray[np.float64], decision: Decision) -> NDArray[np.int64]:
        """Turn probabilities into decisions."""

    def names(self, decided: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return the names that each decision stands for."""

    def judge(self, scores: Scores) -> dict[str, Any]:
        """Compare decisions and probabilities with the truth, over all texts at once."""

    def default_decision(self) -> Decision:
        """Return the decision rule where none was fitted."""

    def weighted(self, targets: NDArray[Any]) -> "Task":
        """Return the task with rare classes weighing more, by their counts in these targets."""


def thresholds(labels: Sequence[str], value: float | Mapping[str, float]) -> dict[str, float]:
    """Give every label its threshold: one for all, or one by name (0.5 for those not named)."""
    if isinstance(value, Mapping):
        return {label: float(value.get(label, 0.5)) for label in labels}
    return {label: float(value) for label in labels}
