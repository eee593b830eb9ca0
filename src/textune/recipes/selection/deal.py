"""Training texts are dealt into folds, the same ones whoever asks."""

from dataclasses import replace

import numpy as np

from textune.corpora.corpus import Corpus
from textune.errors import DataError
from textune.recipes.selection.out_of_fold import Rows
from textune.settings import judging
from textune.settings.config import Settings
from textune.splits import folds
from textune.tasks import registry
from textune.training.learner import Learner


def seed_of_rows(learner: Learner) -> int:
    """Return the seed by which texts are dealt: that of the run, or of all its runs."""
    assert isinstance(learner.settings, Settings)
    return judging.seed_of_rows(learner.settings)


def deal(corpus: Corpus, count: int, seed: int) -> Rows:
    """Deal the training texts into folds.

    Raises:
        DataError: They are too few, or too many must stay together.
    """
    texts = corpus.part("train")
    if not registry.of(corpus.task.name).has_classes:  # numbers are not kept in proportion
        texts = [replace(item, label=None) for item in texts]
    found = folds.deal_most(texts, count, seed=seed)
    if found is None:
        raise DataError(
            f"{corpus.table.name}: the {len(texts):,} training texts cannot be dealt into folds "
            "(equal texts and equal groups stay together, and a label's only text is always "
            "learned from); add rows, or give texts to validate by as a file (--valid)"
        )
    return found


def numbers(of_fold: Rows) -> list[int]:
    """List the folds that have texts."""
    return [number for number in np.unique(of_fold).tolist() if number != folds.ALWAYS]
