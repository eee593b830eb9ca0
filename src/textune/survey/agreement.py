"""A table and what somebody says of it become the contract by which a run reads files."""

from dataclasses import replace

from textune.data import naming, weighting
from textune.errors import SettingsError
from textune.records import Table
from textune.tasks import contract, registry
from textune.tasks.contract import Understanding


def agree(
    table: Table,
    *,
    task: str | None = None,
    text: tuple[str, ...] | None = None,
    label: tuple[str, ...] | None = None,
    group: str | None = None,
    skip: tuple[str, ...] = (),
    weight: str | None = None,
    names: str | None = None,
) -> Understanding:
    """Understand a table: its columns, the weights of its texts, the names of its classes.

    Args:
        table: Read from the start.
        task: As for `contract.understand`, like all before `weight`.
        text: One column, or two.
        label: One column or several.
        group: A column.
        skip: Which rows are left out.
        weight: Column of the weights of texts in the loss.
        names: A file or a column of the names of classes that are numbers.

    Raises:
        SettingsError: A column that was named is not there, or there are no classes to be named.
        DataError: The table cannot be learned from, or the names are faulty.
    """
    read = table if weight is None else weighting.without(table, weight)
    found = contract.understand(read, task=task, text=text, label=label, group=group, skip=skip)
    agreed = replace(found.contract, weight=weight)
    if names is not None:
        if not registry.of(agreed.task).has_classes or len(agreed.label) != 1:
            raise SettingsError(
                f"--names {names}: there is no one column of classes here; it is for numbers "
                "that stand for classes; name their column with --label"
            )
        pairs = naming.read(names, table, agreed.label[0])
        found = contract.understand(
            naming.named(read, replace(agreed, names=pairs)),
            task=task,
            text=text,
            label=agreed.label,
            group=group,
            skip=skip,
        )
        said = f"names of {agreed.label[0]!r}, as asked: {naming.shown(pairs)}"
        reasons = (*found.contract.reasons, said)
        agreed = replace(found.contract, weight=weight, names=pairs, reasons=reasons)
    if weight is not None:
        said = f"{weight!r} says how much each text weighs in the loss, as asked"
        agreed = replace(agreed, reasons=(*agreed.reasons, said))
    return replace(found, contract=agreed)
