"""Numbers of classes become names, by a file of names or a column beside the label's."""

import json
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from textune.data import names_file
from textune.data.columns import Scan
from textune.errors import DataError, SettingsError, among, excerpt, some
from textune.records import Contract, Finding, Row, Table

Pairs = tuple[tuple[str, str], ...]  # what stands in a file, and what it is called
SIGNS = (";", ",", "|")
FORMS = ("name", "list", "words")  # of labels that have names
SHOWN = 5  # labels that are named


def read(wanted: str, table: Table, label: str) -> tuple[Pairs, tuple[Finding, ...]]:
    """Read names from a file, or from a column of a table.

    Returns:
        What stands in the label's column and what it is called, and which numbers of classes there
        have no name.

    Raises:
        SettingsError: There is neither.
        DataError: A class has two names, two classes have the same one, or no class has one.
    """
    place = table.columns.index(label)
    held = numbers({row.cells[place] for row in table.rows()})
    if wanted in table.columns:
        places = table.columns.index(label), table.columns.index(wanted)
        found = [
            (row.cells[places[0]].strip(), row.cells[places[1]].strip()) for row in table.rows()
        ]
    elif Path(wanted).is_file():
        found = names_file.read(Path(wanted), held)
    else:
        raise SettingsError(
            f"--names {wanted}: neither a file nor a column; {among(wanted, table.columns)}"
        )
    names: dict[str, str] = {}
    for value, name in found:
        if value and names.setdefault(value, name) != name:
            raise DataError(
                f"--names {wanted}: class {value!r} is called {names[value]!r} and {name!r}"
            )
    times = Counter(names.values())
    twice = [name for name in names.values() if times[name] > 1 or not name]
    if twice or not names:
        wrong = f"two classes are called {twice[0]!r}" if twice else "there is no name in it"
        raise DataError(f"--names {wanted}: {wrong}; allowed: one name for each class")
    return tuple(names.items()), _unnamed(wanted, label, held, names)


def _unnamed(
    wanted: str, label: str, held: Collection[str], names: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Say which numbers of classes have no name.

    Raises:
        DataError: None of them has one.
    """
    lacking = [each for each in sorted(held, key=int) if each not in names]
    if not lacking:
        return ()
    listed = some(lacking, SHOWN)
    if len(lacking) == len(held):
        own = some([repr(value) for value in names], SHOWN)
        raise DataError(
            f"--names {wanted}: it names {own}, and none of the classes in {label!r}, which are "
            f"{listed}; allowed: one name for each class"
        )
    said = f"--names {wanted} has no name for {listed}, which stay numbers in {label!r}"
    return (Finding("labels", "warning", said, len(lacking)),)


def numbers(cells: Iterable[str]) -> set[str]:
    """Return the whole numbers that stand for classes in cells, alone or in lists."""
    whole = (item.removesuffix(".0") for cell in cells for item in _items(cell.strip()))
    return {item for item in whole if names_file.NUMBER.fullmatch(item)}


def _items(cell: str) -> list[str]:
    """Part a cell as `_written` does."""
    if cell.startswith("["):
        try:
            return [str(item) for item in json.loads(cell)]
        except (ValueError, RecursionError):
            return [cell]
    signs = [sign for sign in SIGNS if sign in cell]
    return [part.strip() for part in cell.split(signs[0])] if signs else [cell]


def doubts(table: Table, contract: Contract, seen: Scan) -> Iterator[str]:
    """Say in which file beside a table the names of its classes stand, which are numbers there."""
    if table.path is None or contract.form not in FORMS or len(contract.label) != 1:
        return
    column = seen.columns[table.columns.index(contract.label[0])]
    cells = column.cells if column.counts is None else column.counts
    held = numbers(cells)
    if len(held) < len(set(cells)) and contract.form == "name":
        return
    found = names_file.beside(Path(table.path), held)
    if found is not None:
        path, pairs = found
        yield (
            f"{contract.label[0]!r} holds numbers of classes, and {path.name!r} beside it says "
            f"what they are called ({shown(tuple(pairs))}): `--names {shlex.quote(str(path))}` "
            "takes these names"
        )


def as_trained(table: Table, contract: Contract, trained: Contract) -> tuple[Table, Contract]:
    """Call label columns as in training, where their names are part of the labels.

    Columns have the names that training gave them, in any order; others go by their order. Of
    columns of 0 and 1 some may be missing, which are not scored then.

    Args:
        table: A file.
        contract: By which it is read.
        trained: That of the training.
    """
    if trained.form not in ("columns", "classes") or contract.label == trained.label:
        return table, contract
    gone = [name for name in trained.label if name not in contract.label]
    other = [name for name in contract.label if name not in trained.label]
    if gone and not other and trained.form == "columns":
        return _unscored(table, gone), replace(contract, label=trained.label)
    if len(contract.label) != len(trained.label):
        return table, contract
    both = dict(zip(other, gone, strict=True))
    names = [both.get(name, f"{name} (other)" if name in gone else name) for name in table.columns]
    return replace(table, columns=tuple(names)), replace(contract, label=trained.label)


def _unscored(table: Table, gone: Sequence[str]) -> Table:
    """Add columns of -1 to a table, in place of those of the same names that are not meant."""
    kept = [f"{name} (other)" if name in gone else name for name in table.columns]
    more = ("-1",) * len(gone)

    def rows() -> Iterator[Row]:
        return (replace(row, cells=(*row.cells, *more)) for row in table.rows())

    listed = some([repr(name) for name in gone], SHOWN)
    said = f"no column is named for {listed}, which are not judged"
    finding = Finding("layout", "warning", said, len(gone))
    return replace(table, columns=(*kept, *gone), rows=rows, findings=(*table.findings, finding))


def named(table: Table, contract: Contract) -> Table:
    """Write names for the numbers in a table's label column; a number without a name stays."""
    if not contract.names or not contract.label or contract.label[0] not in table.columns:
        return table
    place, names = table.columns.index(contract.label[0]), dict(contract.names)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = list(row.cells)
            cells[place] = _written(cells[place], names)
            yield replace(row, cells=tuple(cells))

    return replace(table, rows=rows)


def _written(cell: str, names: Mapping[str, str]) -> str:
    value = cell.strip()
    if value in names:
        return names[value]
    if (whole := value.removesuffix(".0")) in names:  # as tables with gaps write it
        return names[whole]
    if value.startswith("["):
        try:
            items = json.loads(value)
        except ValueError:
            return cell
        return json.dumps([names.get(str(item), item) for item in items], ensure_ascii=False)
    for sign in SIGNS:
        parts = [part.strip() for part in value.split(sign)]
        if len(parts) > 1 and all(part in names for part in parts):
            return sign.join(names[part] for part in parts)
    return cell


def shown(pairs: Pairs) -> str:
    """Say what some numbers are called."""
    return some([f"{value} = {excerpt(name)}" for value, name in pairs], 5)
