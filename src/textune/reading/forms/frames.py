"""One object that holds a whole table becomes its rows: by column, by row, as pandas writes it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from textune.reading import splits
from textune.reading.forms.interface import is_prose

Found = tuple[list[Any], str]
"""Rows, and how they were written."""
WORDS = frozenset(["tokens", "token", "words", "word"])
TEXTS = frozenset(
    [
        *("text", "texts", "sentence", "sentences", "sentence1", "sentence2", "premise"),
        *("hypothesis", "question", "questions", "answer", "answers", "context", "passage"),
        *("title", "body", "query", "document", "documents", "data", "x", "review", "reviews"),
    ]
)
PARTS = frozenset([*splits.FOLDERS, "eval"])
MOSTLY = 0.9
SEVERAL = 5  # objects in one, from which they are rows of it and no values


def rows_of(document: Mapping[str, Any]) -> Found | None:
    """Take the rows of a table that is one object, and say how it was written; None for others.

    Raises:
        ValueError: It is a table, but its parts do not fit together, or could be read in two ways.
    """
    for form in (_split, _schema, _lists, _objects, _listed, _texts):
        if found := form(document):
            return found
    return None


def are_tables(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether each of several objects is a table, and no row whose values are objects."""
    filled = [one for one in objects if one]
    try:
        return bool(filled) and all(
            any(form(one) for form in (_split, _schema, _lists))
            or (len(one) >= SEVERAL and _objects(one))
            or (bool(_objects(one)) and all(_are_numbered(held) for held in one.values()))
            for one in filled
        )
    except ValueError:
        return False


def _are_numbered(held: Mapping[str, Any]) -> bool:
    return len(held) > 1 and all(name.isdecimal() for name in held)


def _split(document: Mapping[str, Any]) -> Found | None:
    columns, data = document.get("columns"), document.get("data")
    if not isinstance(columns, list) or not isinstance(data, list) or not data:
        return None
    if not all(isinstance(row, list) for row in data):
        return None
    odd = [number for number, row in enumerate(data, 1) if len(row) != len(columns)]
    if odd:
        raise ValueError(
            f"'columns' has {len(columns)} names, but row {odd[0]} of 'data' has "
            f"{len(data[odd[0] - 1])} values ({len(odd):,} such rows in all)"
        )
    rows = [dict(zip(map(str, columns), row, strict=True)) for row in data]
    return rows, "one object with 'columns' and 'data', as pandas writes orient='split'"


def _schema(document: Mapping[str, Any]) -> Found | None:
    schema, data = document.get("schema"), document.get("data")
    if not isinstance(schema, Mapping) or "fields" not in schema or not isinstance(data, list):
        return None
    if not data or not all(isinstance(row, Mapping) for row in data):
        return None
    keys = schema.get("primaryKey") or []
    if keys == ["index"]:  # pandas' own numbers
        data = [{key: held for key, held in row.items() if key != "index"} for row in data]
    return data, "one object with 'schema' and 'data', as pandas writes orient='table'"


def _lists(document: Mapping[str, Any]) -> Found | None:
    """Read columns as lists: those of one length, of which one holds texts."""
    held = {name: value for name, value in document.items() if isinstance(value, list)}
    columns = {name: value for name, value in held.items() if value and are_cells(value)}
    if len(columns) < 2 or is_sentence(columns) or all(map(is_part, columns)):
        return None
    sizes = [len(value) for value in columns.values()]
    size = max(set(sizes), key=lambda one: (sizes.count(one), one))
    same = {name: value for name, value in columns.items() if len(value) == size}
    prose = [name for name, value in columns.items() if _share(value, is_prose) >= MOSTLY]
    is_each = len(prose) == len(columns) == len(document)
    if is_each and not any(name.lower() in TEXTS for name in columns):
        return _by_label(columns, is_even=len(same) == len(columns))
    has_lists = any(_share(value, _is_list_of_words) == 1 for value in same.values())
    if size < 2 or not (set(prose) & set(columns) or has_lists):
        return None
    longer = {name: len(value) for name, value in columns.items() if 2 * len(value) > size}
    if len(set(longer.values())) > 1:
        sizes_said = ", ".join(f"{name!r}: {count:,}" for name, count in longer.items())
        raise ValueError(f"its columns differ in length ({sizes_said})")
    rows = [dict(zip(same, cells, strict=True)) for cells in zip(*same.values(), strict=True)]
    rest = [name for name in document if name not in same]
    left_out = f"; {', '.join(map(repr, rest))} is no column of these rows" if rest else ""
    return rows, f"one object with a list of values for each column{left_out}"


