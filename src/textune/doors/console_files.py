"""The files of a run, and their sizes, become lines on the screen."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape

from textune.doors.console import argument, folded, out, warn
from textune.reading.kinds import KINDS

UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def show_saved(run: Path) -> None:
    """Print which files a run and its model have, the largest first, and their sizes."""
    out.print("\n[bold]saved[/]")
    for name, words in told(run).items():
        out.print(escape(folded(f"  {name}: {words}", screen=out)))


def told(run: Path) -> dict[str, str]:
    """Say of a run's folder, and of its model with the folders in it, what is in them."""
    parts = {run: [one for one in run.iterdir() if one.is_file() and one.name[0] != "."]}
    model = run / "model"
    if model.is_dir():
        parts[model] = [one for one in model.rglob("*") if one.is_file()]
    return {
        f"{place}/ ({size(sum(one.stat().st_size for one in files))})": ", ".join(
            f"{one.relative_to(place).as_posix()} {size(one.stat().st_size)}"
            for one in sorted(files, key=lambda one: (-one.stat().st_size, str(one)))
        )
        for place, files in parts.items()
    }


def are_files(texts: Sequence[str]) -> bool:
    """Tell whether all that was given as texts are names of files."""
    return bool(texts) and all(os.path.isfile(text) for text in texts)  # noqa: PTH113  # of any text


def warn_of_names(texts: Sequence[str]) -> None:
    """Say how texts of files are read, where all that was given as texts are names of files."""
    if are_files(texts):
        warn(
            f"{texts[0]}: the name is taken for the text; what the file holds is read by "
            f"--input {argument(texts[0])}"
        )
    elif len(texts) == 1 and not texts[0].split()[1:] and Path(texts[0]).suffix.lower() in KINDS:
        warn(f"{texts[0]}: there is no such file; the name is taken for the text")


def size(count: int) -> str:
    """Write a number of bytes as people read it.

    Example:
        >>> size(97967664)
        '98.0 MB'
    """
    for least, unit in UNITS:
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} B"
