"""A table and what somebody says of it become the contract by which a run reads files."""

from collections import Counter
from dataclasses import replace
from functools import partial

from textune.data import naming, skipping, weighting
from textune.errors import SettingsError
from textune.metrics import votes
from textune.records import Annotators, Contract, Table
from textune.tasks import annotated, contract, examples, merging, registry
from textune.tasks.contract import Understanding


def agree(
    table: Table,
    *,
    task: str | None = None,
    text: tuple[str, ...] | None = None,
    label: tuple[str, ...] | None = None,
    group: str | None = None,
    skip: tuple[str, ...] = (),
    no_skip: tuple[str, ...] = (),
    weight: str | None = None,
    names: str | None = None,
    annotators: Annotators | None = None,
    merge_labels: tuple[str, ...] = (),
) -> Understanding:
    """Understand a table: its columns, the weights of its texts, the names of its classes.

    The task, the columns and the rows to skip or not are as for `contract.understand`; `weight` is
    the column of the weights of texts in the loss, `names` a file or a column of the names of
    classes that are numbers, `annotators` whose label is taken where rows have the same text, and
    `merge_labels` which labels are one.

    Raises:
        SettingsError: A column that was named is not there, or there are no classes to be named.
        DataError: The table cannot be learned from, or the names are faulty.
    """
    read = table if weight is None else weighting.without(table, weight)
    understand = partial(
        contract.understand, task=task, text=text, group=group, skip=skip, no_skip=no_skip
    )
    found = understand(read, label=label)
    agreed = replace(found.contract, weight=weight)
    if names is not None:
        if not registry.of(agreed.task).has_classes or len(agreed.label) != 1:
            raise SettingsError(
                f"--names {names}: there is no one column of classes here; it is for numbers "
                "that stand for classes; name their column with --label"
            )
        pairs, unnamed = naming.read(names, table, agreed.label[0])
        found = understand(naming.named(read, replace(agreed, names=pairs)), label=agreed.label)
        said = f"names of {agreed.label[0]!r}, as asked: {naming.shown(pairs)}"
        found = replace(found, findings=(*found.findings, *unnamed))
        reasons = (*found.contract.reasons, said)
        agreed = replace(found.contract, weight=weight, names=pairs, reasons=reasons)
    if weight is not None:
        said = f"{weight!r} says how much each text weighs in the loss, as asked"
        agreed = replace(agreed, reasons=(*agreed.reasons, said))
    if annotators == "soft":
        _refuse_soft(table, agreed)
    if merge_labels:
        agreed = _merged(naming.named(read, agreed), agreed, merge_labels)
    named = naming.named(read, agreed)
    useless = skipping.useless(named, skip)
    useless += skipping.useless(named, no_skip, option="--no-skip")
    found = replace(found, contract=agreed, findings=(*found.findings, *useless))
    return _of_one_row(skipping.without(named, agreed.skip), found, annotators)


def _of_one_row(
    labelled: Table, found: Understanding, annotators: Annotators | None
) -> Understanding:
    """Add to what was understood whose label is taken, where several people labelled a text."""
    agreed = found.contract
    if annotators and votes.MERGED in agreed.label:
        return replace(found, contract=replace(agreed, annotators=(votes.MERGED, annotators)))
    merging = annotated.find(labelled, agreed, annotators)
    if merging is None:
        return found
    if not merging.column:
        return replace(found, findings=(*found.findings, *merging.findings))
    said = f"{merging.column!r} says who labelled a row: the rows of a text become one"
    agreed = replace(
        agreed,
        annotators=(merging.column, annotators or "majority"),
        reasons=(*agreed.reasons, said),
    )
    findings = (*found.findings, *merging.findings)
    return replace(found, contract=agreed, rows=merging.rows, findings=findings)


def _refuse_soft(table: Table, agreed: Contract) -> None:
    """Refuse shares of classes where there are none.

    Raises:
        SettingsError: It is another task, or another form of labels.
    """
    kind = registry.of(agreed.task)
    if kind.asks != "texts" or not kind.judged.is_exclusive or agreed.form != "name":
        raise SettingsError(
            f"{table.name}: --annotators soft learns from shares of classes, for one label a text "
            f"in one column (task single); here it is task {agreed.task}: choose majority"
        )


def _merged(table: Table, agreed: Contract, asked: tuple[str, ...]) -> Contract:
    """Add to a contract which labels are one."""
    merging.refuse_useless(agreed, has_classes=registry.of(agreed.task).has_classes)
    own = examples.of_file(agreed, table)
    counts = Counter(
        name for example in examples.read(table, own) for name in merging.names(example)
    )
    counts.update(dict.fromkeys(table.merged, 0))  # of which reading has left none
    found = merging.pairs(asked, counts)
    said = f"labels merged, as asked: {merging.shown(found)}" if found else "no labels to be merged"
    return replace(agreed, merged=found, reasons=(*agreed.reasons, said))
