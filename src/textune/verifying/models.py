"""A saved model, or an export of one, becomes what is wrong with it.

Each file is compared with its checksum by its whole content, and read. The tensors are held against
the shapes of the model that `config.json` describes, and each of their numbers is finite.
"""

from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open

from textune.encoder import description, exported, headers, inspecting, manifest, weights
from textune.encoder.own_exports import RECORD
from textune.errors import ModelError, TextuneError, first_line
from textune.records import PASSAGES
from textune.runs import classes, runs
from textune.storage import checksums, objects
from textune.verifying import readable
from textune.verifying.found import Fault, Kind, Seen

CARDS = ("decision.json", runs.LANGUAGE_CARD)


def is_model(folder: Path) -> bool:
    """Tell whether a folder is that of a saved model or an export, whole or not."""
    return any((folder / name).exists() for name in (*CARDS, manifest.NAME, RECORD, exported.NAME))


def is_export(folder: Path) -> bool:
    """Tell whether a folder was written by `export`."""
    return any((folder / name).exists() for name in (RECORD, exported.NAME))


def faults(folder: Path, way_out: str, seen: Seen) -> Iterator[Fault]:
    """Yield what is wrong with a model.

    Args:
        folder: Of the model.
        way_out: How it is had again.
        seen: Counts what is read.
    """
    bad = set()
    for fault in (*_compared(folder, way_out, seen), *_unreadable(folder, way_out, seen)):
        if fault.path not in bad:
            bad.add(fault.path)
            yield fault
    if bad:  # what follows from it says nothing more
        return
    try:
        yield from _unfit(folder, way_out)
    except TextuneError as error:
        yield _told(folder, error, way_out, "unfit")


def _compared(folder: Path, way_out: str, seen: Seen) -> Iterator[Fault]:
    """Compare a model's files with the checksums beside them."""
    accept = f"{way_out}; if it was changed on purpose, textune accept {folder} says so"
    if manifest.is_lost(folder):
        file = folder / manifest.NAME
        yield Fault(file, "missing", "is not there any more: nothing can be compared", accept)
    elif not (folder / manifest.NAME).exists():
        seen.remarks.append(f"{folder}: has no checksums (of an earlier version)")
    try:
        seen.compared += manifest.count(folder)
        for name, how in manifest.differences(folder, whole=True):
            kind: Kind = "missing" if how.endswith("any more") else "changed"
            yield Fault(folder / name, kind, how, accept)
    except ModelError as error:
        yield _told(folder, error, way_out, "damaged")
    for name, digest in _sums(folder).items():
        file = folder / name
        seen.compared += 1
        if not file.is_file() or checksums.sha256(file) != digest:
            what = "is not what was compared with its run when it was exported"
            yield Fault(file, "changed", what, way_out)


def _sums(folder: Path) -> dict[str, str]:
    """Return the checksums of the record of an export."""
    found = objects.read(folder / RECORD).get("sha256")
    named = found if isinstance(found, dict) else {}
    return {str(name): str(one) for name, one in named.items()}


def _unreadable(folder: Path, way_out: str, seen: Seen) -> Iterator[Fault]:
    """Read each file of a model to its end."""
    for file in sorted(folder.rglob("*")):
        if file.is_dir() or "evaluations" in file.relative_to(folder).parts[:-1]:
            continue
        seen.files += 1
        why = readable.why_not(file)
        if why is None and file.suffix == ".safetensors":
            why = unread(file)
        if why is not None:
            yield Fault(file, "damaged", why, way_out)


def unread(file: Path) -> str | None:
    """Read the tensors of a file, one after the other; say what is wrong with the first."""
    try:
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118
                if not weights.is_finite(opened.get_tensor(name)):
                    return f"the tensor {name} holds NaN or infinity"
    except (SafetensorError, OSError) as error:
        return f"cannot be read: {first_line(error, 120)}"
    return None


def _unfit(folder: Path, way_out: str) -> Iterator[Fault]:
    """Hold the files of a model against each other; yield the first that does not fit.

    Raises:
        TextuneError: They are of no model.
    """
    card = runs.read_card(folder) if (folder / CARDS[0]).exists() else None
    if exported.is_in(folder):
        graph = folder / exported.MODELS[exported.read(folder).to]
        if not graph.is_file():
            yield Fault(graph, "missing", "is not there", way_out)
        return
    description.check(folder)
    if card is not None:
        runs.require_kind(folder, card)
        if card.shape.asks != PASSAGES and (named := _named(folder)) != list(card.labels):
            what = f"has the labels {list(card.labels)}, and config.json {named}"
            yield Fault(folder / CARDS[0], "unfit", what, way_out)
    found = inspecting.inspect(str(folder), classes.model_class(folder))
    there = headers.read(folder) | headers.beside(folder)
    for one in found.parameters:
        if one.is_new:
            what = f"lacks the tensor {one.name} of the model that config.json describes"
        elif one.name in there and there[one.name].shape != one.shape:
            shapes = f"{list(there[one.name].shape)}, and config.json describes {list(one.shape)}"
            what = f"the tensor {one.name} is {shapes}"
        else:
            continue
        yield Fault(folder / headers.WHOLE, "unfit", what, way_out)
        return


def _named(folder: Path) -> list[str]:
    """Return the labels of a configuration, by their numbers."""
    found = objects.read(folder / "config.json").get("id2label")
    named = found if isinstance(found, dict) else {}
    return [str(named[key]) for key in sorted(named, key=lambda key: (len(key), key))]


def _told(folder: Path, error: TextuneError, way_out: str, kind: Kind) -> Fault:
    """Make a fault of an error, whose message names its file first."""
    place, _, words = str(error).partition(": ")
    is_file = place.startswith(str(folder))
    path = Path(place) if is_file else folder
    return Fault(path, kind, words if is_file else str(error), way_out)
