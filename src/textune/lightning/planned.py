"""What a Trainer is told becomes the length of a schedule."""

from lightning.pytorch import Trainer
from lightning.pytorch.utilities import rank_zero_warn

from textune.lightning.data import TextData
from textune.settings.train_config import TrainSettings


def updates(trainer: Trainer, data: TextData | None, train: TrainSettings) -> tuple[int, int]:
    """Return the updates after which the schedule ends, and those of one pass.

    The Trainer could estimate them, but would make its loader for that before it has read a
    checkpoint.
    """
    if data is None:
        planned = int(trainer.estimated_stepping_batches)
        return planned, max(1, planned // max(1, trainer.max_epochs or 1))
    per_epoch = data.objective.per_epoch
    planned = _planned(trainer, per_epoch)
    if "epochs" in train.left_out() or train.epochs == 0:
        return planned, per_epoch
    total = train.epochs * per_epoch
    if planned > total and train.schedule != "constant":
        rank_zero_warn(
            f"the learning rate falls to 0 after epoch {train.epochs}, and the Trainer goes on; "
            f"give Trainer(max_epochs={train.epochs}), or other epochs to TextModule"
        )
    return total, per_epoch


def _planned(trainer: Trainer, per_epoch: int) -> int:
    """Return the updates that a Trainer will make."""
    parts, limit = trainer.accumulate_grad_batches, trainer.limit_train_batches
    found = per_epoch * parts
    found = min(found, limit) if isinstance(limit, int) else int(found * (limit or 0.0))
    updates = -(-found // parts)
    most = trainer.max_steps if trainer.max_steps is not None and trainer.max_steps >= 0 else None
    if trainer.max_epochs is None or trainer.max_epochs < 0:
        return updates if most is None else most
    total = updates * trainer.max_epochs
    return total if most is None else min(total, most)
