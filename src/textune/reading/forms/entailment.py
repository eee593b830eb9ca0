"""Pairs of a text and a hypothesis in XML (RTE, ASSIN) become rows: what each pair says of itself.

A pair is <pair id="1" entailment="YES" task="IR"><t>…</t><h>…</h></pair>; its attributes, such as
value, entailment and similarity, are columns beside the two texts.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textune.errors import DataError
from textune.reading import jsonlines
from textune.reading.forms import xml_elements
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "pairs of a text and a hypothesis"
TEXTS = {"text": "t", "hypothesis": "h"}


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is XML of such pairs."""
    return xml_elements.begins(head, "entailment-corpus")


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the pairs of a file.

    Raises:
        DataError: It is no XML, or holds no pair.
    """
    names: dict[str, None] = {}
    for pair, _ in xml_elements.elements(path, "pair"):
        names.update(dict.fromkeys(name for name in pair.keys() if name not in TEXTS))  # noqa: SIM118
    if not names:
        raise DataError(f"{path.name}: there is no <pair> with attributes in it, which says what "
                        "holds of its two texts")  # fmt: skip
    columns = (*TEXTS, *names)
    reasons = (*why, f"format: {NAME} (XML), a row for each; its attributes are columns")
    rows = partial(_rows, path, columns)
    return Table.of_file(path, "jsonl", columns, reasons, rows)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for pair, number in xml_elements.elements(path, "pair"):
            texts = [(pair.findtext(tag) or "").strip() for tag in TEXTS.values()]
            held = (*texts, *(pair.get(name) or "" for name in columns[len(TEXTS) :]))
            origin = f"{path.name}: pair {pair.get('id') or number}"
            if not all(texts):
                problems.add(f"{origin}: one of its two texts (<t>, <h>) is blank", row=str(held))
                continue
            yield from jsonlines.sound(held, columns, origin, problems)
