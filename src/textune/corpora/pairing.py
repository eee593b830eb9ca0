"""Pairs of texts become tokens in one sequence, or each text in its own: which, is chosen here."""

from dataclasses import replace
from pathlib import Path

from textune.encoder import bases, ways_of_pooling
from textune.errors import SettingsError
from textune.families.known import FAMILIES, family_of
from textune.records import Contract, Pairs
from textune.settings import choosing
from textune.settings.choosing import Facts
from textune.settings.config import Settings
from textune.settings.data_config import DataSettings
from textune.storage import objects
from textune.tasks import registry
from textune.tasks.interface import Task

APART = "train.pairs=apart"


def choose(settings: Settings, agreed: Contract, task: Task, place: str, *, rows: int) -> Pairs:
    """Choose how the two texts of a pair are encoded.

    Args:
        settings: As asked for.
        agreed: What was understood of the file.
        task: Of the run.
        place: The base's directory.
        rows: Training texts.

    Raises:
        SettingsError: They shall be encoded apart, and cannot be.
    """
    why = _why_not(settings.data, agreed, place)
    if settings.train.pairs == "apart" and "pairs" in settings.train.model_fields_set and why:
        raise SettingsError(f"{APART}: {why}; leave it out")
    known = facts(settings.data, agreed, task, place)
    return choosing.pairs(settings.train, replace(known, rows=rows))


def facts(data: DataSettings, agreed: Contract, task: Task, place: str) -> Facts:
    """Return what is known of a run before its texts are tokens."""
    base = Path(place)
    return Facts(
        rows=0,
        classes=len(task.labels),
        tokens=0,
        width=bases.width(base),
        layers=bases.layers(base) - ways_of_pooling.is_in(base),
        asks=task.asks,
        averages=ways_of_pooling.is_wanted(base),
        pairs=_why_not(data, agreed, place) == "",
        numbers=registry.of(task.name).problem == "regression",
    )


def _why_not(data: DataSettings, agreed: Contract, place: str) -> str:
    """Say why the two texts of a pair cannot be encoded apart; "" where they can."""
    kind = registry.of(agreed.task)
    if len(agreed.text) != 2 or kind.asks != "texts":
        return f"there are no pairs of texts in {kind.words}"
    if data.long == "window":
        return "a text that is encoded by itself is read in one window, and --long says window"
    if data.pool != "mean":
        return f"answers in windows are pooled by --set data.pool={data.pool}, and there are none"
    name = objects.read(Path(place) / "config.json").get("model_type")
    if not family_of(name).takes_averaging:
        able = ", ".join(name for name, family in FAMILIES.items() if family.takes_averaging)
        return f"it is there for bases of {able}, and this one is of {name}"
    return ""
