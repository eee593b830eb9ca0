"""Rare labels: what a run measures of remedies, which it takes, and how it says so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from textune.corpora.corpus import Corpus
from textune.errors import SettingsError, some
from textune.metrics import catalogue, intervals, paired
from textune.objectives.labelled import Labelled
from textune.probing import remedies
from textune.probing.remedies import FLAT, NOTHING, Logits, Measured, Rows
from textune.recipes import wishing
from textune.recipes.selection.selected import NAMES
from textune.runs.curves import FROZEN
from textune.settings import selection
from textune.settings.config import Settings
from textune.settings.train_config import TrainSettings
from textune.splits import folds
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.training.learner import Learner

HEEDED = {"class weights": "class weights, or balanced sampling"}  # what is one for a linear head


def check(settings: Settings, corpus: Corpus) -> None:
    """Refuse to measure remedies where nothing is cross-validated.

    Raises:
        SettingsError: That was asked for.
    """
    if settings.train.remedies == "always" and not corpus.is_cross_validated:
        raise SettingsError(
            "train.remedies=always: measures in cross-validation, and here validation texts "
            "judge; leave it out, or give fewer than 2,500 rows (1,500 with tags on words) and "
            "none to validate by"
        )


def tasks(learner: Learner, corpus: Corpus) -> dict[str, Task]:
    """Return the task as each remedy that is to be measured has it; as it is alone where none is.

    None is where labels are about equally frequent, or a remedy was asked for by name.
    """
    objective, train = learner.objective, learner.settings.train
    assert isinstance(objective, Labelled)
    assert isinstance(train, TrainSettings)
    kind, targets = registry.of(corpus.task.name), corpus.targets[corpus.split.train]
    can_help = selection.HEEDED["train.remedies"](kind) and not selection.remedies_given(train)
    if not can_help or train.remedies == "off":
        return {NOTHING: objective.task}
    if train.remedies == "auto" and not remedies.are_rare(corpus.task, targets):
        return {NOTHING: objective.task}
    return remedies.tasks_of(objective.task, train, targets)


@dataclass(frozen=True, slots=True)
class Compared:
    """What remedies are worth to the linear head on the frozen encoder."""

    measured: Measured

    @property
    def taken(self) -> str:
        """Return the remedy that is taken."""
        return self.measured.taken

    @property
    def words(self) -> str:
        """Say which remedy helped, or that none did."""
        return _words(self.measured, f"the {NAMES[FROZEN]}")

    def told(self) -> dict[str, Any]:
        """Return what `metrics.json` says of it."""
        measured = self.measured
        return {
            "of": FROZEN,
            "taken": measured.taken,
            "metrics": list(measured.metrics),
            "tried": measured.table(),
            "words": self.words,
        }


def compare(
    learner: Learner, corpus: Corpus, of_fold: Rows, logits: Mapping[str, Logits]
) -> Compared:
    """Compare what was said of the texts that were held out, by each remedy.

    Args:
        learner: Of all texts.
        corpus: Without validation texts.
        of_fold: (N,) of the training texts.
        logits: (N, C) by the remedies' names, first of nothing.
    """
    objective, train = learner.objective, learner.settings.train
    assert isinstance(train, TrainSettings)
    assert isinstance(learner.settings, Settings)
    is_judged = of_fold != folds.ALWAYS
    for one in logits.values():
        is_judged = is_judged & np.isfinite(one).all(axis=1)
    metrics = [name for name in (objective.metric,) if name in paired.KNOWN]
    if train.metric is None or not metrics:
        metrics.append(FLAT)
    found = remedies.measure(
        corpus.task,
        corpus.targets[corpus.split.train[is_judged]],
        of_fold[is_judged],
        {name: one[is_judged] for name, one in logits.items()},
        metrics,
        wider=intervals.OUT_OF_FOLD,
        fits_anyway=wishing.fits_thresholds(learner.settings, corpus.task.name),
    )
    return Compared(found)


def take(learner: Learner, corpus: Corpus, name: str) -> None:
    """Let a learner learn with a remedy."""
    assert isinstance(learner.objective, Labelled)
    objective, train = learner.objective, learner.settings.train
    assert isinstance(train, TrainSettings)
    task = remedies.remedied(objective.task, train, corpus.targets[corpus.split.train], name)
    learner.objective = replace(objective, task=task)


def _words(measured: Measured, way: str) -> str:
    others = [name for name in measured.found if name != NOTHING]
    taken, first = measured.taken, measured.metrics[0]
    if taken == NOTHING:
        tried = "; ".join(f"{name} {_gain(measured, name, first)}" for name in others)
        return (
            f"rare labels: no remedy helped {way}, by {_titles(measured)}: {tried} "
            f"({catalogue.title(first)}, with 95 % intervals that hold together)"
        )
    values = ", ".join(
        f"{catalogue.title(key)} {_gain(measured, taken, key)}" for key in measured.metrics
    )
    rest = some([name for name in others if name != taken], len(others))
    return (
        f"rare labels: {HEEDED.get(taken, taken)} helps {way} ({values}; 95 % intervals), and is "
        f"taken; tried beside it: {rest}"
    )


def _gain(measured: Measured, name: str, key: str) -> str:
    one = measured.found[name][key]
    return f"{one.gain:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"


def _titles(measured: Measured) -> str:
    return " and ".join(map(catalogue.title, measured.metrics))
