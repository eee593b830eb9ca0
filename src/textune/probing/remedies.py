"""Ways to help rare labels become what each is worth, by answers about texts held out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics import paired
from textune.metrics.paired import Answers, Difference
from textune.settings import selection
from textune.settings.train_config import TrainSettings
from textune.tasks import deciding, registry
from textune.tasks.interface import Task

NOTHING, THRESHOLDS = "nothing", "thresholds"
SETTINGS: Mapping[str, Mapping[str, str]] = {  # remedy → settings that give it
    "class weights": {"class_weights": "balanced"},
    "balanced sampling": {"sampling": "balanced"},
    "square-root sampling": {"sampling": "square-root"},
    "focal loss": {"loss": "focal"},
    "asymmetric loss": {"loss": "asymmetric"},
}
OF_SEVERAL = ("balanced sampling", "asymmetric loss")  # of one label a text the former is the same
# to a linear head as class weights
RARE = 0.25  # of its equal share, below which a class or an answer is rare
FLAT = "macro_f1"  # in which each label counts alike

Logits = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What remedies are worth: name → metric → difference to nothing, which comes first."""

    metrics: tuple[str, ...]  # the one that selects comes first
    found: Mapping[str, Mapping[str, Difference]]

    @property
    def taken(self) -> str:
        """Return the remedy that helps most; nothing, where none helps by more than noise.

        By the metric that selects; where none helps by that, by the next, if the first is no lower.
        """
        for key in self.metrics:
            helping = [
                name
                for name, one in self.found.items()
                if one[key].low > 0 and one[self.metrics[0]].gain >= 0
            ]
            if helping:
                return max(helping, key=lambda name: self.found[name][key].gain)
        return NOTHING

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each, as `metrics.json` has it."""
        return [
            {"name": name, "metrics": {key: asdict(one[key]) for key in self.metrics}}
            for name, one in self.found.items()
        ]


def are_rare(task: Task, targets: NDArray[Any]) -> bool:
    """Tell whether a class, or one of a label's two answers, has less than a quarter of its share.

    The share is that of classes, or of answers, which are equally frequent.
    """
    if registry.of(task.name).several:
        scored = (~np.isnan(targets)).sum(axis=0)
        there = (targets == 1).sum(axis=0)
        rarer = np.minimum(there, scored - there) / np.maximum(scored, 1)
        return bool(((there > 0) & (rarer < RARE / 2)).any())
    counts = np.bincount(targets)
    counts = counts[counts > 0]
    return bool(counts.min() < RARE * counts.mean())


def tasks_of(task: Task, train: TrainSettings, targets: NDArray[Any]) -> dict[str, Task]:
    """Return the task as each remedy has it learned; first as it is.

    Args:
        task: Without a remedy.
        train: Of the run.
        targets: Of the training texts.
    """
    is_several = registry.of(task.name).several
    names = [name for name in SETTINGS if is_several or name not in OF_SEVERAL]
    return {NOTHING: task} | {name: remedied(task, train, targets, name) for name in names}


def remedied(task: Task, train: TrainSettings, targets: NDArray[Any], name: str) -> Task:
    """Return the task as a remedy has it learned, and decided."""
    if name == THRESHOLDS:
        return deciding.with_goal(task, goal(train.metric or task.main_metric))
    if name not in SETTINGS:
        return task
    return selection.weighed(task, train.model_copy(update=SETTINGS[name]), targets)


def goal(metric: str) -> deciding.Goal:
    """Return what thresholds make high: the metric that selects where it is MCC, else macro F1."""
    return "mcc" if metric in ("mcc", "macro_mcc") else "macro_f1"


def measure(
    task: Task,
    truth: NDArray[Any],
    of_fold: Rows,
    logits: Mapping[str, Logits],
    metrics: Sequence[str],
    *,
    wider: float = 1.0,
    fits_anyway: bool = False,
) -> Measured:
    """Compare what was said of texts while they were held out, by each remedy.

    Args:
        task: Whose logits they are.
        truth: (N,) or (N, C).
        of_fold: (N,) in which each text was held out: a threshold decides texts of a fold as it is
            fitted on the others.
        logits: (N, C) by the remedies' names, first of nothing.
        metrics: By which they are compared, first the one that selects.
        wider: By what intervals are wider than those of one model's answers.
        fits_anyway: Whether thresholds are fitted with any remedy, and with none.
    """
    answers = {}
    for name, one in logits.items():
        chances = task.probabilities(one, None)
        plain = task.decide(chances, task.default_decision(), None)
        fitted = _crossed(task, truth, of_fold, chances, goal(metrics[0]))
        answers[name] = Answers(chances, fitted if fits_anyway else plain)
        if name == NOTHING and not fits_anyway:
            by_thresholds = Answers(chances, fitted)
    if not fits_anyway:
        answers[THRESHOLDS] = by_thresholds
    found = paired.differences(truth, answers, tuple(dict.fromkeys(metrics)), wider=wider)
    return Measured(tuple(found[NOTHING]), found)


def _crossed(
    task: Task, truth: NDArray[Any], of_fold: Rows, chances: NDArray[np.float64], aim: deciding.Goal
) -> NDArray[Any]:
    """Decide the texts of each fold by thresholds that were fitted on the others."""
    decided = task.decide(chances, task.default_decision(), None)
    for fold in np.unique(of_fold).tolist():
        mine = of_fold == fold
        rule = deciding.fit(task.labels, truth[~mine], chances[~mine], aim)
        decided[mine] = task.decide(chances[mine], rule, None)
    return decided
