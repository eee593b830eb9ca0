"""Numbers of classes become names, by a file of names or a column beside the label's.

A file says what each number is called: a JSON object {"0": "neg"}, or a line for each class, which
is its name (the first line is class 0), or a number and a name with a tab or a comma between them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from textune.errors import DataError, SettingsError, among, excerpt, some
from textune.records import Contract, Finding, Row, Table

Pairs = tuple[tuple[str, str], ...]  # what stands in a file, and what it is called
SIGNS = (";", ",", "|")
SHOWN = 5  # labels that are named


def read(wanted: str, table: Table, label: str) -> Pairs:
    """Read names from a file, or from a column of a table.

    Raises:
        SettingsError: There is neither.
        DataError: A class has two names, or two classes have the same one.
    """
    if wanted in table.columns:
        places = table.columns.index(label), table.columns.index(wanted)
        found = [
            (row.cells[places[0]].strip(), row.cells[places[1]].strip()) for row in table.rows()
        ]
    elif Path(wanted).is_file():
        found = _of_file(Path(wanted))
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
        held = f"two classes are called {twice[0]!r}" if twice else "there is no name in it"
        raise DataError(f"--names {wanted}: {held}; allowed: one name for each class")
    return tuple(names.items())


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


def _of_file(path: Path) -> list[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--names {path}: cannot be read: {error}") from error
    if text.lstrip()[:1] == "{":
        try:
            found = json.loads(text)
        except ValueError as error:
            raise DataError(f"--names {path}: no JSON: {error}") from error
        return [(str(value), str(name).strip()) for value, name in found.items()]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for sign in ("\t", ","):
        parts = [line.partition(sign) for line in lines]
        if lines and all(value.strip().lstrip("-").isdigit() and name for value, _, name in parts):
            return [(value.strip(), name.strip()) for value, _, name in parts]
    return [(str(number), line) for number, line in enumerate(lines)]


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
