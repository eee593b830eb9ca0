"""A SQuAD file becomes rows: one for each question, with its passage and its answers.

The file is one JSON value, so it is parsed whole: it takes memory of about ten times its size.
Layout: {"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers":
[{"text", "answer_start"}], "is_impossible"}]}]}]} (Rajpurkar et al. 2016, and 2018 for questions
that have no answer). Questions that stand in "data" themselves, each with its "context" and with
"answers": {"text": [], "answer_start": []}, are read as well.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from textune.errors import DataError, Problems, excerpt
from textune.reading import json_values, jsonlines, told_dialogues
from textune.reading.json_values import KINDS
from textune.reading.lines import BOM, opened
from textune.reading.told import problems_of
from textune.records import Row, Table

COLUMNS = ("id", "title", "question", "context", "answers")

_HEAD = 1 << 16  # bytes in which the first article must begin
_TEXT = r'"(?:[^"\\]|\\.)*"'
_PLAIN = rf"(?:{_TEXT}\s*:\s*(?:{_TEXT}|[\w.+-]+)\s*,\s*)*"  # keys with a text or a number each
_BEGINNING = re.compile(
    rf'\s*\{{\s*{_PLAIN}"data"\s*:\s*\[\s*\{{\s*{_PLAIN}"(?:paragraphs|answers)"\s*:', re.DOTALL
)
_MARKS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_WAY_OUT = "mend these places, or take them out of the file"


def begins(path: Path) -> bool:
    """Tell whether a file begins as SQuAD does, whatever its name."""
    with opened(path) as file:
        head = file.read(_HEAD)
    return _BEGINNING.match(head.removeprefix(BOM).decode(errors="replace")) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe a SQuAD file; what is wrong with it is raised by `Table.rows`.

    The cell "answers" is a JSON list of {"text", "start"}: [] where the passage has no answer,
    blank where the file says nothing of answers. Answers that are merely plausible are left out.
    """
    reasons = (*why, "format: SQuAD, a row for each question; the passage is 'context'")
    return Table.of_file(path, "squad", COLUMNS, reasons, partial(rows, path))


def rows(path: Path) -> Iterator[Row]:
    """Parse a file and stream its questions, up to the first fault.

    Raises:
        DataError: No JSON, or no question; or keys that are missing or hold something else, each
            with the numbers of article, paragraph and question, counted from 1.
    """
    questions = 0
    with problems_of(path) as problems:
        for questions, row in enumerate(_walk(path, problems), start=1):  # noqa: B007 (the count)
            if not problems.count:
                yield row
    if not questions and not problems.noted:
        raise DataError(f"{path.name}: there is no question in it; check that the file is whole")


def _walk(path: Path, problems: Problems) -> Iterator[Row]:
    """Yield the rows that are sound, note the faults of all others."""
    name = path.name
    for at_article, article in _each(json_values.whole(path), "data", name, "article", problems):
        if isinstance(article, dict) and "question" in article:
            article = {
                "title": article.get("title", ""),
                "paragraphs": [{**article, "qas": [article]}],
            }
        for at, paragraph in _each(article, "paragraphs", at_article, "paragraph", problems):
            try:
                paragraph = told_dialogues.passage(paragraph, at)
                context = _member(paragraph, "context", str, at)
            except DataError as fault:
                for place, asked in _lost(paragraph, at, problems):
                    _note(problems, fault, place, asked)
                continue
            title = str(article.get("title", ""))
            for place, asked in _each(paragraph, "qas", at, "question", problems):
                try:
                    yield _row(name, (title, context), asked, place)
                except DataError as fault:
                    _note(problems, fault, place, asked)


def _lost(paragraph: object, at: str, problems: Problems) -> Iterator[tuple[str, object]]:
    """Yield what a faulty paragraph is named by: each question of it, where these are left out."""
    asked = paragraph.get("qas") if isinstance(paragraph, dict) else None
    if not problems.skips or not isinstance(asked, list) or not asked:
        yield at, paragraph
        return
    for number, question in enumerate(asked, start=1):
        yield f"{at}, question {number}", question


def _note(problems: Problems, fault: DataError, place: str, value: object) -> None:
    row = json.dumps(value, ensure_ascii=False)
    problems.add(str(fault), _WAY_OUT, row=row, origin=place)


def _row(name: str, around: tuple[str, str], asked: Any, place: str) -> Row:
    title, context = around
    code = _member(asked, "id", (str, int), place) if "id" in asked else place.partition(": ")[2]
    question = _member(asked, "question", str, place)
    found = answers(asked, place)
    cells = (str(code), title, question, context, found)
    fault = jsonlines.faulty_cell(cells, COLUMNS)
    if fault:
        raise DataError(f"{place}: {fault}")
    origin = f"{name}: question {code}"
    remark = _contradiction(asked, found)
    return Row(cells, origin, (f"{origin}: {remark}",) if remark else ())


def _contradiction(asked: dict[str, object], written: str) -> str:
    """Say how a question is read whose answers contradict its own mark."""
    given = asked.get("answers")
    texts = given.get("text") if isinstance(given, dict) else given
    if _is_impossible(asked) is True and texts:
        return "is_impossible is true, but there are answers: read as having none"
    if _is_impossible(asked) is False and written and not texts:
        return "is_impossible is false, but there is no answer: read as having none"
    return ""


def _is_impossible(asked: dict[str, object]) -> bool | None:
    """Read the mark of a question without an answer, also where it is written as a text or 0/1."""
    return _MARKS.get(str(asked.get("is_impossible")).lower())


def answers(asked: dict[str, Any], place: str) -> str:
    """Write the answers as a cell; whether they stand in the passage is judged elsewhere."""
    if _is_impossible(asked) is True:
        return "[]"
    if "answers" not in asked:
        return ""
    given = _member(asked, "answers", (list, dict), place)
    if isinstance(given, dict):
        return json.dumps(given, ensure_ascii=False)
    found = []
    for number, answer in enumerate(given, start=1):
        at = f"{place}, answer {number}"
        start = _member(answer, "answer_start", (int, float, str, type(None)), at)
        found.append({"text": _member(answer, "text", str, at), "start": start})
    return json.dumps(found, ensure_ascii=False)


def _each(
    holder: object, key: str, place: str, noun: str, problems: Problems
) -> Iterator[tuple[str, Any]]:
    """Yield the members of a list with their places; note what is there instead of a list."""
    try:
        members = _member(holder, key, list, place)
    except DataError as fault:
        _note(problems, fault, place, holder)
        return
    sign = ", " if ": " in place else ": "
    for number, member in enumerate(members, start=1):
        yield f"{place}{sign}{noun} {number}", member


def _member(holder: object, key: str, kind: type | tuple[type, ...], place: str) -> Any:
    """Take what stands under a key.

    Raises:
        DataError: There is no such key, or something else stands there.
    """
    if not isinstance(holder, dict):
        raise DataError(f"{place}: {_said(holder)} stands here; allowed: an object with {key!r}")
    if key not in holder:
        listed = ", ".join(map(repr, list(holder)[:8])) or "none"
        raise DataError(f"{place}: the key {key!r} is missing; its keys are {listed}")
    value = holder[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        first = kind if isinstance(kind, type) else kind[0]
        raise DataError(f"{place}: {key!r} holds {_said(value)}; allowed: {KINDS[first]}")
    return value


def _said(value: object) -> str:
    shown = excerpt(json.dumps(value, ensure_ascii=False), most=40)
    return "null" if value is None else f"{KINDS[type(value)]} ({shown})"
