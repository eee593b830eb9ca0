"""Rows and a contract become Examples, and Examples the names of their labels."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from textune.data import skipping, weighting
from textune.data.missing import Gaps
from textune.errors import DataError, Problems, among, some
from textune.records import Contract, Example, Row, Table
from textune.tasks import annotated, likeness, merging, other_way, registry
from textune.tasks.kind import Places, ToExample

SHOWN = 20
_WAY_OUT = "correct these rows or take them out of the file, or leave them out: --faulty skip"


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
    problems = Problems(table.name, table.faults)
    kept = annotated.merged(skipping.without(table, contract.skip), contract) if labelled else table
    gaps = Gaps.of(table, contract) if labelled else None
    is_empty = True
    for example in sound(kept.rows(), to_example, problems, gaps=gaps):
        is_empty = False
        yield example
    problems.add_way_out(gaps.way_out() if gaps else "")
    problems.raise_any()
    if is_empty and table.faults is not None:
        table.faults.refuse_all(table.name)


def paired(
    rows: Iterable[Row], to_example: ToExample, problems: Problems
) -> list[tuple[Row, Example]]:
    """Make examples of rows, each with its row; those with a fault are noted and left out."""
    return [(row, example) for row in rows for example in sound([row], to_example, problems)]


def of_file(contract: Contract, table: Table, labels: Collection[str] = ()) -> Contract:
    """Return the contract by which one file is read: tags may be written otherwise in each.

    Reasons that it has beyond those of the contract are worth saying.

    Args:
        contract: Of the training.
        table: The file.
        labels: That a model knows, if there is one.
    """
    own = registry.of(contract.task).of_file
    return contract if own is None else own(contract, table, labels)


def sound(
    rows: Iterable[Row],
    to_example: ToExample,
    problems: Problems,
    *,
    gaps: Gaps | None = None,
) -> Iterator[Example]:
    """Make examples of rows; those with a fault are noted and left out.

    Args:
        rows: Of a table.
        to_example: From `reader`.
        problems: Takes the faults.
        gaps: Takes the cells of faulty rows that stand for no label.
    """
    lost: tuple[str, ...] = ()  # remarks on rows with a fault, which the next sound one carries
    for row in rows:
        try:
            example = to_example(row)
        except DataError as fault:
            if gaps is not None:
                gaps.add(row)
            held = json.dumps(row.cells, ensure_ascii=False)
            problems.add(str(fault), _WAY_OUT, row=held, origin=row.origin)
            lost += row.remarks
            continue
        said, lost = (*lost, *row.remarks), ()
        if said and said[0] not in example.remarks:
            example = replace(example, remarks=(*said, *example.remarks))
        yield example


def reader(table: Table, contract: Contract, *, labelled: bool = True) -> ToExample:
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
    read = _shared(read, contract.label[0]) if labelled and contract.form == "name" else read
    if labelled and contract.merged:
        read = _merging(read, dict(contract.merged))
    if not labelled or contract.weight is None:
        return read
    name, place = contract.weight, _place(table, contract.weight, "weight")

    def weighed(row: Row) -> Example:
        return replace(read(row), weight=weighting.read(row, place, name))

    return weighed


def require_labels(table: Table, contract: Contract, *, option: str) -> None:
    """Refuse a file that lacks columns of labels which an option could name.

    Raises:
        DataError: One of them, or of the texts, is not there.
    """
    for name in contract.text:
        _place(table, name, "text")
    _label_places(table, contract, option)


def _shared(read: ToExample, column: str) -> ToExample:
    """Keep what each of several annotators said, where all of them count."""

    def with_shares(row: Row) -> Example:
        example = read(row)
        own = row.shares.get(column) if row.shares else None
        return replace(example, shares=own) if own else example

    return with_shares


def _merging(read: ToExample, found: Mapping[str, str]) -> ToExample:
    return lambda row: merging.merged(read(row), found)


def label_names(contract: Contract, examples: Iterable[Example]) -> tuple[str, ...]:
    """Name the labels, in the order of the model's outputs.

    The columns in their order, where each label or number has its own; start and end of answers; of
    tags, O and then B and I of each type; else what the examples hold, sorted: by number if all are
    numbers, by alphabet if not.
    """
    return registry.of(contract.task).label_names(contract, examples)


def learned_names(contract: Contract, training: Sequence[Example]) -> tuple[str, ...]:
    """Name the labels of training texts, from which there is something to learn.

    Raises:
        DataError: All of them have the same label, or the same numbers, or none has any label.
    """
    kind, names = registry.of(contract.task), label_names(contract, training)
    if len(names) < kind.fewest:
        held = f"have the same label {names[0]!r}" if names else "have no label"
        raise DataError(
            f"all {len(training):,} training texts {held}: nothing can be learned; name another "
            "column with --label"
        )
    if kind.several and not any(item.label for item in training):
        raise DataError(
            f"none of the {len(training):,} training texts has one of the labels "
            f"({some([*map(repr, names)], SHOWN)}): nothing can be learned; name other columns "
            "with --label"
        )
    if kind.problem == "regression" and (held := _only_numbers(names, training)):
        raise DataError(
            f"all {len(training):,} training texts have {held}: what never changes cannot be "
            "learned; name another column with --label"
        )
    return names


def _only_numbers(names: Sequence[str], training: Sequence[Example]) -> str:
    """Say which numbers several texts have, where all have the same."""
    found = {tuple(map(float, _cells(item))) for item in training}
    if len(training) < 2 or len(found) > 1:
        return ""
    both = zip(next(iter(found)), names, strict=True)
    return some([f"{number:g} in {name!r}" for number, name in both], SHOWN)


def _cells(example: Example) -> Sequence[str]:
    return (example.label,) if isinstance(example.label, str) else example.label or ()


def _reader(table: Table, contract: Contract, *, labelled: bool) -> ToExample:
    kind = registry.of_table(table, contract.task)
    texts = [_place(table, name, "text") for name in contract.text]
    group = _place(table, contract.group, "group") if labelled and contract.group else None
    labels = _label_places(table, contract) if labelled else None
    return kind.read(table, contract, Places(texts, labels, group))


def _label_places(table: Table, contract: Contract, option: str = "") -> list[int]:
    """Find the label columns; where labels are written the other way, say how to write them."""
    is_there = {*contract.label} <= {*table.columns, *table.passed_over}
    if not is_there and (how := other_way.remedy(table, contract)):
        raise DataError(f"{table.name}: {how}, or choose another file")
    kind = registry.of_table(table, contract.task)
    role = kind.noun if kind.understand else "label"
    return [_place(table, name, role, option) for name in contract.label]


def _place(table: Table, name: str, role: str, option: str = "") -> int:
    if name in table.columns:
        return table.columns.index(name)
    if name in table.passed_over:
        raise DataError(
            f"{table.name}: column {name!r}, which holds the {role} by the contract, holds "
            f"{table.passed_over[name]}; write it as strings, or choose another file"
        )
    header = "" if table.has_header else "; the file was read without names in its first line"
    way_out = f"name it with {option}, rename" if option else "rename"
    raise DataError(
        f"{table.name}: there is no column {name!r}, which holds the {role} by the contract; "
        f"{among(name, table.columns)}{header}{_answered(table, role)}; {way_out} the column, or "
        "choose another file"
    )


def _answered(table: Table, role: str) -> str:
    """Say which column holds what a model answered, where one of labels is looked for."""
    found = likeness.answers(table.columns) if role not in ("text", "group") else []
    return f"; {found[0]!r} holds what a model answered, and no labels" if found else ""
