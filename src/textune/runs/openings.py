"""A run's test file is judged by on request alone, and each opening of it is kept in the run."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textune.errors import DataError, SettingsError
from textune.metrics import catalogue
from textune.reading import obtained, unpacked
from textune.runs import exports, runs
from textune.runs.written import Best, DataCard, File
from textune.storage import atomic, objects
from textune.storage.checksums import sha256
from textune.storage.names import on_disk

FILE = "openings.jsonl"  # in a run's folder
TRAIN, EVALUATE, COMPARE = "train", "evaluate --final", "compare --final"
BLIND = "from the second time on, what was chosen after looking is no longer judged blind"


@dataclass(frozen=True, slots=True)
class Opening:
    """One time that a run's test file was judged by."""

    when: str  # UTC; "" where it was not noted, in runs of the version before
    command: str
    sha256: tuple[str, ...]  # of the file, or of each of several
    metric: str  # the main one
    value: float | None


def home(run: Path) -> Path:
    """Return the folder of a run, of whose model this may be the folder."""
    place = run.resolve()
    for one, is_inside in (
        (place, True),
        (place.parent, place.name == "model"),
        (place.parent.parent, place.parent.name == "epochs"),
    ):
        if is_inside and DataCard.read(one).files:
            return one
    return run


def read(run: Path) -> list[Opening]:
    """List the openings of a run's test file, the oldest first.

    A line that a killed process left unfinished is no opening: nobody saw its numbers. What a run
    of the version before was judged by at its end counts, though nobody noted it.
    """
    run, file = home(run), home(run) / FILE
    lines = file.read_bytes().decode("utf-8", "replace").splitlines() if file.is_file() else []
    found = [one for one in map(_parsed, lines) if one is not None]
    if any(one.command == TRAIN for one in found):
        return found
    first = _of_training(run, objects.read(run / "metrics.json"), when="")
    return [*([first] if first else []), *found]


def said(run: Path) -> str:
    """Say how often the test file of a run was opened; "" where it was not."""
    count = len(read(run))
    if count < 2:
        return "the test file was opened once" if count else ""
    return f"the test file was opened {_times(count)}; {BLIND}"


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
        shown = ", ".join(obtained.named(source))
        raise SettingsError(
            f"{shown}: this is the test file of {run}, opened {_times(len(read(run)))} so far; "
            f"{way_out}"
        )


def is_test(run: Path, source: object) -> bool:
    """Tell whether a source is, or holds, a test file of a run, by its place or its content."""
    files = DataCard.read(place := home(run)).files
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
    place = home(run)
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


def note(run: Path, command: str, numbers: Mapping[str, Any], metric: str) -> int:
    """Keep that the test file of a run was judged by, before anybody sees what it scored.

    Returns:
        How often it was opened by now.
    """
    place = home(run)
    if len(known := read(run)) and known[0].when == "":  # of the version before
        _append(place / FILE, known[0])
    _append(place / FILE, _opening(place, command, catalogue.value(numbers, metric), metric))
    return len(known) + 1


def note_training(run: Path, numbers: Mapping[str, Any]) -> None:
    """Keep that a training judged its test file at the end; once if it is judged once more."""
    found = _of_training(run, numbers, when=_now())
    if found is None:
        return
    same = (found.sha256, found.metric, found.value)
    file = run / FILE
    lines = file.read_bytes().decode("utf-8", "replace").splitlines() if file.is_file() else []
    last = [one for one in map(_parsed, lines) if one is not None and one.command == TRAIN][-1:]
    if [(one.sha256, one.metric, one.value) for one in last] != [same]:
        _append(file, found)


def _of_training(run: Path, numbers: Mapping[str, Any], *, when: str) -> Opening | None:
    """Describe the opening at the end of a training; None where no test file was judged."""
    found, metric = numbers.get("test"), Best.of(numbers).metric
    if not found or not any(file.part == "test" for file in DataCard.read(run).files):
        return None
    value = catalogue.value(found, metric) if metric else None
    return _opening(run, TRAIN, value, metric, when=when)


def _opening(
    run: Path, command: str, value: float | None, metric: str, *, when: str | None = None
) -> Opening:
    sums = tuple(file.sha256 for file in DataCard.read(run).files if file.part == "test")
    return Opening(_now() if when is None else when, command, sums, metric, value)


def _append(file: Path, opening: Opening) -> None:
    """Add a line, behind one that may be torn, and wait until it is on the disk."""
    line = json.dumps(asdict(opening)).encode() + b"\n"
    before = file.read_bytes() if file.is_file() else b""
    if before and not before.endswith(b"\n"):
        line = b"\n" + line
    with file.open("ab") as opened:
        opened.write(line)
        opened.flush()
        os.fsync(opened.fileno())
    atomic.flush(file.parent)


def _parsed(line: str) -> Opening | None:
    """Read a line; None where it is torn or damaged."""
    try:
        found = json.loads(line)
        return Opening(
            str(found["when"]),
            str(found["command"]),
            tuple(map(str, found["sha256"])),
            str(found["metric"]),
            None if found["value"] is None else float(found["value"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _source(run: Path) -> Any:
    """Return what the test texts of a run were read from, as its user named it."""
    from textune.reading import sources  # every form that files have: a while to import

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


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count:,} times")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
