"""Columns become roles: which holds the questions, which their passages, which the answers."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from textune.data import names
from textune.data.choice import option, quoted
from textune.data.columns import Column, Scan, flag
from textune.errors import DataError, SettingsError
from textune.records import Contract, Finding, Row, Table
from textune.tasks.answers import passages

READ = 200  # rows that are looked at whole, for cells of a sample are shortened
MOSTLY = 0.5  # share of rows whose answers stand in the passage, to believe in it
PLAINLY = 0.8  # the same, where no place of the answers is told either
VARIED = 0.3  # share of different answers; where they repeat more, they may be classes
QUESTIONS = ("question", "questions", "query", "question_text")
PASSAGES = ("context", "passage", "paragraph", "document", "article", "passage_text", "text")
ANSWERS = ("answers", "answer", "answer_text", "answer_texts", "answers_text")
SPANS = ("text", "span", "answer_span")  # of answers too, where their starts stand beside them
ENDS = ("?", "\uff1f", "\u061f")  # of questions: also in Chinese and Japanese, and in Arabic
STARTS = frozenset({"start", "starts", "begin", "offset"})


@dataclass(frozen=True, slots=True)
class _Answers:
    columns: tuple[Column, ...]  # of the answers, or of their texts and their starts
    separator: str | None  # "json" where one cell holds answers with their places
    why: str


def understand(
    table: Table,
    seen: Scan,
    *,
    task: str | None,
    text: tuple[str, ...] | None,
    label: tuple[str, ...] | None,
    group: str | None,
) -> Contract | None:
    """Find questions, their passages and the answers in these; None where a table holds no such.

    Answers are known by what a cell looks like, or by the name of their column and by standing in
    the passage; what the caller names is not guessed.

    Args:
        table: Its first rows are read once more.
        seen: The table.
        task: "answers", or None to recognise it.
        text: Question and passage, if named.
        label: The column of answers, or those of their texts and starts, if named.
        group: Taken as it is.

    Raises:
        SettingsError: The task was asked for, but other than two columns of text are named, or more
            than two of answers.
        DataError: The task was asked for, and no column fits.
    """
    if task not in (None, "answers") or (task is None and text is not None and len(text) != 2):
        return None
    if task == "answers":
        _check_options(text, label)
    rows = list(islice(table.rows(), READ))
    free = [column for column in seen.columns if column.name not in (group, *(text or ()))]
    by_name = {column.name: column for column in seen.columns}
    named = tuple(by_name[name] for name in label) if label else None
    for answers in _candidates(table, free, named, rows):
        if task is None and not _is_certain(answers, seen, rows, named=named is not None):
            continue
        barred = {column.name for column in answers.columns}
        rest = [column for column in seen.columns if column.name not in barred | {group}]
        both = tuple(by_name[name] for name in text) if text else _texts(rest, answers, rows)
        if text and both:
            _check_order(table, both, answers, rows)
        if both and (task or text or _asks(both[0], rows)) and (task or _fit(both, answers, rows)):
            return _contract(both, answers, group, asked=text is not None)
    if task is None:
        return None
    raise DataError(
        f"{table.name}: no columns hold questions, passages and answers ({quoted(by_name)}); name "
        "them with --text question,passage and --label answers (or --label text,start)"
    )


def described(contract: Contract) -> dict[str, str]:
    """Say what the columns of a contract of answers were taken for."""
    question, passage = contract.text
    first, *starts = contract.label
    found = {question: "text: questions", passage: "text: passages that may hold the answers"}
    found[first] = "answers: texts" + (" and their places" if contract.separator == "json" else "")
    return found | dict.fromkeys(starts, "answers: the place of the first character of each")


def findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Ask where a column says of more questions that they have no answer than are without one."""
    answers = next(column for column in seen.columns if column.name == contract.label[0])
    without = round(answers.blank * seen.rows) + (answers.counts or {}).get("[]", 0)
    for column in seen.columns:
        if "impossible" not in names.parts(column.name) or column.name in contract.label:
            continue
        counts = column.counts or {}
        marked = sum(count for cell, count in counts.items() if flag(cell) == 1)
        if marked > without:
            value = next(cell for cell in counts if flag(cell) == 1)
            skip = shlex.quote(f"{column.name}={value}")
            message = (
                f"{column.name!r} is {value!r} in {marked:,} of {seen.rows:,} rows, but only "
                f"{without:,} have no answer in {answers.name!r}: the answers are taken as they "
                f"stand; empty them where there is none, or `--skip {skip}` leaves "
                "the rows out"
            )
            yield Finding("mended", "warning", message, marked - without)


