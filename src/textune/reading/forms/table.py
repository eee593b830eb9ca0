"""JSON of any known form becomes a Table: the list of forms, and how one is chosen and read.

Each form is recognised by itself, from the first values of a file; where two would take a file, it
is refused with their names, so that no reading depends on their order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from textune.errors import DataError, Problems, excerpt
from textune.reading import jsonlines
from textune.reading.forms import (
    annotators,
    argilla,
    doccano,
    entities,
    frames,
    google,
    label_studio,
    labelbox,
    listed_rows,
    luis,
    mrqa,
    prodigy,
    rasa,
    sagemaker,
    spacy,
    ubiai,
)
from textune.reading.forms.interface import Converter, Judged, LeftOut
from textune.reading.jsonlines import Value
from textune.records import Finding, ReadOptions, Row, Table

ROOMS = (label_studio, labelbox, listed_rows, luis, mrqa, prodigy, rasa, sagemaker, ubiai)
FORMS = (
    *(form for room in (argilla, doccano, entities, google, spacy) for form in room.FORMS),
    *(room.FORM for room in ROOMS),
)
HEAD = 200  # values by which a form is recognised
WHOLE = 1 << 28  # bytes of the largest file that is parsed as one value


def read(path: Path, why: tuple[str, ...], options: ReadOptions) -> Table | None:
    """Read JSON that is not simply one flat object a row; None where it is.

    Args:
        path: The file.
        why: What is said of it already.
        options: What the user says of it: the keys that lead to its rows, whose label is taken.

    Raises:
        DataError: Two forms fit, or a value cannot be read in the form that fits.
    """
    document = _document(path)
    held: list[Any] | None = None
    said = ""
    if document is not None:
        given = options.rows
        held, said = _named(path, document, given) if given else _rows_of(path, document)
        if held is None:
            return None
    head = [value.value for value in islice(_values(path, held), HEAD) if not value.fault]
    found = [form for form in FORMS if form.recognise(head)]
    if len(found) > 1:
        listed = " and ".join(form.name for form in found)
        raise DataError(
            f"{path.name}: this could be {listed}; write one flat JSON object a row, with the text "
            'and its label: {"text": "…", "label": "…"}'
        )
    if not found:
        return None if held is None else _flat(path, held, (*why, said), options)
    made = found[0].converter(lambda: (v.value for v in _values(path, held) if not v.fault))
    reasons = (*why, f"format: JSON, {found[0].name}", said, *made.reasons)
    return _table(path, held, made, tuple(filter(None, reasons)), options)


def _flat(path: Path, rows: list[Any], why: tuple[str, ...], options: ReadOptions) -> Table:
    def convert(value: object) -> Iterator[Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"no JSON object but {excerpt(repr(value))}")
        yield value

    reasons = (*why, "format: JSON, one object a row; the columns are its keys")
    return _table(path, rows, Converter(convert), reasons, options)


def _document(path: Path) -> Mapping[str, object] | None:
    """Parse a file that is one object; None for lines and lists of values, and for no JSON."""
    head = list(islice(jsonlines.values_of_lines(path), 2))
    if not head or not head[0].shown.lstrip("\ufeff \t").startswith("{"):
        return None
    if len(head) == 2 and not head[0].fault:
        return None
    if len(head) == 1 or path.stat().st_size > WHOLE:
        value = head[0].value
    else:
        value = jsonlines.whole(path)
    return value if isinstance(value, Mapping) else None


def _named(path: Path, document: Mapping[str, object], rows: str) -> tuple[list[object], str]:
    """Take the rows to which the user's keys lead."""
    found: object = document
    for key in rows.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, list):
        there = ", ".join(key for key, _ in frames.inside(document)) or "none"
        raise DataError(f"{path.name}: --rows {rows}: no list stands there; lists of rows: {there}")
    return found, f"the rows stand in {rows!r}, as told"


def _rows_of(path: Path, document: Mapping[str, object]) -> tuple[list[object] | None, str]:
    """Find the rows in a file that is one object; None where the object is a row itself."""
    if found := frames.rows_of(document):
        return found
    if any(isinstance(document.get(key), str) for key in ("text", "content", "context")):
        return None, ""
    inside = list(frames.inside(document))
    if len(inside) > 1:
        texts = [(key, rows) for key, rows in inside if frames.have_texts(rows)]
        inside = texts if len(texts) == 1 else inside
    if len(inside) > 1:
        listed = ", ".join(repr(key) for key, _ in inside)
        raise DataError(
            f"{path.name}: one object with rows in several places ({listed}); write those that are "
            f"meant to a file of their own: jq -c '.{inside[0][0]}[]' FILE > rows.jsonl"
        )
    if not inside:
        return None, ""
    return inside[0][1], f"the rows stand in {inside[0][0]!r}"


def _values(path: Path, rows: list[Any] | None) -> Iterator[Value]:
    if rows is None:
        return jsonlines.values(path)
    return (Value(number, row, "", "", number) for number, row in enumerate(rows, start=1))


def _table(
    path: Path,
    rows: list[Any] | None,
    made: Converter,
    reasons: tuple[str, ...],
    options: ReadOptions,
) -> Table:
    panel = annotators.Panel(options.annotators)
    left_out: Counter[str] = Counter()
    first: dict[str, str] = {}
    columns: dict[str, None] = {}
    for value in _values(path, rows):
        for found in _converted(made, value):
            if isinstance(found, Judged):
                panel.watch(found, value.place(path.name) + _id_of(value.value))
                found = annotators.settle(found, options.annotators)
            if isinstance(found, LeftOut):
                left_out[found.why] += 1
                first.setdefault(found.why, value.place(path.name) + _id_of(value.value))
            elif isinstance(found, Mapping):
                columns.update(dict.fromkeys(found))
    names = tuple(columns)
    stream = partial(_stream, path, rows, made, names, options)
    if not names:
        list(stream())  # raises what is wrong with every value, if that is why
        raise DataError(f"{path.name}: no row is left to learn from")
    findings = panel.findings(path.name)
    for what, count in left_out.items():
        are = "rows are" if count > 1 else "row is"
        message = f"{count:,} {are} left out, since each {what}; first: {first[what]}"
        findings.append(Finding("left out", "warning", message, count, (first[what],)))
    return Table.of_file(
        path,
        "jsonl",
        names,
        reasons,
        stream,
        has_header=made.has_header,
        findings=(*findings, *made.findings),
    )


def _stream(
    path: Path,
    rows: list[Any] | None,
    made: Converter,
    names: tuple[str, ...],
    options: ReadOptions,
) -> Iterator[Row]:
    with Problems(path.name) as problems:
        for value in _values(path, rows):
            origin = value.place(path.name)
            for found in _converted(made, value):
                if isinstance(found, Judged):
                    found = annotators.settle(found, options.annotators)
                if isinstance(found, str):
                    problems.add(f"{origin}: {found}")
                elif not isinstance(found, LeftOut):
                    held = tuple(map(found.get, names))
                    yield from jsonlines.sound(held, names, origin, problems)


def _id_of(value: object) -> str:
    """Name a value by its own id, if it has one."""
    found = value.get("id") if isinstance(value, Mapping) else None
    return f" (id {found})" if isinstance(found, int | str) else ""


def _converted(made: Converter, value: Value) -> Iterator[Any]:
    """Yield the rows of a value, what is left out, or as text what is wrong with it."""
    if value.fault:
        yield value.fault
        return
    try:
        yield from list(made.convert(value.value))
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        reason = error if isinstance(error, ValueError) else "it is not of this form"
        yield f"{reason}: {excerpt(repr(value.value))}"
