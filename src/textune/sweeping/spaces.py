"""What somebody wrote of a space becomes its dimensions; without a word of it, a sensible one."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from textune.errors import SettingsError, among
from textune.settings import asked, choosing
from textune.settings.choosing import Facts
from textune.settings.config import Settings
from textune.settings.refusals import checked
from textune.settings.train_config import WARM_UP, TrainSettings

FIXED = (
    *("metric", "effort", "curve", "explain", "keep_checkpoints", "checkpoint_minutes"),
    "threads",
)
OF_DATA = ("max_tokens", "long", "overlap", "pool", "most_per_class", "unlabelled")
SWEPT = (  # settings by which trials may differ: all are judged on the same texts
    *(f"train.{name}" for name in TrainSettings.model_fields if name not in FIXED),
    *(f"data.{name}" for name in OF_DATA),
    "base",
)
HOW = (
    "allowed: values as NAME=16,32, or a range as NAME=0.0..0.3, NAME=1e-5..1e-3:log or "
    "NAME=0.0..0.3:0.1 (in steps)"
)
PAPER = {  # Devlin et al. (2019), appendix A.3
    "train.batch_size": (16, 32),
    "train.lr": (5e-5, 3e-5, 2e-5),
    "train.epochs": (2, 3, 4),
}
BASE_WIDTH = 640  # of hidden states, from which on a base is one of those of the paper
AROUND = 4.0  # times the recipe's learning rate, and a part of it
MOST_GRID = 36  # combinations of values that are all tried, where nobody says how many


@dataclass(frozen=True, slots=True)
class Choices:
    """A setting, and the values that it may have."""

    name: str
    values: tuple[Any, ...]

    def ends(self) -> tuple[Any, ...]:
        """Return the values that are checked."""
        return self.values

    def words(self) -> str:
        """Write it for people."""
        return f"{shown_name(self.name)} {', '.join(map(shown, self.values))}"


@dataclass(frozen=True, slots=True)
class Range:
    """A setting, and the numbers between which its own lies."""

    name: str
    low: float
    high: float
    is_log: bool = False
    step: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole ones."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def ends(self) -> tuple[Any, ...]:
        """Return the values that are checked."""
        return self.low, self.high

    def words(self) -> str:
        """Write it for people."""
        how = " (logarithmic)" if self.is_log else f" in steps of {self.step}" if self.step else ""
        return f"{shown_name(self.name)} {shown(self.low)} to {shown(self.high)}{how}"


Dimension = Choices | Range
Space = tuple[Dimension, ...]


def parse(written: str | Sequence[str] | Mapping[str, object], places: Mapping[str, str]) -> Space:
    """Read a space: "lr=1e-5..1e-3:log", "batch-size=16,32", or a dict of names to values.

    Args:
        written: One setting an entry.
        places: Names of options, and the settings that they stand for.

    Raises:
        SettingsError: A name or its values cannot be understood.
    """
    if isinstance(written, Mapping):
        entries = list(written.items())
    else:
        entries = [_halves(each) for each in _several(written)]
    space = tuple(_dimension(str(name), value, places) for name, value in entries)
    names = [each.name for each in space]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"--space {twice[0]}: named twice; write all of its values into one")
    return space


def check(space: Space, settings: Settings) -> None:
    """Refuse a space with a value that its setting cannot have, before anything is trained.

    Raises:
        SettingsError: Naming the setting and what was allowed.
    """
    for each in space:
        for value in each.ends():
            try:
                applied(settings, {each.name: value})
            except SettingsError as error:
                raise SettingsError(f"--space {each.name}: {error}") from error


def applied(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Put the values of a trial into settings; what nobody gave is still left out.

    Raises:
        SettingsError: They do not go together.
    """
    given = settings.model_dump(exclude_unset=True)
    train = given.get("train", {})
    if any(f"train.{name}" in values for name in WARM_UP):
        for name in WARM_UP:
            train.pop(name, None)
    for name, value in values.items():
        asked.put(given, name, value)
    return checked(Settings, given)


