"""Keywords, and options of their names, become requests."""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from textune.data.given import is_frame
from textune.errors import SettingsError
from textune.extensions import plugin
from textune.recipes import own_parts
from textune.recipes.requests import Proof, TextRequest, TrainRequest
from textune.settings import config
from textune.settings.config import Kind, Settings
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.storage.names import file_name, to_path
from textune.tasks import installed
from textune.tasks.own import SHAPES

TOP = ("base", "seed", "device", "track", "add_words", "size", "vocab", "cased")
TRAIN = (
    "recipe",
    "effort",
    "epochs",
    "batch_size",
    "lr",
    "precision",
    "hours",
    "profile",
    "deterministic",
)
OWN = {name: f"train.{name}" for name in ("curve", "lora")}
DATA = (
    *("text", "label", "task", "header", "delimiter", "rows", "sheet", "annotators"),
    *("group", "skip", "no_skip", "weight", "names"),
    *("quote", "encoding", "faulty", "merge_labels"),
    *("max_tokens", "long", "pool", "limit", "by"),
)
COMMON = {name: name for name in TOP} | {name: f"train.{name}" for name in TRAIN}
MORE = {"valid_share": "data.valid_share"}
DECISION = {name: f"decision.{name}" for name in ("aim", "abstain", "sets")}
LABELLED = (
    COMMON | OWN | MORE | DECISION | {name: f"data.{name}" for name in DATA}
)  # keyword → setting
PLAIN = COMMON | {
    "encoding": "text.encoding",
    "limit": "text.limit",
    "mask": "mask.rate",
    "max_tokens": "text.max_tokens",
    "nsp": "mask.nexts",
    "text": "text.column",
    "whole_word": "mask.whole_words",
}
ONLY_NEXTS = ("mask.nexts=true", "mask.only_nexts=true")
PLAIN_MASK = ("mask.mask_share=1", "mask.random_share=0")
NONE = "none"  # in place of a file of validation texts: all rows are learned from
HOW = ("resume", "accept_changes", "overwrite")  # of a request


def labelled(options: Mapping[str, Any], *, suffix: str = "") -> TrainRequest:
    """Make a request to learn from labelled text of the keywords of `train`, or `cross_validate`.

    The suffix is that of the run's folder, where none is named.
    """
    file = _path(options, "config") or _own(options)
    before = _begun(options, file)
    source, valid, test = _files(options, before)
    if isinstance(valid, str) and valid == NONE:
        options, valid = {**options, "valid_share": 0.0}, None
    installed.load()
    own = plugin.gather(options.get("plugin"), {name: options.get(name) for name in SHAPES})
    out, seeds = _path(options, "out"), options.get("seeds")
    return TrainRequest(
        source=source,
        settings=own_parts.settled(resolve(Settings, options, file, options["settings"]), own),
        own=own,
        out=out or named_folder(source, suffix, resume=options["resume"]),
        valid=valid,
        test=test,
        seeds=number("seeds", before.get("seeds") if seeds is None else seeds),
        config=file,
        named=frozenset(named(Settings, options, options["settings"])),
        **{name: options[name] for name in HOW},
    )


def plain(
    kind: type[AdaptSettings] | type[PretrainSettings], options: Mapping[str, Any]
) -> TextRequest:
    """Make a request to learn from plain text of the keywords of `adapt` or `pretrain`."""
    sources = [to_path(one, "texts") and one for one in _several(options["texts"], "texts")]
    if not sources:
        raise SettingsError("no text was named; give files, folders or patterns")
    prove = options.get("prove")
    file = _path(options, "config")
    return TextRequest(
        source=tuple(map(str, sources)),
        settings=resolve(kind, options, file, options["settings"]),
        out=_path(options, "out") or named_folder(sources[0], resume=options["resume"]),
        proof=prove
        and Proof(str(prove), options["prove_seeds"], _several(options["prove_set"], "prove_set")),
        config=file,
        **{name: options[name] for name in HOW},
    )


