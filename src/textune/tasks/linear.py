"""Frozen features and targets become a linear head, as scikit-learn's; one function for each loss.

The strength of regularisation is chosen by cross-validation. I items (texts or words), D width of
the features, C outputs of the head. Only probing needs this file, and scipy with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from textune.metrics import logistic
from textune.records import LinearHead
from textune.tasks import at_once, focused
from textune.tasks import labels as named
from textune.tasks.imbalance import PLAIN, Loss, rarest
from textune.tasks.interface import Floats
from textune.tasks.named_items import NamedItems
from textune.tasks.strengths import (
    ALWAYS,
    MOST_CHOOSING,
    USUAL,
    Layer,
    Problem,
    Rows,
    choose,
    drawn,
)

MOST_ITEMS = 20_000  # that are fitted; more are drawn from
MOST_CELLS = 2_000_000  # items times outputs, likewise
MOST_CHOOSING_CELLS = 30_000  # items times labels, where each label has a fit of its own
NAME_WEIGHT = 4.0  # of a label's name, beside a text
LEAST_SIZE = 1e-7  # of an axis, beside the largest
FEW_ITEMS = 64  # by fewer a strength is not chosen among, where classes weigh alike
MOST_UNLIKE = 2.0  # times what the lightest class weighs


def classes(
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    *,
    outputs: int,
    seed: int,
    weights: Floats | None = None,
    folds: Rows | None = None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
    criterion: Loss = PLAIN,
) -> LinearHead:
    """Fit multinomial logistic regression.

    Args:
        features: (I, D); items with NaN are left out.
        targets: (I,) classes below `outputs`; items with others are left out.
        outputs: Classes, also those that no item has.
        seed: Deals items into folds, and draws some where they are many.
        weights: (I,) of items in the loss.
        folds: (I,) fold of each item in cross-validation, -1 for those that are always learned
            from; None: dealt here, alike in classes.
        names: (C, K, D) features of K texts that name each class; NaN of those that it has not.
        criterion: What is made smaller instead of cross-entropy: focal loss.
        strengths: Of regularisation that are tried; None: the usual ones, and of few items in more
            than two classes that weigh alike scikit-learn's own: cross-validation, which judges no
            class of one item, finds too weak a one there.
    """
    if strengths is None and _are_few_alike(targets, weights, outputs):
        strengths = (USUAL,)
    named_items = None if names is None else NamedItems.of(names, NAME_WEIGHT)
    if named_items is not None:
        targets = np.concatenate([targets, named_items.labels])
    is_known = (targets >= 0) & (targets < outputs)

    def problem(scaled: Floats, rows: Rows, own: Floats) -> Problem:
        mine = targets[rows]
        counts = np.bincount(mine, minlength=outputs)

        def solve(part: Rows, strength: float) -> Layer:
            given = scaled[part], mine[part], own[part], outputs, strength
            return _multinomial(*given, criterion=criterion)

        def losses(logits: NDArray[np.float32], part: Rows) -> Floats:
            chances = named.softmax(logits)[np.arange(len(part)), mine[part]]
            return np.asarray(-np.log(chances.clip(1e-12)))

        together = partial(at_once.classes, scaled, mine, own, outputs)
        return Problem(
            scaled,
            outputs,
            solve,
            losses,
            own,
            mine,
            counts[mine] < 2,
            MOST_CHOOSING,
            has_temperature=True,
            together=together if criterion == PLAIN else None,
        )

    fit = partial(_head, problem, features, is_known, outputs, named_items=named_items)
    return fit(seed=seed, weights=weights, folds=folds, strengths=strengths)


def _are_few_alike(targets: NDArray[np.int64], weights: Floats | None, outputs: int) -> bool:
    """Tell whether items are few, and their classes, more than two, weigh alike."""
    known = (targets >= 0) & (targets < outputs)
    if outputs <= 2 or known.sum() >= FEW_ITEMS:
        return False
    own = None if weights is None else weights[known]
    totals = np.bincount(targets[known], weights=own, minlength=outputs)
    totals = totals[totals > 0]
    return len(totals) > 0 and bool(totals.max() <= MOST_UNLIKE * totals.min() * (1 + 1e-9))


def several(
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    seed: int,
    weights: Floats | None = None,
    positives: Floats | None = None,
    folds: Rows | None = None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
    criterion: Loss = PLAIN,
) -> LinearHead:
    """Fit a logistic regression for each label.

    Args:
        features: (I, D).
        targets: (I, C) zeros and ones, NaN where a label is not scored.
        seed: As for `classes`; so are weights and folds.
        weights: (I,).
        positives: (C,) weight of each label's positives.
        folds: (I,).
        names: (C, K, D) features of K texts that name each label, each a positive of its label
            alone; of no other loss than cross-entropy.
        criterion: What is made smaller instead of cross-entropy: focal or asymmetric loss.
        strengths: As for `classes`.
    """
    outputs, items = targets.shape[1], len(targets)
    named_items = None if names is None else NamedItems.of(names, NAME_WEIGHT)
    if named_items is not None:
        own = np.where(np.eye(outputs), 1.0, np.nan).astype(targets.dtype)
        targets = np.concatenate([targets, own[named_items.labels]])
    boost = np.ones(outputs) if positives is None else positives
    most = min(MOST_CHOOSING, max(MOST_CHOOSING_CELLS // outputs, 500))
    is_joint = criterion == PLAIN and names is None

    def problem(scaled: Floats, rows: Rows, own: Floats) -> Problem:
        mine = targets[rows].astype(np.float64)

        def solve(part: Rows, strength: float) -> Layer:
            given = scaled[part], mine[part], own[part], boost, strength
            if criterion != PLAIN:
                return focused.several(*given, criterion=criterion)
            is_name = rows[part] >= items
            return _binary(*given, is_name=is_name)

        def losses(logits: NDArray[np.float32], part: Rows) -> Floats:
            if criterion != PLAIN:  # of logits that are not those of probabilities
                return focused.losses(logits, mine[part], criterion)
            signed = np.where(mine[part] == 1, -1.0, 1.0) * logits
            cells = np.where(np.isnan(mine[part]), 0.0, np.logaddexp(0.0, signed))
            return np.asarray(cells.sum(axis=1))

        lonely = np.zeros(len(rows), dtype=bool)
        together = partial(at_once.several, scaled, mine, own, boost) if is_joint else None
        order = rarest(mine)
        return Problem(scaled, outputs, solve, losses, own, order, lonely, most, together=together)

    is_known = np.ones(len(targets), dtype=bool)
    fit = partial(_head, problem, features, is_known, outputs, named_items=named_items)
    return fit(seed=seed, weights=weights, folds=folds, strengths=strengths)


def numbers(
    features: NDArray[np.float32],
    targets: Floats,
    *,
    seed: int,
    weights: Floats | None = None,
    folds: Rows | None = None,
) -> LinearHead:
    """Fit ridge regression of each number, its alpha 1 / strength.

    Args:
        features: (I, D).
        targets: (I, C), standardised.
        seed: As for `classes`; so are weights and folds.
        weights: (I,).
        folds: (I,).
    """
    outputs = targets.shape[1]

    def problem(scaled: Floats, rows: Rows, own: Floats) -> Problem:
        mine = targets[rows]

        def solve(part: Rows, strength: float) -> Layer:
            return _ridge(scaled[part], mine[part], own[part], strength)

        def losses(logits: NDArray[np.float32], part: Rows) -> Floats:
            return np.asarray(np.square(logits - mine[part]).mean(axis=1))

        lonely = np.zeros(len(rows), dtype=bool)
        return Problem(scaled, outputs, solve, losses, own, mine[:, 0], lonely, MOST_CHOOSING)

    is_known = np.asarray(np.isfinite(targets).all(axis=1))
    return _head(problem, features, is_known, outputs, seed=seed, weights=weights, folds=folds)


def _head(
    problem_of: Callable[[Floats, Rows, Floats], Problem],
    features: NDArray[np.float32],
    is_known: NDArray[np.bool_],
    outputs: int,
    *,
    seed: int,
    weights: Floats | None,
    folds: Rows | None,
    named_items: NamedItems | None = None,
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Choose the strength, fit by it, and give the layer the units of the features."""
    items = len(features)  # names come after them
    given = np.ones(items) if weights is None else weights
    if named_items is not None:
        features = np.concatenate([features, named_items.features])
        given = np.concatenate([given, named_items.weights * given.mean()])
    rows = np.flatnonzero(is_known & np.isfinite(features).all(axis=1) & (given > 0))
    assert len(rows), "items that something is known of"
    rows = drawn(rows, min(MOST_ITEMS, max(MOST_CELLS // outputs, 2_000)), seed)
    wide = features[rows].astype(np.float64)
    center = wide.mean(axis=0)
    scale = float(np.linalg.norm(wide - center, axis=1).mean()) or 1.0
    scaled, basis = _rotated((wide - center) / scale)
    problem = problem_of(scaled, rows, given[rows] / given[rows].mean())
    dealt = None if folds is None else np.append(folds, np.full(len(given) - items, ALWAYS))[rows]
    choice = choose(problem, dealt, rows < items, seed, strengths)
    weight, bias = problem.solve(np.arange(len(rows)), choice.strength)
    weight, bias = choice.scale * weight @ basis.T, choice.scale * bias
    logits = None
    if choice.held_out is not None:
        logits = np.full((len(features), outputs), np.nan, dtype=np.float32)
        logits[rows] = choice.held_out
        logits = logits[:items]
    return LinearHead(
        weight=(weight / scale).astype(np.float32),
        bias=(bias - weight @ center / scale).astype(np.float32),
        strength=choice.strength,
        scale=choice.scale,
        scores=choice.scores,
        held_out_logits=logits,
        reads_names=named_items is not None,
    )


def _rotated(features: Floats) -> tuple[Floats, Floats]:
    """Give features by their principal axes, along which few steps find a layer.

    A penalty on the squared weights does not mind how axes are turned, and keeps weights among
    combinations of the items (the representer theorem): the layer is the same, found much sooner.

    Returns:
        (I, R) features, and the (D, R) orthonormal directions that they are along.
    """
    items, width = features.shape
    if items >= width:
        axes = np.linalg.eigh(features.T @ features)[1]
        return features @ axes, axes
    left, sizes, right = np.linalg.svd(features, full_matrices=False)
    is_there = sizes > LEAST_SIZE * max(float(sizes[0]), 1e-300)
    return left[:, is_there] * sizes[is_there], right[is_there].T


def _multinomial(
    features: Floats,
    targets: NDArray[np.int64],
    weights: Floats,
    outputs: int,
    strength: float,
    *,
    criterion: Loss,
) -> Layer:
    """Fit a row for each class; those that no item has are rare and the same for all texts."""
    weight, bias = np.zeros((outputs, features.shape[1])), np.zeros(outputs)
    present = np.unique(targets)
    is_of = (targets[:, None] == present).astype(np.float64)  # (I, P)
    given = weights[:, None]
    if len(present) > 1 and criterion != PLAIN:
        weight[present], bias[present] = focused.classes(features, is_of == 1, weights, strength)
    elif len(present) == 2:  # as scikit-learn: one row, of the second's odds
        half = logistic.fit(features, is_of[:, 1:], given, strength=strength, exclusive=False)
        weight[present], bias[present] = half[0] * at_once.HALVES[:, None], half[1] * at_once.HALVES
    elif len(present) > 2:
        weight[present], bias[present] = logistic.fit(
            features, is_of, given, strength=strength, exclusive=True
        )
    if len(present) < outputs:
        sums = special.logsumexp(features @ weight[present].T + bias[present], axis=1)
        absent = np.setdiff1d(np.arange(outputs), present)
        bias[absent] = sums.mean() + np.log(0.5 / len(targets))
    return weight, bias


def _binary(
    features: Floats,
    truth: Floats,
    weights: Floats,
    positives: Floats,
    strength: float,
    *,
    is_name: NDArray[np.bool_],
) -> Layer:
    """Fit a row for each label; of one that is always or never there only how often it is."""
    wanted, own = at_once.scored(truth, weights, positives)
    is_counted = ~np.isnan(truth) & ~is_name[:, None]  # a name says what a label means, not how
    fitted, bias = at_once.frequencies(wanted, is_counted)  # often it is there
    weight = np.zeros((truth.shape[1], features.shape[1]))
    if len(fitted):
        weight[fitted], bias[fitted] = logistic.fit(
            features, wanted[:, fitted], own[:, fitted], strength=strength, exclusive=False
        )
    for label in fitted if is_name.any() else ():
        counted = is_counted[:, label]
        logits = features[counted] @ weight[label]
        bias[label] = _bias(logits, wanted[counted, label], own[counted, label])
    return weight, bias


def _bias(logits: Floats, wanted: Floats, weights: Floats) -> float:
    """Return the bias by which a label is as likely, in the mean, as it is frequent."""
    most = float(np.abs(logits).max()) + 20.0

    def excess(bias: float) -> float:
        return float((special.expit(logits + bias) - wanted) @ weights)

    return float(optimize.brentq(excess, -most, most))


def _ridge(features: Floats, targets: Floats, weights: Floats, strength: float) -> Layer:
    """Fit a row for each number by least squares, with a penalty on the squared weights."""
    shares = weights / weights.sum()
    center, middle = shares @ features, shares @ targets
    moved = (features - center) * weights[:, None]
    products = moved.T @ (features - center) + np.eye(features.shape[1]) / strength
    weight: Floats = np.linalg.solve(products, moved.T @ (targets - middle)).T
    return weight, middle - weight @ center
