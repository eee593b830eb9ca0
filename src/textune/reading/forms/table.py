"""JSON of any known form becomes a Table: the list of forms, and how one is chosen and read.

Each form is recognised by itself, from the first values of a file; where two would take a file, it
is refused with their names, so that no reading depends on their order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from textune.errors import DataError, excerpt
from textune.metrics import one_label, votes
from textune.metrics.votes import Judged
from textune.reading import json_values, jsonlines, near_json
from textune.reading.forms import (
    argilla,
    articles,
    asked_dialogues,
    aspect_lists,
    cas,
    chat,
    datasaur,
    dialogues,
    doccano,
    drop,
    entities,
    flat,
    google,
    intents,
    judged_words,
    kili,
    label_studio,
    labelbox,
    labelbox_old,
    lighttag,
    listed_rows,
    listed_texts,
    luis,
    mrqa,
    natural_questions,
    opinions,
    oracle,
    potato,
    prodigy,
    pubmed_qa,
    rasa,
    rubrix,
    sagemaker,
    slots,
    spacy,
    superannotate,
    tagtog,
    talks,
    trivia,
    tydi,
    ubiai,
    unread_exports,
    within,
    word_numbers,
    word_spans,
)
from textune.reading.forms.interface import Converter, Form, LeftOut
from textune.reading.forms.within import Stream
from textune.reading.json_values import Value
from textune.reading.lines import mending
from textune.reading.told import problems_of
from textune.records import Finding, ReadOptions, Row, Table

ROOMS = (
    articles,
    asked_dialogues,
    chat,
    drop,
    judged_words,
    kili,
    label_studio,
    labelbox,
    labelbox_old,
    lighttag,
    listed_rows,
    listed_texts,
    luis,
    mrqa,
    natural_questions,
    opinions,
    oracle,
    potato,
    prodigy,
    pubmed_qa,
    rasa,
    rubrix,
    slots,
    superannotate,
    tagtog,
    trivia,
    tydi,
)
LISTED = (spacy, talks, unread_exports, word_spans)
FORMS = (
    *(
        form
        for room in (*LISTED, argilla, cas, datasaur, dialogues, doccano, entities, google, intents)
        for form in room.FORMS
    ),
    *(room.FORM for room in (*ROOMS, aspect_lists, sagemaker, ubiai, word_numbers)),
)
_ODD = (ValueError, TypeError, AttributeError, KeyError, IndexError)  # of values of no form
HEAD = 200  # values by which a form is recognised


def read(path: Path, why: tuple[str, ...], options: ReadOptions) -> Table | None:
    """Read JSON that is not simply one flat object a row; None where it is.

    Args:
        path: The file.
        why: What is said of it already.
        options: What the user says of it: the keys that lead to its rows, whose label is taken.

    Raises:
        DataError: Two forms fit, or a value cannot be read in the form that fits.
    """
    values, said = within.rows(
        path, partial(json_values.values, path), options.rows, lambda found: bool(_forms(found))
    )
    head = [value.value for value in islice(values(), HEAD) if not value.fault]
    _refuse_packed(path, head)
    found = _forms(head)
    if len(found) > 1:
        listed = " and ".join(form.name for form in found)
        raise DataError(
            f"{path.name}: this could be {listed}; write one flat JSON object a row, with the text "
            'and its label: {"text": "…", "label": "…"}'
        )
    parted: frozenset[str] = frozenset()
    if found:
        made = _converter(path, found[0], values)
        read_as = (f"format: JSON, {found[0].name}", said)
    else:
        _refuse_others(path, head)
        names = flat.nested(head)
        lists = frozenset() if options.unlabelled else flat.named(head)
        if not said and not names and not lists:
            return None
        made = Converter(_objects)
        if names or lists:
            made = flat.converter(names, lists, whole=options.unlabelled)
            parted = names if options.unlabelled else parted
        read_as = (said, "format: JSON, one object a row; the columns are its keys")
    reasons = (*why, *read_as, *made.reasons)
    table = _table(path, values, made, tuple(filter(None, reasons)), options)
    return replace(table, inner=flat.inner(table.columns, parted))


def _refuse_packed(path: Path, head: Sequence[Any]) -> None:
    """Refuse a file that is one text in which JSON is written.

    Raises:
        DataError: It is, with the command that unpacks it.
    """
    is_text = len(head) == 1 and isinstance(head[0], str)
    if is_text and head[0].lstrip().startswith(("[{", "[[", '{"')):
        raise DataError(
            f"{path.name}: JSON that was written into a text, so that it is packed twice: "
            f"{excerpt(head[0])}; unpack it: {mending(path, 'jq fromjson', mark='plain')}"
        )


def _refuse_others(path: Path, head: Sequence[Any]) -> None:
    """Refuse a file of several values none of which is an object.

    Raises:
        DataError: It is; the first value is shown.
    """
    if len(head) > 2 and not any(isinstance(value, Mapping) for value in head):
        kinds = " and ".join(sorted({json_values.KINDS[type(value)] for value in head}))
        raise DataError(
            f"{path.name}: its {len(head):,} first values are no JSON objects, each is {kinds}; "
            f"first: {excerpt(repr(head[0]))}; {near_json.ROWS}"
        )


def _forms(values: Sequence[Any]) -> list[Form]:
    return [form for form in FORMS if _fits(form, values)]


def _fits(form: Form, values: Sequence[Any]) -> bool:
    """Tell whether values are of a form; what is so odd that a look at it fails is of none."""
    try:
        return form.recognise(values)
    except _ODD:
        return False


def _converter(path: Path, form: Form, values: Stream) -> Converter:
    reached: list[Value] = []  # the value that is looked at

    def held() -> Iterator[Any]:
        for value in values():
            if not value.fault:
                reached[:] = [value]
                yield value.value
        reached.clear()

    try:
        return form.converter(held)
    except ValueError as error:
        raise DataError(f"{path.name}: {error}") from error
    except _ODD as error:
        place = reached[0].place(path.name) if reached else path.name
        shown = f": {excerpt(repr(reached[0].value))}" if reached else ""
        raise DataError(
            f"{place}: the file begins as {form.name}, but some value here is not of this form"
            f"{shown}; write it again, or one flat JSON object a row"
        ) from error


def _objects(value: object) -> Iterator[Any]:
    if not isinstance(value, Mapping):
        raise ValueError("no JSON object")
    yield value


def _table(
    path: Path,
    values: Stream,
    made: Converter,
    reasons: tuple[str, ...],
    options: ReadOptions,
) -> Table:
    made, same = _merging(values, made, options)
    panel = votes.Panel(options.annotators)
    left_out: Counter[str] = Counter()
    first: dict[str, str] = {}
    columns: dict[str, None] = {}
    for value in values():
        for found in _converted(made, value):
            if isinstance(found, Judged):
                panel.watch(found, value.place(path.name) + _id_of(value.value))
            found = _settled(found, options)
            if isinstance(found, LeftOut):
                left_out[found.why] += 1
                first.setdefault(found.why, value.place(path.name) + _id_of(value.value))
            elif isinstance(found, Mapping):
                columns.update(dict.fromkeys(found))
    names = tuple(columns)
    stream = partial(_stream, path, values, made, names, options)
    if not names:
        list(stream())  # raises what is wrong with every value, if that is why
        why = "".join(f"; {n:,} left out, since each {what}" for what, n in left_out.items())
        raise DataError(f"{path.name}: no row is left to learn from{why}")
    findings = [] if options.unlabelled else panel.findings(path.name)
    for what, count in left_out.items():
        are = "rows are" if count > 1 else "row is"
        message = f"{count:,} {are} left out, since each {what}; first: {first[what]}"
        findings.append(Finding("left out", "warning", message, count, (first[what],)))
    table = Table.of_file(
        path,
        "jsonl",
        names,
        reasons,
        stream,
        has_header=made.has_header,
        findings=(*findings, *made.findings),
    )
    return replace(table, merged=same, layers=made.layers)


def _merging(
    values: Stream, made: Converter, options: ReadOptions
) -> tuple[Converter, dict[str, str]]:
    """Take labels that are one for one before it is settled whose is taken; say which those are."""
    if not options.merge_labels:
        return made, {}
    counts: Counter[str] = Counter()
    for value in values():
        for found in _converted(made, value):
            counts.update(votes.labels_of(found) if isinstance(found, Judged) else ())
    same = one_label.read(options.merge_labels or (), counts)

    def convert(value: Any) -> Iterator[Any]:
        for found in made.convert(value):
            yield votes.merged(found, same) if isinstance(found, Judged) else found

    return replace(made, convert=convert), {
        one: other for one, other in same.items() if one in counts
    }


def _stream(
    path: Path,
    values: Stream,
    made: Converter,
    names: tuple[str, ...],
    options: ReadOptions,
) -> Iterator[Row]:
    with problems_of(path) as problems:
        for value in values():
            place = value.place(path.name)
            jsonlines.refuse_end(value, place, problems)
            parts = list(_converted(made, value))
            for number, found in enumerate(parts, start=1):
                origin = place if len(parts) == 1 else f"{place}, part {number}"
                shares = None
                if isinstance(found, Judged):
                    shares = votes.shares(found) if options.annotators == "soft" else None
                found = _settled(found, options)
                if isinstance(found, str):
                    problems.add(f"{origin}: {found}", row=value.shown, origin=origin)
                elif not isinstance(found, LeftOut):
                    held = tuple(map(found.get, names))
                    rows = jsonlines.sound(held, names, origin, problems)
                    yield from (replace(row, shares=shares) for row in rows) if shares else rows


def _settled(found: Any, options: ReadOptions) -> Any:
    """Take one answer of several people; to be predicted, a text without a label is a row."""
    if isinstance(found, Judged):
        settled = votes.settle(found, options.annotators)
        found = LeftOut(votes.TIED, found.row) if settled is None else settled
    if options.unlabelled and isinstance(found, LeftOut) and found.row is not None:
        return found.row
    return found


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
    except _ODD as error:
        reason = error if isinstance(error, ValueError) else "it is not of this form"
        yield f"{reason}: {excerpt(repr(value.value))}"
