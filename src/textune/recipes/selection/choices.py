"""A run's texts become the settings that were left out, each with its reason: without torch."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from textune.corpora import corpus, pairing
from textune.corpora.corpus import Corpus
from textune.encoder import bases, ways_of_pooling
from textune.encoder.ways_of_pooling import Choice
from textune.errors import TextuneError, first_line
from textune.recipes.selection import affording
from textune.runs.events import drained
from textune.settings import choosing
from textune.settings.choosing import Before, Chosen, Facts
from textune.settings.config import Settings
from textune.tasks import registry
from textune.text import tokenizers

NORMAL = 1.645  # below which a standard normal number is with probability 0.95
MOST_ROWS = 50_000  # of a file that is read as a run reads it, all at once


@dataclass(frozen=True, slots=True)
class _Layers:
    num_hidden_layers: int
    hidden_size: int


def of_file(source: object, settings: Settings, *, rows: int) -> tuple[str, ...]:
    """Return the lines that a run on a file would begin with, a choice each; or why there is none.

    Args:
        source: The file, which was surveyed before.
        settings: Of the run.
        rows: That the file has.

    Raises:
        ModelError: The base cannot be had.
    """
    if rows > MOST_ROWS:
        return (f"of more than {MOST_ROWS:,} rows train says it, after it has parted them",)
    tokenizer = tokenizers.load(bases.find(settings.base))
    try:
        found = drained(corpus.gather(source, settings, tokenizer))
    except TextuneError as error:
        return (f"none, for train would stop: {first_line(error)}",)
    chosen = choose(settings, found)
    return (*chosen.words, *filter(None, [_pooling(found, chosen.settings).remark]))


def choose(settings: Settings, found: Corpus, before: Before | None = None) -> Chosen:
    """Choose what was left out, as `choosing.choose` does.

    Where texts are cross-validated and the passes were left out, there may be fewer of these.
    """
    facts = facts_of(found, settings)
    chosen = choosing.choose(settings, facts, before)
    train = chosen.settings.train
    if not found.is_cross_validated or before is not None:
        return chosen
    if train.effort == "quick":
        return Chosen(chosen.settings)
    pooling = _pooling(found, chosen.settings)
    layers = bases.layers(Path(found.tokenizer.place)) + pooling.is_appended - pooling.is_dropped
    size = _Layers(layers, facts.width)
    passes = affording.affordable(train.epochs, found, size)
    if "epochs" not in train.left_out() or passes == train.epochs:
        return chosen
    said = f"epochs {passes} of these {train.epochs}: each text is learned from once a fold, too"
    return Chosen(choosing.changed(chosen.settings, {"epochs": passes}), (*chosen.words, said))


def _pooling(found: Corpus, settings: Settings) -> Choice:
    """Say what the head reads of a text, as is said where the base is loaded."""
    place, whole = found.tokenizer.place, found.task.asks == "texts"
    return ways_of_pooling.choose(place, settings.train.pooling, whole=whole)


def facts_of(found: Corpus, settings: Settings) -> Facts:
    """Return what is known before a run begins, by which its settings are chosen."""
    place, rows = found.tokenizer.place, found.split.train
    return replace(
        pairing.facts(settings.data, found.contract, found.task, place),
        rows=len(rows),
        tokens=round(float(found.store.lengths[rows].mean())),
        are_alike=are_alike(found),
        has_folds=found.is_cross_validated,
    )


def are_alike(found: Corpus) -> bool:
    """Tell whether each class has as many training texts as others, but for chance.

    By Pearson's chi-squared test at the level 0.05, whose bound is Wilson and Hilferty's (1931).
    """
    is_exclusive = registry.of(found.task.name).judged.is_exclusive
    if not is_exclusive or found.task.asks != "texts":
        return False
    counts = np.bincount(found.targets[found.split.train], minlength=len(found.task.labels))
    expected, freedom = counts.mean(), len(counts) - 1
    statistic = np.square(counts - expected).sum() / expected
    part = 2 / (9 * max(freedom, 1))
    return bool(statistic < freedom * (1 - part + NORMAL * part**0.5) ** 3)
