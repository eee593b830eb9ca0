"""The first row and the rows after it become a decision: does the first row name the columns?"""

import re
from collections.abc import Sequence
from statistics import median

NUMBER = re.compile(r"[-+]?\d[\d.,:/ T%-]*(?:[eE][-+]?\d+)?")  # numbers, lists of them, dates
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "."})
# fmt: off
_USUAL = frozenset(
    [
        "abstract", "answer", "body", "categories", "category", "class", "classes",
        "comment", "comment_text", "comments", "content", "context", "date", "description",
        "document", "emotion", "emotions", "file", "filename", "genre", "gold_label",
        "headline", "hypothesis", "id", "idx", "index", "intent", "label", "label_text", "lemma",
        "labels", "language", "message", "name", "output", "premise", "question",
        "question1", "question2", "rating", "review", "review_text", "reviews", "score",
        "sentence", "sentence1", "sentence2", "sentences", "sentiment", "source", "split",
        "stars", "subject", "summary", "tag", "tags", "target", "text", "text1", "text2",
        "text_a", "text_b", "texts", "title", "token", "tokens", "topic", "topics", "tweet",
        "utterance", "uuid", "word", "words", "y",
    ]
)
# fmt: on
_FEW = 50
_UNSPACED = 16  # signs of a name in a script without spaces


def is_header(first: list[str], body: list[list[str]], *, text_only: bool) -> tuple[bool, str]:
    """Decide whether the first row names the columns, and say why.

    Args:
        first: The cells of the first row.
        body: Rows after it, those equal to it left out.
        text_only: Whether each line is one plain text, so that a name must be a usual one.
    """
    usual = usual_names(first)
    if text_only or (len(first) == 1 and " " in first[0].strip()):
        if usual:
            return True, f"header: the first line, {first[0]!r}, is a usual name of a column"
        return False, "no header: every line is a text"
    if not any(cell.strip() for cell in first):
        return False, "no header: the first line is empty"
    columns = [[row[at] for row in body if at < len(row)] for at in range(len(first))]
    verdicts = _verdicts(first, columns)
    if _counts(first) and any(points == 0 for points, _ in verdicts):
        return True, "header: the first line, since it counts the columns"
    score = sum(points for points, _ in verdicts) + 2 * len(usual)
    names = all(_is_name(cell) for cell in first if cell.strip())
    if score > 0:
        why = max(verdicts, key=lambda verdict: verdict[0])[1]
        why = why or f"{usual[0]!r} is a usual name of a column"
        return True, f"header: the first line, since {why}"
    if score < 0:
        why = min(verdicts, key=lambda verdict: verdict[0])[1]
        return False, f"no header (the columns are 1, 2, …), since {why}"
    brief = all(len(cell.split()) <= 2 for cell in first)
    if names and brief and len(set(first)) == len(first) and all(first):
        return True, (
            "header: the first line, since its cells could be names; "
            "if they are data, say --no-header (header=False)"
        )
    return False, "no header (the columns are 1, 2, …): the first line could be data as any other"


def weigh(cell: str, column: Sequence[str]) -> int:
    """Weigh a cell against those below it: above 0 is evidence that it names them."""
    return -4 if NUMBER.fullmatch(cell.strip()) else _compare(cell, column)[0]


def usual_names(cells: Sequence[str]) -> list[str]:
    """Take the cells that are usual names of columns."""
    return [cell for cell in cells if cell.strip().lower() in _USUAL]


def _counts(first: list[str]) -> bool:
    """Say whether the cells are 0, 1, 2, … or 1, 2, 3, …, as pandas names them."""
    numbers = [cell for cell in first if cell]
    counted = [[str(n + at) for n in range(len(numbers))] for at in (0, 1)]
    return len(first) > 1 and numbers in counted


def _verdicts(first: list[str], columns: list[list[str]]) -> list[tuple[int, str]]:
    found = [_compare(cell, column) for cell, column in zip(first, columns, strict=True)]
    if not first[0].strip() and _number_rows(columns[0]):
        found[0] = 2, "its first cell is blank, over numbers of rows"
    return found


def _number_rows(column: list[str]) -> bool:
    """Tell numbers of rows, as pandas writes them: whole, and each another."""
    return len(column) > 1 and len({*column}) == len(column) and all(map(str.isdecimal, column))


def _compare(cell: str, column: Sequence[str]) -> tuple[int, str]:
    """Weigh a cell of the first row against the cells below it: above 0 is evidence for a name."""
    below = [value for value in column if value.strip().lower() not in _MISSING]
    is_answer = len(cell) > 2 and cell.strip().lower() not in ("yes", "true")
    if is_answer and below and len(below) < len(column) and {*below} == {cell}:
        return 0, ""  # an answer that was chosen, in the column of that answer
    if cell.strip().lower() in _MISSING or not below:
        return 0, ""
    numbers = sum(1 for value in below if NUMBER.fullmatch(value.strip()))
    mostly_numbers = numbers >= 0.9 * len(below)
    if NUMBER.fullmatch(cell.strip()):
        return (
            (-4, f"{cell!r} is a number as those below it")
            if 2 * numbers >= len(below)
            else (0, "")
        )
    if mostly_numbers:
        return 3, f"{cell!r} stands over numbers"
    return _compare_words(cell, below)


def _compare_words(cell: str, below: list[str]) -> tuple[int, str]:
    values = set(below)
    if cell in values:
        return -4, f"{cell!r} occurs again below"
    if not _is_name(cell):
        return -2, "the first line reads as text"
    length = median(len(value) for value in below)
    short = sum(1 for value in below if len(value) <= 1.5 * len(cell))
    if length >= max(12, 2 * len(cell)) and short <= 0.1 * len(below):
        return 1, f"{cell!r} stands over texts far longer"
    if len(values) <= min(_FEW, len(below) // 3):
        return 1, f"{cell!r} stands over {len(values)} values and is none of them"
    return 0, ""


def _is_name(cell: str) -> bool:
    """Say whether a cell could name a column: a few words, no sentence."""
    words = cell.split()
    return (
        0 < len(words) <= 4
        and len(cell) <= (_UNSPACED if any(sign > "\u2e80" for sign in cell) else 40)
        and not cell.rstrip().endswith((".", "!", "…"))
        and any(sign.isalpha() for sign in cell)
    )
