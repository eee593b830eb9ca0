"""Models that are equally good become how often a comparison says that one is better; and sets."""

from typing import Any

import numpy as np
from scipy import special

from textune.decisions import abstaining
from textune.metrics import comparing, paired
from textune.metrics.paired import Answers

METRICS = ("accuracy", "macro_f1", "mcc", "roc_auc", "log_loss")
SHARES = (0.8, 0.9, 0.95)  # that sets of classes are to cover
FRESH = 1_000


def alarms(size: int, sets: int, seed: int) -> dict[str, float]:
    """Return how often a difference of two equally good models is called one.

    Args:
        size: Texts that both answer.
        sets: How many times they are drawn.
        seed: Of the draws.

    Returns:
        Metric → share; "McNemar" → share of p below 0.05.
    """
    rng = np.random.default_rng([seed, size])
    shown = dict.fromkeys((*METRICS, "McNemar"), 0)
    for _ in range(sets):
        truth = (rng.random(size) < 0.3).astype(np.int64)
        common = rng.normal(size=size)  # what is hard for both
        answers = []
        for _ in range(2):
            score = 1.8 * truth + np.sqrt(0.5) * common + np.sqrt(0.5) * rng.normal(size=size)
            chance = special.expit(1.8 * score - 1.62 + special.logit(0.3))
            chances = np.stack([1 - chance, chance], axis=1)
            answers.append(Answers(chances, (chance >= 0.5).astype(np.int64)))
        draws = comparing.draws(size)
        found = [paired.numbers(truth, one, METRICS, draws) for one in answers]
        right = [one.decisions == truth for one in answers]
        alone = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
        for name in METRICS:
            only = [alone] if name == "accuracy" else None
            values = [each[name] for each in found]
            one = comparing.differences(name, values, texts=size, only=only)[0]
            shown[name] += one.is_shown
            shown["McNemar"] += name == "accuracy" and one.p < 0.05
    return {name: count / sets for name, count in shown.items()}


def sets_of_classes(size: int, sets: int, seed: int) -> dict[str, float]:
    """Return the share of fresh texts whose set holds their class, by the share that was asked.

    The model is too sure by a factor of three, of which the sets must know nothing.
    """
    rng = np.random.default_rng([seed, size])
    held: dict[str, list[float]] = {f"{share:g}": [] for share in SHARES}
    for _ in range(sets):
        logits = rng.normal(0, 2, (size + FRESH, 6))
        cumulated = special.softmax(logits / 3, axis=1).cumsum(axis=1)
        truth = (rng.random((size + FRESH, 1)) < cumulated).argmax(axis=1)
        chances = special.softmax(logits, axis=1)
        for share in SHARES:
            least = abstaining.member(truth[:size], chances[:size], share)
            own = chances[np.arange(size, size + FRESH), truth[size:]]
            held[f"{share:g}"].append(float((own >= least).mean()))
    return {name: float(np.mean(shares)) for name, shares in held.items()}


def of(size: int, sets: int, seed: int) -> dict[str, Any]:
    """Measure both for a size."""
    return {
        "texts": size,
        "alarms": alarms(size, sets, seed),
        "covered": sets_of_classes(size, sets, seed),
    }