def _check_options(text: tuple[str, ...] | None, label: tuple[str, ...] | None) -> None:
    if text is not None and len(text) != 2:
        raise SettingsError(
            f"task 'answers' takes two columns of text, not {quoted(text)}; name the question and "
            "the passage: --text question,passage"
        )
    if label is not None and len(label) > 2:
        raise SettingsError(
            f"task 'answers' takes one or two label columns, not {quoted(label)}; name that of the "
            "answers, or those of their texts and of their starts: --label text,start"
        )


def _check_order(
    table: Table, both: Sequence[Column], answers: _Answers, rows: Sequence[Row]
) -> None:
    """Refuse a passage that is named before its question."""
    question, passage = both
    if not _asks(passage, rows) or _asks(question, rows):
        return
    if _stand(question, answers, rows) >= MOSTLY > _stand(passage, answers, rows):
        raise SettingsError(
            f"{table.name}: the answers in {answers.columns[0].name!r} stand in {question.name!r}, "
            f"not in {passage.name!r}; name the question first: "
            f"{option('--text', [passage, question])}"
        )


def _candidates(
    table: Table, free: Sequence[Column], named: tuple[Column, ...] | None, rows: Sequence[Row]
) -> list[_Answers]:
    """List what could be the answers, the surest first."""
    if table.format == "squad" and named is None:
        free = [column for column in free if column.name == ANSWERS[0]]
    if named is not None:
        return [_as_named(named, rows)]
    found = [
        _Answers((column,), "json", "holds answers with their places")
        for column in sorted(free, key=lambda column: _rank(column, ANSWERS))
        if _are_structures(column, rows)
    ]
    texts = sorted(
        (column for column in free if _is_among(column, ANSWERS)),
        key=lambda column: _rank(column, ANSWERS[::-1]),
    )
    for start in free:
        if STARTS.intersection(names.parts(start.name)) and _are_places(start, rows):
            spans = [column for column in free if _is_among(column, SPANS)]
            found += [_flat(column, start) for column in (*texts, *spans) if column is not start]
    return found + [_alone(column) for column in texts]


def _as_named(named: tuple[Column, ...], rows: Sequence[Row]) -> _Answers:
    if len(named) == 1:
        is_json = _share(_cells(rows, named[0]), passages.is_structure) > MOSTLY
        said = _Answers(named, "json", "holds answers with their places")
        return said if is_json else _alone(named[0])
    if len(named) == 2:
        turned = _are_places(named[0], rows) and not _are_places(named[1], rows)
        return _flat(*(named[::-1] if turned else named))
    return _Answers(named, None, "")


def _flat(text: Column, start: Column) -> _Answers:
    return _Answers((text, start), None, f"holds the answers and {start.name!r} their places")


def _alone(column: Column) -> _Answers:
    why = "holds the answers, without their places: the first in the passage is taken"
    return _Answers((column,), None, why)


def _is_certain(answers: _Answers, seen: Scan, rows: Sequence[Row], *, named: bool) -> bool:
    """Tell whether columns are answers although nobody asked for answers."""
    if len(answers.columns) > 2:
        return False
    if len(answers.columns) == 2:
        text, start = answers.columns
        return _are_places(start, rows) and not (named and _are_places(text, rows))
    if answers.separator == "json":
        return True
    column = answers.columns[0]
    others = [other for other in seen.columns if other is not column]
    is_classified = any(names.label_evidence(other.name) >= 5 for other in others) and not named
    repeats = column.kind in ("flags", "constant", "empty", "split", "date", "list")
    may_be = column.varied > VARIED or _are_quoted(column, others, rows)
    return not is_classified and not repeats and may_be


def _are_quoted(answers: Column, others: Sequence[Column], rows: Sequence[Row]) -> bool:
    """Tell whether each answer is a word, or some, of its passage, and all is named so.

    Letters and digits that name the choices of a question stand in many a passage, but not all of
    them as words of their own.
    """
    if not _is_among(answers, ANSWERS) or not any(_is_among(each, QUESTIONS) for each in others):
        return False
    return any(
        all(
            re.search(rf"(?<!\w){re.escape(row.cells[answers.place])}(?!\w)", row.cells[each.place])
            for row in rows
            if _said(row.cells[answers.place], _alone(answers))
        )
        for each in others
        if _is_among(each, PASSAGES)
    )


def _texts(
    rest: Sequence[Column], answers: _Answers, rows: Sequence[Row]
) -> tuple[Column, Column] | None:
    """Choose question and passage, by name or by content."""
    named = [column for column in rest if _is_among(column, QUESTIONS)]
    question = min(named, key=lambda column: _rank(column, QUESTIONS), default=None)
    able = [
        column
        for column in rest
        if column is not question and column.words >= 1 and not _are_lists(column)
    ]
    passage = max(
        able,
        key=lambda column: (
            _stand(column, answers, rows) >= MOSTLY,
            -_rank(column, PASSAGES),
            column.length,
        ),
        default=None,
    )
    if question is None:
        asking = [column for column in able if column is not passage and column.words >= 2]
        question = max(asking, key=lambda c: (_share_asking(c, rows), c.words), default=None)
    return None if question is None or passage is None else (question, passage)


