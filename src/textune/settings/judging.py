"""The number of texts becomes how a run is judged: by a share of them, or by folds."""

from pathlib import Path

from textune.errors import SettingsError
from textune.settings import choosing
from textune.settings.config import Settings, read_section
from textune.settings.data_config import DataSettings
from textune.tasks.kind import Kind

SHARE = 0.1  # of the texts that validates, where nothing else is asked for
FEW = 2_500  # texts; a tenth of fewer says too little, and is missed where one learns from it
FEW_OF_WORDS = 1_500  # where words have tags, of which a text teaches several
FEW_ADAPTERS = 600  # with adapters, whose folds' models have no mean: there folds are refused
SEEDS = 3  # of the most effort: in cross-validation, or one after the other
FEW_QUICK = 4_000  # where a linear head is all that is fitted: that takes seconds on each fold


def share(settings: Settings, texts: int, kind: Kind, *, has_file: bool) -> float | None:
    """Return the share of the texts that validates; None where all of them are cross-validated.

    Args:
        settings: As asked for.
        texts: To learn from and to validate by.
        kind: Of the task.
        has_file: Whether a file of its own validates; then no share does.
    """
    data, train = settings.data, settings.train
    if has_file:
        return 0.0
    if data.valid_share is not None:
        return data.valid_share
    name = train.recipe if "recipe" in train.model_fields_set else choosing.recipe_of_environment()
    needs_texts = train.patience is not None or train.validate_every is not None
    needs_texts |= bool(train.judge_training)
    most = FEW_OF_WORDS if kind.asks == "words" else FEW
    most = FEW_QUICK if train.effort == "quick" else most
    most = most if train.lora is None else FEW_ADAPTERS
    is_few = texts < most and kind.probe is not None
    return None if name == "auto" and is_few and not needs_texts else SHARE


def seed_of_rows(settings: Settings) -> int:
    """Return the seed by which rows are drawn, and parted into those that learn and judge."""
    given = settings.data.split_seed
    return settings.seed if given is None else given


def had_share(run: Path) -> bool:
    """Tell whether a run's settings name a share, as those of before did beside a file, too."""
    file = run / "config.toml"
    try:
        return file.is_file() and bool(read_section(file, "data", DataSettings).valid_share)
    except SettingsError:  # damaged: it is written anew
        return False


def resolved(settings: Settings, *, is_cross_validated: bool) -> Settings:
    """Return settings that name the share which validates, if one does."""
    if is_cross_validated or settings.data.valid_share is not None:
        return settings
    data = settings.data.model_copy(update={"valid_share": SHARE})
    return settings.model_copy(update={"data": data})
