"""Predictions become a folder of brat: a .txt for each text, an .ann beside it, and its config."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from textune.errors import RunError, SettingsError
from textune.predicting.tools.interface import Item, Model, Tool, Write, no_settings
from textune.records import Entity
from textune.storage import atomic

CONFIG = "annotation.conf"
DIGITS = 6  # of the numbers by which texts are called
OURS = frozenset([".txt", ".ann", ".conf"])


@contextmanager
def _writing(path: Path, model: Model, overwrite: bool) -> Iterator[Write]:  # as all
    if odd := [label for label in model.labels if any(map(str.isspace, label))]:
        raise SettingsError(
            f"--as brat: the type {odd[0]!r} holds a space, which brat's types cannot; write "
            "another form, or train with other names"
        )
    _check(path, overwrite=overwrite)
    with atomic.replacing_folder(path) as folder:
        count = 0

        def write(items: Sequence[Item]) -> None:
            nonlocal count
            for item in items:
                count += 1
                name = folder / f"{count:0{DIGITS}}"
                marks = enumerate(item.said.entities, start=1)
                lines = "".join(_line(number, one, item.text) for number, one in marks)
                name.with_suffix(".txt").write_bytes(item.text.encode())
                name.with_suffix(".ann").write_bytes(lines.encode())

        yield write
        config = ["[entities]", *model.labels, "[relations]", "[events]", "[attributes]", ""]
        (folder / CONFIG).write_bytes("\n".join(config).encode())


def _check(path: Path, *, overwrite: bool) -> None:
    """Refuse a folder that may not be replaced, and one that holds anything else."""
    if not path.exists():
        return
    if not overwrite:
        raise RunError(f"{path}: already exists; --overwrite replaces it")
    others = [one.name for one in path.iterdir() if not _is_ours(one)]
    if others:
        raise RunError(
            f"{path}: holds {others[0]!r}, which no folder that was written for brat has, and is "
            "kept; name another folder"
        )


def _is_ours(file: Path) -> bool:
    """Tell what is written here: texts have annotations beside them."""
    is_alone = file.suffix == ".txt" and not file.with_suffix(".ann").is_file()
    return file.suffix in OURS and file.is_file() and not is_alone


def _line(number: int, found: Entity, text: str) -> str:
    """Write a span, in parts where lines end within it, as brat wants it."""
    parts, at = [], found.start
    for line in text[found.start : found.end].splitlines(keepends=True):
        held = line.rstrip()
        if held:
            parts.append((at, at + len(held)))
        at += len(line)
    places = ";".join(f"{start} {end}" for start, end in parts)
    surface = " ".join(text[start:end] for start, end in parts)
    return f"T{number}\t{found.label} {places}\t{surface}\n"


TOOL = Tool(
    name="brat",
    endings=(),
    fits=lambda model: model.marks_entities,
    what="entities",
    writing=_writing,
    settings=no_settings,
)