def _are_lists(column: Column) -> bool:
    """Tell lists, as of candidates to choose from, from passages."""
    return sum(cell[0] + cell[-1] == "[]" for cell in column.cells) > len(column.cells) / 2


def _asks(column: Column, rows: Sequence[Row]) -> bool:
    """Tell whether a column holds questions, by its name or by what they end with."""
    return _is_among(column, QUESTIONS) or _share_asking(column, rows) >= MOSTLY


def _share_asking(column: Column, rows: Sequence[Row]) -> float:
    return _share(_cells(rows, column), lambda cell: cell.rstrip().endswith(ENDS))


def _fit(both: Sequence[Column], answers: _Answers, rows: Sequence[Row]) -> bool:
    """Tell whether the answers belong to these passages, or are at least named so."""
    question, passage = both
    sure = _is_among(question, QUESTIONS) and _is_among(passage, PASSAGES)
    sure = sure and _is_among(answers.columns[0], ANSWERS)
    if answers.separator == "json" or len(answers.columns) == 2:
        least = 0.0 if sure else MOSTLY
    else:
        least = MOSTLY if sure else PLAINLY
    return _stand(passage, answers, rows) >= least


def _stand(passage: Column, answers: _Answers, rows: Sequence[Row]) -> float:
    """Return the share of rows that have answers whose answers all stand in a column, anywhere."""
    found = [
        any(text in row.cells[passage.place] for text in texts)
        for row in rows
        if (texts := _said(row.cells[answers.columns[0].place], answers))
    ]
    return sum(found) / len(found) if found else float(answers.separator == "json")


def _said(cell: str, answers: _Answers) -> list[str]:
    if answers.separator != "json":
        return [cell] if cell.strip() and not passages.is_no_answer(cell, None, "") else []
    try:
        given = passages.parse(cell)
    except ValueError:
        return []
    return [text for text, _ in given or () if isinstance(text, str)]


def _contract(
    both: tuple[Column, ...], answers: _Answers, group: str | None, *, asked: bool
) -> Contract:
    question, passage = both
    column = answers.columns[0]
    as_asked = ", as asked" if asked else ""
    reasons = [
        f"{question.name!r} holds questions and {passage.name!r} their passages{as_asked}",
        f"{column.name!r} {answers.why} → answers in passages",
    ]
    if answers.separator != "json" and column.blank:
        reasons.append(
            f"{column.blank:.1%} of the cells of {column.name!r} are blank → passages without an "
            "answer"
        )
    if group is None:
        reasons.append("the questions of a passage stay in one split")
    return Contract(
        "answers",
        (question.name, passage.name),
        tuple(column.name for column in answers.columns),
        "answers",
        answers.separator,
        group,
        tuple(reasons),
    )


def _rank(column: Column, wanted: Sequence[str]) -> int:
    name = "_".join(names.parts(column.name))
    return wanted.index(name) if name in wanted else len(wanted)


def _is_among(column: Column, wanted: Sequence[str]) -> bool:
    return _rank(column, wanted) < len(wanted)


def _cells(rows: Sequence[Row], column: Column) -> list[str]:
    return [row.cells[column.place] for row in rows if row.cells[column.place].strip()]


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, cells)) / len(cells) if cells else 0.0


def _are_structures(column: Column, rows: Sequence[Row]) -> bool:
    filled = _cells(rows, column)
    if _is_among(column, ANSWERS) and _are_lists_of_texts(column, rows):
        return True
    cells = [cell for cell in filled if cell.strip() != "[]"]
    if not cells:
        return _is_among(column, ANSWERS) and bool(filled)
    return _share(cells, passages.is_structure) >= 0.9


def _are_lists_of_texts(column: Column, rows: Sequence[Row]) -> bool:
    """Tell lists of texts of several answers, some of which stand in another cell of the row."""
    listed = [row for row in rows if "[" in row.cells[column.place]]
    found = [(row, passages.parse(row.cells[column.place])) for row in listed]
    lists = [(row, given) for row, given in found if given]
    stand = [
        any(
            isinstance(text, str) and text in cell
            for text, _ in given
            for at, cell in enumerate(row.cells)
            if at != column.place
        )
        for row, given in lists
    ]
    return bool(stand) and sum(stand) >= PLAINLY * len(stand)


def _are_places(column: Column, rows: Sequence[Row]) -> bool:
    return _share(_cells(rows, column), _is_place) >= 0.9


def _is_place(cell: str) -> bool:
    return cell.strip().removeprefix("-").removesuffix(".0").isdecimal()