def _by_label(columns: Mapping[str, list[Any]], *, is_even: bool) -> Found:
    names = ", ".join(map(repr, columns))
    if is_even:
        raise ValueError(
            f"one object with lists of texts of the same length ({names}): these names could be "
            "labels or columns"
        )
    rows = [{"text": text, "label": name} for name, texts in columns.items() for text in texts]
    return rows, f"one object with a list of texts for each label ({names})"


def _objects(document: Mapping[str, Any]) -> Found | None:
    """Read objects, each of them a column or a row, by what is alike in them."""
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(value, Mapping) and value for value in values):
        return None
    if are_parts(document):
        return None
    inner = list(dict.fromkeys(chain.from_iterable(values)))
    is_full = sum(map(len, values)) >= MOSTLY * len(values) * len(inner)
    texts = [any(map(is_prose, value.values())) for value in values]
    by_column = is_full and any(texts) and len(inner) > 1 and _is_turned(document, inner)
    if by_column and all(are_cells(list(value.values())) for value in values):
        return _by_column(document, inner)
    usual = [name for name in inner if _share(values, lambda one: name in one) > 0.5]  # noqa: B023
    if sum(map(has_text, values)) < MOSTLY * len(values) or len(usual) * 2 < len(values[0]):
        return None
    rows = _named(document, inner)
    return rows, "one object with the rows by their names, as pandas writes orient='index'"


def _listed(document: Mapping[str, Any]) -> Found | None:
    """Read rows as lists by their names: texts at one place of each, none at another."""
    values = list(document.values())
    if len(values) < SEVERAL or not all(isinstance(one, list) for one in values):
        return None
    if len({len(one) for one in values}) != 1 or not all(map(are_cells, values)):
        return None
    shares = [_share(cells, is_prose) for cells in zip(*values, strict=True)]
    if not shares or max(shares) < MOSTLY or min(shares) > 1 - MOSTLY:
        return None
    rows = {
        name: {str(at): held for at, held in enumerate(one, 1)} for name, one in document.items()
    }
    return _named(rows, ()), "one object with a list of values under the name of each row"


def _by_column(document: Mapping[str, Any], inner: Sequence[str]) -> Found:
    named = not _are_numbers(inner)
    key = next(name for name in ("key", "key (of the row)") if name not in document)
    rows = [
        {
            **({key: name} if named else {}),
            **{column: document[column].get(name) for column in document},
        }
        for name in inner
    ]
    return rows, "one object with the values of each column by row, as pandas writes by default"


def _is_turned(document: Mapping[str, Any], inner: Sequence[str]) -> bool:
    """Tell columns of rows from rows of columns: the kinds of values agree along a column.

    Raises:
        ValueError: They agree both ways.
    """
    if all(name.isdecimal() for name in inner):
        return True
    if all(name.isdecimal() for name in document):
        return False
    along = _agree(list(value.values()) for value in document.values())
    across = _agree([value.get(name) for value in document.values()] for name in inner)
    if along and across and not (TEXTS & {name.lower() for name in (*document, *inner)}):
        raise ValueError(
            f"one object of objects, whose names ({', '.join(map(repr, list(document)[:3]))}, …) "
            f"and inner names ({', '.join(map(repr, inner[:3]))}, …) could both be columns"
        )
    if along and across:
        return bool(TEXTS & {name.lower() for name in document})
    return along


