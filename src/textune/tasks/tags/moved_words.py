"""Lines of words with a column more, or in another order: the words are found by what they are."""

from collections.abc import Sequence
from dataclasses import replace

from textune.data.numerals import is_number
from textune.data.sampling import head
from textune.errors import DataError
from textune.records import Contract, Row, Table
from textune.tasks.tags import schemes, spans, word_lists

SAMPLE = 200  # sentences that are looked at
FORMS = ("words", "spans")  # of contracts that mark words
MOSTLY = 0.9
FEW = 3  # times as many different words as the expected column has, by which another is known
VARIED = 2  # times as many different words as any other column has, by which words are known
COUNTED = "after its number"  # what a contract says of words whose line begins with their number


def fitted(table: Table, contract: Contract) -> Contract:
    """Return the contract by which a file of words is to be read for a model.

    Raises:
        DataError: What should be the words is none, while another column may be.
    """
    if not all(name.isdecimal() for name in contract.text):
        return contract if contract.text[0] in table.columns else _found(table, contract, "")
    sample = list(head(table.rows(), SAMPLE))
    contract = _past_numbers(table, contract, sample)
    if contract.text[0] not in table.columns:
        return _found(table, contract, "")
    held = _odd(table, contract.text[0], sample)
    if not held and len(table.columns) != len(contract.columns or table.columns):
        held = _few(table, contract.text[0], sample)
    return _found(table, contract, held) if held else contract


def _few(table: Table, name: str, sample: Sequence[Row]) -> str:
    """Say that a column that should hold words holds few different ones, unlike another one."""
    own = set(_items(sample, table.columns.index(name)))
    others = [
        len(set(_items(sample, place)))
        for place, other in enumerate(table.columns)
        if other != name and not _odd(table, other, sample)
    ]
    return (
        f"few words such as {min(own)!r}" if own and max(others, default=0) > FEW * len(own) else ""
    )


def marked(table: Table, contract: Contract) -> Contract:
    """Return the contract with the column of tags or of spans that a table has, in its form.

    Where several columns, or none, could be that, it stays as it is.
    """
    able = {name: form for name, form in forms(table).items() if name not in contract.text}
    own = [name for name in able if name in contract.label] or list(able)
    return replace(contract, label=(own[0],), form=able[own[0]]) if len(own) == 1 else contract


def poor(table: Table) -> set[str]:
    """Name the columns of lists that hold far fewer different words than another one: classes."""
    sample = list(head(table.rows(), SAMPLE))
    counts = {name: len(set(_items(sample, at))) for at, name in enumerate(table.columns)}
    most = max(counts.values(), default=0)
    return {name for name, count in counts.items() if count and VARIED * count <= most}


def forms(table: Table) -> dict[str, str]:
    """Name the columns that hold tags or spans, each with its form."""
    sample = list(head(table.rows(), SAMPLE))
    found = {
        name: _form([row.cells[place] for row in sample if row.cells[place].strip()])
        for place, name in enumerate(table.columns)
    }
    return {name: form for name, form in found.items() if form}


def _form(cells: Sequence[str]) -> str:
    """Tell lists of tags from lists of spans; "" for anything else."""
    lists = [word_lists.read_list(cell) for cell in cells if cell.startswith("[")]
    items = [item for found in lists for item in found or ()]
    marks = sum(item == "O" or schemes.type_of(item) is not None for item in items)
    if any(map(schemes.type_of, items)) and marks >= MOSTLY * len(items):
        return FORMS[0]
    every = [item for cell in cells for item in spans.items(cell) or ()]
    return FORMS[1] if every and all(map(spans.is_span, every)) else ""


def _past_numbers(table: Table, contract: Contract, sample: Sequence[Row]) -> Contract:
    """Move the columns where words are numbered in one of the two files only."""
    first = [word_lists.read_list(row.cells[0]) or [] for row in sample]
    is_counted = len(table.columns) > 1 and word_lists.are_counts(first)
    was_counted = any(COUNTED in reason for reason in contract.reasons)
    if is_counted and contract.text == ("1",):
        return _moved(contract, table.columns, 1)
    if was_counted and not is_counted and contract.text == ("2",):
        return _moved(contract, table.columns, -1)
    return contract


def _moved(contract: Contract, columns: Sequence[str], by: int) -> Contract:
    places = {str(n + 1): str(n + 1 + by) for n in range(len(columns) + abs(by))}
    text = tuple(places.get(name, name) for name in contract.text)
    label = tuple(places.get(name, name) for name in contract.label)
    return replace(contract, text=text, label=label)


def _odd(table: Table, name: str, sample: Sequence[Row]) -> str:
    """Say what stands in a column that should hold words, where that is tags or numbers."""
    every = _items(sample, table.columns.index(name))
    marked = sum(item == "O" or schemes.type_of(item) is not None for item in every)
    if every and marked >= MOSTLY * len(every) and any(map(schemes.type_of, every)):
        return f"tags such as {every[0]!r}"
    if every and len(table.columns) > 1 and sum(map(is_number, every)) >= MOSTLY * len(every):
        return f"numbers such as {every[0]!r}"
    return ""


def _items(sample: Sequence[Row], place: int) -> list[str]:
    return [item for row in sample for item in word_lists.read_list(row.cells[place]) or []]


def _found(table: Table, contract: Contract, held: str) -> Contract:
    """Take the one column that is clearly of words, and the tags from the one that marks."""
    sample = list(head(table.rows(), SAMPLE))
    different: dict[str, int] = {}
    for place, name in enumerate(table.columns):
        if not _odd(table, name, sample):
            different[name] = len(set(_items(sample, place)))
    best, *others = sorted(different, key=lambda name: -different[name]) or [""]
    if not best or any(VARIED * different[name] > different[best] for name in others):
        raise _other(table, contract.text[0], held or "nothing")
    marks = [name for name in table.columns if name != best and _marks(table, name, sample)]
    label = tuple(marks) if len(marks) == 1 == len(contract.label) else contract.label
    return replace(contract, text=(best,), label=label)


def _marks(table: Table, name: str, sample: Sequence[Row]) -> bool:
    return _odd(table, name, sample).startswith("tags")


def _other(table: Table, name: str, held: str) -> DataError:
    listed = ", ".join(table.columns[:8])
    return DataError(
        f"{table.name}: column {name}, which held the text in training, holds {held} here: the "
        f"columns stand differently; name that of the text with --text (one of {listed})"
    )
