"""What tagtog exports becomes rows: pages of plain HTML, with annotations in JSON beside.

A folder holds plain.html/…/NAME.plain.html, ann.json/…/NAME.ann.json and annotations-legend.json,
which names the classes. Places are counted from the beginning of a part of the page, by its id.
Relations, and annotations that nobody confirmed beside others that somebody did, are left out.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from textune.errors import DataError, some
from textune.reading import jsonlines
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import left_out, member, span
from textune.reading.forms.xml_fields import bare
from textune.reading.lines import pieces
from textune.reading.told import below, problems_of
from textune.records import Row, Table

NAME = "an export of tagtog"
ENDING = ".json"
NOTED, PAGE, LEGEND = ".ann.json", ".plain.html", "annotations-legend.json"
MASTER = "master"
HOLDERS = frozenset(["html", "body", "article", "section", "div"])  # whose ids are of no part
UNCONFIRMED = "texts whose annotations nobody confirmed"
_WAY_OUT = "export all of the project from tagtog, and name the folder or the archive"


@dataclass(frozen=True, slots=True)
class _Noted:
    """A text, and what is said of it."""

    text: str
    spans: list[dict[str, object]]
    said: Mapping[str, object]  # of the whole text


def is_folder(folder: Path) -> bool:
    """Tell whether a folder holds such annotations, at any depth."""
    return next(folder.rglob(f"*{NOTED}"), None) is not None


def read_folder(folder: Path) -> Table:
    """Describe the texts of a folder.

    Raises:
        DataError: A page is not there, or several people annotated the same ones.
    """
    files = _of_one(folder)
    pages = {_below(page, folder, PAGE): page for page in folder.rglob(f"*{PAGE}")}
    if lost := [file.name for file in files if _below(file, folder, NOTED) not in pages]:
        raise DataError(
            f"{folder.name}: annotations of tagtog whose page (NAME{PAGE}) is not there: "
            f"{some(lost, 3)}; {_WAY_OUT}"
        )
    legend = _legend(folder)
    held = {file: _annotations(folder, file) for file in files}
    sure = [file for file in files if held[file].get("anncomplete")] or files
    counts = Counter(relations=sum(len(one["relations"]) for one in held.values()))
    counts[UNCONFIRMED] = len(files) - len(sure)
    places = {file: pages[_below(file, folder, NOTED)] for file in sure}
    has_spans = any(held[file]["entities"] for file in sure)
    metas = dict.fromkeys(legend.get(key, key) for file in sure for key in held[file]["metas"])
    columns = ("text", *(["label"] if has_spans or not metas else []), *metas)
    reasons = (f"format: {NAME}, a text for each {NOTED} with its page",)
    rows = partial(_rows, folder, places, legend, columns)
    return Table.of_file(folder, "jsonl", columns, reasons, rows, findings=left_out(counts))


def _of_one(folder: Path) -> list[Path]:
    """List the annotations of the one who annotated, or what was made of those of all.

    Raises:
        DataError: Several people annotated, and nothing was made of it.
    """
    files = sorted(folder.rglob(f"*{NOTED}"))
    whose = {file: _who(file, folder) for file in files}
    people = sorted({*whose.values()})
    if len(people) > 1 and MASTER not in people:
        names = some(people, 5)
        raise DataError(
            f"{folder.name}: several people annotated these texts ({names}), and there is no "
            f"{MASTER!r}, which tagtog makes of them; name the folder of one with the pages beside"
        )
    taken = MASTER if MASTER in people else people[0]
    return [file for file in files if whose[file] == taken]


def _below(file: Path, folder: Path, ending: str) -> str:
    """Name a text by its folders below plain.html, or below who annotated it."""
    parts = file.relative_to(folder).parts
    at = parts.index(ending[1:]) + 1 if ending[1:] in parts[:-1] else len(parts) - 1
    at += ending == NOTED and at < len(parts) - 1
    return "/".join(parts[at:]).removesuffix(ending)


def _who(file: Path, folder: Path) -> str:
    parts = file.relative_to(folder).parts[:-1]
    at = next((place for place, part in enumerate(parts) if part == "ann.json"), -1)
    return parts[at + 1] if 0 <= at < len(parts) - 1 else ""


def _legend(folder: Path) -> dict[str, str]:
    file = next(iter(sorted(folder.rglob(LEGEND))), None)
    found = _object(folder, file) if file else {}
    return {key: name for key, name in found.items() if isinstance(name, str)}


def _object(folder: Path, file: Path) -> dict[str, Any]:
    """Read a file of one JSON object.

    Raises:
        DataError: It is none.
    """
    try:
        found = json.loads("".join(pieces(below(folder, file))))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file.name}: no JSON that can be read ({error}); {_WAY_OUT}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file.name}: no JSON object; {_WAY_OUT}")
    return found


def _annotations(folder: Path, file: Path) -> dict[str, Any]:
    """Read what is said of a text.

    Raises:
        DataError: It is written otherwise.
    """
    found = _object(folder, file)
    for key, kind in (("metas", dict), ("entities", list), ("relations", list)):
        found[key] = kind() if found.get(key) is None else found[key]
        if not isinstance(found[key], kind):
            raise DataError(f"{file.name}: {key!r} holds {found[key]!r:.40}; {_WAY_OUT}")
    return found


def _rows(
    folder: Path, places: Mapping[Path, Path], legend: Mapping[str, str], columns: tuple[str, ...]
) -> Iterator[Row]:
    with problems_of(folder) as problems:
        for file, page in places.items():
            origin = str(file.relative_to(folder))
            try:
                found = _noted(_annotations(folder, file), _parts(below(folder, page)), legend)
            except ValueError as error:
                problems.add(f"{origin}: {error}", row=origin, origin=origin)
                continue
            held = {"text": found.text, "label": found.spans, **found.said}
            yield from jsonlines.sound(tuple(map(held.get, columns)), columns, origin, problems)


def _noted(held: Mapping[str, Any], parts: Mapping[str, str], legend: Mapping[str, str]) -> _Noted:
    """Put the parts of a page together, and the places of its entities.

    Raises:
        ValueError: An entity is of no part, or has no place.
    """
    begins, size = {}, 0
    for name, text in parts.items():
        begins[name] = size
        size += len(text) + 1
    spans = []
    for item in held["entities"]:
        part, kind = member(item, "part", str), member(item, "classId", str)
        if part not in begins:
            raise ValueError(f"an entity stands in {part!r}, which the page does not have")
        for place in member(item, "offsets", list):
            start, surface = begins[part] + member(place, "start", int), member(place, "text", str)
            spans.append(span(start, start + len(surface), legend.get(kind, kind), surface))
    said = {
        legend.get(key, key): one.get("value") if isinstance(one, Mapping) else one
        for key, one in held["metas"].items()
    }
    return _Noted("\n".join(parts.values()), spans, said)


def _parts(page: Path) -> dict[str, str]:
    """Take the texts of the elements of a page that have an id: paragraphs and headings.

    Raises:
        DataError: The page is no XHTML, as tagtog writes it.
    """
    found: dict[str, str] = {}
    waiting = [xml_elements.tree(page)]
    while waiting:
        element = waiting.pop()
        name = element.get("id")
        if name and bare(element.tag) not in HOLDERS:
            found[name] = "".join(element.itertext())
        else:
            waiting.extend(one for one in reversed(element) if isinstance(one.tag, str))
    return found
