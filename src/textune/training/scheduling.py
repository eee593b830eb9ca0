"""The settings of a run become the schedule of its learning rate: by updates, or by time."""

from collections.abc import Callable, Mapping
from typing import Any

from torch.optim.lr_scheduler import LambdaLR

from textune.settings.train_config import TrainSettings
from textune.training import schedules
from textune.training.optim import AdamW


def of(
    optimizer: AdamW,
    train: TrainSettings,
    *,
    total: int | None,
    per_epoch: int,
    spent: Callable[[], float],
    retry: Mapping[str, Any] | None,
) -> LambdaLR:
    """Make the schedule.

    Args:
        optimizer: Whose learning rates follow it.
        train: Says its form, and how long the rate rises.
        total: Updates in all; None where time decides.
        per_epoch: Updates of a pass.
        spent: Gives the share of the time that is over, from 0 to 1.
        retry: Of a new beginning, the least `warmup_share`.
    """
    share = train.warmup_share
    if total is None:
        first = 0.1 if share is None else share
        return schedules.by_time(optimizer, train.schedule, warmup_share=first, spent=spent)
    steps, epochs = train.warmup_steps, train.warmup_epochs
    rising = schedules.warmup_steps(total, per_epoch, share=share, steps=steps, epochs=epochs)
    if retry is not None:
        rising = max(rising, round(retry["warmup_share"] * total))
    return schedules.by_steps(optimizer, train.schedule, warmup=rising, total=total)
