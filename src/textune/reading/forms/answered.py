"""Tables of questions whose columns say more of the answers become tables of answers alone.

A column says which questions have no answer (`is_impossible`, `answerable`): the answers there are
emptied. Columns say where an answer begins and ends in its passage, or all places of it (`85:93|
None`): the answers are cut out of the passage.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from textune.reading.forms.interface import first_rows, is_prose
from textune.records import Row, Table

SAMPLE = 500
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])
QUESTIONS = frozenset(["question", "questions", "query", "questiontext"])
PASSAGES = (
    *("context", "passage", "paragraph", "document", "article", "storytext", "passagetext"),
    *("documenttext", "text"),
)
ANSWERS = frozenset(["answers", "answer", "answertext", "answertexts", "answerstext"])
STARTS = frozenset(["answerstart", "start", "startposition", "startidx", "startchar", "begin"])
ENDS = frozenset(["answerend", "end", "endposition", "endidx", "endchar"])
WITHOUT = frozenset(
    [
        *("isimpossible", "impossible", "unanswerable", "isunanswerable", "noanswer"),
        *("isanswerabsent", "answerabsent"),
    ]
)
WITH = frozenset(["answerable", "isanswerable", "hasanswer"])
_TRUE, _FALSE = frozenset(["true", "1", "1.0", "yes"]), frozenset(["false", "0", "0.0", "no"])
_RANGES = re.compile(r"(?:None|\d+:\d+(?:,\d+:\d+)*)(?:\|(?:None|\d+:\d+(?:,\d+:\d+)*))*")
_KEYS = re.compile(r"text|answer_start|start|array|dtype|object|u?int\d+|float\d+")
_RANGE = re.compile(r"(\d+):(\d+)")


def told(table: Table) -> Table | None:
    """Recognise what columns say of the answers; None where they say nothing of the kind."""
    if table.format not in FORMATS or len(table.columns) < 3:
        return None
    names = [re.sub(r"[\W_]+", "", name).lower() for name in table.columns]
    passage = next((names.index(name) for name in PASSAGES if name in names), None)
    if passage is None or not QUESTIONS.intersection(names):
        return None
    sample = first_rows(table, SAMPLE)
    if not ANSWERS.intersection(names) and (found := _cut_out(table, names, sample, passage)):
        return found
    return _emptied(table, names, sample)


def _emptied(table: Table, names: Sequence[str], sample: Sequence[tuple[str, ...]]) -> Table | None:
    """Empty the answers that a column of marks says there are not."""
    flags = [
        at
        for at, name in enumerate(names)
        if name in WITHOUT | WITH
        and sample
        and all(row[at].strip().lower() in _TRUE | _FALSE for row in sample)
    ]
    answers = [at for at, name in enumerate(names) if name in ANSWERS]
    starts = [at for at, name in enumerate(names) if name in STARTS]
    if len(flags) != 1 or not answers:
        return None
    flag = flags[0]
    absent = _TRUE if names[flag] in WITHOUT else _FALSE

    def rows() -> Iterator[Row]:
        for row in table.rows():
            filled = [at for at in answers if row.cells[at].strip() not in ("", "[]", "{}")]
            if row.cells[flag].strip().lower() not in absent or not filled:
                yield row
                continue
            cells = list(row.cells)
            for at in (*answers, *starts):
                cells[at] = "[]" if cells[at].lstrip().startswith(("[", "{")) else ""
            said = f"{table.columns[flag]} is {row.cells[flag]}: read as having no answer"
            remarks = (*row.remarks, *([] if _is_empty(row, filled) else [f"{row.origin}: {said}"]))
            yield replace(row, cells=tuple(cells), remarks=remarks, given=None)

    reason = f"{table.columns[flag]!r} says which questions have no answer: none is read there"
    return replace(table, reasons=(*table.reasons, reason), rows=rows)


def _is_empty(row: Row, places: Sequence[int]) -> bool:
    """Tell whether lists of answers hold none."""
    return not any(re.search(r"[^\W_]", _KEYS.sub("", row.cells[at])) for at in places)


def _cut_out(
    table: Table, names: Sequence[str], sample: Sequence[tuple[str, ...]], passage: int
) -> Table | None:
    """Cut answers out of their passages, where columns say places and no column says texts."""
    ranges = [at for at in range(len(names)) if at != passage and _are_ranges(sample, at)]
    if len(ranges) == 1:
        at = ranges[0]
        reason = f"{table.columns[at]!r} holds the places of answers in {table.columns[passage]!r}"
        return _with_answers(table, lambda cells: _of_ranges(cells[at]), passage, reason)
    start = [at for at, name in enumerate(names) if name in STARTS]
    end = [at for at, name in enumerate(names) if name in ENDS]
    if len(start) != 1 or len(end) != 1:
        return None
    both = [(row[start[0]].strip(), row[end[0]].strip(), row[passage]) for row in sample]
    more = _inclusive(both)
    if more is None:
        return None

    def places(cells: Sequence[str]) -> list[tuple[int, int]]:
        first, last = _whole(cells[start[0]]), _whole(cells[end[0]])
        return [] if first is None or last is None or first < 0 else [(first, last + more)]

    kind = "inclusive" if more else "exclusive"
    reason = (
        f"{table.columns[start[0]]!r} and {table.columns[end[0]]!r} are places of answers in "
        f"{table.columns[passage]!r}; their ends are {kind}, since answers end there with words"
    )
    return _with_answers(table, places, passage, reason)


def _with_answers(
    table: Table,
    places: Callable[[Sequence[str]], list[tuple[int, int]]],
    passage: int,
    reason: str,
) -> Table:
    def rows() -> Iterator[Row]:
        for row in table.rows():
            text = row.cells[passage]
            found = [
                {"text": text[start:end], "start": start}
                for start, end in dict.fromkeys(places(row.cells))
            ]
            cell = json.dumps(found, ensure_ascii=False)
            yield replace(row, cells=(*row.cells, cell), given=None)

    columns = (*table.columns, "answers")
    return replace(table, columns=columns, reasons=(*table.reasons, reason), rows=rows)


def _are_ranges(sample: Sequence[tuple[str, ...]], at: int) -> bool:
    cells = [row[at].strip() for row in sample if row[at].strip()]
    return any(":" in cell for cell in cells) and all(map(_RANGES.fullmatch, cells))


def _of_ranges(cell: str) -> list[tuple[int, int]]:
    """Take the places that annotators gave; none where most of them gave none."""
    votes = cell.strip().split("|")
    if 2 * sum(vote in ("", "None") for vote in votes) > len(votes):
        return []
    return [(int(start), int(end)) for start, end in _RANGE.findall(cell)]


def _inclusive(both: Sequence[tuple[str, str, str]]) -> int | None:
    """Tell whether ends are inclusive (1) or not (0), by where words end; None where none do."""
    fits = [0, 0]
    total = 0
    for start, end, text in both:
        first, last = _whole(start), _whole(end)
        if first is None or last is None or first < 0:
            continue
        total += 1
        for more in (0, 1):
            fits[more] += is_prose(text) and _is_whole(text, first, last + more)
    if not total or max(fits) < 0.8 * total or fits[0] == fits[1]:
        return None
    return int(fits[1] > fits[0])


def _is_whole(text: str, start: int, end: int) -> bool:
    """Tell whether a stretch begins and ends with words."""
    cut = text[start:end]
    before, after = text[start - 1 : start], text[end : end + 1]
    return bool(cut) and cut == cut.strip() and not (before.isalnum() or after.isalnum())


def _whole(cell: str) -> int | None:
    cell = cell.strip().removesuffix(".0")
    return int(cell) if re.fullmatch(r"-?\d{1,9}", cell) else None
