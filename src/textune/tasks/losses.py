"""Logits and targets become the sum of losses that training makes smaller.

Only what learns needs this file, and torch with it: predicting, and finding what is wrong with a
file, load neither. Shapes: B texts, T texts with items, I items, C classes or labels. Where a batch
has weights, each text or item counts as often as it weighs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from textune.fast import constants
from textune.records import Batch
from textune.tasks.imbalance import FOCUS, FOCUS_OF_NO, FOCUS_OF_YES, MARGIN, PLAIN, Loss
from textune.text.batches import precise

UNKNOWN = -100  # the target of what is not learned, if nothing else is said


def classes(
    logits: Tensor,
    batch: Batch,
    weights: Sequence[float] | None,
    *,
    smoothing: float,
    unknown: int = UNKNOWN,
    criterion: Loss = PLAIN,
) -> Tensor:
    """Return the sum of (weighted) losses over what is known; () fp32.

    Args:
        logits: (I, C).
        batch: With targets, (I,), or shares of the classes, (I, C).
        weights: (C,) of the classes; None: all 1.
        smoothing: Share of a target that all classes get alike.
        unknown: The target that is not learned.
        criterion: Cross-entropy, or focal loss.
    """
    assert batch.targets is not None
    wanted = batch.targets if batch.shares is None else batch.shares
    if criterion != PLAIN:
        losses = _focal(logits.float(), wanted, weights, smoothing, unknown)
        return (losses if batch.weights is None else losses * batch.weights.float()).sum()
    losses = functional.cross_entropy(
        logits.float(),
        wanted,
        weight=None if weights is None else constants.on(logits.device, weights),
        reduction="none",
        ignore_index=unknown,
        label_smoothing=smoothing,
    )
    return (losses if batch.weights is None else losses * batch.weights.float()).sum()


def several(
    logits: Tensor,
    batch: Batch,
    weights: Sequence[float] | None,
    *,
    smoothing: float,
    criterion: Loss = PLAIN,
) -> Tensor:
    """Return the sum of (weighted) losses over the scored cells; () fp32.

    Args:
        logits: (B, C).
        batch: With targets, (B, C), NaN where a label is not scored.
        weights: (C,) of the positives; None: all 1.
        smoothing: Share of a target that both answers get alike.
        criterion: Binary cross-entropy, focal or asymmetric loss.
    """
    assert batch.targets is not None
    scored = (~batch.targets.isnan()).float()  # (B, C)
    wanted = batch.targets.nan_to_num() * (1 - smoothing) + smoothing / 2
    if criterion != PLAIN:
        own = scored if batch.weights is None else scored * batch.weights.float()[:, None]
        boost = 1.0 if weights is None else constants.on(logits.device, weights)
        yes, no = (_focal_sides if criterion == "focal" else _asymmetric_sides)(logits.float())
        return (own * (boost * wanted * yes + (1 - wanted) * no)).sum()
    return functional.binary_cross_entropy_with_logits(
        logits.float(),
        wanted,
        weight=scored if batch.weights is None else scored * batch.weights.float()[:, None],
        pos_weight=None if weights is None else constants.on(logits.device, weights),
        reduction="sum",
    )


def _focal(
    logits: Tensor,
    targets: Tensor,
    weights: Sequence[float] | None,
    smoothing: float,
    unknown: int,
) -> Tensor:
    """Return -(1 - p) ** gamma * log p of each item's class, times its weight; (I, C) → (I,).

    Focal loss (Lin et al., 2017, equation 5, with class weights for alpha); of smoothed targets the
    sum over classes by their shares, as cross-entropy's is.
    """
    logs = functional.log_softmax(logits, dim=1)  # (I, C)
    losses = (-torch.expm1(logs)).pow(FOCUS) * -logs  # (I, C)
    if weights is not None:
        losses = losses * constants.on(logits.device, weights)
    if targets.is_floating_point():  # (I, C) shares
        return (((1 - smoothing) * targets + smoothing / targets.shape[1]) * losses).sum(dim=1)
    is_known = targets != unknown
    mine = losses.gather(1, targets.clamp(min=0)[:, None])[:, 0]  # (I,)
    found = (1 - smoothing) * mine + smoothing * losses.mean(dim=1)
    return torch.where(is_known, found, 0.0)


def _focal_sides(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the focal loss (Lin et al., 2017, equation 4) where a label is there, and is not."""
    yes, no = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    return no.exp().pow(FOCUS) * -yes, yes.exp().pow(FOCUS) * -no