def default(facts: Facts, settings: Settings) -> tuple[Space, str]:
    """Choose a space for a base: that of BERT's paper, or one around the recipe's own rate.

    What somebody has given stays fixed.

    Returns:
        The space, and why it is this one.

    Raises:
        SettingsError: All of it is given.
    """
    given = {f"train.{name}" for name in settings.train.model_fields_set}
    is_adapted = settings.train.lora is not None
    if facts.width >= BASE_WIDTH and not is_adapted:
        found: list[Dimension] = [Choices(name, values) for name, values in PAPER.items()]
        why = "the grid that BERT's paper recommends (Devlin et al., 2019)"
    else:
        recipe = choosing.choose(settings, facts).settings.train
        rate, passes = recipe.lr, recipe.epochs
        longer = passes * 2 if passes <= 4 else round(passes * 1.5)
        found = [
            Choices("train.batch_size", PAPER["train.batch_size"]),
            Range("train.lr", rate / AROUND, rate * AROUND, is_log=True),
            Choices("train.epochs", tuple(sorted({max(passes // 2, 1), passes, longer}))),
        ]
        learner = "adapters learn" if is_adapted else f"a base of width {facts.width} learns"
        why = (
            f"around the recipe's own values: {learner} best at other rates than the 2e-5 to 5e-5 "
            "that BERT's paper recommends for one of 768"
        )
    space = tuple(each for each in found if each.name not in given)
    if not space:
        raise SettingsError(
            "learning rate, batch size and epochs are all given, and these are what is tried where "
            "nothing else is named: leave one out, or name what is to be tried with --space"
        )
    return space, f"space: {'; '.join(each.words() for each in space)}: {why}"


def grid(space: Space) -> list[dict[str, Any]] | None:
    """Return all combinations of a space's values; None where a dimension is a range."""
    choices = [each for each in space if isinstance(each, Choices)]
    if len(choices) < len(space):
        return None
    names = [each.name for each in choices]
    return [
        dict(zip(names, values, strict=True))
        for values in product(*(each.values for each in choices))
    ]


def stored(space: Space) -> list[dict[str, Any]]:
    """Return a space as plain values, for JSON."""
    return [asdict(each) for each in space]


def restored(values: Sequence[Mapping[str, Any]]) -> Space:
    """Read what `stored` returned."""
    return tuple(
        Choices(each["name"], tuple(each["values"])) if "values" in each else Range(**each)
        for each in values
    )


def shown_name(name: str) -> str:
    """Write a setting's name for people."""
    return name.removeprefix("train.").replace("_", " ")


def shown(value: object) -> str:
    """Write a value for people."""
    if isinstance(value, float):
        return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")
    return str(value)


def words(values: Mapping[str, Any]) -> str:
    """Write the values of a trial for people."""
    return ", ".join(f"{shown_name(name)} {shown(value)}" for name, value in values.items())


def _several(written: Any) -> Iterator[object]:
    is_one = isinstance(written, str) or not isinstance(written, Iterable)
    yield from [written] if is_one else written


def _halves(entry: object) -> tuple[str, str]:
    name, equals, values = str(entry).partition("=")
    if not equals or not name.strip() or not values.strip():
        raise SettingsError(f"--space {entry}: expected NAME=VALUES; {HOW}")
    return name.strip(), values.strip()


def _dimension(name: str, value: object, places: Mapping[str, str]) -> Dimension:
    place = _place(name, places)
    if isinstance(value, str) and ".." in value and place != "base":
        return _range(place, value)
    if isinstance(value, str):
        values: list[Any] = [asked.to_value(part.strip()) for part in value.split(",")]
    else:
        values = list(value) if isinstance(value, list | tuple | set | range) else [value]
    if any(not isinstance(each, str | int | float) or each == "" for each in values) or not values:
        raise SettingsError(f"--space {name}={value}: only numbers and words are tried; {HOW}")
    return Choices(place, tuple(dict.fromkeys(values)))


def _place(name: str, places: Mapping[str, str]) -> str:
    """Say which setting a name stands for."""
    key = name.replace("-", "_")
    place = key if "." in key else places.get(key, f"train.{key}")
    if place in SWEPT:
        return place
    known = place in places.values() or place.removeprefix("train.") in TrainSettings.model_fields
    if known:
        raise SettingsError(
            f"--space {name}: is the same for all trials, which are judged on the same texts by "
            f"the same number; give it by its own option. {among(place, SWEPT, most=len(SWEPT))}"
        )
    raise SettingsError(f"--space {name}: no such setting; {among(place, SWEPT, most=len(SWEPT))}")


def _range(place: str, written: str) -> Range:
    low_word, _, rest = written.partition("..")
    high_word, _, how = rest.partition(":")
    low, high, told = _number(low_word), _number(high_word), f"--space {place}={written}"
    step = None if how in ("", "log") else _number(how)
    if low is None or high is None or (step is None and how not in ("", "log")):
        raise SettingsError(f"{told}: a range goes from a number to another; {HOW}")
    if low >= high or (step is not None and not 0 < step <= high - low):
        raise SettingsError(f"{told}: a range goes upwards, in steps that fit into it; {HOW}")
    if how == "log" and low <= 0:
        raise SettingsError(f"{told}: a logarithmic range begins above 0")
    if not isinstance(low, int) or not isinstance(high, int) or isinstance(step, float):
        low, high = float(low), float(high)
    return Range(place, low, high, is_log=how == "log", step=step)


def _number(word: str) -> int | float | None:
    """Read a number; None where there is none."""
    with suppress(ValueError):
        return int(word)
    with suppress(ValueError):
        return float(word) if math.isfinite(float(word)) else None
    return None
