"""Tables that are something else than texts with labels are refused, with the way out."""

import re
from collections.abc import Iterable, Sequence

from textune.data import lists, names, pair_names
from textune.data.choice import option, quoted
from textune.data.columns import Column, describe
from textune.errors import DataError
from textune.records import Table

PLENTY = 0.5  # share of lists that differ, from which they are answers and no names of classes
_LETTER = re.compile(r"\(?[A-Ha-h0-7][).]?")
PLAIN = 3.0  # evidence of a name from which a column holds labels


def refuse_options(table: Table, columns: Sequence[Column]) -> None:
    """Refuse questions with answers to choose from, which are no texts apart from each other.

    Raises:
        DataError: There are columns of such answers.
    """
    options = [column for column in columns if pair_names.is_option(column.name)]
    letters = [column for column in columns if column.name in tuple("ABCDE")]
    found = options if len(options) > 1 else letters if len(letters) > 2 else []
    found = found or _listed_options(columns)
    if table.has_header and found and all(column.words >= 1 for column in found):
        others = [column for column in columns if column.kind == "text" and column not in found]
        one = [*others[:1], *found[:1]]
        raise DataError(
            f"{table.name}: {quoted(column.name for column in found)} look like answers to choose "
            "from (multiple choice), which is no task of textune's; if the label is a class of "
            f"some of the texts, name them and it, as in {option('--text', one)} with --label"
        )


def _listed_options(columns: Sequence[Column]) -> list[Column]:
    """Find lists of texts to choose from, where another column has the letter of the right one."""
    listed = [
        column
        for column in columns
        if column.name.lower() in ("options", "choices", "candidates")
        and column.cells
        and all(cell.startswith("[") for cell in column.cells)
        and column.varied > PLENTY
    ]
    letters = [
        column
        for column in columns
        if column.counts and all(_LETTER.fullmatch(cell) for cell in column.counts)
    ]
    return listed if letters else []


def _is_named_label(name: str) -> bool:
    return names.label_evidence(name) >= PLAIN and names.text_evidence(name) < 1


def refuse_words(table: Table, texts: Sequence[Column], columns: Iterable[Column]) -> None:
    """Refuse labels without their texts: a few words, each in many rows, and nothing else.

    Raises:
        DataError: They would be taken for text without labels.
    """
    is_label = table.has_header and all(_is_named_label(column.name) for column in texts)
    is_word = len(texts) == 1 and texts[0].kind == "category" and texts[0].words < 2
    if is_word or is_label:
        raise no_text(table, columns)


def no_text(table: Table, columns: Iterable[Column]) -> DataError:
    """Make the error that names every column, of which none looks like text."""
    listed = "; ".join(f"{column.name!r} is {describe(column)}" for column in columns)
    return DataError(f"{table.name}: no column looks like text ({listed}); name one with --text")


def refuse_positions(table: Table, chosen: Sequence[Column]) -> None:
    """Refuse lists of a value for each position, of which nobody can tell what is meant."""
    column = chosen[0]
    if len(chosen) > 1 or column.separator == "vector":
        return
    if places := lists.positions(column.cells):
        raise DataError(
            f"{table.name}: column {column.name!r} holds lists of {places} numbers, some of them "
            f"repeated ({column.cells[0][:40]}): one value for each position, no set of labels; "
            "write a column for each position, and name one with --label (--task single), or all "
            "of them (--task number)"
        )