def _are_numbers(names: Iterable[str]) -> bool:
    """Tell the numbers that pandas gives to rows, 0, 1, 2 and so on, from names."""
    return all(name == str(number) for number, name in enumerate(names))


def _agree(groups: Any) -> bool:
    """Tell whether the values of each group are all texts, or none of them is."""
    shares = [_share([one for one in group if one is not None], is_prose) for group in groups]
    return all(share <= 1 - MOSTLY or share >= MOSTLY for share in shares)


def _texts(document: Mapping[str, Any]) -> Found | None:
    """Read texts by their names, or labels by their texts."""
    values = list(document.values())
    if len(values) < 5 or _share(values, lambda one: one is None or _is_short(one)) < 1:
        return None
    if _share(list(document), is_prose) >= MOSTLY:
        rows = [{"text": text, "label": label} for text, label in document.items()]
        return rows, "one object with the label of each text"
    is_text = _share(values, is_prose) >= MOSTLY
    if is_text and not TEXTS & {name.lower() for name in document}:
        rows = [{"key": name, "text": text} for name, text in document.items()]
        return rows, "one object with a text under each name"
    return None


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) or (isinstance(value, list) and are_cells(value))


def are_cells(values: Sequence[object]) -> bool:
    """Tell whether values are those of a column: texts, numbers, or lists of such."""
    return all(
        one is None
        or isinstance(one, str | int | float)
        or (isinstance(one, list) and not any(isinstance(part, Mapping) for part in one))
        for one in values
    )


def is_part(name: str) -> bool:
    """Tell the name of a part of a data set, as train or oos_test."""
    return any(word in PARTS for word in words(name))


def words(name: str) -> list[str]:
    """Part a name into its words.

    Example:
        >>> words("Train-set_1")
        ['train', 'set', '1']
    """
    return re.split(r"[\W_]+", name.lower())


def are_parts(document: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell parts of a data set, each with its rows by their names, from rows by their names."""
    if all(name.lower() in PARTS for name in document):
        return True
    rows = list(chain.from_iterable(held.values() for held in document.values()))
    if not all(isinstance(row, Mapping) for row in rows):
        return False
    are_long = min(map(len, document.values())) > len(document)  # many objects, all of one kind
    return all(map(is_part, document)) or (are_long and len({frozenset(row) for row in rows}) == 1)


def by_name(document: Mapping[str, Any]) -> list[Any] | None:
    """Take the objects in an object for rows, as somebody says that they are; None for others."""
    if not document or not all(isinstance(row, Mapping) for row in document.values()):
        return None
    return _named(document, list(chain.from_iterable(document.values())))


def _named(document: Mapping[str, Any], inner: Sequence[str]) -> list[Any]:
    """Give each row its name in a column, unless it is a number."""
    if _are_numbers(document):
        return [dict(row) for row in document.values()]
    key = next(name for name in ("key", "key (of the row)") if name not in inner)
    return [{key: name, **row} for name, row in document.items()]


def _is_list_of_words(value: object) -> bool:
    return isinstance(value, list) and not any(map(is_prose, value))


def is_sentence(columns: Mapping[str, Sequence[object]]) -> bool:
    """Tell one sentence, with something for each word, from the columns of a table."""
    return any(are_words(name, value) for name, value in columns.items())


def are_words(name: str, values: Sequence[object]) -> bool:
    """Tell whether a list holds the words of one text."""
    return name.lower() in WORDS and all(isinstance(value, str) for value in values)


def has_text(row: object) -> bool:
    """Tell a row by a text of several words in it, or by the words of one."""
    if isinstance(row, list):
        return any(map(is_prose, row))
    return isinstance(row, Mapping) and any(
        is_prose(held)
        or (isinstance(held, Mapping) and has_text(held))
        or (isinstance(held, list) and are_words(name, held))
        for name, held in row.items()
    )


def _share(values: Sequence[Any], test: Callable[[Any], bool]) -> float:
    return sum(map(test, values)) / len(values) if values else 0.0
