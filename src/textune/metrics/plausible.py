"""Counts of texts become counts that fresh texts of the kind may have: draws of shares.

Texts are drawn with shares (the Bayesian bootstrap: Rubin 1981), and each label is given a few that
nobody saw: drawing 16 texts again and again finds no mistake that is not among them, and no label
that few texts have is ever wrong. They are right as often as those of all labels are, give or take:
how often is drawn as well, the same for all labels, for rare ones may be harder than all others.

The F1 of a label is 2J / (1 + J), and J the share of the texts that have or get it which are right:
so these draws are Beta(right + a, wrong + b) of a share, whose intervals hold as often as they say.
R draws, of which the first is the texts themselves; K patterns, C labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNSEEN = 2.0  # texts of each label that nobody saw
FEWEST, MOST = 2, 6  # texts on which it rests how often those are right: as many as labels
MOST_LABELS = 1_000  # of more, each has so little part in a mean that no unseen ones are drawn
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Unseen:
    """Texts of each label that nobody saw, in each draw; none in the first. (R, C) each."""

    right: Floats
    missed: Floats
    wrong: Floats  # given the label, and it does not apply

    def part(self, share: float) -> "Unseen":
        """Return a share of them, as many missed as wrong: of one class a text both are one."""
        missed, wrong = share * self.missed, share * self.wrong
        sums = wrong.sum(axis=1, keepdims=True)
        wrong = wrong * np.divide(
            missed.sum(axis=1, keepdims=True), sums, out=np.zeros_like(sums), where=sums > 0
        )
        return Unseen(share * self.right, missed, wrong)


def shares(counts: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    """Draw counts of patterns from which such counts may come, (K,) → (1 + R, K)."""
    drawn = rng.standard_gamma(counts.astype(np.float64), size=(resamples, len(counts)))
    drawn *= counts.sum() / drawn.sum(axis=1, keepdims=True).clip(TINY)
    return np.vstack([counts, drawn])


def unseen(hits: Floats, errors: Floats, draws: int, rng: np.random.Generator) -> Unseen:
    """Draw what each label may have that nobody saw.

    Args:
        hits: Texts that rightly got the label, (C,).
        errors: Texts that have it and did not get it, and those that got it and have it not, (C,).
        draws: How many, with the first, which has none.
        rng: Draws.
    """
    size = (draws, len(hits))
    if not 0 < len(hits) <= MOST_LABELS:
        return Unseen(*(np.zeros(size) for _ in range(3)))
    weight = min(max(len(hits), FEWEST), MOST)
    usual = (hits.sum() + 0.5) / (hits.sum() + errors.sum() + 1)
    right = rng.beta(weight * usual + 1, weight * (1 - usual) + 1, size=(draws, 1))  # (R, 1)
    means = (UNSEEN * right, UNSEEN * (1 - right) / 2, UNSEEN * (1 - right) / 2)
    found = [rng.standard_gamma(np.broadcast_to(mean.clip(TINY), size)) for mean in means]
    for each in found:
        each[0] = 0.0
    return Unseen(*found)
