"""A column's cells become what kind of column it is, in words that a user can check."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from textune.data import commas, lists
from textune.data.commas import DECIMAL, DECIMAL_OR_WHOLE
from textune.data.marked_names import marked_names
from textune.data.numerals import Numerals, is_number, like_number
from textune.data.sampling import SAMPLE_CHARACTERS
from textune.metrics.one_label import FLAGS
from textune.records import Row

NUMBER = "number"  # the kind of a column of numbers
MOST_SIGNS = 6  # ways to write 0 and 1 that are named
MOST_TAGS = 0.99  # share of tags, from which the others are slips
OFTEN = 0.1  # share of rows from which -1 is a class rather than "not scored"

SPLIT_WORDS = {"train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing"}
PARSE = re.compile(r"\(\s*(?:\w+ )?\s*[(\w].*\)", re.DOTALL)
TAG = re.compile(r"[Oo0]|[BIESLUMbieslum][-_]\S+")
RECORD = re.compile(  # an object, or a list of lists or objects, also behind names and numbers
    r'\{ ?"(?:[^"\\]|\\.)*" ?: ?'
    r'|\[\s*(?:(?:"(?:[^"\\]|\\.)*"|[+-]?\d[\d.]*)\s*,\s*){,3}[\[{]'
)
INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
NUMBERS = re.compile(r"\[\s*(?:[+-]?\d[\d.eE+-]*[\s,]*){2,}\]")
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?"
    r"|\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ,]+\d{2,4}.{0,16}"
    r"|(\w{3,9},? )?\w{3,9}\.? \d{1,2},? .*\d{4}|\d{1,2}:\d{2}(:\d{2}.*)?"
)
FRACTION = re.compile(r"\d+/\d+")  # 4/5 stars
LINK = re.compile(r"(https?|ftp)://\S+|www\.\S+|\S+@\S+\.\w+|[\w.~-]*(/[\w.~-]+)+|[\w-]+\.\w{2,4}")


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of one column; shares and means are over sampled cells that are not blank."""

    name: str
    place: int  # from 0
    rows: int
    blank: float  # share of blank cells and of missing ones, 0 to 1
    counts: Mapping[str, int] | None  # cell without outer space → rows, exact; None: too many
    cells: tuple[str, ...]  # the sampled ones that are not blank, in the order of the file
    varied: float  # different cells / cells
    length: float  # mean characters
    words: float  # mean words; two characters count as one in scripts without spaces
    blocks: bool  # equal cells stand together, as in a file sorted by this column
    kind: str = ""
    why: str = ""
    separator: str | None = None  # of a list
    numerals: Numerals | None = None  # of what stands there; cells and counts are plain ones
    missing: Mapping[str, int] = field(default_factory=dict)  # cells for no value, as "nan" → rows

    @property
    def classes(self) -> int:
        """Number of different cells that are not blank (of the sample, where counting stopped)."""
        return len(set(self.cells)) if self.counts is None else len(self.counts)


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a table has shown."""

    rows: int
    columns: tuple[Column, ...]
    sample: tuple[tuple[str, ...], ...]  # whole rows, cells stripped and shortened
    edges: tuple[Row, ...] = ()  # the first and the last rows, and the first that begin with "# "


def describe(column: Column) -> str:
    """Say in one sentence what a column was taken for, and why."""
    gaps = "".join(f"; {cell} stands for nothing in {n:,}" for cell, n in column.missing.items())
    return f"{column.kind}: {column.why}{gaps}"


def flag(cell: str) -> int | None:
    """Read a 0/1 cell: 1, 0, -1 for "not scored", or None if it is none of them."""
    return FLAGS.get(cell.strip().lower())


def is_link(cell: str) -> bool:
    """Tell an address or the name of a file."""
    return LINK.fullmatch(cell.strip()) is not None and FRACTION.fullmatch(cell.strip()) is None


def are_tags(column: Column) -> bool:
    """Tell a tag for each word of another column, "O B-PER I-PER", from running text."""
    tags = [tag for cell in column.cells for tag in cell.split()]
    several = sum(" " in cell for cell in column.cells)
    is_marked = any(len(tag) > 1 for tag in tags) and any(tag in "Oo0" for tag in tags)
    right = sum(TAG.fullmatch(tag) is not None for tag in tags)
    return 2 * several >= len(column.cells) and is_marked and right >= MOST_TAGS * len(tags)


def _share(column: Column, pattern: re.Pattern[str]) -> float:
    return sum(pattern.fullmatch(cell) is not None for cell in column.cells) / len(column.cells)


def _values(column: Column, most: int = 4) -> str:
    common = sorted(column.counts or {}, key=lambda cell: -(column.counts or {})[cell])[:most]
    shown = ", ".join(cell if len(cell) <= 24 else cell[:23] + "…" for cell in common)
    return shown + (", …" if column.classes > most else "")


def _why_empty(column: Column) -> str:
    return "" if column.cells or column.counts else "every cell is blank"


def _why_constant(column: Column) -> str:
    if column.counts is None or len(column.counts) != 1:
        return ""
    blanks = f" or is blank ({column.blank:.0%})" if column.blank else ""
    return f"every cell is {_values(column)}{blanks}"


def _why_flags(column: Column) -> str:
    marks = {flag(cell) for cell in column.counts or ()}
    if column.numerals or not marks or marks - {0, 1, -1}:
        return ""
    if len(marks) == 2 and -1 in marks and _is_often(column, -1):
        return ""  # the lower one of two, not "not scored"
    counts = column.counts or {}
    return (
        f"only {' and '.join(sorted(counts))}"
        if len(counts) <= 3
        else (f"only 0 and 1, in words or numbers: {_values(column)}")
    )


def _is_often(column: Column, mark: int) -> bool:
    counts = column.counts or {}
    held = sum(count for cell, count in counts.items() if flag(cell) == mark)
    return held >= OFTEN * sum(counts.values())


def signs_of(columns: Sequence[Column]) -> str:
    """Say how columns of marks write 0 and 1: "False and True", "no/0 and yes/1"."""
    cells = {cell for column in columns for cell in column.counts or {}}
    signs = ["/".join(sorted(cell for cell in cells if flag(cell) == mark)) for mark in (0, 1)]
    is_short = all(signs) and len(cells) <= MOST_SIGNS
    return " and ".join(signs) if is_short else "0 and 1, in words or numbers"


def _why_counter(column: Column) -> str:
    if len(column.cells) < 5 or column.varied < 1 or _share(column, INTEGER) < 1:
        return ""
    numbers = [float(cell) for cell in column.cells]
    if all(one < two for one, two in pairwise(numbers)):
        return "whole numbers counting up"
    long = min(map(len, column.cells)) >= 6 and len(column.cells) >= 10
    return "long whole numbers, no two alike" if long else ""


def _why_codes(column: Column) -> str:
    """Tell numbers that are names of classes (0 to 27, stars) from numbers that measure."""
    if column.counts is None or not all(map(is_number, column.counts)):
        return ""
    numbers = sorted({float(cell) for cell in column.counts})
    repeated = column.rows * (1 - column.blank) / len(numbers)
    whole = all(number.is_integer() for number in numbers)
    filled = whole and len(numbers) > 0.9 * (numbers[-1] - numbers[0] + 1) and repeated >= 5
    few = len(numbers) <= (30 if whole else 10) and repeated >= 2
    few = few or (whole and column.rows <= 20 and numbers[0] >= -10 and numbers[-1] <= 10)
    return f"{column.classes} different numbers: {_values(column)}" if few or filled else ""


def _why_number(column: Column) -> str:
    numbers = [float(cell) for cell in column.cells if is_number(cell)]
    share = len(numbers) / len(column.cells)
    least = 0.5 if any(number % 1 for number in numbers) else 0.9
    if share < 0.98 and (share < least or not all(map(like_number, column.cells))):
        return ""
    how = f" {column.numerals.described()}" if column.numerals else ""
    return f"numbers from {min(numbers):g} to {max(numbers):g}{how}"


def _why_date(column: Column) -> str:
    return f"dates or times such as {column.cells[0][:30]}" if _share(column, DATE) > 0.9 else ""


def _why_link(column: Column) -> str:
    few = column.counts is not None and column.varied < 0.1
    is_link = not few and _share(column, LINK) > 0.9 and _share(column, FRACTION) < 0.9
    return f"addresses or file names such as {column.cells[0][:40]}" if is_link else ""


def _why_parse(column: Column) -> str:
    """Tell parses of sentences, which repeat a text with brackets around its parts."""
    trees = sum(
        cell.count("(") == cell.count(")") and PARSE.fullmatch(cell) is not None
        for cell in column.cells
    )
    if trees < 0.9 * len(column.cells) or column.words < 2:
        return ""
    return f"parses of sentences such as {column.cells[0][:40]}"


def _why_record(column: Column) -> str:
    """Tell JSON objects and lists of lists: running text for the eye, but not to be labelled."""
    first = record_of(column)
    what = "JSON objects" if first.startswith("{") else "lists of lists, or of objects,"
    return f"{what} such as {first[:40]}; a table has their values in columns" if first else ""


def record_of(column: Column) -> str:
    """Give the first of the objects, or the lists of objects, that a column holds; "" of others."""
    if any(map(lists.CHOICES.match, column.cells)) or None not in map(marked_names, column.cells):
        return ""
    filled = [cell for cell in column.cells if cell not in ("{}", "[]")]
    objects = sum(RECORD.match(cell) is not None for cell in filled)
    return filled[0] if filled and objects >= 0.9 * len(filled) else ""


def _why_numbers(column: Column) -> str:
    """Tell lists of numbers that name nothing: the ids of a tokenizer, embeddings."""
    if _share(column, NUMBERS) < 0.98:
        return ""
    return f"lists of numbers such as {column.cells[0][:40]}, which are neither text nor labels"


def _why_decimal(column: Column) -> str:
    """Tell numbers with a decimal comma from lists of numbers: one comma each, and many values."""
    if column.numerals and not column.numerals.is_clear:
        return f"numbers {column.numerals.described()}"
    shares = (_share(column, DECIMAL), _share(column, DECIMAL_OR_WHOLE))
    if shares[0] < 0.8 or shares[1] < 1 or column.classes <= 20:
        return ""
    return commas.described(column.cells)


def _why_split(column: Column) -> str:
    if column.counts is None or {cell.lower() for cell in column.counts} - SPLIT_WORDS:
        return ""
    return f"names of parts of the data: {_values(column)}"


def _why_list(column: Column) -> str:
    found = lists.separator(column.cells)
    if found is None:
        return ""
    several = sum(len(lists.parse(cell, found) or ()) > 1 for cell in column.cells)
    names = {name for cell in column.cells for name in lists.parse(cell, found) or ()}
    return (
        f"lists {lists.described(found)}: {len(names)} different names, "
        f"{several / len(column.cells):.0%} of the cells hold more than one"
    )


def _why_category(column: Column) -> str:
    if column.counts is None:
        return ""
    filled, classes = column.rows * (1 - column.blank), column.classes
    if column.words >= 4:  # long labels: they must repeat a lot, or they are texts
        few = classes * 10 <= filled or (classes <= 10 and classes * 5 <= filled)
    else:
        few = classes * 2 <= filled or (filled <= 10 and classes < filled)
    return f"{classes} different values: {_values(column)}" if few else ""


def _why_text(column: Column) -> str:
    if column.words < 2:
        return ""
    least = "more than " if max(map(len, column.cells)) == SAMPLE_CHARACTERS else ""
    words = f"{least}{column.words:.0f} words a cell on average"
    return f"{words}, {column.varied:.0%} of the cells differ"


def _why_id(column: Column) -> str:
    single = sum(not any(map(str.isspace, cell)) for cell in column.cells) > 0.98 * len(
        column.cells
    )
    digits = sum(any(map(str.isdigit, cell)) for cell in column.cells) > 0.2 * len(column.cells)
    known = single and digits and column.varied > 0.5 and column.words < 2
    return f"codes such as {column.cells[0][:40]}, {column.varied:.0%} differ" if known else ""


def _why_words(column: Column) -> str:
    return f"single words or signs, {column.varied:.0%} of the cells differ"


KINDS: tuple[tuple[str, Callable[[Column], str]], ...] = (  # the first that knows a reason
    ("empty", _why_empty),
    ("constant", _why_constant),
    ("flags", _why_flags),
    ("id", _why_counter),
    ("category", _why_codes),
    (NUMBER, _why_number),
    ("date", _why_date),
    ("link", _why_link),
    ("split", _why_split),
    ("parse", _why_parse),
    ("record", _why_record),
    ("decimal", _why_decimal),
    ("list", _why_list),
    ("category", _why_category),
    ("record", _why_numbers),
    ("id", _why_id),
    ("text", _why_text),
    ("words", _why_words),
)
