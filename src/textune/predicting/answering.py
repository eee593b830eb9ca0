"""Texts become the cells that an output gets: what a model says of each, and why if asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from textune.predicting.outputs import nested_answers
from textune.predicting.predictor import Predictor
from textune.records import Example, Prediction
from textune.tasks.interface import Column, Task
from textune.tasks.labels import in_one_cell

Cells = list[list[object]]  # of each text, in the order of the columns


@dataclass(frozen=True, slots=True)
class Answering:
    """A model, and what is written of its answers."""

    predictor: Predictor
    threshold: float | None = None  # in place of the model's own
    explain: bool = False  # whether a column `why` names the words that moved each decision most

    def columns(self) -> list[Column]:
        """Name the columns that the input gets.

        Raises:
            SettingsError: The threshold is no probability, or the task has no place for one.
        """
        sets = self.predictor.decision(self.threshold).member is not None
        added = [*self.predictor.task.columns(), *([("set", False)] if sets else [])]
        return [*added, ("why", False)] if self.explain else added

    def nested(self) -> frozenset[int]:
        """Find those of the columns whose cells are JSON."""
        found = nested_answers(self.predictor.task)
        return found | {len(self.columns()) - 1} if self.explain else found

    def cells(self, texts: Sequence[Example]) -> Cells:
        """Answer texts; a list of cells for each, in the order of the columns."""
        predictor, task = self.predictor, self.predictor.task
        if self.explain:
            whys = predictor.explanations(texts, threshold=self.threshold)
            return [[*_cells(task, one.prediction), one.cell()] for one in whys]
        decision = predictor.decision(self.threshold)
        predictions = task.predictions(predictor.score(texts, decision), texts)
        return [_cells(task, item) for item in predictions]


def _cells(task: Task, item: Prediction) -> list[object]:
    """Return a prediction as cells, with its set of classes where there are sets."""
    own = task.cells(item)
    return own if item.members is None else [*own, in_one_cell(item.members, task.labels)]
