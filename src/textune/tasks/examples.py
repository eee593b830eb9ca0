"""Rows and a contract become Examples, and Examples the names of their labels."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from textune.data import lists, skipping, weighting
from textune.data.columns import flag
from textune.data.numerals import is_number
from textune.errors import DataError, Problems, among, excerpt
from textune.records import Contract, Example, Label, Row, Table
from textune.tasks import numbers
from textune.tasks.answers import passages
from textune.tasks.tags import tagged

Marked = tuple[Label | None, tuple[str, ...]]  # label, and the labels that were not scored
_WAY_OUT = "correct these rows or take them out of the file"
_BLANK = "is blank, but a label was expected"


def read(table: Table, contract: Contract, *, labelled: bool = True) -> Iterator[Example]:
    """Stream the examples of a table; see `reader` for how labels are read.

    Rows with a fault are left out while reading; the error comes at the end and lists them.

    Args:
        table: Read from the start.
        contract: From `understand`, or from a run.
        labelled: Without labels (for prediction) the label columns may be absent.

    Raises:
        DataError: A column is missing; or, after the last row, labels that cannot be read: the
            first twenty, with their place, and the number of all.
    """
    to_example = reader(table, contract, labelled=labelled)
    problems = Problems(table.name)
    kept = skipping.without(table, contract.skip) if labelled else table
    skip = f"`--skip {shlex.quote(f'{contract.label[0]}=')}`" if contract.label else ""
    yield from sound(kept.rows(), to_example, problems, blank=f", or leave them out: {skip}")
    problems.raise_any()


def sound(
    rows: Iterable[Row],
    to_example: Callable[[Row], Example],
    problems: Problems,
    *,
    blank: str = "",
) -> Iterator[Example]:
    """Make examples of rows; those with a fault are noted and left out.

    Args:
        rows: Of a table.
        to_example: From `reader`.
        problems: Takes the faults.
        blank: A further way out where a label is blank.
    """
    for row in rows:
        try:
            example = to_example(row)
        except DataError as fault:
            is_blank = str(fault).endswith(_BLANK)
            problems.add(str(fault), _WAY_OUT + (blank if is_blank else ""))
            continue
        yield example


def reader(table: Table, contract: Contract, *, labelled: bool = True) -> Callable[[Row], Example]:
    """Make the function that turns a row of this table into an Example.

    Texts are kept as they are. Labels are kept exactly as they are written, only space around them
    is dropped: "01", "1" and "1.0" are three labels. A column of 0 and 1 may also say 1.0, true,
    yes, y or t (0.0, false, no, n, f), in any case; -1 is "not scored". A blank list has no label.
    An empty text is still an Example.

    Raises:
        DataError: The table lacks a column of the contract. The function itself raises it for a
            label that is missing or cannot be read, naming the row and the column.
    """
    read = _reader(table, contract, labelled=labelled)
    if not labelled or contract.weight is None:
        return read
    name, place = contract.weight, _place(table, contract.weight, "weight")

    def weighed(row: Row) -> Example:
        return replace(read(row), weight=weighting.read(row, place, name))

    return weighed


def label_names(contract: Contract, examples: Iterable[Example]) -> tuple[str, ...]:
    """Name the labels, in the order of the model's outputs.

    The columns in their order, where each label or number has its own; start and end of answers; of
    tags, O and then B and I of each type; else what the examples hold, sorted: by number if all are
    numbers, by alphabet if not.
    """
    if contract.task == "answers":
        return passages.LABELS
    if contract.task == "tags":
        return tagged.label_names(contract, examples)
    if contract.form == "columns" or contract.task == "number":
        return contract.label
    found: set[str] = set()
    for example in examples:
        if isinstance(example.label, str):
            found.add(example.label)
        elif example.label is not None:
            found.update(example.label)
    if all(map(is_number, found)):
        return tuple(sorted(found, key=lambda name: (float(name), name)))
    return tuple(sorted(found))


def _reader(table: Table, contract: Contract, *, labelled: bool) -> Callable[[Row], Example]:
    texts = [_place(table, name, "text") for name in contract.text]
    group = _place(table, contract.group, "group") if labelled and contract.group else None
    if contract.task == "tags" or table.format == "conll":
        tags = _place(table, contract.label[0], "tags") if labelled and contract.label else None
        return tagged.reader(table, contract, text=texts[0], label=tags, group=group)
    if contract.task == "answers":
        held = [_place(table, name, "answers") for name in contract.label] if labelled else None
        return passages.reader(contract, texts, held, group)
    read_label = _label_reader(table, contract) if labelled else _no_label
    first, second = texts[0], texts[1] if len(texts) > 1 else None

    def to_example(row: Row) -> Example:
        label, unscored = read_label(row)
        return Example(
            text=row.cells[first],
            origin=row.origin,
            pair=None if second is None else row.cells[second],
            label=label,
            unscored=unscored,
            group=None if group is None else row.cells[group],
        )

    return to_example


def _place(table: Table, name: str, role: str) -> int:
    if name in table.columns:
        return table.columns.index(name)
    if name in table.passed_over:
        raise DataError(
            f"{table.name}: column {name!r}, which holds the {role} by the contract, holds "
            f"{table.passed_over[name]}; write it as strings, or choose another file"
        )
    header = "" if table.has_header else "; the file was read without names in its first line"
    raise DataError(
        f"{table.name}: there is no column {name!r}, which holds the {role} by the contract; "
        f"{among(name, table.columns)}{header}; rename the column, or choose another file"
    )


def _no_label(row: Row) -> Marked:
    return None, ()


def _label_reader(table: Table, contract: Contract) -> Callable[[Row], Marked]:
    places = [_place(table, name, "label") for name in contract.label]
    if contract.task == "number":
        return numbers.reader(
            places,
            contract.label,
            alone=contract.form == "name",
            written=contract.numerals,
        )
    if contract.form == "columns":
        read_marks = _mark_reader(places, contract.label)
        return _exclusive(read_marks) if contract.task == "single" else read_marks
    if not places:
        return _no_label
    if contract.form == "list":
        return _list_reader(places[0], contract.label[0], contract.separator or ",")
    if contract.separator is not None:
        return _only_reader(places[0], contract.label[0], contract.separator)
    return _name_reader(places[0], contract.label[0])


def _only_reader(place: int, column: str, separator: str) -> Callable[[Row], Marked]:
    """Make the reader of lists that hold exactly one name."""

    def read_name(row: Row) -> Marked:
        names = lists.parse(row.cells[place], separator)
        if names is None or len(names) != 1:
            raise DataError(
                f"{row.origin}: column {column!r} holds {excerpt(row.cells[place])}; allowed: a "
                "list of exactly one name (or choose --task multi)"
            )
        return names[0], ()

    return read_name


def _name_reader(place: int, column: str) -> Callable[[Row], Marked]:
    def read_name(row: Row) -> Marked:
        name = row.cells[place].strip()
        if not name:
            raise DataError(f"{row.origin}: column {column!r} {_BLANK}")
        return name, ()

    return read_name


def _list_reader(place: int, column: str, separator: str) -> Callable[[Row], Marked]:
    shape = {"json": 'a list in brackets such as ["a", "b"]', "vector": "a row of 0 and 1"}

    def read_list(row: Row) -> Marked:
        names = lists.parse(row.cells[place], separator)
        if names is None:
            raise DataError(
                f"{row.origin}: column {column!r} holds {excerpt(row.cells[place])}; "
                f"allowed: {shape.get(separator, 'a list')}, or a blank cell for no label"
            )
        return names, ()

    return read_list


def _mark_reader(places: Sequence[int], columns: Sequence[str]) -> Callable[[Row], Marked]:
    both = tuple(zip(places, columns, strict=True))

    def read_marks(row: Row) -> Marked:
        labels: list[str] = []
        unscored: list[str] = []
        for place, column in both:
            cell = row.cells[place]
            if cell == "0":  # by far the most frequent
                continue
            mark = flag(cell)
            if mark is None:
                held = f"holds {excerpt(cell)}" if cell.strip() else "is blank"
                raise DataError(
                    f"{row.origin}: column {column!r} {held}; "
                    "allowed: 0 or 1 (true/false, yes/no), or -1 for not scored"
                )
            if mark:
                (labels if mark == 1 else unscored).append(column)
        return tuple(labels), tuple(unscored)

    return read_marks


def _exclusive(read_marks: Callable[[Row], Marked]) -> Callable[[Row], Marked]:
    def read_one(row: Row) -> Marked:
        labels, _ = read_marks(row)
        if labels is None or len(labels) != 1:
            held = f"{len(labels or ())} columns are 1 ({', '.join(labels or ()) or 'none'})"
            raise DataError(
                f"{row.origin}: {held}, but one label a text was expected; "
                "allowed: exactly one 1 (or choose --task multi)"
            )
        return labels[0], ()

    return read_one
