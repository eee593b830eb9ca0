"""Rows of an input and what was said of them become a file in the input's own columns."""

import csv
import gzip
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from textune.data import numerals
from textune.errors import RunError, SettingsError, TextuneError
from textune.reading import obtained, squad
from textune.records import Contract, Row, Table
from textune.storage import atomic, values
from textune.tasks import registry
from textune.tasks.interface import Column, Task
from textune.tasks.labels import are_listed

Writer = Callable[[list[list[Any]]], None]
RowWriter = Callable[[Sequence[Row], Sequence[Sequence[object]]], None]
FORMULAS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # a cell that begins so is computed
JSON_LINES = frozenset([".jsonl", ".ndjson"])
ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True, slots=True)
class Output:
    """A file to be written, whole or not at all: CSV, TSV, JSONL (each also .gz) or Parquet.

    Lists (words, tags, entities, answers) are lists in JSONL, and JSON text in a cell elsewhere.
    """

    path: Path
    overwrite: bool = False  # whether it may be replaced where it exists
    harmless: bool = False  # cells that a spreadsheet would take for formulas get an apostrophe

    def check(self, source: object) -> None:
        """Refuse what cannot be written, before anything is read.

        Raises:
            RunError: It exists or cannot be written.
            SettingsError: Its ending is not one of those that can be written.
        """
        _check_output(source, self.path, overwrite=self.overwrite)
        if self.harmless and _kind(self.path) not in {".csv", ".tsv"}:
            raise SettingsError(
                f"--harmless-cells is for .csv and .tsv, and --output is {self.path.name}: no "
                "other format has formulas; leave it out"
            )

    @contextmanager
    def writing(
        self,
        table: Table,
        agreed: Contract,
        added: Sequence[Column],
        *,
        nested: frozenset[int] = frozenset(),
    ) -> Iterator[RowWriter]:
        """Give a function that appends rows of a table, each with the cells that are added.

        Args:
            table: The input.
            agreed: The contract by which it is read.
            added: New columns; those that the input already has get a mark.
            nested: Which of them hold JSON, as `nested_answers` has it.
        """
        kind, harmless = _kind(self.path), self.harmless
        table, shown = _shown(table)
        columns = [*((name, False) for name in table.columns), *_added(table.columns, added)]
        if harmless:
            columns = [(_harmless(name), is_number) for name, is_number in columns]
        own, width = _nested(table, agreed), len(table.columns)
        of_answers = frozenset(width + place for place in nested)
        kinds = _kinds(table) if kind == ".parquet" else None
        with _writing(
            self.path, columns, of_answers, overwrite=self.overwrite, kinds=kinds
        ) as write:

            def append(rows: Sequence[Row], answers: Sequence[Sequence[object]]) -> None:
                kept = [_kept(shown(row), own, kind, kinds) for row in rows]
                lines = [[*row, *answer] for row, answer in zip(kept, answers, strict=True)]
                write([list(map(_harmless, line)) for line in lines] if harmless else lines)

            yield append


def records(
    table: Table,
    agreed: Contract,
    added: Sequence[Column],
    rows: Sequence[Row],
    answers: Sequence[Sequence[Any]],
    *,
    nested: frozenset[int] = frozenset(),
) -> list[dict[str, Any]]:
    """Return rows of a table with the cells that are added, by columns, as JSON would hold them."""
    table, shown = _shown(table)
    names = [*table.columns, *(name for name, _ in _added(table.columns, added))]
    own = _nested(table, agreed)
    return [
        dict(
            zip(
                names,
                [
                    *_kept(shown(row), own, ".jsonl", None),
                    *(_value(cell) if at in nested else cell for at, cell in enumerate(answer)),
                ],
                strict=True,
            )
        )
        for row, answer in zip(rows, answers, strict=True)
    ]


def nested_answers(task: Task) -> frozenset[int]:
    """Find those of a task's columns whose cells are JSON: lists, objects and places."""
    if task.asks != "texts":
        new = enumerate(task.columns())
        return frozenset(
            place for place, (name, is_number) in new if not is_number and name != "answer"
        )
    kind = registry.of(task.name)
    is_list = (kind.several or kind.by_column) and are_listed(task.labels)
    return frozenset([0]) if is_list else frozenset()


