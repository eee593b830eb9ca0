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

UNSEEN = 2.0  # texts of each label that nobody saw, at least
MOST_UNSEEN = 8.0  # where many labels show that one is like another; more would shift the mean
# of unequal ones, of which the rare are often the hardest
TOGETHER = 3.0  # texts of labels tell as much as one: a wrong one counts for two labels
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
        # of the sums, which may be as small as a number can be, only shares are taken
        shares = np.divide(wrong, sums, out=np.zeros_like(wrong), where=sums > 0)
        wrong = missed.sum(axis=1, keepdims=True) * shares
        return Unseen(share * self.right, missed, wrong)


def shares(counts: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    """Draw counts of patterns from which such counts may come, (K,) → (1 + R, K)."""
    drawn = rng.standard_gamma(counts.astype(np.float64), size=(resamples, len(counts)))
    drawn *= counts.sum() / drawn.sum(axis=1, keepdims=True).clip(TINY)
    return np.vstack([counts, drawn])


def unseen(
    hits: Floats, errors: Floats, draws: int, rng: np.random.Generator, *, pooled: bool = True
) -> Unseen:
    """Draw what each label may have that nobody saw.

    Args:
        hits: Texts that rightly got the label, (C,).
        errors: Texts that have it and did not get it, and those that got it and have it not, (C,).
        draws: How many, with the first, which has none.
        rng: Draws.
        pooled: Many labels tell of each other, however many texts each has. That suits a mean of
            their F1; recalls and weighted means, of unequal labels, it would shift.
    """
    size = (draws, len(hits))
    if not 0 < len(hits) <= MOST_LABELS:
        return Unseen(np.zeros(size), np.zeros(size), np.zeros(size))
    texts = hits + errors
    count = _alike(hits, texts) if pooled else UNSEEN
    told = count / (texts + count) * texts  # (C,) texts by which each label tells of the others
    many = max(0.0, 1 - MOST / len(hits)) if pooled else 0.0
    weight = min(max(len(hits), FEWEST), MOST) + many * float(told.sum()) / TOGETHER
    of = told / texts.clip(1) if many else np.ones(len(hits))
    usual = ((of * hits).sum() + 0.5) / ((of * texts).sum() + 1)
    right = rng.beta(weight * usual + 1, weight * (1 - usual) + 1, size=(draws, 1))  # (R, 1)
    means = (count * right, count * (1 - right) / 2, count * (1 - right) / 2)
    found = [rng.standard_gamma(np.broadcast_to(mean.clip(TINY), size)) for mean in means]
    for each in found:
        each[0] = 0.0
    return Unseen(*found)


def _alike(hits: Floats, texts: Floats) -> float:
    """Say how many unseen texts of each label there are, the more the more alike many labels are.

    By the correlation of two texts of a label, estimated from analysis of variance (Donner, 1986)
    and taken one standard error higher: 1 / it - 1 is the strength of the Beta distribution from
    which the labels' shares come.
    """
    known = texts > 0
    hits, texts = hits[known], texts[known]
    labels, every = len(texts), float(texts.sum())
    if labels <= MOST or every <= labels:
        return UNSEEN
    usual = hits.sum() / every
    between = float((texts * (hits / texts - usual) ** 2).sum()) / (labels - 1)
    within = float((hits * (1 - hits / texts)).sum()) / (every - labels)
    usually = (every - float((texts**2).sum()) / every) / (labels - 1)  # texts of a label
    below = between + (usually - 1) * within
    alike = (between - within) / below if below > 0 else 0.0
    alike = max(alike, 0.0) + float(np.sqrt(2 / (labels - 1)) / usually)
    return float(np.clip(1 / alike - 1, UNSEEN, MOST_UNSEEN))
