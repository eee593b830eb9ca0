"""What somebody named for a run becomes a word on what of it changes nothing there, or none."""

from collections.abc import Mapping

from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.settings.train_config import WARM_UP

FLAGS: Mapping[str, str] = {  # settings of updates that have an option of their own
    "train.epochs": "--epochs",
    "train.batch_size": "--batch-size",
    "train.lr": "--lr",
    "train.profile": "--profile",
}
OF_UPDATES = (  # settings that only an encoder's fine-tuning reads
    *FLAGS,
    *(f"train.{name}" for name in ("schedule", *WARM_UP, "weight_decay", "betas", "eps", "clip")),
    *("train.freeze", "train.label_smoothing", "train.dropout", "train.probe", "train.retry"),
    *("train.average", "train.contrast", "train.refit", "train.keep_epochs"),
)


def remark(request: TrainRequest) -> Message | None:
    """Say which of the settings that were named beside effort quick have no effect.

    Those that a file names, which may be that of a former run, are passed over.
    """
    if request.settings.train.effort != "quick":
        return None
    idle = [FLAGS.get(name, name) for name in OF_UPDATES if name in request.named]
    if not idle:
        return None
    have = "has" if len(idle) == 1 else "have"
    return Message(
        f"{', '.join(idle)} {have} no effect beside --effort quick, which fits a linear head to "
        "the encoder as it is and makes no update; leave --effort quick out to fine-tune",
        is_warning=True,
    )