def _shown(table: Table) -> tuple[Table, Callable[[Row], Row]]:
    """Leave out columns that repeat a part of another one, and give what makes rows alike."""
    if not table.inner:
        return table, lambda row: row
    own = [place for place, name in enumerate(table.columns) if name not in table.inner]

    def cut(row: Row) -> Row:
        given = None if row.given is None else tuple(row.given[place] for place in own)
        return replace(row, cells=tuple(row.cells[place] for place in own), given=given)

    columns = tuple(table.columns[place] for place in own)
    return replace(table, columns=columns, rows=lambda: map(cut, table.rows())), cut


def _kept(row: Row, nested: frozenset[int], kind: str, kinds: Sequence[object] | None) -> list[Any]:
    """Return the cells of an input's row as the output has them."""
    if row.given is None:
        is_json = kind in JSON_LINES
        cells = enumerate(row.cells)
        return [_value(cell) if is_json and at in nested else cell for at, cell in cells]
    both = zip(row.given, row.cells, strict=True)
    if kind in JSON_LINES:
        return [values.for_json(value, cell) for value, cell in both]
    if kinds is None:
        return [values.for_text(value, cell) for value, cell in both]
    return [
        values.for_arrow(value, cell, known) if isinstance(known, str) else value
        for (value, cell), known in zip(both, kinds, strict=True)
    ]


def _kinds(table: Table) -> list[Any]:
    """Return the types of the input's columns in Parquet: its own, or those of its values."""
    if table.schema is not None:
        return [table.schema.field(name).type for name in table.columns]
    first = next(iter(table.rows()))
    if first.given is None:
        return ["string"] * len(table.columns)
    return values.kinds((row.given or row.cells for row in table.rows()), len(table.columns))


def _harmless(cell: object) -> Any:
    """Let a spreadsheet take a cell for text, where it would take it for a formula; not numbers."""
    if isinstance(cell, str) and cell[:1] in FORMULAS and cell and not numerals.is_number(cell):
        return f"'{cell}"
    return cell


def _added(columns: Sequence[str], new: Sequence[Column]) -> list[Column]:
    """Name the new columns; those that the file already has get a mark."""
    added: list[Column] = []
    for name, is_number in new:
        free = name
        while free in columns or any(free == one for one, _ in added):
            free += " (textune)"
        added.append((free, is_number))
    return added


def _nested(table: Table, agreed: Contract) -> frozenset[int]:
    """Find the columns of an input whose cells are JSON, not what a user wrote."""
    known: Sequence[str] = ()
    if table.format == "conll":
        known = table.columns
    elif table.format == "squad":
        known = squad.COLUMNS[-1:]
    elif table.format in ("jsonl", "parquet", "frame"):
        is_json = agreed.form in ("words", "spans") or agreed.separator == "json"
        known = (*agreed.text, *agreed.label) if agreed.form == "words" else agreed.label
        known = known if is_json else ()
    return frozenset(place for place, name in enumerate(table.columns) if name in known)


def _check_output(source: object, output: Path, *, overwrite: bool) -> None:
    if not _kind(output):
        raise SettingsError(
            f"--output {output}: unknown ending; allowed: {', '.join(ENDINGS)}, also with .gz"
        )
    if output.exists() and not output.is_file():
        what = "a folder" if output.is_dir() else "no regular file (a pipe, a socket or a device)"
        raise RunError(f"{output}: this is {what}; name a file")
    check_place(source, output, overwrite=overwrite)


