"""The tags or spans of one file become a contract that reads them as this file writes them."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from textune.records import Contract, Table
from textune.tasks.tags import schemes, spans
from textune.tasks.tags.notation import EMPTY, OUTSIDES, Notation
from textune.tasks.tags.offsets import OffsetCensus
from textune.tasks.tags.word_lists import read_list


def of_file(contract: Contract, table: Table, labels: Collection[str] = ()) -> Contract:
    """Read a file's tags or spans as it writes them, whatever the training file did.

    Plain tags are of no scheme, and a file of which nothing can be told is read as agreed.

    Args:
        contract: Of the training.
        table: The file, whose rows are read once.
        labels: That the model knows: types that differ from its in case alone are read as those.
    """
    if contract.task != "tags" or contract.separator == "plain" or not contract.label:
        return contract
    if contract.label[0] not in table.columns:
        return contract
    place = table.columns.index(contract.label[0])
    known = {kind for kind in map(schemes.type_of, labels) if kind}
    if contract.form != "words" and table.format != "conll":
        return _in_own_places(contract, table, place, known)
    census = schemes.Census()
    for row in table.rows():
        census.add(read_list(row.cells[place]) or ())
    found = census.notation()
    if found is None:
        alone = _alone(census.tags, known)
        if alone is None:
            return contract
        own = replace(contract, separator="io", notation=alone.written())
        return _in_known_case(own, (tag.strip() for tag in census.tags), known)
    own = replace(contract, separator=census.scheme(), notation=found.written())
    return _in_known_case(own, census.types(), known)


def _in_own_places(
    contract: Contract, table: Table, label: int, known: Collection[str]
) -> Contract:
    """Read the places of spans in the units that a file counts."""
    if contract.text[0] not in table.columns:
        return contract
    text, census, kinds = table.columns.index(contract.text[0]), OffsetCensus(), set[str]()
    for row in table.rows():
        found = spans.items(row.cells[label]) or []
        spans.count(census, found, row.cells[text])
        kinds.update(spans.labels(found))
    return _in_known_case(replace(contract, offsets=census.reading()), kinds, known)


def _alone(tags: Counter[str], known: Collection[str]) -> Notation | None:
    """Recognise types without letters, where all of them are known."""
    same = {kind.casefold() for kind in known}
    rest = {tag.strip() for tag in tags if tag.strip().casefold() not in same}
    outside = tuple(sorted(rest - OUTSIDES))
    is_sound = len(outside) <= 1 and all(tag.lower() in EMPTY for tag in outside)
    return Notation("", "none", outside) if known and is_sound and len(rest) < len(tags) else None


def _in_known_case(contract: Contract, kinds: Iterable[str], known: Collection[str]) -> Contract:
    """Read types that a model knows in another case as those that it knows."""
    by_case: dict[str, list[str]] = {}
    for kind in known:
        by_case.setdefault(kind.casefold(), []).append(kind)
    meant = {
        kind: by_case[kind.casefold()][0]
        for kind in kinds
        if kind not in known and len(by_case.get(kind.casefold(), ())) == 1
    }
    if not meant:
        return contract
    listed = ", ".join(f"{one!r} as {two!r}" for one, two in sorted(meant.items()))
    said = f"types that differ from the model's in case alone are read as those: {listed}"
    return replace(contract, names=tuple(meant.items()), reasons=(*contract.reasons, said))
