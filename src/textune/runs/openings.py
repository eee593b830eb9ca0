"""Each time that a run's test file was judged by is kept in the run, and told."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textune.metrics import catalogue
from textune.runs.written import Best, DataCard
from textune.storage import atomic, objects

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
    return f"the test file was opened {times(count)}; {BLIND}"


def times(count: int) -> str:
    """Say how often something was opened."""
    return {0: "never", 1: "once"}.get(count, f"{count:,} times")


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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
