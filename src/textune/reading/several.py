"""Tables of several files become one, whose rows say in which file they stand."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from textune.errors import DataError, some
from textune.records import Row, Table

SHOWN = 8
NO_SPAN = "[]"  # as a cell has it
ALIKE = {"tsv": "csv", "sheet": "csv", "frame": "parquet"}  # formats whose cells mean the same


def together(tables: Sequence[Table], name: str) -> Table:
    """Join tables of the same columns, in the order of the columns of the first.

    Raises:
        DataError: One has other columns than the first.
    """
    tables = _with_all_layers(tables)
    first, *others = tables
    for other in others:
        _refuse_others(first, other)
    names = _names(tables)
    reasons = dict.fromkeys(reason for table in tables for reason in table.reasons)
    findings = [
        replace(finding, message=f"{name}: {finding.message}")
        for table, name in zip(tables, names, strict=True)
        for finding in table.findings
    ]
    return replace(
        first,
        name=name,
        reasons=tuple(reasons)[: len(first.reasons) + SHOWN],
        rows=partial(_rows, tables, names),
        findings=tuple(findings),
        merged={name: one for table in tables for name, one in table.merged.items()},
    )


def _with_all_layers(tables: Sequence[Table]) -> Sequence[Table]:
    """Add the layers that only some files of an export have: no span of them stands in the others.

    A layer that has one feature in a file and others elsewhere is named by its feature in all.
    Where it is marked without a feature in one of them, all stay as they are.
    """
    full = [name for table in tables for name in (table.layers or {}).values()]
    if any(table.layers is None for table in tables) or {*full} & {*map(_layer, full)}:
        return tables
    several = Counter(_layer(name) for name in {*full})
    tables = [_in_full(table, several) for table in tables]
    names = dict.fromkeys(name for table in tables for name in table.columns)
    return [
        replace(table, columns=tuple(names), rows=partial(_filled, table, tuple(names)))
        for table in tables
    ]


def _layer(name: str) -> str:
    """Name the layer of a feature; "" for what is none."""
    return name.rpartition(".")[0]


def _in_full(table: Table, several: Mapping[str, int]) -> Table:
    """Name the columns of layers that have several features in some file by their features."""
    full = table.layers or {}
    named = {
        name: full[name] if several[_layer(full.get(name, ""))] > 1 else name
        for name in table.columns
    }
    return replace(table, columns=tuple(named.values()))


def _filled(table: Table, names: Sequence[str]) -> Iterator[Row]:
    for row in table.rows():
        cells = dict(zip(table.columns, row.cells, strict=True))
        given = dict(zip(table.columns, row.given or row.cells, strict=True))
        yield replace(
            row,
            cells=tuple(cells.get(name, NO_SPAN) for name in names),
            given=tuple(given.get(name, []) for name in names),
        )


def _refuse_others(first: Table, other: Table) -> None:
    """Refuse a table that is no piece of the same one.

    Raises:
        DataError: Its columns are others, or its cells would be read otherwise.
    """
    if set(first.columns) != set(other.columns):
        raise DataError(
            f"{other.name}: its columns ({_listed(other)}) are not those of {first.name} "
            f"({_listed(first)}), with which it is read as one; {_difference(first, other)}: name "
            "only files of the same columns"
        )
    kinds = [ALIKE.get(table.format, table.format) for table in (first, other)]
    if kinds[0] != kinds[1]:
        raise DataError(
            f"{other.name}: its format ({other.format}) is not that of {first.name} "
            f"({first.format}), with which it is read as one; write both in one format"
        )


def _difference(first: Table, other: Table) -> str:
    if first.has_header != other.has_header:
        headed = first if first.has_header else other
        return f"only the first line of {headed.name} seems to name them, say --header or not"
    lacks = [name for name in first.columns if name not in other.columns]
    more = [name for name in other.columns if name not in first.columns]
    said = [f"it lacks {some(list(map(repr, lacks)), SHOWN)}"] if lacks else []
    return " and ".join([*said, *([f"has {some(list(map(repr, more)), SHOWN)}"] if more else [])])


def _listed(table: Table) -> str:
    return some(table.columns, SHOWN)


def _names(tables: Sequence[Table]) -> list[str]:
    """Name each file as short as tells it from the others."""
    times = Counter(table.name for table in tables)
    return [table.name if times[table.name] == 1 else table.path or table.name for table in tables]


def _rows(tables: Sequence[Table], names: Sequence[str]) -> Iterator[Row]:
    columns = tables[0].columns
    for table, name in zip(tables, names, strict=True):
        places = [table.columns.index(column) for column in columns]
        is_same = places == sorted(places)
        with naming(table.name, name):
            for row in table.rows():
                made = row if is_same else _ordered(row, places)
                if name != table.name:
                    made = replace(made, origin=name + made.origin.removeprefix(table.name))
                yield made


def _ordered(row: Row, places: Sequence[int]) -> Row:
    given = None if row.given is None else tuple(row.given[at] for at in places)
    return replace(row, cells=tuple(row.cells[at] for at in places), given=given)


@contextmanager
def naming(own: str, name: str) -> Iterator[None]:
    """Let a message that begins with a file's name begin with the name that it has here."""
    try:
        yield
    except DataError as error:
        message = str(error)
        if own == name or not message.startswith(own):
            raise
        said = message.removeprefix(own).replace(f"\n  {own}", f"\n  {name}")
        raise DataError(name + said) from error
