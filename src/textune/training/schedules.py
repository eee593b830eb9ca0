"""Learning rates follow the updates, or the time, that are over."""

import math
from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import LambdaLR


def warmup_steps(
    total: int,
    per_epoch: int,
    *,
    share: float | None = None,
    steps: int | None = None,
    epochs: float | None = None,
) -> int:
    """Return the steps of warm-up from whichever measure is given; a tenth of all by default."""
    if steps is not None:
        wanted = steps
    elif epochs is not None:
        wanted = round(epochs * per_epoch)
    else:
        wanted = round((0.1 if share is None else share) * total)
    return min(wanted, total)


def by_steps(optimizer: torch.optim.Optimizer, name: str, *, warmup: int, total: int) -> LambdaLR:
    """Make a schedule that is stepped at every update.

    Args:
        optimizer: Whose learning rates follow it.
        name: "linear" or "cosine" (to zero at the end), "constant", or "one-cycle" (Smith, 2018:
            from 1/25 up and down to almost nothing, both along a cosine).
        warmup: Updates in which the rate rises.
        total: Updates in all.
    """

    def factor(step: int) -> float:
        if step < warmup:
            return _rise(name, step / warmup)
        return _fall(name, max(total - step, 0) / max(total - warmup, 1))

    return LambdaLR(optimizer, factor)


def by_time(
    optimizer: torch.optim.Optimizer, name: str, *, warmup_share: float, spent: Callable[[], float]
) -> LambdaLR:
    """Let the learning rate follow the part of the time that is over, from 0 to 1."""

    def factor(_: int) -> float:
        now = spent()
        if now < warmup_share:
            return _rise(name, now / warmup_share)
        return _fall(name, (1 - now) / max(1 - warmup_share, 1e-9))

    return LambdaLR(optimizer, factor)


def move(schedule: LambdaLR, step: int) -> None:
    """Put a schedule where it is after some updates."""
    schedule.last_epoch = step
    rates = zip(schedule.base_lrs, schedule.lr_lambdas, strict=True)
    for group, (base, factor) in zip(schedule.optimizer.param_groups, rates, strict=True):
        group["lr"] = base * factor(step)


def _rise(name: str, done: float) -> float:
    if name != "one-cycle":
        return done
    return 0.04 + 0.96 * (1 - math.cos(math.pi * done)) / 2


def _fall(name: str, left: float) -> float:
    if name == "constant":
        return 1.0
    if name == "linear":
        return left
    bottom = 1e-5 if name == "one-cycle" else 0.0
    return bottom + (1 - bottom) * (1 - math.cos(math.pi * left)) / 2
