"""What is known of the texts and the base becomes the settings that were left out.

`TABLE` is the recipe: for each setting some rules, of which the first that fits is taken. To change
a choice, change a number there; docs/few_labels.md shows the table.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from textune.errors import SettingsError, among
from textune.records import PASSAGES, Asks, Pairs
from textune.settings.config import Settings
from textune.settings.section import NONE
from textune.settings.train_config import LEFT_OUT, TrainSettings

FORCED = "TEXTUNE_RECIPE"  # "auto" or "classic": the recipe where none is asked for
NAMES = ("auto", "classic")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run before it begins."""

    rows: int  # training texts
    classes: int  # labels, or numbers of a text
    tokens: int  # of a text, in the mean
    width: int  # of the base
    layers: int  # of the base
    asks: Asks  # what has an answer
    averages: bool  # the base is a sentence encoder, whose answer is a mean over tokens
    are_alike: bool = False  # classes differ in their number of texts by no more than chance
    pairs: bool = False  # texts come in pairs, and the base can encode both of one apart
    numbers: bool = False  # numbers are learned, not labels
    has_folds: bool = False  # texts are cross-validated

    def words(self, name: str) -> str:
        """Say one of them."""
        value = getattr(self, name)
        known = {
            "rows": f"{self.rows:,} training text{'s' * (self.rows != 1)}",
            "classes": self._given(),
            "tokens": f"{self.tokens:,} tokens a text",
            "layers": f"{self.layers:,} layer{'s' * (self.layers != 1)}",
            "asks": f"a head on {self.asks}",
            "pairs": "pairs of texts" if self.pairs else "no pairs of texts",
            "numbers": "numbers" if self.numbers else "labels",
            "has_folds": "cross-validated" if self.has_folds else "not cross-validated",
            "averages": "a sentence encoder" if self.averages else "no sentence encoder",
            "are_alike": f"classes {'alike' if self.are_alike else 'not alike'} in number but "
            "for chance",
        }
        return known.get(name) or f"{name} {value:,}"

    def _given(self) -> str:
        """Say what a head gives, with its number."""
        many = self.classes != 1
        if self.asks == PASSAGES:
            return f"{self.classes:,} end{'s' * many} of an answer"
        if self.numbers:
            return f"{self.classes:,} number{'s' * many}"
        return f"{self.classes:,} class{'es' * many}"


