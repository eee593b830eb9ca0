"""Texts that judge, and that training sees as well, become findings; so they do before training."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from textune.data import naming
from textune.errors import DataError
from textune.reading import kinds, obtained, sources
from textune.records import Contract, Example, Finding, ReadOptions, Table
from textune.splits import leaking
from textune.splits.leaking import Leaks, Texts
from textune.tasks import examples, layout

SHOWN = 5  # rows named in a finding
KINDS = {  # as they are told, and what they are but for
    "exact": ("leak", ", word for word"),
    "normalised": (
        "normalised leak",
        ", but for case, white space, punctuation or the form of Unicode",
    ),
    "near": ("near leak", ", but for a few words"),
}
OF_TABLES: dict[str, Any] = dict.fromkeys(("header", "delimiter", "rows", "sheet", "quote"))
"""How the first file is written; where that is data of Python, it says nothing of the others."""


def findings(known: Texts, others: Texts, found: Leaks, name: str) -> Iterator[Finding]:
    """Say how many texts of a part stand in the training data too, a finding for each way.

    Each names the first rows of both files; `name` is that of the part.
    """
    for kind, (what, but_for) in KINDS.items():
        rows = found.rows(kind)
        count = len(rows)
        if not count:
            continue
        first = rows[:SHOWN].tolist()
        places = others.origins.at(first)
        (source,) = known.origins.at([int(found.sources[first[0]])])
        torn = int(found.torn[rows].sum())
        message = (
            f"{count:,} text{'' if count == 1 else 's'} of {len(others):,} in the {name} data "
            f"({count / len(others):.1%}) also {'stands' if count == 1 else 'stand'} in the "
            f"training data{but_for}, so scores would flatter"
            f"{f'; {torn:,} with another label there' if torn else ''}; "
            f"first: {places[0]} repeats {source}"
        )
        yield Finding(what, "warning", message, count, places)
    yield from _of_groups(known, others, name)


def _of_groups(known: Texts, others: Texts, name: str) -> Iterator[Finding]:
    """Say how many texts of a part are of groups that the training data has texts of."""
    found = leaking.of_groups(known, others)
    rows = np.flatnonzero(found != leaking.NONE)
    if not len(rows):
        return
    first = rows[:SHOWN].tolist()
    places = others.origins.at(first)
    (source,) = known.origins.at([int(found[first[0]])])
    groups = len(np.unique(others.group[rows]))
    message = (
        f"{len(rows):,} text{'' if len(rows) == 1 else 's'} of {len(others):,} in the {name} data "
        f"{'is' if len(rows) == 1 else 'are'} of {groups:,} "
        f"group{'' if groups == 1 else 's'} that the training data has texts of, too, so scores "
        f"would flatter; first: {places[0]} is of the group of {source}"
    )
    yield Finding("group leak", "warning", message, len(rows), places)


def between(train: Iterable[Example], other: Iterable[Example], name: str) -> list[Finding]:
    """Find texts that stand in the training data and in another set as well."""
    known, others = Texts(train), Texts(other)
    return list(findings(known, others, leaking.find(known, others), name))


def of_files(
    table: Table,
    agreed: Contract,
    named: Mapping[str, object],
    options: ReadOptions,
    *,
    own: Mapping[str, object],
) -> Iterator[Finding]:
    """Compare a file that would be learned from with those that would judge, by their parts.

    Those of `own` are the data set's own; one that cannot be read as the first is not compared.

    Raises:
        DataError: A file that was named cannot be read as the first is.
    """
    others = {part: one for part, one in (*own.items(), *named.items()) if part != "train"}
    if not others:
        return
    known = Texts(examples.read(naming.named(table, agreed), agreed))
    for part, other in others.items():
        try:
            found = Texts(_read(other, table, agreed, replace(options, part=part)))
        except DataError as error:
            if part in named:
                raise
            message = f"the {part} data was not compared with the training data: {error}"
            yield Finding("leak", "note", message, 0)
            continue
        yield from findings(known, found, leaking.find(known, found), part)


def _read(other: object, table: Table, agreed: Contract, options: ReadOptions) -> Iterator[Example]:
    more = same_layout(other, table, agreed, options)
    more, own = layout.fitted(more, replace(agreed, weight=None))
    return examples.read(naming.named(more, own), own)


def same_layout(other: object, table: Table, agreed: Contract, options: ReadOptions) -> Table:
    """Open a validation or test file, with a header where its first line holds names.

    A delimiter and keys that were named hold for files with the ending of the first.
    """
    if not table.path or not obtained.are_places(other):
        return sources.read(other, replace(options, **OF_TABLES))
    first = other if isinstance(other, str | os.PathLike) else other[0]
    end, own = (kinds.ending(Path(name)) for name in (first, table.path))
    if end != own:
        options = replace(options, delimiter=None, rows=None)
    if end not in kinds.SHEETS:
        options = replace(options, sheet=None)
    found = sources.read(other, options)
    if options.header is not None or found.format not in layout.TABLES:
        return found
    header = layout.has_header(found, agreed, trained=table.has_header)
    if header is None:
        raise layout.unnamed(found, agreed)
    return sources.read(other, replace(options, header=header))
