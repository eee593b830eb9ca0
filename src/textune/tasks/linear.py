"""Frozen features and targets become a linear head, by scikit-learn; one function for each loss.

The strength of regularisation is chosen by cross-validation. I items (texts or words), D width of
the features, C outputs of the head. Only probing needs this file, and scikit-learn with it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression, Ridge

from textune.records import LinearHead
from textune.tasks import labels as named
from textune.tasks.interface import Floats
from textune.tasks.strengths import ALWAYS, MOST_CHOOSING, Layer, Problem, Rows, choose, drawn

MOST_ITEMS = 20_000  # that are fitted; more are drawn from
MOST_CELLS = 2_000_000  # items times outputs, likewise
MOST_CHOOSING_CELLS = 30_000  # items times labels, where each label has a fit of its own
NAME_WEIGHT = 4.0  # of a label's name, beside a text


def classes(
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    *,
    outputs: int,
    seed: int,
    weights: Floats | None = None,
    folds: Rows | None = None,
    names: NDArray[np.float32] | None = None,
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
        names: (C, D) features of the classes' names, each learned from as one more item.
    """
    if names is not None:
        targets = np.concatenate([targets, np.arange(outputs)])
    is_known = (targets >= 0) & (targets < outputs)

    def problem(scaled: Floats, rows: Rows, own: Floats) -> Problem:
        mine = targets[rows]
        counts = np.bincount(mine, minlength=outputs)

        def solve(part: Rows, strength: float) -> Layer:
            return _multinomial(scaled[part], mine[part], own[part], outputs, strength)

        def losses(logits: NDArray[np.float32], part: Rows) -> Floats:
            chances = named.softmax(logits)[np.arange(len(part)), mine[part]]
            return np.asarray(-np.log(chances.clip(1e-12)))

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
        )

    return _head(
        problem, features, is_known, outputs, seed=seed, weights=weights, folds=folds, names=names
    )


