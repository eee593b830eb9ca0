"""What all processes answered becomes scores of the whole set, and numbers that Lightning logs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.evaluation import answered
from textune.lightning.loaders import Asked, Texts
from textune.metrics.metrics import Report
from textune.records import Prediction, Scores
from textune.tasks.interface import Task


class Predictions:
    """What is said of some texts, in their order; no sequence, which Lightning would rebuild."""

    def __init__(self, found: Iterable[Prediction]):
        self._found = tuple(found)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self._found)

    def __getitem__(self, place: int) -> Prediction:
        return self._found[place]

    def __repr__(self) -> str:
        return f"Predictions({list(self._found)!r})"


Answer = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(slots=True)
class Answers:
    """What a pass over some texts has answered so far, in this process."""

    texts: Texts | None = None
    parts: list[Answer] = field(default_factory=list)  # places, and the logits of their items
    loss: float = 0.0  # sum

    def add(self, asked: Asked, logits: torch.Tensor, loss: float) -> None:
        """Take over what was answered to a pack."""
        self.texts = asked.texts
        self.loss += loss
        self.parts.append((asked.places, logits.float().cpu().numpy()))

    def gathered(self) -> "Answers":
        """Return the answers of all processes together."""
        if not torch.distributed.is_available() or not torch.distributed.is_initialized():
            return self
        found: list[Any] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(found, (self.parts, self.loss))
        parts = [part for mine, _ in found for part in mine]
        return Answers(self.texts, parts, sum(loss for _, loss in found))

    def scores(self, task: Task, decision: Decision) -> tuple[Texts, Scores]:
        """Return the texts that were answered, in their order, and their scores.

        A trial answers some of them only.

        Raises:
            NumericsError: An answer is no number.
        """
        assert self.texts is not None
        places = np.sort(np.concatenate([part for part, _ in self.parts]))
        texts = self.texts.taken(places)
        parts = [(np.searchsorted(places, part), logits) for part, logits in self.parts]
        found = answered.scores(
            parts, task, texts.store, texts.rows, decision=decision, targets=texts.targets
        )
        return texts, found

    def mean_loss(self) -> float:
        """Return the mean loss of these texts, as it is counted in training."""
        assert self.texts is not None
        if self.texts.objective is None:
            return float("nan")
        places = np.concatenate([part for part, _ in self.parts])
        return self.loss / self.texts.objective.count(self.texts.rows[places])


def numbers(report: Report, part: str) -> Iterator[tuple[str, float]]:
    """Name every number of a report: valid_mcc, and valid_roc_auc_LABEL of single labels.

    What cannot be computed, for a class is missing, is NaN.
    """
    for name, value in report.items():
        if _is_number(value):
            yield f"{part}_{name}", _number(value)
        elif name in {"labels", "columns"} and isinstance(value, Mapping):
            yield from _of_each(value, part)


def _of_each(found: Mapping[str, Any], part: str) -> Iterator[tuple[str, float]]:
    """Name the numbers of each label, or of each column."""
    for label, values in found.items():
        if isinstance(values, Mapping):
            for name, value in values.items():
                if _is_number(value):
                    yield f"{part}_{name}_{label}", _number(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
