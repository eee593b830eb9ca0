"""The names of the files of a data set become its parts: training, validation and test."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textune.errors import DataError, some
from textune.reading import kinds, packing

# fmt: off
NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid",
    "development": "valid", "eval": "valid",
    "test": "test", "testing": "test", "tst": "test",
}
# fmt: on
FOLDERS = ("train", "training", "dev", "valid", "validation", "val", "test", "testing")
"""Folders of parts, the first that is there to be learned from."""
SHOWN = 6
_WORDS = re.compile(r"[a-z]+|[0-9]+")
_NOISE = re.compile(
    r"(read.?me|licen[sc]e|copying|changelog|citation|dataset_infos?|dataset_dict|state|schema"
    r"|(sample|gender)_?submission.*|requirements|package|meta(data)?|labels?|classes)(\.|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of each part of a data set, in order."""

    train: tuple[Path, ...]
    valid: tuple[Path, ...] = ()
    test: tuple[Path, ...] = ()
    reasons: tuple[str, ...] = field(default=(), compare=False)


def chosen(part: str, others: Sequence[Path]) -> str:
    """Say which part is read, and where the others are."""
    listed = ", ".join(map(str, others))
    more = f"; the others may be named with --valid or --test: {listed}" if others else ""
    return f"the part {part!r} is read{more}"


def learned(folder: Path, holds: Callable[[Path], bool]) -> tuple[Path, tuple[str, ...]]:
    """Return the part of a folder that is to be learned from, and what is said of the others.

    Args:
        folder: Where the parts are folders; it is returned itself where there are none.
        holds: Tells whether a folder holds such texts.
    """
    parts = [part for name in FOLDERS if (part := folder / name).is_dir() and holds(part)]
    return (parts[0], (chosen(parts[0].name, parts[1:]),)) if parts else (folder, ())


def is_noise(path: Path) -> bool:
    """Tell by its name whether a file stands beside a data set and is none of it."""
    return path.name.startswith((".", "_")) or _NOISE.match(path.name) is not None


def part_of(path: Path, place: Path | None = None) -> str | None:
    """Tell by its name, or by that of the folder in which it lies, of which part a file is.

    Args:
        path: The file.
        place: The data set, whose own name says nothing; None where only the file's does.

    Example:
        >>> part_of(Path("data/train-00000-of-00002.parquet"))
        'train'
    """
    inside = path.relative_to(place).parts if place else (path.name,)
    for name in reversed(inside):
        found = {NAMES[word] for word in _WORDS.findall(packing.bare(name)) if word in NAMES}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def parted(place: Path, files: Sequence[Path]) -> Parts | None:
    """Part the files of a data set by their names; None where their names name no parts.

    Raises:
        DataError: There are several data sets, or several files of a part that are none of one.
    """
    found: dict[str, list[Path]] = {}
    for file in files:
        if (part := part_of(file, place)) is not None:
            found.setdefault(part, []).append(file)
    if "train" not in found or (len(found) == 1 and len(found["train"]) < len(files)):
        return None
    sets = {_set_of(file, place) for file in found["train"]}
    if len(sets) > 1:
        listed = some([_shown(file, place) for file in found["train"]], SHOWN)
        raise DataError(
            f"{place}: several files of training data ({listed}); name the one that is meant, for "
            f"example {found['train'][0]}, or a pattern of those that are one table"
        )
    parts, unclear = {"train": tuple(sorted(found["train"]))}, list[str]()
    for part in ("valid", "test"):
        held = found.get(part, [])
        alike = [file for file in held if _set_of(file, place) in sets] or held
        if len({_set_of(file, place) for file in alike}) < 2:
            parts[part] = tuple(sorted(alike))
        else:
            listed = some([_shown(file, place) for file in held], SHOWN)
            unclear.append(f"several files could be the {part} part ({listed}): --{part} names one")
    return Parts(**parts, reasons=(*_said(place, files, parts), *unclear))


def _said(
    place: Path, files: Sequence[Path], parts: Mapping[str, tuple[Path, ...]]
) -> tuple[str, ...]:
    """Say which files are which part, and which are none."""
    said = "; ".join(
        f"{part}: {some([_shown(file, place) for file in held], 2)}"
        for part, held in parts.items()
        if held
    )
    used = {file for held in parts.values() for file in held}
    rest = [_shown(file, place) for file in files if file not in used]
    more = (f"not read: {some(rest, SHOWN)}",) if rest else ()
    return (f"parts, by the names of files: {said}", *more)


def are_shards(files: Sequence[Path]) -> bool:
    """Tell whether files are the numbered pieces of one: their names differ in digits only."""
    return len({(file.parent, re.sub(r"\d+", "0", file.name)) for file in files}) == 1


def _set_of(file: Path, place: Path) -> tuple[str, ...]:
    """Return what names of files have in common that are pieces or parts of one data set."""
    *folders, name = file.relative_to(place).parts
    end = kinds.ending(file)
    words = _WORDS.findall(packing.bare(name).removesuffix(end))
    kept = [word for word in words if word not in NAMES and not word.isdigit() and word != "of"]
    is_part = [folder for folder in folders if not set(_WORDS.findall(folder.lower())) & set(NAMES)]
    return (*is_part, " ".join(kept), end)


def _shown(file: Path, place: Path) -> str:
    return file.relative_to(place).as_posix()


def of_folders(place: Path, names: Sequence[str]) -> Parts:
    """Take folders that say themselves of which part they are; the first is learned from."""
    found: dict[str, tuple[Path, ...]] = {"train": (place / names[0],)}
    for name in names[1:]:
        part = NAMES.get(name.lower())
        if part in ("valid", "test") and (place / name).is_dir():
            found.setdefault(part, (place / name,))
    said = "; ".join(f"{part}: {held[0].name}" for part, held in found.items())
    used = {held[0].name for held in found.values()}
    rest = [name for name in names if name not in used]
    more = (f"not read: {some(rest, SHOWN)}",) if rest else ()
    return Parts(**found, reasons=(f"parts, by the names of folders: {said}", *more))
