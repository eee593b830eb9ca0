"""What cross-validation found becomes the scores and the marks that a run reports of it."""

import numpy as np

from textune.corpora.corpus import Corpus
from textune.metrics import intervals, metrics
from textune.metrics.metrics import Parts, Report
from textune.probing.remedies import NOTHING
from textune.recipes.selection import out_of_fold
from textune.recipes.selection.out_of_fold import Outcome
from textune.records import Example, Scores
from textune.runs.curves import FROZEN
from textune.splits import folds


def scores(corpus: Corpus, outcome: Outcome) -> tuple[Scores, list[Example]]:
    """Return what the chosen way said of the texts that were held out, and these texts."""
    return out_of_fold.scores(corpus, outcome.best.logits, outcome.is_judged)


def marked(corpus: Corpus, outcome: Outcome, found: Report) -> Report:
    """Say in a report that it is of cross-validation, and what each candidate scored."""
    candidates = []
    for one in outcome.candidates:
        mine, texts = out_of_fold.scores(corpus, one.logits, outcome.is_judged)
        numbers = metrics.headline(corpus.task.judge(mine, texts))
        remedy = {} if one.remedy == NOTHING else {"remedy": one.remedy}
        candidates.append(
            {"name": one.name, "folds": one.folds, "seed": one.seed, **remedy, **numbers}
        )
    best = outcome.best
    told = {"folds": best.folds, "chosen": best.name, "seed": best.seed, "candidates": candidates}
    return intervals.widened(found, intervals.OUT_OF_FOLD) | {"cross_validation": told}


def remedies(outcome: Outcome | None) -> Report:
    """Return what was measured of remedies for rare labels, if anything was."""
    return {} if outcome is None or not outcome.remedies else {"remedies": list(outcome.remedies)}


def frozen(corpus: Corpus, outcome: Outcome) -> Report:
    """Return what the frozen encoder with the linear head scored, where it was a candidate."""
    one = outcome.candidate(FROZEN)
    if one is None:
        return {}
    mine, texts = out_of_fold.scores(corpus, one.logits, outcome.is_judged)
    return {"probe": corpus.task.judge(mine, texts)}


def parts(outcome: Outcome) -> Parts:
    """Return for each fold the places of the training texts without it, and of those judged in it.

    The latter among the judged texts.
    """
    places = np.cumsum(outcome.is_judged) - 1  # (N,) among those that are judged
    return [
        (np.flatnonzero(outcome.of_fold != fold), places[is_in])
        for fold in np.unique(outcome.of_fold).tolist()
        if fold != folds.ALWAYS
        for is_in in [outcome.is_judged & (outcome.of_fold == fold)]
        if is_in.any()
    ]
