"""Annotations of Anafora, in XML beside their text, become the refusal that says what they are."""

import re
from pathlib import Path
from typing import NoReturn

from textune.errors import DataError
from textune.reading.forms import xml_elements
from textune.reading.lines import BOM, opened
from textune.records import Table

NAME = "annotations of Anafora"
ENDING = ".xml"
DONE = ".completed.xml"  # how the names of most end, after the schema and the annotator
HEAD = 4096
_BEGINS = re.compile(xml_elements.PROLOG + rb"<data>\s*(?:<info>|<schema[\s>]|<annotations>)")
_SIGNS = re.compile(rb"<annotations>\s*<(?:entity|relation|adjudication)[\s>]|<savetime>")


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
    """Refuse a file.

    Raises:
        DataError: Always: what it is, and how it could be learned.
    """
    del why
    _refuse(path)


def read_folder(folder: Path) -> Table:
    """Refuse a folder.

    Raises:
        DataError: Always, as for a file.
    """
    _refuse(folder)


def _refuse(path: Path) -> NoReturn:
    raise DataError(
        f"{path.name or path.absolute().name}: these are {NAME} (SemEval's TimeNorm, THYME), whose "
        "text stands in a file of its own, and which are not read; write a row for each text, with "
        'a span for each entity, {"text": …, "label": [[start, end, "type"], …]}, from its <span> '
        "and <type>, as JSON, or export them to Label Studio (python -m anafora.labelstudio)"
    )