@dataclass(frozen=True, slots=True)
class Passes:
    """How many passes are made: so many that there are enough updates, within bounds."""

    updates: int  # at least
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A value, and what it is for: upper bounds that are not reached, and what must be so."""

    value: Any
    rows: float = math.inf  # fewer training texts
    classes: float = math.inf  # fewer
    tokens: float = math.inf  # fewer
    width: float = math.inf  # narrower
    layers: float = math.inf  # fewer
    asks: str | None = None
    averages: bool | None = None
    are_alike: bool | None = None
    pairs: bool | None = None
    numbers: bool | None = None
    has_folds: bool | None = None

    def fits(self, facts: Facts) -> bool:
        """Tell whether it is for a run of which this is known."""
        return all(
            wanted is None or (found == wanted if name in EQUAL else found < wanted)
            for name in KNOWN
            for wanted, found in [(getattr(self, name), getattr(facts, name))]
        )


KNOWN = tuple(field.name for field in fields(Facts))
EQUAL = ("asks", "averages", "are_alike", "pairs", "numbers", "has_folds")

TABLE: Mapping[str, tuple[Rule, ...]] = {
    "batch_size": (
        Rule(8, rows=200),
        Rule(16, rows=2_000),
        Rule(32),
    ),
    "epochs": (
        Rule(Passes(updates=120, fewest=20, most=60), rows=200, asks="words"),
        Rule(Passes(updates=600, fewest=4, most=20), rows=2_000, asks="words"),
        Rule(Passes(updates=60, fewest=4, most=60), rows=2_000, classes=8, averages=True),
        Rule(Passes(updates=120, fewest=4, most=60), rows=2_000),
        Rule(Passes(updates=0, fewest=4, most=4), rows=10_000),
        Rule(Passes(updates=0, fewest=3, most=3)),
    ),
    "lr": (
        Rule(3e-4, width=192),
        Rule(2e-4, width=384),
        Rule(5e-5, classes=8, width=640, layers=13, averages=True),
        Rule(2e-5, classes=8, width=896, layers=13, averages=True),
        Rule(1e-4, width=640, layers=13),
        Rule(5e-5, width=640),
        Rule(4e-5, width=896, layers=13),
        Rule(3e-5, width=896),
        Rule(2e-5, width=1_536),
        Rule(1e-5),
    ),
    "warmup_share": (Rule(0.1),),
    "dropout": (
        Rule(0.0, rows=10_000, classes=8, width=640, layers=13, asks="texts", averages=True),
        Rule("base"),
    ),
    "class_weights": (
        Rule("balanced", rows=2_000, are_alike=True),
        Rule("none"),
    ),
    "pooling": (Rule("auto"),),  # as the base's folder says
    "pairs": (
        Rule("apart", averages=True, pairs=True, numbers=True),
        Rule("apart", rows=2_000, averages=True, pairs=True),
        Rule("together"),
    ),
    "probe": (
        Rule(False, asks=PASSAGES),
        Rule(True, rows=10_000),
        Rule(False),
    ),
    "average": (
        Rule(False, asks="words"),
        Rule(True),
    ),
    "contrast": (
        Rule(None, has_folds=True),  # then folds say whether it helps
        Rule(0.0, classes=8),
        Rule(0.0, pairs=True),
        Rule(1.0, rows=10_000, are_alike=True),
        Rule(0.0),
    ),
}
CLASSIC: Mapping[str, Any] = {  # the papers' settings (Devlin et al., 2019)
    "epochs": 3,
    "batch_size": 32,
    "lr": 5e-5,
    "warmup_share": None,  # a tenth
    "dropout": "base",
    "class_weights": "none",
    "pooling": "base",
    "pairs": "together",
    "probe": False,
    "average": True,
    "contrast": 0.0,
}
assert TABLE.keys() == CLASSIC.keys() == set(TrainSettings.by_recipe)

# Times the learning rate of whole matrices; docs/guide.md has the measurements of the first. The
# second is what is used for BERT's size with adapters of all layers (Zhang et al., 2023, AdaLoRA).
OF_ADAPTERS = (Rule(40, width=640), Rule(20))
TITLES = {"warmup_share": "warm-up", "contrast": "contrastive loss"}
BOTH = {"probe": "linear probing", "average": "mean of the folds' models"}  # that are or are not
_BEFORE = {
    "pairs": "together",
    "average": True,
    "contrast": None,
}  # of runs from before there was a choice


@dataclass(frozen=True, slots=True)
class Chosen:
    """Settings that leave nothing open, and what was chosen, a line each."""

    settings: Settings
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What a run that goes on has chosen when it began."""

    recipe: str
    values: Mapping[str, Any]  # by the name of the setting


def choose(settings: Settings, facts: Facts, before: Before | None = None) -> Chosen:
    """Choose every setting of the training that was left out; what was given stays.

    Which ones were given can still be told from what comes of it.

    Args:
        settings: As asked for.
        facts: What is known of the texts and the base.
        before: Of the run that goes on; what it has chosen is taken again.

    Raises:
        SettingsError: There is no such recipe.
    """
    train = settings.train
    name, is_said = _recipe(train, before)
    left = train.left_out()
    found = dict(_by_table(train, facts)) if name == "auto" else _classic(left)
    if train.lora is not None and "lr" in found:
        (value, why), times = found["lr"], of_adapters(facts.width)
        found["lr"] = value * times, f"{why}; {times} times as high for adapters"
    if before is not None and (not is_said or name == before.recipe):
        kept = {key: value for key, value in before.values.items() if key in left}
        found = {key: (value, "as this run began") for key, value in kept.items()} | {
            key: each for key, each in found.items() if key not in kept
        }
    if train.lora is not None and train.lora_head_lr is None:
        (rate, _), times = found.get("lr", (train.lr, "")), of_adapters(facts.width)
        found["lora_head_lr"] = rate / times, f"of the head, a {times}th of the adapters' rate"
    values = {key: value for key, (value, _) in found.items()}
    words = tuple(
        f"{_shown(key, value)}: {why}"
        for key, (value, why) in found.items()
        if value not in (LEFT_OUT, NONE, None)  # the first is said where the base is read
        and (key != "pairs" or facts.pairs)
        and (key != "average" or not value)
        and (key != "contrast" or value)
    )
    words = words if name == "auto" else ()
    return Chosen(changed(settings, {**values, "recipe": name}), words)


