"""A labelled file and a table of corrections become a corrected copy of the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from textune.errors import DataError, SettingsError, among, excerpt, some
from textune.predicting.outputs import Output
from textune.predicting.tools.interface import PAIR
from textune.reading import sources
from textune.recipes import annotated, label_cells
from textune.recipes.correction_worth import Worth
from textune.recipes.label_cells import Cells
from textune.recipes.tag_cells import TagCells
from textune.records import Contract, ReadOptions, Row, Table
from textune.settings.config import Settings
from textune.survey import agreement
from textune.tasks import contract, registry

PLACE, CORRECTED = "place", "corrected"
CHUNK = 10_000
SHOWN = 5
WAY_OUT = "give the file in which the suspects were found, unchanged"


@dataclass(frozen=True, slots=True)
class Wish:
    """A correction: the label, the texts that it is of (None: not told), and where it stands."""

    label: str
    texts: tuple[str | None, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was changed in the copy of a file."""

    rows: int
    changed: int  # rows that have another label now
    same: int  # whose correction is the label that stood there
    remarks: tuple[str, ...]
    worth: Worth | None = None  # to a linear head, if measured


def correct(source: object, settings: Settings, corrections: Path, output: Output) -> Corrected:
    """Write a copy of a file in which corrections take the place of labels.

    Args:
        source: The file that suspects were looked for in.
        settings: How to read it.
        corrections: What was written then, its column `corrected` filled in; blank cells keep the
            label.
        output: The copy; nothing else is changed.

    Raises:
        TextuneError: A file cannot be read, a correction belongs to no row, or the copy cannot be
            written.
    """
    output.check(source)
    table = sources.read(source, settings.data.file)
    agreed = _agreed(table, settings)
    cells = _cells(table, agreed)
    wanted = _wanted(corrections, agreed, cells)
    found, before, known = _changed(table, cells, wanted)
    changed = sum(cells.given(row) != before[origin] for origin, row in found.items())
    count = 0
    with output.writing(table, agreed, ()) as write:
        rest = (found.get(row.origin, row) for row in table.rows())
        while rows := list(islice(rest, CHUNK)):
            write(rows, [()] * len(rows))
            count += len(rows)
    names = {name for row in found.values() for name in cells.names(row)}
    new = sorted(names - known)
    remarks = (f"labels that the file did not have before: {some(new, SHOWN)}",) if new else ()
    if not found:
        how = f"write the right labels into its column {CORRECTED!r}"
        remarks = (
            f"{corrections}: no row is corrected, and the copy has the labels of the file; {how}",
        )
    return Corrected(count, changed, len(found) - changed, remarks)


def _agreed(table: Table, settings: Settings) -> Contract:
    """Understand a table whose labels can be replaced.

    Raises:
        SettingsError: They cannot.
    """
    data = settings.data
    agreed = agreement.agree(
        table,
        task=data.task,
        text=data.text or None,
        label=data.label or None,
        skip=data.skip,
        no_skip=data.no_skip,
        annotators=data.annotators,
    ).contract
    contract.require_labels(agreed, table.name)
    forms = ("name", "list", "columns", "words", "spans")
    if agreed.form not in forms or agreed.annotators:
        raise SettingsError(
            f"{table.name}: corrections go into labels, tags and spans of one row a text; name "
            "such a column with --label"
        )
    if registry.of(agreed.task).asks != "words":
        label_cells.require_form(table, agreed)
    if inner := sorted(table.inner & {*agreed.label}):
        raise SettingsError(
            f"{table.name}: {some(inner, SHOWN)} stands inside another value, where it cannot be "
            "replaced; write the file as a table first, with textune table"
        )
    return agreed


def _cells(table: Table, agreed: Contract) -> Cells | TagCells:
    """Learn how a table writes its labels."""
    if registry.of(agreed.task).asks == "words":
        return TagCells.of(table, agreed)
    places = tuple(table.columns.index(name) for name in agreed.label)
    return Cells(agreed, agreed.label, places, {})


def _wanted(corrections: Path, agreed: Contract, cells: Cells | TagCells) -> dict[str, Wish]:
    """Read which label stands where, and the texts it is of; blank ones are left out.

    Raises:
        DataError: The columns are not there, or a place has two labels.
    """
    is_table = corrections.suffix.lower() in (".csv", ".tsv")
    found = sources.read(str(corrections), ReadOptions(header=True if is_table else None))
    texts = agreed.text
    to = annotated.column(found)
    if to is not None:
        texts = PAIR[: len(agreed.text)]
    at, to = _column(found, PLACE), _column(found, CORRECTED) if to is None else to
    own = [found.columns.index(name) if name in found.columns else None for name in texts]
    wanted: dict[str, Wish] = {}
    is_export = texts is not agreed.text
    for row in found.rows():
        cell = annotated.written(row, to, cells) if is_export else row.cells[to].strip()
        if not cell:
            continue
        wish = Wish(cell, tuple(None if n is None else row.cells[n] for n in own), row.origin)
        before = wanted.setdefault(row.cells[at], wish)
        if before.label != cell:
            raise DataError(
                f"{row.origin}: {row.cells[at]} is corrected to {excerpt(cell)} here, and to "
                f"{excerpt(before.label)} in {before.origin}; leave one of them"
            )
    return wanted


def _column(found: Table, name: str) -> int:
    """Return the place of a column that textune added: the last one of its name."""
    known = [n for n, own in enumerate(found.columns) if own.replace(" (textune)", "") == name]
    if not known:
        raise DataError(
            f"{found.name}: there is no column {name!r}; {among(name, found.columns)}; give what "
            "textune suspects wrote with --output, its column corrected filled in"
        )
    return known[-1]


def _changed(
    table: Table, cells: Cells | TagCells, wanted: Mapping[str, Wish]
) -> tuple[dict[str, Row], dict[str, str], set[str]]:
    """Return the rows with their corrections, what stood there, and the labels of all rows.

    Raises:
        DataError: A place has no row, or one of another text.
    """
    found, before, known = {}, {}, set[str]()
    texts = [table.columns.index(name) for name in cells.contract.text]
    for row in table.rows():
        known.update(cells.names(row))
        if (wish := wanted.get(row.origin)) is None:
            continue
        # words stand in their own cell as a list, and in an export as the text that they make
        whole = [cells.text(row)] if isinstance(cells, TagCells) else []
        for place, text in zip(texts, wish.texts, strict=True):
            own = {_bare(each) for each in (row.cells[place], *whole)}
            if text is not None and _bare(text) not in own:
                raise DataError(
                    f"{wish.origin}: {row.origin} has another text: {excerpt(row.cells[place])}, "
                    f"not {excerpt(text)}; {WAY_OUT}"
                )
        before[row.origin] = cells.given(row)
        found[row.origin] = cells.changed(row, wish.label)
    if lost := [place for place in wanted if place not in found]:
        raise DataError(
            f"{table.name}: no row stands where {len(lost):,} of the corrections belong: "
            f"{some(lost, SHOWN)}; {WAY_OUT}"
        )
    return found, before, known


def _bare(text: str) -> str:
    """Return a text without what spreadsheets do to it: space, an apostrophe."""
    return " ".join(text.split()).removeprefix("'").lstrip()