def _asymmetric_sides(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the asymmetric loss where a label is there, and is not.

    With a focus of its own for each side, and with easy negatives thrown away: a probability counts
    only by what it is above a margin (Ridnik et al., 2021, equations 4, 5 and 7).
    """
    yes = functional.logsigmoid(logits)
    shifted = (yes.exp() - MARGIN).clamp(min=0)
    there = functional.logsigmoid(-logits).exp().pow(FOCUS_OF_YES) * -yes
    return there, shifted.pow(FOCUS_OF_NO) * -torch.log1p(-shifted)


def squared(
    logits: Tensor, batch: Batch, centers: Sequence[float], scales: Sequence[float]
) -> Tensor:
    """Return the sum over texts of the mean squared error of standardised targets; () fp32."""
    assert batch.targets is not None
    exact = precise(logits.device)
    middle, spread = (constants.on(logits.device, part, exact) for part in (centers, scales))
    wanted = ((batch.targets - middle) / spread).float()  # (B, C)
    losses = (logits.float() - wanted).square().mean(dim=1)  # (B,)
    return (losses if batch.weights is None else losses * batch.weights.float()).sum()


def ends(logits: Tensor, batch: Batch, *, may_be_none: bool, unknown: int) -> Tensor:
    """Return the sum over questions of the mean cross-entropy of both ends; () fp32.

    The softmax goes over the tokens of the passage alone, in all its windows, and over "none" where
    there may be none (shared normalisation: Clark and Gardner, 2018).

    Args:
        logits: (I, 2), NaN for what no window shows.
        batch: With targets, (T, 2), and items.
        may_be_none: Whether a question may have no answer.
        unknown: The target of an answer that no window shows: it is not learned.
    """
    assert batch.targets is not None
    assert batch.items is not None
    sizes = batch.items.counts  # (T,)
    if sizes is None:
        sizes = torch.tensor(batch.items.sizes, device=logits.device)
    firsts = sizes.cumsum(0) - sizes  # (T,) the items "none"
    known = torch.where(logits.isnan(), -torch.inf, logits.float())  # (I, 2)
    if not may_be_none:
        known = known.index_fill(0, firsts, -torch.inf)
    is_learned = batch.targets[:, :1] != unknown  # (T, 1)
    if batch.weights is not None:  # where one is 0, a loss may be infinite
        is_learned = is_learned & (batch.weights[:, None] > 0)
    totals = _log_sums(known, sizes, is_learned)  # (T, 2)
    places = (firsts[:, None] + batch.targets).clamp(min=0)  # (T, 2)
    losses = (totals - known.gather(0, places)) / 2
    learned = torch.where(is_learned, losses, 0.0)  # (T, 2)
    return (learned if batch.weights is None else learned * batch.weights.float()[:, None]).sum()


def _log_sums(logits: Tensor, sizes: Tensor, is_learned: Tensor) -> Tensor:
    """Add up the exponentials of each text's items; (I, 2), (T,), (T, 1) → (T, 2) logarithms."""
    texts = torch.arange(len(sizes), device=logits.device)
    of = texts.repeat_interleave(sizes, output_size=len(logits))  # (I,)
    empty = logits.new_full((len(sizes), 2), -torch.inf)
    top = empty.scatter_reduce(0, of[:, None].expand_as(logits), logits.detach(), "amax")
    top = top.nan_to_num(neginf=0.0)  # (T, 2)
    sums = torch.zeros_like(top).index_add(0, of, (logits - top[of]).exp())
    return torch.where(is_learned, sums, 1.0).log() + top