def resolve(
    kind: type[Kind],
    options: Mapping[str, object],
    file: Path | None = None,
    changes: str | Sequence[str] = (),
) -> Kind:
    """Return the settings that a file, changes, and keywords by their own names make together.

    Raises:
        SettingsError: All wrong names and values at once.
    """
    installed.load()
    if options.get("epochs") is not None and options.get("hours") is not None:
        raise SettingsError("--epochs and --hours exclude each other: so many passes, or so long")
    given = _given(kind, options)
    masks: tuple[str, ...] = PLAIN_MASK if options.get("plain_mask") else ()
    masks += ONLY_NEXTS if options.get("nsp_only") else ()
    return config.resolve(kind, file, (*masks, *_several(changes, "--set")), given)


def named(
    kind: type[Kind], options: Mapping[str, object], changes: str | Sequence[str] = ()
) -> list[str]:
    """Return the dotted names of what keywords and changes name, whatever a file has."""
    asked = [str(change).partition("=")[0].strip() for change in _several(changes, "--set")]
    return [*_given(kind, options), *asked]


def _given(kind: type[Kind], options: Mapping[str, object]) -> dict[str, object]:
    """Return what keywords say, by the dotted names of the settings."""
    places = LABELLED if kind is Settings else PLAIN
    return {
        place: str(value) if isinstance(value, Path) else value
        for name, place in places.items()
        if (value := options.get(name)) is not None
    }


def named_folder(source: object, suffix: str = "", *, resume: bool = False) -> Path:
    """Name a run's folder after its file, with a number where that is taken.

    Where a run goes on, it is the last one of this name.
    """
    name = f"{file_name(source)}{suffix}"
    if "\0" in name:
        raise SettingsError(f"{source!r:.40}: holds a NUL character, which no path has")
    numbered = (Path("runs") / f"{name}-{number}" for number in count(2))
    last = first = Path("runs") / name
    for place in chain([first], numbered):
        if not place.exists():
            return last if resume else place
        last = place
    raise AssertionError("numbers do not end")


def _own(options: Mapping[str, Any]) -> Path | None:
    """Return the settings of the run that is to go on, where it is named and no file is."""
    if not options["resume"] or options.get("source") is not None:
        return None
    out = _path(options, "out")
    file = None if out is None else out / "config.toml"
    return file if file is not None and file.is_file() else None


def _begun(options: Mapping[str, object], file: Path | None) -> Mapping[str, Any]:
    """Return what the run that wrote the settings was asked beside them, where that is meant.

    It is where no file is named to train on.
    """
    if options.get("source") is not None:
        return {}
    before = {} if file is None else config.run_section(file)
    if not before.get("source"):
        raise SettingsError(
            "name the FILE to train on, or give --config the config.toml of a run made from a file"
        )
    return before


def _files(
    options: Mapping[str, object], before: Mapping[str, Any]
) -> tuple[object, object, object]:
    """Return the files to train on: as named, or those of the run before."""
    source, valid, test = (options.get(name) for name in ("source", "valid", "test"))
    if source is not None:
        return source, valid, test
    return (
        before["source"],
        before.get("valid") if valid is None else valid,
        before.get("test") if test is None else test,
    )


def _several(values: Any, name: str) -> tuple[Any, ...]:
    """Take one of something, or a list of them; nothing where none was given.

    Raises:
        SettingsError: It is neither.
    """
    if values is None:
        return ()
    if isinstance(values, str | os.PathLike):
        return (values,)
    if is_frame(values):
        wanted = "plain text is read from files: name them" if name == "texts" else "give strings"
        raise SettingsError(f"{name}: is a data frame; {wanted}")
    if isinstance(values, Mapping):
        how = ', as settings=["train.lr=0.001"]' if name == "--set" else ""
        raise SettingsError(f"{name}: is a dict; give strings{how}")
    if not isinstance(values, Iterable):
        raise SettingsError(f"{name} {values!r:.40}: is no list, nor one of them")
    return tuple(values)


def number(name: str, value: Any) -> int | None:
    """Take a number of something, at least one."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingsError(f"--{name} {value}: expected a whole number from 1")
    return value


def _path(options: Mapping[str, Any], name: str) -> Path | None:
    place = options[name]
    return None if place is None else to_path(place, f"--{name}")
