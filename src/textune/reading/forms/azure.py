"""Projects of Azure Language become rows: documents in files beside, with what is said of each.

Entities stand in regions, opinions do not; the offsets of both count from the document's start.
Projects of conversations hold their utterances themselves. Those of the previews before 2022 have
"extractors" and "classifiers", and their documents stand beside these or under "assets".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textune.errors import DataError
from textune.reading import jsonlines, units
from textune.reading.forms.interface import member, span
from textune.reading.lines import pieces
from textune.reading.told import below, problems_of
from textune.records import Row, Table

NAME = "a project of Azure Language"
COLUMNS = ("text", "label", "dataset")

_WAY_OUT = "put it beside the project's file"

_BEGINS = re.compile(rb"\s*\{[^\[]*\"project(FileVersion|Kind)\"")
_OLD = re.compile(  # of the previews
    rb"\"(?:extractors|classifiers)\"\s*:\s*\[\s*\{\s*\"name\""
)
_LOCATED = re.compile(
    rb"\"projectKind\"\s*:\s*\"Custom(Entity|Single|Multi|TextSentiment)", re.IGNORECASE
)


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is a project whose texts stand in other files."""
    is_old = path.suffix == ".json" and head[:1] == b"{" and _OLD.search(head) is not None
    return is_old or (_BEGINS.match(head) is not None and _LOCATED.search(head) is not None)


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the documents of a project.

    Raises:
        DataError: It is no JSON, names no documents, or one of them is not there.
    """
    documents = _documents(path)
    files = [_file(path, document) for document in documents]
    if not (problems := problems_of(path)).skips:
        for number, (document, file) in enumerate(zip(documents, files, strict=True), start=1):
            if file is None:
                problems.add(f"{path.name}: document {number}: {_lost(document)}", _WAY_OUT)
        problems.raise_any()
    reasons = (*why, f"format: {NAME}, {len(documents):,} documents in files beside it")
    rows = partial(_rows, path, documents, files)
    return Table.of_file(path, "jsonl", COLUMNS, reasons, rows)


def _documents(path: Path) -> list[Mapping[str, Any]]:
    try:
        project = json.loads("".join(pieces(path)))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name}: no JSON that can be read ({error})") from error
    assets = project.get("assets") if isinstance(project, Mapping) else None
    held = assets if isinstance(assets, Mapping) else project
    found = held.get("documents") if isinstance(held, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise DataError(f"{path.name}: {NAME} without 'documents', or 'assets' that hold them")
    if not found:
        raise DataError(f"{path.name}: {NAME} without a document; label some first")
    return found


def _file(path: Path, document: Mapping[str, Any]) -> Path | None:
    name = Path(str(document.get("location"))).name
    near = (path.parent / name, *sorted(path.parent.glob(f"*/{name}")), path.parent.parent / name)
    return next((below(path, file) for file in near if file.is_file()), None)


def _rows(
    path: Path, documents: Sequence[Mapping[str, Any]], files: Sequence[Path | None]
) -> Iterator[Row]:
    with problems_of(path) as problems:
        for number, (document, file) in enumerate(zip(documents, files, strict=True), start=1):
            place = f"{path.name}: document {number}"
            try:
                if file is None:
                    raise ValueError(_lost(document))
                text = "".join(pieces(file))
                held = (text, _label(document, text), document.get("dataset"))
            except ValueError as error:
                row = json.dumps(document, ensure_ascii=False)
                problems.add(f"{place}: {error}", row=row, origin=place)
                continue
            yield from jsonlines.sound(held, COLUMNS, file.name, problems)


def _lost(document: Mapping[str, Any]) -> str:
    return f"the text {document.get('location')!r} is not there"


def _label(document: Mapping[str, Any], text: str) -> object:
    """Take the entities, the opinions, the classes or the class of a document.

    Raises:
        ValueError: They are written otherwise.
    """
    if "class" in document:
        return member(member(document, "class", Mapping), "category", str)
    if "classes" in document:
        return [member(item, "category", str) for item in member(document, "classes", list)]
    if "classifiers" in document:
        held = member(document, "classifiers", list)
        names = [member(item, "classifierName", str) for item in held]
        return names[0] if len(names) == 1 else names
    place = units.of_utf16(text)
    if "sentimentSpans" in document:
        return [_span(item, place) for item in member(document, "sentimentSpans", list)]
    regions = member(document, "extractors" if "extractors" in document else "entities", list)
    return [_span(item, place) for region in regions for item in member(region, "labels", list)]


def _span(item: object, place: Callable[[int], int]) -> dict[str, object]:
    """Read a place, which is counted from the document's start in units of UTF-16.

    Raises:
        ValueError: It is written otherwise.
    """
    start, length = member(item, "offset", int), member(item, "length", int)
    name = "extractorName" if isinstance(item, Mapping) and "extractorName" in item else "category"
    return span(place(start), place(start + length), member(item, name, str))
