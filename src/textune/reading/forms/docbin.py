"""spaCy's DocBin (.spacy) becomes rows: texts with their entities and categories."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from textune.errors import DataError, MissingExtraError
from textune.reading import jsonlines
from textune.reading.forms.interface import span
from textune.reading.lines import opened
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "spaCy's DocBin"


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is compressed as DocBin is."""
    return path.suffix == ".spacy" or (head[:1] == b"\x78" and head[1:2] in b"\x01\x9c\xda")


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the documents of a DocBin.

    Raises:
        MissingExtraError: spaCy is not installed.
        DataError: It is no DocBin.
    """
    docs = _docs(path)
    has_entities = any(doc.ents for doc in docs)
    cats = [[name for name, mark in doc.cats.items() if mark >= 0.5] for doc in docs]
    has_cats = any(doc.cats for doc in docs)
    exclusive = all(len(names) == 1 for names, doc in zip(cats, docs, strict=True) if doc.cats)
    columns = ("text", *["entities"] * has_entities, *["label"] * has_cats)
    reasons = (*why, f"format: {NAME}, {len(docs):,} documents")
    rows = partial(_rows, path, columns, exclusive=exclusive)
    return Table.of_file(path, "jsonl", columns, reasons, rows)


def _docs(path: Path) -> list[Any]:
    try:
        import spacy  # an optional dependency
        from spacy.tokens import DocBin
    except ImportError as error:
        raise MissingExtraError(
            f"{path.name}: {NAME} is read by spaCy, which is not installed: pip install spacy; or "
            'write the documents with it, one JSON object a line: {"text": "…", "label": '
            '[[0, 4, "PER"]]}'
        ) from error
    with opened(path) as file:
        data = file.read()
    try:
        return list(DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab))
    except Exception as error:  # whatever its many layers raise of a damaged file
        raise DataError(
            f"{path.name}: compressed by zlib, but no DocBin that spaCy can read ({error})"
        ) from error


def _rows(path: Path, columns: tuple[str, ...], *, exclusive: bool) -> Iterator[Row]:
    with problems_of(path) as problems:
        for number, doc in enumerate(_docs(path), start=1):
            found = [span(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
            names = [name for name, mark in doc.cats.items() if mark >= 0.5]
            label = (names[0] if exclusive else names) if doc.cats else None  # of the others: none
            cells: dict[str, object] = {"text": doc.text, "entities": found, "label": label}
            held = tuple(cells[name] for name in columns)
            yield from jsonlines.sound(held, columns, f"{path.name}: row {number}", problems)
