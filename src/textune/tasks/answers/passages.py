"""Cells of answers become Answers that stand in their passage, and rows become Examples of them.

Places are characters, as Python counts them in a text. An answer is kept exactly as it is written,
space at its ends included; it must stand in the passage at its place.
"""

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from textune.errors import DataError, excerpt
from textune.records import Answer, Contract, Example, Row

LABELS = ("start", "end")
"""What a model says of every token: how likely an answer begins there, and ends there."""

TEXT_KEYS = ("text", "texts", "answer_text", "answer")
START_KEYS = ("answer_start", "start", "answer_starts", "starts")
SHAPES = (
    '{"text": ["…"], "answer_start": [0]} or [{"text": "…", "start": 0}], '
    "and [] where the passage has no answer"
)
ANYWHERE: Any = object()  # the start of an answer of which a file says no start
Given = tuple[Any, Any]  # the text and the start of an answer, as a file has them

_STRUCTURE = re.compile(  # how a cell of answers begins
    r"""\s*(?:\[\s*\]|\[?\s*\{\s*["'](?:text|texts|answer|answer_text|answer_starts?|starts?)["']\s*:)"""
)
_TAGGED = re.compile(r"""["'](?:label|labels|entity|entity_group|type|tag)["']\s*:""")
_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?")


def is_structure(cell: str) -> bool:
    """Tell a cell of answers by how it begins: an object or a list of objects, none of them tagged.

    Example:
        >>> is_structure('{"text": ["Denver"], "answer_start": [177]}'), is_structure("Denver")
        (True, False)
    """
    return _STRUCTURE.match(cell) is not None and _TAGGED.search(cell) is None


def parse(cell: str) -> list[Given] | None:
    """Read the answers in a cell that holds JSON, or what Python or numpy print for it.

    Args:
        cell: One of `SHAPES`, a list of texts alone, or one object.

    Returns:
        Text and start of each answer, whatever kind of value each is, `ANYWHERE` for a start that
        is not said; None where the cell is of another shape.

    Raises:
        ValueError: There are more texts than starts, or fewer.

    Example:
        >>> parse('{"text": ["a", "b"], "answer_start": [3, 9]}')
        [('a', 3), ('b', 9)]
        >>> parse("{'text': array(['a'], dtype=object), 'answer_start': array([3])}")
        [('a', 3)]
    """
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        value = _printed(cell.strip())
    if isinstance(value, dict):
        return _parallel(value)
    if not isinstance(value, list):
        return None
    found: list[Given] = []
    for member in value:
        given = [(member, ANYWHERE)] if isinstance(member, str) else _parallel(member)
        if given is None:
            return None
        found += given
    return found


def reader(
    contract: Contract, texts: Sequence[int], labels: Sequence[int] | None, group: int | None
) -> Callable[[Row], Example]:
    """Make the function that turns a row into an Example with its answers.

    Args:
        contract: Of task "answers": its columns, and as separator "json" where a cell holds the
            answers with their places.
        texts: Places of the columns of question and passage.
        labels: Places of the columns of answers, or of their texts and starts; None without.
        group: Place of the column whose equal values stay together. Without, the questions of a
            passage do, as far as there are answers to learn from.

    Raises:
        DataError: By the function: an empty question or passage, or an answer that does not stand
            where it should, naming the row.
    """
    question, passage = texts

    def to_example(row: Row) -> Example:
        for place, column in zip(texts, contract.text, strict=True):
            if not row.cells[place].strip():
                raise DataError(
                    f"{row.origin}: column {column!r} is blank; allowed: a question and a passage"
                )
        if labels is None:
            return Example(row.cells[question], row.origin, pair=row.cells[passage])
        given = _given(row, contract, [row.cells[place] for place in labels])
        answers, remarks = _placed(row, row.cells[passage], given)
        return Example(
            row.cells[question],
            row.origin,
            pair=row.cells[passage],
            group=_name(row.cells[passage]) if group is None else row.cells[group],
            answers=answers,
            remarks=(*row.remarks, *remarks),
        )

    return to_example


