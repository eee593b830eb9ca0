"""Tables that are something else than texts with labels are refused, with the way out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from textune.data import lists, names, odd_names
from textune.data.choice import option
from textune.data.columns import Column, describe, record_of
from textune.data.numerals import is_number
from textune.errors import DataError, among
from textune.records import Table

_FILE = re.compile(r"[\w.-]{1,60}")  # no more than 255 bytes, which a system refuses to look for
NEARLY_ALL = 0.9  # share of rows whose text is as long as its places say
SENTENCE = 5  # mean words from which pieces are texts of their own
SOME = 5  # cells that are looked for as files beside the table,
MOST_PLACES = 20  # in so many folders
UNCLEAR = ("texts", "error")  # kind and severity of findings that ask for the texts
PLAIN = 3.0  # evidence of a name from which a column holds labels


def _is_named_label(name: str) -> bool:
    return names.label_evidence(name) >= PLAIN and names.text_evidence(name) < 1


def known_texts(table: Table, text: Sequence[str] | None) -> Table:
    """Refuse a table whose texts only its owner can name; where they are named, it is settled.

    Raises:
        DataError: Nobody has named them.
    """
    asked = [found for found in table.findings if (found.kind, found.severity) == UNCLEAR]
    if asked and text is None:
        raise DataError(f"{table.name}: {asked[0].message}")
    return replace(table, findings=tuple(each for each in table.findings if each not in asked))


def refuse_words(table: Table, texts: Sequence[Column], columns: Iterable[Column]) -> None:
    """Refuse labels without their texts: a few words, each in many rows, and nothing else.

    Raises:
        DataError: They would be taken for text without labels.
    """
    is_label = table.has_header and all(_is_named_label(column.name) for column in texts)
    is_word = len(texts) == 1 and texts[0].kind == "category" and texts[0].words < 2
    if is_word or is_label:
        raise no_text(table, columns)


def refuse_pieces(table: Table, texts: Sequence[Column], columns: Sequence[Column]) -> None:
    """Refuse stretches of texts that stand elsewhere, with their places: a row for each.

    Raises:
        DataError: The text is as long as two columns of a start and an end say, and of few words:
            sentences are classified as they are.
    """
    ends = [[c for c in columns if names.parts(c.name)[:1] == [part]] for part in ("start", "end")]
    if not table.has_header or len(texts) != 1 or not all(len(each) == 1 for each in ends):
        return
    (start,), (end,) = ends
    if any(column.blank or not all(map(is_number, column.cells)) for column in (start, end)):
        return
    rows = list(zip(texts[0].cells, start.cells, end.cells, strict=False))
    fitting = sum(len(cell) == float(last) - float(first) for cell, first, last in rows)
    is_piece = not texts[0].blank and texts[0].words < SENTENCE
    if is_piece and fitting > NEARLY_ALL * len(rows):
        raise DataError(
            f"{table.name}: {texts[0].name!r} holds what stands from {start.name!r} to "
            f"{end.name!r} of texts that are not in the file; write a row for each text, with a "
            "list of its spans ([[start, end, label], …]), or, to learn classes of the pieces "
            f"alone, name them with {option('--text', texts)}"
        )


def no_text(table: Table, columns: Iterable[Column]) -> DataError:
    """Make the error that names every column, of which none looks like text."""
    columns = list(columns)
    listed = "; ".join(f"{column.name!r} is {describe(column)}" for column in columns)
    beside = _files_beside(table, columns)
    way_out = beside or "name one with --text"
    return DataError(f"{table.name}: no column looks like text ({listed}); {way_out}")


def _files_beside(table: Table, columns: Sequence[Column]) -> str:
    """Say which column names files that lie beside the table, and what to do; "" for none."""
    if table.path is None:
        return ""
    folder = Path(table.path).parent
    places = [folder, *sorted(place for place in folder.glob("*/") if place.is_dir())[:MOST_PLACES]]
    for column in columns:
        names_of = [cell for cell in column.cells[:SOME] if _FILE.fullmatch(cell)]
        for place in places if len(names_of) > 1 else ():
            for ending in ("", ".txt"):
                if all((place / f"{name}{ending}").is_file() for name in names_of):
                    first = (place / f"{names_of[0]}{ending}").relative_to(folder)
                    return (
                        f"{column.name!r} names files beside it, such as {str(first)!r}: write "
                        "what stands in each to a column of its row, and name that with --text"
                    )
    return ""


def refuse_odd_cells(table: Table, chosen: Sequence[Column]) -> None:
    """Refuse label cells that hold more than names.

    Raises:
        DataError: A value for each position of something, names with a score each, or objects.
    """
    _refuse_positions(table, chosen)
    _refuse_scored(table, chosen)
    _refuse_objects(table, chosen)


def _refuse_positions(table: Table, chosen: Sequence[Column]) -> None:
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
    if lists.are_repeated(column.cells):
        raise DataError(
            f"{table.name}: column {column.name!r} holds lists of numbers, most of them with "
            f"repeats ({column.cells[0][:40]}): one value for each word or sign of something, no "
            "set of labels; write the words as a list, too, to learn a tag for each (--task tags), "
            "or name another column with --label"
        )


def _refuse_scored(table: Table, chosen: Sequence[Column]) -> None:
    """Refuse names with the score of each, of which nobody can tell which are meant.

    Raises:
        DataError: The one label column holds them.
    """
    column = chosen[0]
    if len(chosen) == 1 and odd_names.are_scored(column.cells):
        raise DataError(
            f"{table.name}: column {column.name!r} holds several names with a score each "
            f"({column.cells[0][:60]!r}): write the one with the largest, or those above a bar as "
            "a;b, or a column for each name and its number (--task number)"
        )


def _refuse_objects(table: Table, chosen: Sequence[Column]) -> None:
    """Refuse JSON whose every text would be the name of a class.

    Raises:
        DataError: The one label column holds objects, or lists of objects or lists.
    """
    if len(chosen) == 1 and (first := record_of(chosen[0])):
        raise DataError(
            f"{table.name}: column {chosen[0].name!r} holds JSON ({first[:60]!r}), each whole cell "
            "of which would be the name of a class; write the name alone, or names in a list "
            '(["a", "b"]), or name another column with --label'
        )


def refuse_empty(table: Table, labels: Sequence[Column]) -> None:
    """Refuse label columns in which nothing stands, in place of a fault for every row.

    Raises:
        DataError: All of them are blank, or hold lists of nothing alone.
    """
    named = ", ".join(repr(column.name) for column in labels)
    if labels and all({*(column.counts or ())} == {"[]"} for column in labels):
        raise DataError(
            f"{table.name}: every cell of {named} is '[]': no text here has a label or an entity, "
            "and there is nothing to learn; add files with some, or name another column with "
            f"--label; {among('', table.columns)}; `--task plain` takes the texts alone"
        )
    if any(column.kind != "empty" for column in labels):
        return
    raise DataError(
        f"{table.name}: every cell of {named} is blank: there is no label to learn; name another "
        f"column with --label; {among('', table.columns)}"
    )