def several(
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    seed: int,
    weights: Floats | None = None,
    positives: Floats | None = None,
    folds: Rows | None = None,
    names: NDArray[np.float32] | None = None,
) -> LinearHead:
    """Fit a logistic regression for each label.

    Args:
        features: (I, D).
        targets: (I, C) zeros and ones, NaN where a label is not scored.
        seed: As for `classes`; so are weights and folds.
        weights: (I,).
        positives: (C,) weight of each label's positives.
        folds: (I,).
        names: (C, D) features of the labels' names, each a positive of its label alone.
    """
    outputs, items = targets.shape[1], len(targets)
    if names is not None:
        own = np.where(np.eye(outputs), 1.0, np.nan).astype(targets.dtype)
        targets = np.concatenate([targets, own])
    boost = np.ones(outputs) if positives is None else positives
    most = min(MOST_CHOOSING, max(MOST_CHOOSING_CELLS // outputs, 500))

    def problem(scaled: Floats, rows: Rows, own: Floats) -> Problem:
        mine = targets[rows].astype(np.float64)

        def solve(part: Rows, strength: float) -> Layer:
            found = [
                _binary(
                    scaled[part],
                    mine[part, label],
                    own[part],
                    boost[label],
                    strength,
                    is_name=rows[part] >= items,
                )
                for label in range(outputs)
            ]
            return np.stack([weight for weight, _ in found]), np.asarray(
                [bias for _, bias in found]
            )

        def losses(logits: NDArray[np.float32], part: Rows) -> Floats:
            signed = np.where(mine[part] == 1, -1.0, 1.0) * logits
            cells = np.where(np.isnan(mine[part]), 0.0, np.logaddexp(0.0, signed))
            return np.asarray(cells.sum(axis=1))

        lonely = np.zeros(len(rows), dtype=bool)
        return Problem(scaled, outputs, solve, losses, own, _rarest(mine), lonely, most)

    is_known = np.ones(len(targets), dtype=bool)
    return _head(
        problem, features, is_known, outputs, seed=seed, weights=weights, folds=folds, names=names
    )


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
            with _quiet():
                model = Ridge(alpha=1 / strength).fit(scaled[part], mine[part], own[part])
            return model.coef_.reshape(outputs, -1), np.broadcast_to(model.intercept_, (outputs,))

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
    names: NDArray[np.float32] | None = None,
) -> LinearHead:
    """Choose the strength, fit by it, and give the layer the units of the features."""
    items = len(features)  # names come after them
    given = np.ones(items) if weights is None else weights
    if names is not None:
        features = np.concatenate([features, names])
        given = np.concatenate([given, np.full(len(names), NAME_WEIGHT * given.mean())])
    rows = np.flatnonzero(is_known & np.isfinite(features).all(axis=1) & (given > 0))
    assert len(rows), "items that something is known of"
    rows = drawn(rows, min(MOST_ITEMS, max(MOST_CELLS // outputs, 2_000)), seed)
    wide = features[rows].astype(np.float64)
    center = wide.mean(axis=0)
    scale = float(np.linalg.norm(wide - center, axis=1).mean()) or 1.0
    scaled, basis = _rotated((wide - center) / scale)
    problem = problem_of(scaled, rows, given[rows] / given[rows].mean())
    dealt = None if folds is None else np.append(folds, np.full(len(given) - items, ALWAYS))[rows]
    choice = choose(problem, dealt, rows < items, seed)
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
        reads_names=names is not None,
    )


def _rotated(features: Floats) -> tuple[Floats, Floats]:
    """Give features of fewer items than dimensions in as many dimensions as there are items.

    A penalty on the squared weights keeps them among combinations of the items (the representer
    theorem), so that the layer found is the same, much sooner.

    Returns:
        (I, R) features, and the (D, R) orthonormal directions that they are along.
    """
    items, width = features.shape
    if items >= width:
        return features, np.eye(width)
    basis = np.linalg.qr(features.T)[0]
    return features @ basis, basis


def _multinomial(
    features: Floats, targets: NDArray[np.int64], weights: Floats, outputs: int, strength: float
) -> Layer:
    """Fit a row for each class; those that no item has are rare and the same for all texts."""
    weight, bias = np.zeros((outputs, features.shape[1])), np.zeros(outputs)
    present = np.unique(targets)
    if len(present) > 1:
        model = _logistic(features, targets, weights, strength, outputs=len(present))
        two = len(present) == 2  # scikit-learn then has one row, of the second's odds
        weight[present] = model.coef_ * [[-0.5], [0.5]] if two else model.coef_
        bias[present] = model.intercept_ * [-0.5, 0.5] if two else model.intercept_
    sums = special.logsumexp(features @ weight[present].T + bias[present], axis=1)
    absent = np.setdiff1d(np.arange(outputs), present)
    bias[absent] = sums.mean() + np.log(0.5 / len(targets))
    return weight, bias


def _binary(
    features: Floats,
    truth: Floats,
    weights: Floats,
    positives: float,
    strength: float,
    *,
    is_name: NDArray[np.bool_],
) -> tuple[Floats, float]:
    """Fit one label; of one that is always or never there only how often it is."""
    scored = np.flatnonzero(~np.isnan(truth))
    wanted = truth[scored].astype(np.int64)
    own = weights[scored] * np.where(wanted == 1, positives, 1.0)
    counted = ~is_name[scored]  # a name says what a label means, and not how often it is there
    yes, most = float(wanted[counted].sum()), int(counted.sum())
    if len(np.unique(wanted)) < 2 or (is_name.any() and not 0 < yes < most):
        return np.zeros(features.shape[1]), float(np.log((yes + 0.5) / (most - yes + 0.5)))
    model = _logistic(features[scored], wanted, own, strength, outputs=2)
    weight, bias = model.coef_[0], float(model.intercept_[0])
    if is_name.any():
        bias = _bias(features[scored][counted] @ weight, wanted[counted], own[counted])
    return weight, bias


def _bias(logits: Floats, wanted: Rows, weights: Floats) -> float:
    """Return the bias by which a label is as likely, in the mean, as it is frequent."""
    most = float(np.abs(logits).max()) + 20.0

    def excess(bias: float) -> float:
        return float((special.expit(logits + bias) - wanted) @ weights)

    return float(optimize.brentq(excess, -most, most))


def _logistic(
    features: Floats, targets: Rows, weights: Floats, strength: float, *, outputs: int
) -> LogisticRegression:
    # the gradient of one of many classes is small: what ends the search follows their number
    model = LogisticRegression(C=strength, max_iter=200, tol=2e-5 / outputs)
    with _quiet():
        return model.fit(features, targets, sample_weight=weights)


def _quiet() -> warnings.catch_warnings[None]:
    """Keep to ourselves that a search ended early, that classes are many or alphas small."""
    return warnings.catch_warnings(action="ignore")


def _rarest(targets: Floats) -> NDArray[np.int64]:
    """Name each text by the rarest of its labels; (I, C) → (I,), C where it has none."""
    has = targets == 1
    counts = np.where(has, has.sum(axis=0), np.inf)
    found = np.where(has.any(axis=1), counts.argmin(axis=1), targets.shape[1])
    return np.asarray(found, dtype=np.int64)