def check_place(source: object, output: Path, *, overwrite: bool) -> None:
    """Refuse a place where nothing may be written.

    Raises:
        RunError: Something is there, or its folder is not, or is closed.
        SettingsError: It is the input itself.
    """
    if _is_same(source, output):
        raise SettingsError(f"--output {output}: is the input itself; name another file")
    if output.exists() and not overwrite:
        raise RunError(f"{output}: already exists; --overwrite replaces it")
    folder = atomic.target(output).parent
    if not folder.is_dir():
        raise RunError(f"{output}: there is no folder {folder}; make it, or name another file")
    if not os.access(folder, os.W_OK):
        raise RunError(f"{output}: nothing may be written in the folder {folder}")
    with suppress(OSError):
        atomic.clear_unfinished(folder)


def _is_same(source: object, output: Path) -> bool:
    return output.exists() and any(map(output.samefile, obtained.on_machine(source)))


def _kind(output: Path) -> str:
    name = output.name.lower().removesuffix(".gz")
    found = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    return "" if found == ".parquet" and output.name.lower().endswith(".gz") else found


@contextmanager
def _writing(
    output: Path,
    columns: Sequence[Column],
    nested: frozenset[int],
    *,
    overwrite: bool,
    kinds: Sequence[object] | None,
) -> Iterator[Writer]:
    """Give a function that appends rows; the file appears under its name only when all is well."""
    kind = _kind(output)
    with told(output), atomic.writing(atomic.target(output), overwrite=overwrite) as content:
        if kind == ".parquet":
            yield from _parquet(content, columns, kinds or ())
        else:
            names = [name for name, _ in columns]
            with _open_text(content, packed=output.name.lower().endswith(".gz")) as file:
                is_json = kind in JSON_LINES
                yield _jsonl(file, names, nested) if is_json else _csv(file, names, kind)


@contextmanager
def told(output: Path) -> Iterator[None]:
    """Say in our own words why an output cannot be written.

    Raises:
        RunError: It was written by another process meanwhile, or the disk takes no more.
    """
    try:
        yield
    except TextuneError:
        raise
    except FileExistsError as error:
        raise RunError(
            f"{output}: was written by another process meanwhile, and is kept; name another file, "
            "or replace it with --overwrite"
        ) from error
    except OSError as error:
        place = error.filename
        if isinstance(place, str) and Path(place).parent != atomic.target(output).parent:
            raise  # of what is read, not of what is written
        why = os.strerror(error.errno) if error.errno else str(error)
        raise RunError(f"{output}: cannot be written: {why}") from error


@contextmanager
def _open_text(content: IO[bytes], *, packed: bool) -> Iterator[IO[str]]:
    whole = content if not packed else gzip.GzipFile("", "wb", 6, content, mtime=0)
    with io.TextIOWrapper(whole, encoding="utf-8", newline="") as opened:
        yield opened


def _csv(file: IO[str], columns: Sequence[str], kind: str) -> Writer:
    delimiter = "\t" if kind == ".tsv" else ","
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    return lambda rows: writer.writerows(rows)


def _jsonl(file: IO[str], columns: Sequence[str], nested: frozenset[int]) -> Writer:
    def write(rows: list[list[Any]]) -> None:
        for row in rows:
            cells = [_value(cell) if place in nested else cell for place, cell in enumerate(row)]
            line = dict(zip(columns, cells, strict=True))
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    return write


def _value(cell: str) -> object:
    """Take JSON apart; nothing is null, and what is no JSON stays as it is."""
    if not cell:
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _parquet(
    file: IO[bytes], columns: Sequence[Column], kinds: Sequence[object]
) -> Iterator[Writer]:
    """Write columns of the input with their types, then those of the answers."""
    import pyarrow as pa  # here, as a single text's answer does not need it
    import pyarrow.parquet as pq

    known = [pa.type_for_alias(kind) if isinstance(kind, str) else kind for kind in kinds]
    added = [pa.float64() if is_number else pa.string() for _, is_number in columns[len(known) :]]
    names = [name for name, _ in columns]
    schema = pa.schema(list(zip(names, [*known, *added], strict=True)))
    with pq.ParquetWriter(file, schema) as writer:

        def write(rows: list[list[Any]]) -> None:
            cells = zip(*rows, strict=True)
            arrays = [
                pa.array(list(cell), kind) for cell, kind in zip(cells, schema.types, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))

        yield write
