"""Labelled files become the examples of each part: to learn from, for validation, for the test."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import numpy as np

from textune.corpora.given import JUDGING
from textune.data import naming
from textune.errors import DataError
from textune.records import Contract, Example, Message, Table
from textune.settings import judging
from textune.settings.config import Settings
from textune.settings.data_config import DataSettings
from textune.splits import strata
from textune.splits.left_out import is_skipped, mended, skipped
from textune.survey import leaks
from textune.tasks import examples, layout, registry


def read_parts(
    table: Table,
    others: Sequence[object],
    agreed: Contract,
    settings: Settings,
    opened: list[Table] | None = None,
) -> Generator[Message, None, list[list[Example]]]:
    """Read the examples of the first file, and of those for validation and test.

    `opened` takes the tables that were read.
    """
    opened = [] if opened is None else opened
    opened.append(table)
    data, seed = settings.data, judging.seed_of_rows(settings)
    parts = [(yield from _read(table, agreed, data, seed))]
    plain = replace(agreed, weight=None)  # the others are judged by, each text alike
    labels = examples.label_names(agreed, parts[0])
    known = (*labels, *(value for value, _ in agreed.names))
    for part, other in zip(JUDGING, others, strict=False):
        if other is None:
            parts.append([])
            continue
        more = leaks.same_layout(other, table, agreed, replace(data.file, part=part))
        opened.append(more)
        fitted = layout.fitted(more, plain, known)
        parts.append((yield from _read(*fitted, data, seed, labels=labels)))
    yield from _leave_out_unknown(agreed, parts, data)
    return parts


def _read(
    table: Table,
    agreed: Contract,
    data: DataSettings,
    seed: int,
    *,
    labels: Sequence[str] = (),
) -> Generator[Message, None, list[Example]]:
    yield from (
        Message(f"{table.name}: {finding.message}", is_warning=True) for finding in table.findings
    )
    table = naming.named(table, agreed)
    own = examples.of_file(agreed, table, labels)
    for reason in own.reasons[len(agreed.reasons) :]:
        yield Message(f"{table.name}: {reason}", is_warning=True)
    found = list(examples.read(table, own))
    kept = [item for item in found if not is_skipped(item)]
    if table.faults:
        said = f"{table.faults.said(table.name)}; all are in the run's faulty.jsonl"
        yield Message(said, is_warning=True)
    if left_out := skipped(found, table.name):
        yield Message(left_out, is_warning=True)
    if said := mended(kept, table.name):
        yield Message(said, is_warning=True)
    if not kept:
        raise DataError(f"{table.name}: no row has both a text and a label")
    if registry.of(agreed.task).asks == "words":
        yield from _doubts(table, agreed, kept)
    if data.limit is not None and data.limit < len(kept):
        chosen = np.random.default_rng(seed).choice(len(kept), data.limit, replace=False)
        kept = [kept[row] for row in np.sort(chosen).tolist()]
        yield Message(f"{table.name}: trial on {len(kept):,} of its rows, drawn at random")
    return kept


def _doubts(table: Table, agreed: Contract, found: Sequence[Example]) -> Iterator[Message]:
    """Say what is doubtful about words and tags.

    Raises:
        DataError: Nothing is marked, so that there is nothing to learn.
    """
    tally = registry.of(agreed.task).tally(agreed)
    for example in found:
        tally.add(example)
    for finding in tally.findings(len(found)):
        if finding.severity == "error":
            raise DataError(f"{table.name}: {finding.message}")
        yield Message(f"{table.name}: {finding.message}", is_warning=finding.severity == "warning")


def _leave_out_unknown(
    agreed: Contract, parts: list[list[Example]], data: DataSettings
) -> Iterator[Message]:
    """Drop from a trial's other parts what has labels that its few training rows do not have."""
    is_named = agreed.form in {"name", "list"} and registry.of(agreed.task).has_classes
    if data.limit is None or not is_named:
        return
    known = set(examples.label_names(agreed, parts[0]))
    for place, part in enumerate(parts[1:], start=1):
        kept = [item for item in part if set(strata.label_names(item)) <= known]
        if len(kept) == len(part):
            continue
        if not kept:
            raise DataError(
                f"{part[0].origin}: no row of this trial has a label that its {len(parts[0])} "
                "training rows have; raise --limit"
            )
        parts[place] = kept
        yield Message(
            f"{part[0].origin.rpartition(':')[0]}: {len(part) - len(kept):,} rows of this trial "
            "were skipped, since none of its few training rows has their label"
        )
