"""A TOML file, options and keywords become one checked, frozen set of settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from textune.encoder.names import BUNDLED
from textune.errors import SettingsError
from textune.settings import asked as asked_for
from textune.settings.data_config import DataSettings
from textune.settings.decision_config import DecisionSettings
from textune.settings.refusals import checked
from textune.settings.section import Section
from textune.settings.tracking import TRACK, Track, Tracking
from textune.settings.train_config import WARM_UP, TrainSettings

Kind = TypeVar("Kind", bound=Section)


class Settings(Section):
    """Everything that decides what a run does."""

    base: str = Field(BUNDLED, description="Encoder to start from: a directory or a Hub name.")
    seed: int = Field(42, ge=0, lt=2**32, description="Seed of everything random.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps.")
    tensorboard: bool = Field(False, description="Write TensorBoard events as well.")
    track: Track = Field((), description=TRACK)
    data: DataSettings = DataSettings.model_construct()
    train: TrainSettings = TrainSettings.model_construct()
    decision: DecisionSettings = DecisionSettings.model_construct()
    tracking: Tracking = Tracking.model_construct()


def resolve(
    kind: type[Kind],
    file: Path | None = None,
    changes: str | Sequence[str] = (),
    given: Mapping[str, object] | None = None,
) -> Kind:
    """Return settings: those of a file, then changes, then what was given by name.

    Args:
        kind: Of the settings.
        file: TOML; sections beyond those of the settings that a run wrote are ignored.
        changes: As after `--set`: "train.lr=3e-5". Values are read as TOML, else as plain text.
        given: Dotted names to values; None means not given.

    Raises:
        SettingsError: All wrong names and values at once, with the nearest right name.
    """
    asked: dict[str, object] = {}
    for change in [changes] if isinstance(changes, str) else changes:
        name, equals, text = str(change).partition("=")
        if not equals:
            raise SettingsError(f"--set {change}: expected section.key=value")
        asked[name.strip()] = asked_for.to_value(text.strip())
    asked |= {name: value for name, value in (given or {}).items() if value is not None}
    values = {} if file is None else asked_for.load(file)
    run = values.pop("run", None)
    _make_room(values, asked, run if kind is Settings else None)
    for name, value in asked.items():
        asked_for.put(values, name, value)
    return checked(kind, values)


def run_section(file: Path) -> dict[str, object]:
    """Return what `to_toml` was given as `extra`: the source files of the run that wrote this."""
    return asked_for.load(file).get("run", {})


def read_section(file: Path, name: str, kind: type[Kind]) -> Kind:
    """Read one section of the settings that a run wrote; its defaults where there is none.

    Raises:
        SettingsError: The file is damaged, or names what is no setting.
    """
    values = asked_for.load(file).get(name, {}) if file.is_file() else {}
    return checked(kind, values, f"{file}: ")


def seed_of(file: Path) -> int:
    """Return the seed of the run that wrote these settings; the usual one where there are none."""
    found = asked_for.load(file).get("seed") if file.is_file() else None
    return found if isinstance(found, int) else int(Settings.model_fields["seed"].default)


def _make_room(values: dict[str, Any], asked: Mapping[str, object], run: Any) -> None:
    """Take out of a file's values what gives way to what is asked for.

    Args:
        values: Of the file.
        asked: Dotted names to values.
        run: What a run on labelled text wrote beside its settings, if it wrote the file.
    """
    train = values.get("train")
    if not isinstance(train, dict):
        return
    leaving = {name for name in WARM_UP if any(f"train.{each}" in asked for each in WARM_UP)}
    if isinstance(run, Mapping):
        recipe = train.setdefault("recipe", "classic")  # of a run from before there were any
        if asked.get("train.recipe", recipe) != recipe:
            chosen = run.get("chosen", ())
            leaving |= {name for name in TrainSettings.by_recipe if name in chosen}
    for name in leaving:
        train.pop(name, None)
