"""Learning from all rows, with none to judge by, is refused what would need some."""

from collections.abc import Sequence

from textune.decisions import aims
from textune.errors import SettingsError
from textune.recipes.requests import TrainRequest
from textune.settings.config import Settings


def check(request: TrainRequest, settings: Settings, *, learns_all: bool) -> None:
    """Refuse what validation texts would decide, where there are none by wish.

    Raises:
        SettingsError: Some setting needs validation texts.
    """
    if not learns_all:
        return
    train = settings.train
    asked = {
        "--effort quick": train.effort == "quick",
        "--effort best": train.effort == "best",
        "--seeds": (request.seeds or 1) > 1,
        "--curve": train.curve,
        "train.patience": train.patience is not None,
        "train.validate_every": train.validate_every is not None,
        "train.judge_training": bool(train.judge_training),
        "train.metric": train.metric is not None,
        "--aim": settings.decision.aim not in (None, aims.LIKELIEST),
        "--abstain": settings.decision.abstain is not None,
        "--sets": settings.decision.sets is not None,
    }
    if useless := [name for name, is_asked in asked.items() if is_asked]:
        raise SettingsError(
            f"{', '.join(useless)}: needs texts that validate, and by --valid none all rows are "
            "learned from; leave one of the two out"
        )


def of_use(choices: Sequence[str], *, learns_all: bool, is_cross_validated: bool) -> list[str]:
    """Leave out choices that do nothing in a run.

    They are that of a linear head to begin with, which held-out texts would judge, and that of the
    mean of folds' models, where there are no folds.
    """
    without = ("linear probing",) * learns_all + ("no mean",) * (not is_cross_validated)
    return [one for one in choices if not one.startswith(without)]
