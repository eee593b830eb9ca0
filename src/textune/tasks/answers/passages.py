"""Cells of answers become Answers that stand in their passage, and rows become Examples of them.

Places are characters, as Python counts them in a text. An answer is kept exactly as it is written,
space at its ends included; it must stand in the passage at its place.
"""

import ast
import hashlib
import json
import re
import shlex
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from textune.errors import DataError, excerpt
from textune.records import Answer, Contract, Example, Row
from textune.tasks.answers.standing import ANYWHERE, look_up

LABELS = ("start", "end")
"""What a model says of every token: how likely an answer begins there, and ends there."""

TEXT_KEYS = ("text", "texts", "answer_text", "answer", "value")
START_KEYS = ("answer_start", "start", "answer_starts", "starts")
SHAPES = (
    '{"text": ["…"], "answer_start": [0]} or [{"text": "…", "start": 0}], '
    "and [] where the passage has no answer"
)
Given = tuple[Any, Any]  # the text and the start of an answer, as a file has them

_STRUCTURE = re.compile(  # how a cell of answers begins, behind white space
    r"""(?:\[\s*\]|\[?\s*\{\s*["'](?:text|texts|answer|answer_text|answer_starts?|starts?|value)["']\s*:)"""
)
_PAIRED = re.compile(  # [[28, "a river"]], or the text first
    r"""\[\s*[\[(]\s*(?:\d+\s*,\s*["']|(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,\s*\d+\s*[\])])"""
)
_OBJECTS = re.compile(r"\[?\s*\{")
_KEYS = re.compile(r"""["'](?:answer_starts?|answer_text)["']\s*:""")  # wherever they stand in it
_TAGGED = re.compile(r"""["'](?:label|labels|entity|entity_group|type|tag)["']\s*:""")
_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?")
_NO_ANSWER = frozenset(
    [
        *("no_answer", "no answer", "noanswer", "no-answer", "unanswerable", "not answerable"),
        *("<no_answer>", "[no_answer]", "[no answer]", "cannotanswer", "n/a", "nan", "none"),
        *("null", "-1"),
    ]
)


def is_structure(cell: str) -> bool:
    """Tell a cell of answers by how it begins: objects, none of them tagged, or texts and places.

    Example:
        >>> is_structure('{"text": ["Denver"], "answer_start": [177]}'), is_structure("Denver")
        (True, False)
    """
    cell = cell.lstrip()  # two stretches of white space in a pattern take the square of its length
    begins = _STRUCTURE.match(cell) or _PAIRED.match(cell)
    begins = begins or (_OBJECTS.match(cell) and _KEYS.search(cell))
    return begins is not None and _TAGGED.search(cell) is None


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
        given = [(member, ANYWHERE)] if isinstance(member, str) else _paired(member)
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
        said = [each for each in given if not is_no_answer(*each, row.cells[passage])]
        answers, remarks = _placed(row, row.cells[passage], said)
        if given and not said:
            remarks = (f"{row.origin}: {excerpt(str(given[0][0]))} is read as no answer",)
        return Example(
            row.cells[question],
            row.origin,
            pair=row.cells[passage],
            group=_name(row.cells[passage]) if group is None else row.cells[group],
            answers=answers,
            remarks=(*row.remarks, *remarks),
        )

    return to_example


def is_no_answer(text: object, start: object, passage: str) -> bool:
    """Tell words that say that a passage has no answer, unless they stand in it.

    Those without a place must stand there as words: there is no "nan" in "finance".
    """
    if not isinstance(text, str) or text.strip().lower() not in _NO_ANSWER:
        return False
    if not _is_nowhere(start):
        return text not in passage
    return not re.search(rf"(?<!\w){re.escape(text.strip())}(?!\w)", passage, re.ASCII)


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
        raise DataError(
            f"{row.origin}: column {column!r} is blank; allowed: {SHAPES}; `--skip "
            f"{shlex.quote(f'{column}=')}` leaves such rows out"
        )
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
    if text.strip().lower() in _NO_ANSWER and start in ("", "-1", "-1.0", "0", "0.0"):
        return [(text, ANYWHERE)]
    if start in ("-1", "-1.0"):
        return [(text, ANYWHERE)]
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
        is_apart = start is ANYWHERE or start == -1  # as where a program did not find it
        if len(given) > 1 and is_apart and isinstance(text, str) and text not in passage:
            remarks[f"{row.origin}: {excerpt(text)} does not stand there: left out"] = None
            continue
        try:
            answer, remark = look_up(passage, text, start)
        except ValueError as fault:
            faults.append(str(fault))
            continue
        answers.append(answer)
        if remark:
            remarks[f"{row.origin}: {remark}"] = None
    if given and not answers and not faults:
        shown = ", ".join(excerpt(str(text)) for text, _ in given[:3])
        faults.append(f"none of its {len(given)} answers stands in the passage ({shown}, …)")
        given = given[:1]
    if faults:
        more = len(faults) - 1
        others = f" (and {more} more of its {len(given)} answers are wrong)" if more else ""
        raise DataError(f"{row.origin}: {faults[0]}{others}")
    return tuple(answers), tuple(remarks)


def _paired(value: object) -> list[Given] | None:
    """Read a text and its place, in either order, or an object."""
    match value:
        case [int(start), str(text)] | [str(text), int(start)]:
            return [(text, start)]
    return _parallel(value)


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
