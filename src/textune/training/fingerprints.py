"""What the remaining steps of a run depend on, by name and content, and what of it has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import CheckpointError, counted
from textune.settings.tracking import Tracking
from textune.storage import folders
from textune.training import checkpoint

DATA, SETTINGS, SURROUNDINGS = "the data", "settings", "surroundings"
NUMBERS = "the number format (train.precision)"
WORDS = "the words near the labels' names"  # whose rows of the embedding are trained, too
NAME_WORDS = "train.name_words"  # how many are wanted; a run from before there were any has none
EPOCHS = "train.epochs"
AT_ONCE = "train.micro_tokens"  # the gradient is the same, but for rounding and masks of dropout
CHOICES = "the recipe"  # and what it chose, as a note: the settings are what counts
FREE = {  # settings that no weight depends on
    "device",
    "tensorboard",
    "track",
    *(f"tracking.{name}" for name in Tracking.model_fields),
    "data.by",
    "data.cache",
    "text.cache",
    "train.recipe",  # what it chose counts
    "train.threads",  # kernels give the same bits with any number of them
    "train.rank_timeout",
    "train.shard",  # gradients are the same; the surroundings say it
    "train.checkpoint_minutes",
    "train.curve",
    "train.explain",
    "train.judge_training",
    "train.profile",
    "train.recompute",  # gradients are the same
    "train.keep_epochs",
    "train.keep_checkpoints",
}


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two times that a run was started."""

    names: tuple[str, ...]  # what makes it another run
    settings: tuple[str, ...]  # those of the settings that differ, in words
    surroundings: tuple[str, ...]  # what gives other bits, in words
    epochs: tuple[int, int] | None  # before and now, where they differ


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the remaining steps of a run depend on."""

    values: dict[str, Any]  # by name and content, as it is recorded
    defaults: Mapping[str, Any]  # of the settings: a run from before there was one had its default


def make(
    data: str,
    settings: Mapping[str, object],
    surroundings: Mapping[str, str],
    *,
    defaults: Mapping[str, object],
    choices: Mapping[str, object] | None = None,
    words: str | None = None,
) -> Fingerprint:
    """Name all that the remaining steps depend on.

    Args:
        data: Names the texts, their targets and their split by content.
        settings: Of the run, section by section, with the number format that "auto" has chosen.
        surroundings: What decides the bits beside them: versions, kernels, device.
        defaults: Of the settings, section by section.
        choices: The recipe that chose settings which were left out, and those settings.
        words: Names by content the words near the labels' names, where such were found.
    """
    values = _flat(settings)
    numbers = values.pop("train.precision")
    kept = {name: value for name, value in values.items() if name not in FREE}
    found = {DATA: data, SETTINGS: kept, NUMBERS: numbers, SURROUNDINGS: dict(surroundings)}
    if choices is not None:
        found[CHOICES] = dict(choices)
    if words is not None:
        found[WORDS] = words
    return Fingerprint(found, _flat(defaults))


def is_known(prints: object) -> bool:
    """Tell whether what was recorded has the form that `make` gives it."""
    return isinstance(prints, Mapping) and all(
        isinstance(prints.get(name), Mapping) for name in (SETTINGS, SURROUNDINGS)
    )


def compare(before: Mapping[str, Any], asked: Fingerprint) -> Changes:
    """Say what differs between what was recorded and what is asked for now."""
    now = asked.values
    names = [name for name in (DATA, WORDS) if before.get(name) != now.get(name)]
    later = {name: asked.defaults.get(name) for name in now[SETTINGS].keys() - before[SETTINGS]}
    if NAME_WORDS in later:  # a run of before: whether words are found now counts
        later[NAME_WORDS] = now[SETTINGS][NAME_WORDS]
    settings = _differences({**before[SETTINGS], **later}, now[SETTINGS])
    at_once, epochs = settings.pop(AT_ONCE, None), None
    if EPOCHS in settings:
        epochs = before[SETTINGS].get(EPOCHS), now[SETTINGS].get(EPOCHS)
        epochs = epochs if all(isinstance(one, int) for one in epochs) else None
    if any(name != EPOCHS or epochs is None for name in settings):
        names.append("the settings")
    surroundings = _differences(before[SURROUNDINGS], now[SURROUNDINGS])
    surroundings |= {AT_ONCE: at_once} if at_once is not None else {}
    if before.get(NUMBERS) != now[NUMBERS]:
        surroundings[NUMBERS] = f"{NUMBERS}: {before.get(NUMBERS)} → {now[NUMBERS]}"
    return Changes(tuple(names), tuple(settings.values()), tuple(surroundings.values()), epochs)


def refuse_changed(
    state: Mapping[str, object], prints: Fingerprint, folder: Path, *, accept: bool = False
) -> tuple[str, ...]:
    """Refuse to continue on other data or settings, or, unless that is accepted, to other bits.

    Returns:
        What is different now, in words.

    Raises:
        CheckpointError: Naming what has changed.
    """
    before = state.get("fingerprints")
    if not is_known(before):
        raise CheckpointError(
            f"{folder}: was made by an earlier version of textune, which this one cannot continue; "
            "continue it with that version, or start again with --overwrite"
        )
    assert isinstance(before, Mapping)
    changes = compare(before, prints)
    names = list(changes.names)
    if changes.epochs is not None and not _may_go_on(state, changes.epochs):
        names += [] if "the settings" in names else ["the settings"]
    if names:
        listed = f" ({'; '.join(changes.settings)})" if changes.settings else ""
        raise CheckpointError(
            f"{folder}: cannot continue: {' and '.join(names)} changed after the checkpoint "
            f"was written{listed}; {_way_out(before, names)}, or start again with --overwrite"
        )
    if changes.surroundings and not accept:
        what = " and ".join(words.partition(": ")[0] for words in changes.surroundings)
        raise CheckpointError(
            f"{folder}: cannot continue to the same weights: {what} changed after the checkpoint "
            f"was written ({'; '.join(changes.surroundings)}); make it as it was, or go on "
            "regardless with --accept-changes"
        )
    remarks = [f"changed, and accepted: {words}" for words in changes.surroundings]
    if changes.epochs is not None:
        before_, now = changes.epochs
        remarks.append(
            f"this run of {before_} epochs goes on to {now}: the learning rate follows the "
            f"schedule of {now} epochs from here"
        )
    return tuple(remarks)


def _way_out(before: Mapping[str, Any], names: list[str]) -> str:
    """Say how to go on with a run for which these are other than they were."""
    if names == [WORDS] and NAME_WORDS not in before[SETTINGS]:
        return f"it began before there were any; go on without them by --set {NAME_WORDS}=0"
    return "repeat the command as it was"


def _may_go_on(state: Mapping[str, Any], epochs: tuple[int, int]) -> bool:
    """Tell whether more epochs may follow: where all of those that were asked for are done."""
    progress = state.get("progress", {})
    return epochs[1] > epochs[0] and progress.get("step") == progress.get("total")


def goes_further(folder: Path, prints: Fingerprint) -> tuple[bool, tuple[str, ...]]:
    """Tell whether more is asked of a finished run than it was made with: more epochs.

    Returns:
        Whether it is, and what a person should know.

    Raises:
        CheckpointError: Something else is asked for, or nothing is left to go on from.
    """
    state = recorded(folder)
    if not is_known(state.get("fingerprints")):
        return False, (
            f"{folder}: does not say by what command it was made: whether it was this one is "
            "unknown",
        )
    mine = {**state["fingerprints"], WORDS: prints.values.get(WORDS)}  # no weights are put back
    refuse_changed({**state, "fingerprints": mine}, prints, folder, accept=True)
    epochs = compare(state["fingerprints"], prints).epochs
    if epochs is None:
        return False, ()
    if not checkpoint.exists(folder / "checkpoints"):
        raise CheckpointError(
            f"{folder}: is finished with {counted(epochs[0], 'epoch')}, and its checkpoints are "
            f"gone, so that it cannot go on to {epochs[1]}; train anew with another --out, "
            "and with --set train.keep_checkpoints=true if more epochs may follow"
        )
    return True, ()


def recorded(folder: Path) -> Mapping[str, Any]:
    """Return what a run says of itself: its mark once it is finished, or its newest checkpoint."""
    mark = folders.read_mark(folder)
    if is_known(mark.get("fingerprints")):
        return mark
    return checkpoint.newest_state(folder / "checkpoints")


def _differences(before: Mapping[str, object], now: Mapping[str, object]) -> dict[str, str]:
    """Return each name whose value differs, with both values in words."""
    return {
        name: f"{name}: {_shown(before.get(name))} → {_shown(now.get(name))}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    }


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
