"""A table and what somebody says of it become the contract by which a run reads files."""

from dataclasses import replace

from textune.config import DataSettings
from textune.data import contract, naming, weighting
from textune.data.contract import Understanding
from textune.errors import SettingsError
from textune.records import Table


def agree(table: Table, data: DataSettings) -> Understanding:
    """Understand a table: its columns, the weights of its texts, the names of its classes.

    Raises:
        SettingsError: A column that was named is not there, or there are no classes to be named.
        DataError: The table cannot be learned from, or the names are faulty.
    """
    found = _understood(table, data)
    agreed = replace(found.contract, weight=data.weight)
    if data.names is not None:
        if agreed.task not in ("single", "multi", "tags") or len(agreed.label) != 1:
            raise SettingsError(
                f"--names {data.names}: there is no one column of classes here; it is for numbers "
                "that stand for classes; name their column with --label"
            )
        agreed = replace(agreed, names=naming.read(data.names, table, agreed.label[0]))
        chosen = data.model_copy(update={"label": agreed.label, "task": data.task})
        again = _understood(naming.named(table, agreed), chosen)
        found = again
        agreed = replace(again.contract, weight=data.weight, names=agreed.names)
    return replace(found, contract=agreed)


def _understood(table: Table, data: DataSettings) -> Understanding:
    return contract.understand(
        table if data.weight is None else weighting.without(table, data.weight),
        task=data.task,
        text=data.text or None,
        label=data.label or None,
        group=data.group,
        skip=data.skip,
    )
