"""A base's folder, and what is asked, become what a head on texts reads: without torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textune.encoder import bases, description, headers
from textune.families.known import Family, family_of
from textune.records import Pooling
from textune.storage import objects

KEY = "textune_pooling"  # in config.json, of a model whose last layer was appended here
OWN_KEY = "classifier_pooling"  # in config.json, of a family whose head knows several ways
_WAYS = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens")
MEAN, FIRST = "the mean of a text's tokens", "a text's first token"
LEFT_OUT = "the base's last layer, which only gives the mean of a text's tokens, is left out"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done so that a head reads texts as it shall, and what is said of it."""

    remark: str = ""
    is_appended: bool = False  # a layer has to be appended
    is_dropped: bool = False  # the base's own layer of this kind has to go
    config: Mapping[str, object] = field(default_factory=dict)  # what the model is loaded with


def choose(place: str, asked: Pooling, *, whole: bool) -> Choice:
    """Choose how the head on a base's states reads a text.

    Args:
        place: The base's directory.
        asked: "auto" for what the base's folder says, "base" for what the model itself has.
        whole: Whether the head reads texts as a whole, and not their tokens.

    Raises:
        ModelError: What its folder says of it cannot be read.
    """
    config = objects.read(Path(place) / "config.json")
    kind, has_one = str(config.get("model_type")), config.get(KEY) == "mean"
    if not whole:
        return Choice(LEFT_OUT if has_one else "", is_dropped=has_one)
    if asked == "base":
        return Choice()
    wants_mean, why = _wanted(place, asked, has_one=has_one)
    family = family_of(kind)
    if family.own_first:
        is_given = asked != "auto" or wants_mean
        own = str(config.get(OWN_KEY, family.own_first))
        return _of_its_head(family, wants_mean, why) if is_given else _as_it_is(family, own)
    takes_it = family.takes_averaging
    if not wants_mean:
        left = f"; {LEFT_OUT}" if has_one else ""
        what = FIRST if takes_it else f"as {kind} has it"
        return Choice(f"pooling: {what} ({why}){left}", is_dropped=has_one)
    if not takes_it:
        return Choice(
            f"pooling: as {kind} has it, and not {MEAN} ({why}), which is there for BERT, RoBERTa, "
            "ModernBERT and their like"
        )
    by = "" if has_one else ", by one more layer"
    return Choice(f"pooling: {MEAN}{by} ({why})", is_appended=not has_one)


def is_in(place: Path) -> bool:
    """Tell whether a base's last layer is one that was appended here."""
    return objects.read(place / "config.json").get(KEY) == "mean"


def is_wanted(place: Path) -> bool:
    """Tell whether a base says that the mean of its states is to be read.

    Raises:
        ModelError: What its folder says of it cannot be read.
    """
    return _wanted(str(place), "auto", has_one=is_in(place))[0]


def _wanted(place: str, asked: Pooling, *, has_one: bool) -> tuple[bool, str]:
    """Say whether the mean is wanted, and why."""
    if asked != "auto":
        return asked == "mean", "as train.pooling says"
    if has_one:
        return True, "as the base has it"
    ways = _said(Path(place) / bases.POOLING)
    if ways is None:
        return False, f"no {bases.POOLING} in the base's folder says otherwise"
    return "mean" in ways, f"the base's {bases.POOLING} says {' and '.join(ways) or 'nothing'}"


def _said(file: Path) -> tuple[str, ...] | None:
    """Read how sentence-transformers pools a base's states; None where nothing is said.

    Raises:
        ModelError: There is a file, and it cannot be read.
    """
    if not headers.is_regular(file):
        return None
    values = description.read_json(file, most=description.MOST_CONFIG)
    named = values.get("pooling_mode")
    if named is not None:
        return (
            tuple(f"{way!s:.40}" for way in named)
            if isinstance(named, list)
            else (f"{named!s:.40}",)
        )
    return tuple(way.removesuffix("_tokens") for way in _WAYS if values.get(f"pooling_mode_{way}"))


def _of_its_head(family: Family, wants_mean: bool, why: str) -> Choice:
    """Choose for a family whose head knows both ways."""
    name = "mean" if wants_mean else family.own_first
    return Choice(f"pooling: {MEAN if wants_mean else FIRST} ({why})", config={OWN_KEY: name})


def _as_it_is(family: Family, own: str) -> Choice:
    """Leave to such a family the way that its configuration names."""
    what = {"mean": MEAN, family.own_first: FIRST}.get(own, own)
    return Choice(f"pooling: {what} (as the base's config.json has it)")
