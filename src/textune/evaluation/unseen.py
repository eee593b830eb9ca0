"""Labels that training never saw become labels that the model always misses, and words about it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from textune.errors import DataError, among
from textune.metrics.metrics import Report
from textune.records import Example, Scores
from textune.splits import strata
from textune.tasks import registry
from textune.tasks.interface import Task

SHOWN = 5  # labels that are named
NO_PROBABILITY = "the model has no probability for labels that training never saw"


@dataclass(frozen=True, slots=True)
class Widened:
    """A task with labels that its model does not know after those that it knows."""

    task: Task
    unseen: Mapping[str, int]  # label → texts that have it

    @classmethod
    def of(cls, task: Task, examples: Sequence[Example]) -> "Widened":
        """Add the labels of some texts that a task does not have.

        Raises:
            DataError: No text has a label that the model knows.
        """
        if not registry.of(task.name).has_classes:
            return cls(task, {})
        known, unseen = set(task.labels), Counter[str]()
        for example in examples:
            unseen.update(set(strata.label_names(example)) - known)
        if not unseen:
            return cls(task, {})
        if not any(known.intersection(strata.label_names(example)) for example in examples):
            first = next(iter(unseen))
            raise DataError(
                f"{examples[0].origin}: label {first!r} was not seen in training, nor any other of "
                f"this file; {among(first, task.labels)}; write the labels as in training, or name "
                "the label column with --label"
            )
        labels = (*task.labels, *sorted(unseen))
        return cls(cast("Task", replace(cast("Any", task), labels=labels)), unseen)

    def scores(self, found: Scores) -> Scores:
        """Give the unknown labels probability 0."""
        more = len(self.unseen)
        if not more or found.truth is None:
            return found
        decisions = found.decisions
        if decisions.ndim == 2:
            decisions = np.pad(decisions, ((0, 0), (0, more)))
        return replace(
            found,
            logits=np.pad(found.logits, ((0, 0), (0, more)), constant_values=-np.inf),
            probabilities=np.pad(found.probabilities, ((0, 0), (0, more))),
            decisions=decisions,
            members=None if found.members is None else np.pad(found.members, ((0, 0), (0, more))),
        )

    def said(self, numbers: Report) -> dict[str, object]:
        """Take out of a report what unknown labels leave undefined, and count them in it."""
        if not self.unseen:
            return dict(numbers)
        spans = {name: span for name, span in numbers["intervals"].items() if name != "log_loss"}
        found = {**numbers, "log_loss": None, "intervals": spans}
        found["undefined"] = {**numbers["undefined"], "log_loss": NO_PROBABILITY}
        return found | {"unseen_labels": dict(sorted(self.unseen.items()))}

    def remark(self) -> str:
        """Say which labels are unknown, and what one of them may have meant; "" for none."""
        if not self.unseen:
            return ""
        names = sorted(self.unseen, key=lambda name: (-self.unseen[name], name))
        listed = ", ".join(f"{name!r} ({self.unseen[name]:,} texts)" for name in names[:SHOWN])
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        known = self.task.labels[: len(self.task.labels) - len(self.unseen)]
        return (
            f"training never saw {listed}{more}: the model cannot give such labels, and they count "
            f"as missed ({names[0]!r}: {among(names[0], known)})"
        )