def of_adapters(width: int) -> int:
    """Return how many times as fast adapters learn as whole matrices, and as the head beside."""
    found: int = next(each.value for each in OF_ADAPTERS if width < each.width)
    return found


def pairs(train: TrainSettings, facts: Facts) -> Pairs:
    """Choose how pairs are encoded, before the texts are tokens; `choose` will choose the same."""
    if "pairs" in train.model_fields_set:
        return train.pairs
    name, _ = _recipe(train, None)
    found: Pairs = rule("pairs", facts).value if name == "auto" else CLASSIC["pairs"]
    return found


def noted(settings: Settings) -> dict[str, object]:
    """Return what a run notes of its choices, for those who continue it."""
    train = settings.train
    return {
        "name": train.recipe,
        "chosen": {name: getattr(train, name) for name in sorted(train.left_out())},
    }


def read_note(note: object) -> Before:
    """Read what `noted` returned; a run from before there were recipes was classic."""
    if not isinstance(note, Mapping) or note.get("name") not in NAMES:
        return Before("classic", {})
    values = note.get("chosen")
    kept = values if isinstance(values, Mapping) else {}
    return Before(str(note["name"]), {**_BEFORE, **kept})


def recipe_of_environment() -> str:
    """Return the recipe of a run that is asked for none.

    Raises:
        SettingsError: The environment names one that there is not.
    """
    forced = os.environ.get(FORCED) or NAMES[0]
    if forced not in NAMES:
        raise SettingsError(f"{FORCED}={forced}: {among(forced, NAMES)}")
    return forced


def _recipe(train: TrainSettings, before: Before | None) -> tuple[str, bool]:
    """Return the recipe, and whether somebody asked for it."""
    if "recipe" in train.model_fields_set:
        return train.recipe, True
    return (recipe_of_environment() if before is None else before.recipe), False


def _by_table(train: TrainSettings, facts: Facts) -> Mapping[str, tuple[Any, str]]:
    """Take from the table what was left out, each with its reason."""
    left, found = train.left_out(), {}
    batch_size = train.batch_size
    for name in TABLE:
        if name not in left:
            continue
        value, why = rule(name, facts).value, _reason(name, facts)
        if isinstance(value, Passes):
            value, why = _passes(value, facts, batch_size)
        elif name == "batch_size":
            batch_size = value
        found[name] = value, why
    return found


def rule(name: str, facts: Facts) -> Rule:
    """Return the first rule of a setting that fits."""
    return next(each for each in TABLE[name] if each.fits(facts))


def _reason(name: str, facts: Facts) -> str:
    """Say what the choice depends on: whatever its rules ask about."""
    asked = [
        known
        for known in KNOWN
        if any(getattr(each, known) not in (None, math.inf) for each in TABLE[name])
    ]
    return ", ".join(map(facts.words, asked)) or "the same for all texts and encoders"


def _passes(wanted: Passes, facts: Facts, batch_size: int) -> tuple[int, str]:
    """Return the passes over the texts, and why so many."""
    each = math.ceil(facts.rows / batch_size)
    texts = facts.words("rows").replace("training ", "")
    make = f"{texts} make{'s' * (facts.rows == 1)} {each:,} update{'s' * (each != 1)} a pass"
    needed = math.ceil(wanted.updates / each)
    if needed > wanted.most:
        return wanted.most, f"{make}; more than {wanted.most} passes are never made"
    if needed > wanted.fewest:
        return needed, f"{make}; at least {wanted.updates:,} updates are wanted"
    return wanted.fewest, f"{make}, and so many passes are enough"


def _classic(left: frozenset[str]) -> dict[str, tuple[Any, str]]:
    return {name: (value, "") for name, value in CLASSIC.items() if name in left}


def changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Put values into settings without making them ones that were given."""
    train = settings.train
    changed = TrainSettings.model_construct(
        _fields_set=set(train.model_fields_set), **{**dict(train), **values}
    )
    return settings.model_copy(update={"train": changed})


def _shown(name: str, value: object) -> str:
    words = TITLES.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return f"{'' if value else 'no '}{BOTH.get(words, words)}"
    if isinstance(value, float):
        digits, _, power = f"{value:.2g}".partition("e")
        if not power and 0 < value < 0.001:  # 0.0001
            digits, _, power = f"{value:e}".partition("e")
        value = f"{float(digits):g}e{int(power)}" if power else digits
    return f"{words} {value}"
