"""Rows of words with tags, or of texts with labelled spans, become Examples with a tag a word.

Whatever a file writes, an Example holds a text, the place of each word in it, and a tag for each:
IOB2 where the tags are of a scheme for entities, else as they are. An IOB tag that cannot stand
where it does is read as conlleval reads it and remarked upon; everything else that is wrong is an
error. A sentence without words is an Example without words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from textune.data.cut import Cutter
from textune.data.words import joined, words_of
from textune.errors import DataError, excerpt
from textune.records import Contract, Example, Row, Table
from textune.tasks.kind import ToExample, in_order
from textune.tasks.tags import schemes, spans
from textune.tasks.tags.notation import Notation
from textune.tasks.tags.word_lists import read_list

MOST_FAULTS = 3  # of a row that are named

_LISTED = re.compile(r"""\s*\[\s*["']""")  # how a list of words begins, and no text


def reader(
    table: Table, contract: Contract, *, text: int, label: int | None, group: int | None
) -> ToExample:
    """Make the function that turns a row into an Example with a tag for each word.

    Args:
        table: Where the rows are from.
        contract: Of task "tags": its form, the names of its columns, and the scheme; or "plain",
            for sentences of CoNLL as text.
        text: Place of the words, or of the text.
        label: Place of the tags, or of the spans; None without labels: then a cell that holds no
            list of words is running text, cut into words as in training, and one that holds a list
            is read as such, whatever the model was trained on.
        group: Place of what keeps texts together, if anything does.

    Raises:
        DataError: A file of single words is given to a task that reads texts. The function itself
            raises it for a row that cannot be read: its place and what is wrong.
    """
    if contract.task not in ("tags", "plain"):
        raise DataError(
            f"{table.name}: this is a CoNLL file, one word a line, but task {contract.task!r} "
            "reads one text a row; write a text a row"
        )
    is_listed = contract.form == "words" or table.format == "conll"
    read = _read_words if is_listed else _read_spans
    named = dict(contract.names)

    def to_example(row: Row) -> Example:
        if contract.task == "plain":
            words = _words(row, row.cells[text], contract.text[0])
            found = Example(joined(words)[0], row.origin)
        elif label is None:
            found = _unlabelled(row, row.cells[text], contract, is_listed=is_listed)
        else:
            found = read(row, (row.cells[text], row.cells[label]), contract)
        if contract.names and found.label is not None:
            found = replace(found, label=tuple(_meant(tag, named) for tag in found.label))
        return found if group is None else replace(found, group=row.cells[group])

    return to_example


def _meant(tag: str, named: Mapping[str, str]) -> str:
    """Give a tag in IOB2 the type that is meant."""
    letter, sign, kind = tag.partition("-")
    return f"{letter}{sign}{named.get(kind, kind)}"


def label_names(contract: Contract, examples: Iterable[Example]) -> tuple[str, ...]:
    """Name the tags in the order of the model's outputs.

    O, then B and I of each type by alphabet, whether or not both occur; plain tags as `examples`
    sorts labels: by number if all are numbers, by alphabet if not.
    """
    found = {tag for example in examples for tag in example.label or ()}
    if contract.separator != "plain":
        kinds = (schemes.type_of(tag) for tag in found)
        return schemes.names(kind for kind in kinds if kind is not None)
    return in_order(found)


def counted(contract: Contract, tags: Iterable[str]) -> list[str]:
    """Name what is counted in a sentence: the type of each entity, or each plain tag."""
    if contract.separator == "plain":
        return list(tags)
    return [kind or "B" for kind in map(schemes.entity_type, tags) if kind is not None]


def _words(row: Row, cell: str, column: str) -> list[str]:
    words = read_list(cell)
    if words is None:
        raise DataError(
            f"{row.origin}: column {column!r} holds {excerpt(cell)}; "
            'allowed: a list of words such as ["EU", "rejects"]'
        )
    if "" in words:
        raise DataError(f"{row.origin}: word {words.index('') + 1} is empty; a tag needs a word")
    return words


def _read_words(row: Row, cells: tuple[str, str], contract: Contract) -> Example:
    words = _words(row, cells[0], contract.text[0])
    tags = read_list(cells[1])
    if tags is None:
        raise DataError(
            f"{row.origin}: column {contract.label[0]!r} holds {excerpt(cells[1])}; "
            'allowed: a list of tags such as ["B-ORG", "O"]'
        )
    if len(tags) != len(words):
        raise DataError(
            f"{row.origin}: {_some(words, 'word')} but {_some(tags, 'tag')}; "
            "allowed: one tag for each word"
        )
    notation = Notation.of(contract.notation)
    written, faults = schemes.to_iob2(tags, contract.separator or "plain", notation)
    said = [f"word {f.word + 1} {excerpt(words[f.word])}: {f.message}" for f in faults]
    _refuse(row, [what for what, fault in zip(said, faults, strict=True) if not fault.is_mended])
    text, places = joined(words)
    remarks = tuple(f"{row.origin}: {what}" for what in said)
    return Example(text, row.origin, label=written, words=places, remarks=remarks)


def _read_spans(row: Row, cells: tuple[str, str], contract: Contract) -> Example:
    text, cell = cells
    found = spans.items(cell)
    if found is None:
        raise DataError(
            f"{row.origin}: column {contract.label[0]!r} holds {excerpt(cell)}; "
            'allowed: a list of spans such as [{"start": 0, "end": 2, "label": "ORG"}]'
        )
    words = words_of(text)
    sound, faults = spans.read(found, text, reading=contract.offsets)
    tags, more, remarks = spans.tags(sound, words, text)
    _refuse(row, faults + more)
    said = tuple(f"{row.origin}: {what}" for what in remarks)
    return Example(text, row.origin, label=tuple(tags), words=words, remarks=said)


def _unlabelled(row: Row, cell: str, contract: Contract, *, is_listed: bool) -> Example:
    if (is_listed or _LISTED.match(cell)) and read_list(cell) is not None:
        text, places = joined(_words(row, cell, contract.text[0]))
        return Example(text, row.origin, words=places)
    return Example(cell, row.origin, words=Cutter.of(contract.cut)(cell))


def _refuse(row: Row, faults: Sequence[str]) -> None:
    if faults:
        more = len(faults) - MOST_FAULTS
        listed = "; ".join(faults[:MOST_FAULTS])
        raise DataError(f"{row.origin}: {listed}" + (f"; and {more} more" if more > 0 else ""))


def _some(found: Sequence[str], noun: str) -> str:
    return f"{len(found):,} {noun}{'' if len(found) == 1 else 's'}"
