"""Problems of linear heads, and the choice of how strongly one is regularised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from textune.tasks.interface import Floats

STRENGTHS = (0.1, 1.0, 10.0, 100.0)  # scikit-learn's C, for features of mean norm 1
USUAL = 1.0  # where nothing can be chosen
FOLDS = 5
MOST_CHOOSING = 4_000  # items by which the strength is chosen
AT_ONCE = 200_000  # features times outputs times folds times strengths that one search finds
MUCH = 2_500_000  # items times outputs times width, from which on few strengths are tried
FEW = (1.0, 10.0)  # of these
ALWAYS = -1  # the fold of items that are always learned from
MOST_POWER = 3.0  # of e: logits are scaled by a factor of at most 20

Rows = NDArray[np.int64]
Layer = tuple[Floats, Floats]  # weight (C, D) and bias (C,)
Together = Callable[[Sequence[Rows], Sequence[float]], list[list[Layer]] | None]  # finds by one
# search, for each strength, a layer of each of several sets of rows; None: it is no case for that


@dataclass(frozen=True, slots=True)
class Problem:
    """What is fitted: scaled features, and how a layer of some of them is found and judged."""

    features: Floats  # (I, D) of mean 0 and mean norm 1
    outputs: int
    solve: Callable[[Rows, float], Layer]  # by the items of these rows
    losses: Callable[[NDArray[np.float32], Rows], Floats]  # (rows, C) logits → (rows,)
    weights: Floats  # (I,) of each item
    order: NDArray[Any]  # (I,) by which folds are alike: classes, or numbers
    is_lonely: NDArray[np.bool_]  # (I,) whether nothing else tells its class
    most_choosing: int  # items by which the strength is chosen
    has_temperature: bool = False  # whether logits keep their meaning when they are scaled
    together: Together | None = None

    def layers(self, parts: Sequence[Rows], strengths: Sequence[float]) -> Iterator[list[Layer]]:
        """Find a layer for each of several sets of rows, and yield them strength after strength.

        A step of a small search is mostly other work than arithmetic: so few of them are made.
        """
        cells = self.features.size * self.outputs * len(parts)
        whole = cells * len(strengths) <= AT_ONCE
        for tried in [strengths] if whole else [[strength] for strength in strengths]:
            is_joint = self.outputs <= 2 or cells <= AT_ONCE
            found = self.together(parts, tried) if self.together and is_joint else None
            yield from found or [[self.solve(part, each) for part in parts] for each in tried]


@dataclass(frozen=True, slots=True)
class Choice:
    """How strongly a head is regularised, and what its held-out logits were."""

    strength: float
    scale: float = 1.0  # of its logits
    scores: Mapping[float, float] = field(default_factory=dict)  # loss of each strength tried
    held_out: NDArray[np.float32] | None = None  # (I, C) scaled logits of items while they were
    # held out, NaN where they never were; None where not all items were judged


def choose(
    problem: Problem,
    folds: Rows | None,
    is_item: NDArray[np.bool_],
    seed: int,
    strengths: Sequence[float] | None = None,
) -> Choice:
    """Choose a strength by cross-validation: the one of the lowest loss of held-out items.

    Much regularisation makes logits small: where they can be scaled, each strength is judged at the
    temperature that suits its held-out logits best (Guo et al., 2017), or weak regularisation would
    be taken for its larger logits alone.

    Args:
        problem: What is fitted.
        folds: (I,) of each item; None: dealt here.
        is_item: (I,) whether it is one that can be held out, and no name.
        seed: Deals items into folds, and draws some where they are many.
        strengths: Of regularisation that are tried; None: the usual ones.
    """
    size, width = problem.features.shape
    rows = drawn(np.arange(size), problem.most_choosing, seed)
    is_much = len(rows) * width * problem.outputs > MUCH
    if folds is None:
        folds = np.full(size, ALWAYS)
        folds[is_item] = deal(problem.order[is_item], seed=seed, count=2 if is_much else FOLDS)
        folds[problem.is_lonely] = ALWAYS
    judged = rows[folds[rows] != ALWAYS]
    if len(judged) < 4 or len(np.unique(folds[judged])) < 2:
        return Choice(USUAL if strengths is None else strengths[0])
    scores: dict[float, float] = {}
    best = np.inf
    usual = FEW if is_much else STRENGTHS
    learned, held = zip(*_parted(rows, folds), strict=True)
    tried = strengths or usual
    for strength, layers in zip(tried, problem.layers(learned, tried), strict=True):
        logits = np.full((size, problem.outputs), np.nan, dtype=np.float32)
        for held_out, (weight, bias) in zip(held, layers, strict=True):
            logits[held_out] = problem.features[held_out] @ weight.T + bias
        scale, scores[strength] = _tempered(problem, logits[judged], judged)
        if scores[strength] < best:
            best, kept, chosen = scores[strength], scale * logits, (strength, scale)
    return Choice(*chosen, scores, kept if len(rows) == size else None)


def _tempered(problem: Problem, logits: NDArray[np.float32], rows: Rows) -> tuple[float, float]:
    """Return by how much logits of held-out items are to be scaled, and their mean loss then."""
    own = problem.weights[rows]

    def loss(power: float) -> float:
        scaled = (np.exp(power) * logits).astype(np.float32)
        return float(problem.losses(scaled, rows) @ own / own.sum())

    if not problem.has_temperature:
        return 1.0, loss(0.0)
    power = likeliest_power(loss, len(rows))
    return float(np.exp(power)), loss(power)


def likeliest_power(loss: Callable[[float], float], count: int) -> float:
    """Return the power of e by which logits are to be scaled.

    The likeliest one, where it has a standard normal prior: few items that are all answered right
    do not make it endless.

    Args:
        loss: Mean loss of held-out items, their logits scaled by a power of e.
        count: Of these items.
    """
    found = optimize.minimize_scalar(
        lambda power: loss(power) + power**2 / (2 * count),
        bounds=(-MOST_POWER, MOST_POWER),
        method="bounded",
    )
    return float(found.x)


def _parted(rows: Rows, folds: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Yield what is learned and what is held out, fold after fold."""
    of = folds[rows]
    for fold in np.unique(of[of != ALWAYS]):
        yield rows[of != fold], rows[of == fold]


def deal(order: NDArray[Any], *, seed: int, count: int = FOLDS) -> Rows:
    """Deal items into folds that are alike in their classes or numbers; (I,), from 0."""
    mixed = np.random.default_rng([seed, len(order)]).permutation(len(order))
    ranked = mixed[np.argsort(order[mixed], kind="stable")]
    found = np.empty(len(order), dtype=np.int64)
    found[ranked] = np.arange(len(order)) % count
    return found


def drawn(rows: Rows, most: int, seed: int) -> Rows:
    """Return rows, in order; of too many a sample."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, most]).choice(rows, most, replace=False))
