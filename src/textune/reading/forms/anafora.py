"""Annotations of Anafora, in XML beside their text, become rows: a text and its spans.

The XML is named for the text (doc.TimeNorm.gold.completed.xml beside doc or doc.txt), and holds
<entity> with <span>, "0,4" or "0,4;10,13", and <type>; relations and properties are left out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from textune.errors import DataError, excerpt, some
from textune.reading import jsonlines, splits
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import left_out, span
from textune.reading.lines import BOM, opened, pieces
from textune.reading.told import below, problems_of
from textune.records import Row, Table

NAME = "annotations of Anafora"
COLUMNS = ("text", "label")
ENDING = ".xml"
DONE = ".completed.xml"  # how the names of most end, after the schema and the annotator
HEAD = 4096
SEVERAL = "a text has the annotations of several people or schemes"
_BEGINS = re.compile(xml_elements.PROLOG + rb"<data>\s*(?:<info>|<schema[\s>]|<annotations>)")
_SIGNS = re.compile(rb"<annotations>\s*<(?:entity|relation|adjudication)[\s>]|<savetime>")
_SPAN = re.compile(r"\d+,\d+(?:;\d+,\d+)*")


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file holds such annotations."""
    del path
    return _BEGINS.match(head) is not None and _SIGNS.search(head) is not None


def is_folder(folder: Path) -> bool:
    """Tell whether a folder holds such annotations, at any depth."""
    files = sorted(folder.rglob(f"*{ENDING}"))
    return bool(files) and all(map(_is_file, {files[0], files[-1]}))


def _is_file(path: Path) -> bool:
    with opened(path) as file:
        return begins(path, file.read(HEAD).removeprefix(BOM))


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe one text by the path of its annotations.

    Raises:
        DataError: The text is not there, or the XML is none.
    """
    return _table(below(path, path.parent), [path], path, why)


def read_folder(folder: Path) -> Table:
    """Describe the texts of a folder; of several parts (train, test, …) that to be learned from.

    Raises:
        DataError: A text is not there, or has annotations of several people or schemes.
    """
    found, said = splits.learned(folder, is_folder)
    part = folder if found == folder else below(folder, found)
    return _table(part, sorted(filter(_is_file, part.rglob(f"*{ENDING}"))), part, said)


def _table(root: Path, files: Sequence[Path], place: Path, why: tuple[str, ...]) -> Table:
    texts = {file: _beside(file) for file in files}
    lost = [file for file, text in texts.items() if text is None]
    if lost and not (problems := problems_of(root)).skips:
        names = some([str(file.relative_to(root)) for file in lost], 3)
        stem = lost[0].name.partition(".")[0]
        raise DataError(
            f"{problems.name}: {NAME} whose text is not beside them ({names}); put it there, as "
            f"{stem} or {stem}.txt"
        )
    times = Counter(text for text in texts.values() if text is not None)
    if twice := [file for file, text in texts.items() if text and times[text] > 1]:
        names = some([file.name for file in twice], 3)
        raise DataError(
            f"{place.name or place}: {SEVERAL}: {names}; keep the files of one in the folder, or "
            "name one of them"
        )
    relations = sum(1 for file in files for _ in xml_elements.elements(file, "relation"))
    reasons = (f"format: {NAME}, a text for each file of XML that has it beside", *why)
    rows = partial(_rows, root, texts)
    findings = left_out({"relations": relations})
    return Table.of_file(place, "jsonl", COLUMNS, reasons, rows, findings=findings)


def _beside(file: Path) -> Path | None:
    """Find the text of annotations: a file beside whose name theirs begins with."""
    parts = file.name.split(".")
    names = [".".join(parts[:size]) for size in range(len(parts) - 1, 0, -1)]
    found = (file.with_name(name + end) for name in names for end in ("", ".txt"))
    return next((text for text in found if text.is_file() and text.suffix != ENDING), None)


def _rows(root: Path, texts: dict[Path, Path | None]) -> Iterator[Row]:
    with problems_of(root) as problems:
        for file, beside in texts.items():
            origin = str(file.relative_to(root))
            if beside is None:
                problems.add(f"{origin}: its text is not beside it", row=origin, origin=origin)
                continue
            try:
                spans = list(_spans(below(root, file)))
            except ValueError as error:
                problems.add(f"{origin}: {error}", row=origin, origin=origin)
                continue
            cells = ("".join(pieces(below(root, beside))), spans)
            yield from jsonlines.sound(cells, COLUMNS, origin, problems)


def _spans(file: Path) -> Iterator[dict[str, object]]:
    """Yield the spans of the entities; of one with a gap each part.

    Raises:
        ValueError: An entity has no place, or no type.
    """
    for entity, number in xml_elements.elements(file, "entity"):
        places, kind = (entity.findtext(name, "").strip() for name in ("span", "type"))
        if not _SPAN.fullmatch(places) or not kind:
            shown = excerpt(f"{places} {kind}".strip()) or "nothing"
            raise ValueError(
                f"entity {number}: expected <span>0,4</span> and <type>, found {shown}"
            )
        for part in places.split(";"):
            start, end = map(int, part.split(","))
            yield span(start, end, kind)
