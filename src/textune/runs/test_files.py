"""A run's test file is judged by on request alone: it is known by its place and by its content."""

import tomllib
from pathlib import Path
from typing import Any

from textune.errors import DataError, SettingsError
from textune.reading import obtained, sources, unpacked
from textune.runs import exports, openings, runs
from textune.runs.written import DataCard, File
from textune.storage.checksums import sha256
from textune.storage.names import on_disk


def refuse(run: Path, source: object, way_out: str) -> None:
    """Refuse the test file of a run where somebody may judge or choose by it unawares.

    Args:
        run: Its folder, or its model's.
        source: A path, several, a pattern or a data frame.
        way_out: What to do instead.

    Raises:
        SettingsError: It is the file, by its place or by its content.
    """
    if is_test(run, source):
        shown, often = ", ".join(obtained.named(source)), openings.times(len(openings.read(run)))
        raise SettingsError(
            f"{shown}: this is the test file of {run}, opened {often} so far; {way_out}"
        )


def is_test(run: Path, source: object) -> bool:
    """Tell whether a source is, or holds, a test file of a run, by its place or its content."""
    files = DataCard.read(place := openings.home(run)).files
    if not obtained.are_places(source) or not any(file.part == "test" for file in files):
        return False
    given = _read(source)
    if _places(given) & _places(_read(_source(place))):
        return True
    others = {file.sha256 for file in files if file.part != "test"}  # an archive of all of them
    tests = {file.sha256 for file in files if file.part == "test"} - others
    sizes = {file.bytes for file in files if file.sha256 in tests}
    whole = [file for file in map(unpacked.origin, given) if file.is_file()]
    return any(sha256(file) in tests for file in whole if file.stat().st_size in sizes)


def final(run: Path, source: object = None) -> Any:
    """Return what `--final` judges by: the test file of a run, as it was in training.

    Args:
        run: Its folder, or its model's.
        source: Where the file is now, if it was moved; None: where it was.

    Raises:
        DataError: It is gone, or has changed.
        RunError: There is no finished model, or an export in place of a run.
        SettingsError: The run has no test file, or another one.
    """
    if not runs.is_language(run):
        runs.model_folder(run)
    place = openings.home(run)
    held = [file for file in DataCard.read(place).files if file.part == "test"]
    if not held:
        exports.refuse(run, "names no test file")
        raise SettingsError(
            f"--final: no test file was given when {run} was trained (train --test FILE); judge "
            f"it by a file: textune evaluate {run} FILE"
        )
    if source is not None and not is_test(run, source):
        shown = ", ".join(obtained.named(source)) or "these data"
        raise SettingsError(
            f"--final: {shown} is not the test file of {run} ({_named(held)}); leave out --final, "
            "or the file"
        )
    chosen = _source(place) if source is None else source
    _refuse_changed(run, chosen, held)
    return chosen


def _source(run: Path) -> Any:
    """Return what the test texts of a run were read from, as its user named it."""
    held = [file.path for file in DataCard.read(run).files if file.part == "test"]
    recorded = held[0] if len(held) == 1 else held
    try:
        said = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))["run"]
        named = said.get("test") or sources.parts(said["source"]).get("test")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return recorded
    return list(map(str, named)) if isinstance(named, tuple) else named or recorded


def _read(source: Any) -> list[Path]:
    """List the files that are read of a source; none where they are not there."""
    try:
        found = obtained.obtain(source).train
    except DataError:
        return []
    return [file for one in map(on_disk, found) for file in _inside(one)]


def _places(files: list[Path]) -> set[Path]:
    return {file.resolve() for file in files}


def _refuse_changed(run: Path, source: Any, held: list[File]) -> None:
    """Refuse files that are not what a training judged by."""
    given = [file for one in obtained.on_machine(source) for file in _inside(one)]
    if not given:
        raise DataError(
            f"{_named(held)}: the test file of {run} is not there any more; put it back, begin in "
            f"the folder where the training began, or say where it is: textune evaluate {run} FILE "
            "--final"
        )
    if sorted(map(sha256, given)) != sorted(file.sha256 for file in held):
        raise DataError(
            f"{', '.join(map(str, given[:3]))}: the test file of {run} has changed since its "
            "training; put back what it was, or judge by it under another name, as a file of its "
            f"own: textune evaluate {run} FILE"
        )


def _inside(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def _named(held: list[File]) -> str:
    return ", ".join(file.path for file in held[:3]) + (", …" if len(held) > 3 else "")
