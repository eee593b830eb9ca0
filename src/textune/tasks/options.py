"""Questions with answers to choose from are refused: texts that are none apart from each other."""

import re
from collections.abc import Sequence

from textune.data import lists, names, pair_names
from textune.data.choice import option, quoted
from textune.data.columns import Column
from textune.errors import DataError
from textune.records import Table

LISTS = frozenset(["alternatives", "candidates", "choice", "choices", "endings", "options"])
PLENTY = 0.5  # share of lists that differ, from which they are answers and no names of classes
_LETTER = re.compile(r"\(?[A-Ha-h0-7][).]?")
RIGHT = frozenset(["correct", "right", "best", "plausible", "answer", "preferred", "preference"])
WRONG = frozenset(["distractor", "distractors", "incorrect", "wrong"])
ANSWERS = frozenset(["answer", "choice", "option"])
_TEXTS = ("category", "text", "words")


def refuse(table: Table, columns: Sequence[Column]) -> None:
    """Refuse questions with answers to choose from.

    Raises:
        DataError: There are columns of such answers.
    """
    named = _named(columns) if table.has_header else _lettered_by_place(columns)
    if not named or any(column.words < 1 for column in named):
        return
    others = [column for column in columns if column.kind == "text" and column not in named]
    one = [*others[:1], *named[:1]]
    raise DataError(
        f"{table.name}: {quoted(column.name for column in named)} look like answers to choose "
        "from (multiple choice), which is no task of textune's; write a row for each answer, as "
        "the other text of a pair, with whether it is the right one as the label, or, if the label "
        f"is a class of some of the texts, name them and it, as in {option('--text', one)} with "
        "--label"
    )


def _named(columns: Sequence[Column]) -> list[Column]:
    options = [column for column in columns if pair_names.is_option(column.name)]
    ends = {column.name: column.name.rpartition(".")[2] for column in columns}  # of answers.A
    letters = [column for column in columns if ends[column.name] in tuple("ABCDE")]
    found = options if len(options) > 1 else letters if len(letters) > 2 else []
    found = found or _listed_options(columns) or _numbered_options(columns)
    return found or _right_and_wrong(columns)


def _lettered_by_place(columns: Sequence[Column]) -> list[Column]:
    """Find texts after a question, by whose letters the last column names the right one."""
    *before, last = columns
    letters = sorted(last.counts or {})
    found = before[-len(letters) :]
    is_whole = 2 < len(letters) < len(before) and letters == list("ABCDEFGH"[: len(letters)])
    is_whole = is_whole and any(c.kind == "text" for c in before[: -len(letters)])
    are_texts = all(column.kind in _TEXTS and column.varied > PLENTY for column in found)
    return found if is_whole and are_texts else []


def _listed_options(columns: Sequence[Column]) -> list[Column]:
    """Find lists of texts to choose from, where another column has the letter of the right one."""
    listed = [
        column
        for column in columns
        if LISTS & set(column.name.lower().split("."))
        and column.cells
        and all(cell.startswith("[") for cell in column.cells)
        and column.varied > PLENTY
    ]
    letters = [column for column in columns if column not in listed and _are_letters(column)]
    return listed if letters or any(_are_among(listed, column) for column in columns) else []


def _are_letters(column: Column) -> bool:
    """Tell letters or numbers of answers, one a row, or one for each of several questions."""
    if column.counts and all(_LETTER.fullmatch(cell) for cell in column.counts):
        return True
    found = [lists.parse(cell, "json") or () for cell in column.cells if cell.startswith("[")]
    is_all = 0 < len(found) == len(column.cells)
    return is_all and all(_LETTER.fullmatch(one) for held in found for one in held)


def _numbered_options(columns: Sequence[Column]) -> list[Column]:
    """Find texts by whose numbers another column names the right one: "a1", "a2" and 1 or 2.

    There must be a text beside them, of which they are said; two alone may be a pair. Letters
    ("answerA", …, and A) are such numbers, and so are 0, 1, 2 or 1, 2, 3 in their place.
    """
    texts = [column for column in columns if column.kind in _TEXTS]
    by_stem: dict[tuple[str, ...], dict[str, Column]] = {}
    for column in texts:
        *stem, last = names.parts(column.name) or [""]
        if stem and (last.isdecimal() or last in tuple("abcdefgh")):
            by_stem.setdefault(tuple(stem), {})[last] = column
    for found in by_stem.values():
        is_named = any(_are_of(column, found) and _says_which(column.name) for column in columns)
        if 1 < len(found) < len(texts) and is_named:
            return [*found.values()]
    return []


def _are_of(column: Column, found: dict[str, Column]) -> bool:
    """Tell whether the cells of a column are the ends of some names, or count them."""
    values = {cell.lower() for cell in column.counts or ()}
    if any(end.isdecimal() for end in found) or len(found) < 3:
        return values == {*found}
    counted = [{str(at + first) for at in range(len(found))} for first in (0, 1)]
    return values in ({*found}, *counted)


def _right_and_wrong(columns: Sequence[Column]) -> list[Column]:
    """Find answers that are called right, and others that are called wrong.

    Two that are not called answers may be a text and its correction.
    """
    able = [column for column in columns if column.kind in (*_TEXTS, "list", "record")]
    right = [column for column in able if _is_called(column.name, RIGHT)]
    wrong = [column for column in able if _is_called(column.name, WRONG)]
    beside = any(column.kind == "text" for column in able if column not in (*right, *wrong))
    is_many = len(right) + len(wrong) > 2 or any(len(_words(c.name)) > 1 for c in wrong)
    return [*right, *wrong] if right and wrong and beside and is_many else []


def _is_called(name: str, marks: frozenset[str]) -> bool:
    found = _words(name)
    rest = {part.removesuffix("s") for part in found[1:]}
    return found[:1] != [] and found[0] in marks and rest <= ANSWERS


def _words(name: str) -> list[str]:
    return [part for part in names.parts(name) if not part.isdecimal()]


def _says_which(name: str) -> bool:
    return names.label_evidence(name) > 0 or bool(RIGHT & set(names.parts(name)))


def _are_among(listed: Sequence[Column], column: Column) -> bool:
    """Tell whether each cell of a column is one of the texts of its row's list."""
    return any(
        column is not each
        and not column.blank + each.blank
        and all(
            cell in (lists.parse(among, "json") or ())
            for cell, among in zip(column.cells, each.cells, strict=False)
        )
        for each in listed
    )
