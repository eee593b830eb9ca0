"""What a model scored on a file goes into its run, beside what it scored on others."""

import os
from pathlib import Path

from textune.metrics.metrics import Report
from textune.reading import obtained
from textune.runs.written import DataCard
from textune.storage import atomic, objects
from textune.storage.checksums import sha256
from textune.storage.names import file_name, utf8

LONGEST = 100  # characters of a name, so that endings and a number fit behind it


def write(run: Path, source: object, numbers: Report) -> Path:
    """Write the numbers of one file as JSON, in place of those of the same file alone.

    Args:
        run: The run's folder.
        source: A path, a pattern or a data frame.
        numbers: What is written; "source", the file that they are of, is added to them.

    Returns:
        The file that was written, named after the source: dev.json, and dev-2.json where another
        file of this name was judged before.

    Raises:
        OSError: The disk is full or read-only.
    """
    folder = run / "evaluations"
    folder.mkdir(exist_ok=True)
    atomic.clear_unfinished(folder)
    numbers["source"] = _place(source)
    stem, number = file_name(source)[:LONGEST], 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        file = folder / f"{name}.json"
        is_mine = numbers["source"] in (None, objects.read(file).get("source"))
        try:
            atomic.write_json(file, numbers, overwrite=is_mine)
            return file
        except FileExistsError:
            number += 1


def answers_of(run: Path, source: object) -> Path:
    """Return the table of answers that lies beside the numbers of a file.

    Args:
        run: The run's folder.
        source: A path, a pattern or a data frame that the run was judged by last.
    """
    stem, number, mine = file_name(source)[:LONGEST], 1, _place(source)
    while True:
        file = run / "evaluations" / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        if objects.read(file).get("source") == mine or not file.exists():
            return file.with_suffix(".parquet")
        number += 1


def remark(run: Path, source: object) -> str:
    """Say that a file is one that the run's model has learned from or was chosen by; "" if not.

    Args:
        run: The run's folder, or its model's.
        source: A path, several, or a data frame.
    """
    given = [path for path in obtained.on_machine(source) if path.is_file()]
    if not given:
        return ""
    files = DataCard.read(run).files or DataCard.read(run.parent).files
    if not files:
        return ""
    digests = set(map(sha256, given))
    parts = [file.part for file in files if file.sha256 in digests]
    shown = ", ".join(obtained.named(source))
    if "train" in parts:
        return (
            f"{shown}: this is the file that the model was trained on; what it scores here says "
            "little of new texts"
        )
    if "valid" in parts:
        return (
            f"{shown}: by this file the best weights were chosen; what they score here flatters "
            "them a little"
        )
    return ""


def _place(source: object) -> str | None:
    if isinstance(source, list | tuple):
        return ", ".join(filter(None, map(_place, source))) or None
    return utf8(str(Path(source).resolve())) if isinstance(source, str | os.PathLike) else None
