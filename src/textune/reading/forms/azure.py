"""Projects of Azure Language become rows: documents in files beside, with what is said of each.

Entities stand in regions, opinions do not; the offsets of both count from the document's start.
Projects of conversations hold their utterances themselves.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textune.errors import DataError
from textune.reading import jsonlines
from textune.reading.forms.interface import member, span
from textune.reading.lines import pieces
from textune.reading.told import below, problems_of
from textune.records import Row, Table

NAME = "a project of Azure Language"
COLUMNS = ("text", "label", "dataset")

_WAY_OUT = "put it beside the project's file"

_BEGINS = re.compile(rb"\s*\{[^\[]*\"project(FileVersion|Kind)\"")
_LOCATED = re.compile(
    rb"\"projectKind\"\s*:\s*\"Custom(Entity|Single|Multi|TextSentiment)", re.IGNORECASE
)


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is a project whose texts stand in other files."""
    return _BEGINS.match(head) is not None and _LOCATED.search(head) is not None


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
    found = assets.get("documents") if isinstance(assets, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise DataError(f"{path.name}: {NAME} without 'documents' under 'assets'")
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
                held = ("".join(pieces(file)), _label(document), document.get("dataset"))
            except ValueError as error:
                row = json.dumps(document, ensure_ascii=False)
                problems.add(f"{place}: {error}", row=row, origin=place)
                continue
            yield from jsonlines.sound(held, COLUMNS, file.name, problems)


def _lost(document: Mapping[str, Any]) -> str:
    return f"the text {document.get('location')!r} is not there"


def _label(document: Mapping[str, Any]) -> object:
    """Take the entities, the opinions, the classes or the class of a document.

    Raises:
        ValueError: They are written otherwise.
    """
    if "class" in document:
        return member(member(document, "class", Mapping), "category", str)
    if "classes" in document:
        return [member(item, "category", str) for item in member(document, "classes", list)]
    if "sentimentSpans" in document:
        return [_span(item) for item in member(document, "sentimentSpans", list)]
    regions = member(document, "entities", list)
    return [_span(item) for region in regions for item in member(region, "labels", list)]


def _span(item: object) -> dict[str, object]:
    """Read a place, which is counted from the document's start.

    Raises:
        ValueError: It is written otherwise.
    """
    start, length = member(item, "offset", int), member(item, "length", int)
    return span(start, start + length, member(item, "category", str))