def _name(passage: str) -> str:
    return hashlib.blake2b(passage.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _given(row: Row, contract: Contract, cells: Sequence[str]) -> list[Given]:
    """Read the answers of a row, before they are looked up in the passage."""
    column = contract.label[0]
    if len(cells) == 2:
        return _flat(row, contract.label, *cells)
    if contract.separator != "json":
        return [(cells[0], ANYWHERE)] if cells[0].strip() else []
    if not cells[0].strip():
        raise DataError(f"{row.origin}: column {column!r} is blank; allowed: {SHAPES}")
    try:
        given = parse(cells[0])
    except ValueError as error:
        raise DataError(f"{row.origin}: column {column!r} holds {error}") from error
    if given is None:
        raise DataError(
            f"{row.origin}: column {column!r} holds {excerpt(cells[0])}; allowed: {SHAPES}"
        )
    is_none = all(text == "" and _is_nowhere(start) for text, start in given)
    return [] if is_none else given  # as a blank cell of a table says that there is no answer


def _is_nowhere(start: object) -> bool:
    return start is ANYWHERE or start is None or (start in (-1, 0) and not isinstance(start, bool))


def _flat(row: Row, columns: Sequence[str], text: str, start: str) -> list[Given]:
    start = start.strip()
    if not text.strip() and start in ("", "-1", "-1.0"):
        return []
    if not text.strip() or not start:
        blank, filled = columns if not text.strip() else columns[::-1]
        raise DataError(
            f"{row.origin}: column {blank!r} is blank, but {filled!r} is not; allowed: an answer "
            "and its place, or both blank where the passage has no answer"
        )
    return [(text, int(float(start)) if _WHOLE.fullmatch(start) else start)]


def _placed(
    row: Row, passage: str, given: Sequence[Given]
) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """Look the answers up in the passage; say what had to be chosen."""
    answers: list[Answer] = []
    remarks: dict[str, None] = {}
    faults: list[str] = []
    for text, start in given:
        try:
            answer, remark = _look_up(passage, text, start)
        except ValueError as fault:
            faults.append(str(fault))
            continue
        answers.append(answer)
        if remark:
            remarks[f"{row.origin}: {remark}"] = None
    if faults:
        more = len(faults) - 1
        others = f" (and {more} more of its {len(given)} answers are wrong)" if more else ""
        raise DataError(f"{row.origin}: {faults[0]}{others}")
    return tuple(answers), tuple(remarks)


def _look_up(passage: str, text: object, start: object) -> tuple[Answer, str]:
    """Find an answer in the passage; raises ValueError with what is wrong."""
    if not isinstance(text, str):
        raise ValueError(f"an answer holds {_said(text)}; allowed: a text")
    if not text.strip():
        raise ValueError("an answer has an empty text; where the passage has no answer, write []")
    if start is ANYWHERE:
        return _first(passage, text)
    if isinstance(start, float) and start.is_integer():
        start = int(start)
    if not isinstance(start, int) or isinstance(start, bool):
        raise ValueError(
            f"the answer {excerpt(text)} has {_said(start)} as its start; allowed: a whole number, "
            "the place of its first character in the passage, counted from 0"
        )
    if start >= 0 and passage.startswith(text, start):
        return Answer(text, start), ""
    raise ValueError(_misplaced(passage, text, start))


def _first(passage: str, text: str) -> tuple[Answer, str]:
    places = _places(passage, text)
    if not places:
        raise ValueError(
            f"the answer {excerpt(text)} does not stand in the passage{_hint(passage, text)}"
        )
    if len(places) == 1:
        return Answer(text, places[0]), ""
    remark = (
        f"the answer {excerpt(text)} stands {len(places)} times in the passage; the first, at "
        f"{places[0]}, was taken"
    )
    return Answer(text, places[0]), remark


def _misplaced(passage: str, text: str, start: int) -> str:
    """Say where an answer is not, where it is, and how its place may have been counted."""
    if start < 0 or start + len(text) > len(passage):
        size = len(passage)
        said = (
            f"the answer {excerpt(text)} cannot begin at {start}: its passage has {size} characters"
        )
    else:
        there = excerpt(passage[start : start + len(text)])
        said = f"the answer {excerpt(text)} is not at {start}, where {there} stands"
    places = sorted(_places(passage, text), key=lambda place: (abs(place - start), place))
    if not places:
        return f"{said}, nor anywhere in the passage{_hint(passage, text)}"
    others = f" (and at {len(places) - 1} more places)" if len(places) > 1 else ""
    unit = _unit(passage, places, start)
    counted = f"; {start} is its place counted in {unit}, and characters are meant" if unit else ""
    return f"{said}; it is at {places[0]}{others}{counted}"


def _unit(passage: str, places: Sequence[int], start: int) -> str:
    """Tell which unit makes a number the place of an answer; empty if none does."""
    for place in places:
        before = passage[:place]
        if len(before.encode(errors="surrogatepass")) == start:
            return "bytes of UTF-8"
        if len(before.encode("utf-16-le", errors="surrogatepass")) == 2 * start:
            return "units of UTF-16, as JavaScript and Java count"
    return ""


def _hint(passage: str, text: str) -> str:
    if text.strip() in passage:
        return f"; without the space around it, it is at {passage.index(text.strip())}"
    lower = passage.lower()
    if len(lower) == len(passage) and text.lower() in lower:
        at = lower.index(text.lower())
        return f"; in other case it is at {at}: {excerpt(passage[at : at + len(text)])}"
    return ""


def _places(passage: str, text: str) -> list[int]:
    places = []
    at = passage.find(text)
    while at >= 0:
        places.append(at)
        at = passage.find(text, at + 1)
    return places


def _parallel(value: object) -> list[Given] | None:
    """Read an object: one answer, or a list of texts beside a list of starts."""
    if not isinstance(value, dict):
        return None
    text_key = next((key for key in TEXT_KEYS if key in value), None)
    start_key = next((key for key in START_KEYS if key in value), None)
    if text_key is None:
        return None
    texts = value[text_key]
    starts = ANYWHERE if start_key is None else value[start_key]
    if not isinstance(texts, list):
        return [(texts, starts)]
    if starts is ANYWHERE:
        return [(text, ANYWHERE) for text in texts]
    if not isinstance(starts, list):
        return None
    if len(texts) != len(starts):
        raise ValueError(f"{len(texts)} texts of answers but {len(starts)} starts; one each is due")
    return list(zip(texts, starts, strict=True))


def _said(value: object) -> str:
    if isinstance(value, str):
        return f"the text {excerpt(value)}"
    return excerpt(json.dumps(value, ensure_ascii=False), most=40)[1:-1]


def _printed(cell: str) -> object:
    """Read what Python or numpy print; None where it is something else."""
    with warnings.catch_warnings(action="ignore"):  # a backslash in a text may look like an escape
        try:
            return _value(ast.parse(cell, mode="eval").body)
        except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
            return None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "array":
        return _value(node.args[0]) if node.args else None
    if isinstance(node, ast.Dict):
        keys = [_value(key) for key in node.keys if key is not None]
        return dict(zip(map(str, keys), map(_value, node.values), strict=True))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(member) for member in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, type(None))):
        return node.value
    raise ValueError("neither a list nor an object nor a plain value")
