"""A column's cells become what kind of column it is, in words that a user can check."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from textune.data import commas, lists, missing, numerals
from textune.data.commas import DECIMAL
from textune.data.numerals import Numerals, is_number, like_number
from textune.data.sampling import SAMPLE_CHARACTERS, Spread, chunks
from textune.records import Table

NUMBER = "number"  # the kind of a column of numbers
MOST_VALUES = 10_000  # different cells that are counted in a column before counting stops
MOST_CELLS = (
    2_000_000  # counted or sampled, over all columns: what bounds the memory of wide tables
)
MOST_CHARACTERS = 8_000_000  # in the counted cells of one column
MOST_SIGNS = 6  # ways to write 0 and 1 that are named
SAMPLE_ROWS = 4_000
OFTEN = 0.1  # share of rows from which -1 is a class rather than "not scored"

FLAGS: Mapping[str, int] = {
    **dict.fromkeys(("1", "1.0", "1.", "true", "yes", "y", "t"), 1),
    **dict.fromkeys(("0", "0.0", "0.", "false", "no", "n", "f"), 0),
    **dict.fromkeys(("-1", "-1.0", "-1."), -1),
}
"""How a 0/1 column may be written, in lower case; -1 stands for "not scored"."""

SPLIT_WORDS = {"train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing"}
PARSE = re.compile(r"\(\s*(?:\w+ )?\s*[(\w].*\)", re.DOTALL)
DECIMAL_OR_INTEGER = re.compile(r"[+-]?\d+(,\d+)?")
RECORD = re.compile(r'\{ ?"(?:[^"\\]|\\.)*" ?: ?')
INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?"
    r"|\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ,]+\d{2,4}.{0,16}"
    r"|(\w{3,9},? )?\w{3,9}\.? \d{1,2},? .*\d{4}|\d{1,2}:\d{2}(:\d{2}.*)?"
)
LINK = re.compile(r"(https?|ftp)://\S+|www\.\S+|\S+@\S+\.\w+|[\w.~-]*(/[\w.~-]+)+|[\w-]+\.\w{2,4}")
WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")
UNSPACED = re.compile(  # scripts written without spaces: Thai, Lao, Burmese, Khmer, Kana, Chinese
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]"
)


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


def scan(table: Table) -> Scan:
    """Read a table once, from start to end, and say of every column what kind it is.

    Values are counted exactly as long as they are few; all else comes from a sample of at most
    4,000 rows, spread evenly over the file. Memory is bounded, whatever the file.
    """
    width = max(1, len(table.columns))
    counters: list[Counter[str] | None] = [Counter() for _ in table.columns]
    most = max(20, min(MOST_VALUES, MOST_CELLS // width))
    sample = Spread(max(20, min(SAMPLE_ROWS, MOST_CELLS // 10 // width)))
    for chunk in chunks(table.rows(), most=MOST_CHARACTERS):
        sample.add(chunk)
        for place, cells in enumerate(zip(*(row.cells for row in chunk), strict=True)):
            counter = counters[place]
            if counter is None:
                continue
            before = len(counter)
            counter.update(cells)
            if len(counter) > before and _is_too_much(counter, most):
                counters[place] = None
    kept = tuple(sample.rows)
    columns = tuple(
        _column(name, place, counters[place], [row[place] for row in kept], sample.seen)
        for place, name in enumerate(table.columns)
    )
    return Scan(sample.seen, columns, kept)


def describe(column: Column) -> str:
    """Say in one sentence what a column was taken for, and why."""
    gaps = "".join(f"; {cell} stands for nothing in {n:,}" for cell, n in column.missing.items())
    return f"{column.kind}: {column.why}{gaps}"


def flag(cell: str) -> int | None:
    """Read a 0/1 cell: 1, 0, -1 for "not scored", or None if it is none of them."""
    return FLAGS.get(cell.strip().lower())


def _is_too_much(counter: Counter[str], most: int) -> bool:
    return len(counter) > most or sum(map(len, counter)) > MOST_CHARACTERS


def _column(
    name: str, place: int, counter: Counter[str] | None, sample: list[str], rows: int
) -> Column:
    cells = tuple(cell for cell in sample if cell)
    counts: dict[str, int] | None = None
    blank = 1 - len(cells) / max(1, len(sample))
    if counter is not None:
        counts = {}
        for cell, count in counter.items():
            counts[cell.strip()] = counts.get(cell.strip(), 0) + count
        blank = counts.pop("", 0) / max(1, rows)
    gaps = missing.of(Counter(cells) if counts is None else counts)
    if gaps:
        total = len(sample) if counts is None else rows
        blank += sum(gaps.values()) / total
        cells = tuple(cell for cell in cells if cell not in gaps)
        counts = counts and {cell: count for cell, count in counts.items() if cell not in gaps}
        gaps = {cell: round(count * rows / total) for cell, count in gaps.items()}
    written = numerals.of(cells)
    column = Column(
        name,
        place,
        rows,
        blank,
        counts,
        cells,
        varied=len(set(cells)) / max(1, len(cells)),
        length=sum(map(len, cells)) / max(1, len(cells)),
        words=sum(map(_words, cells)) / max(1, len(cells)),
        blocks=len(cells) >= 50 and _stand_together(cells),
        numerals=written,
        missing=gaps,
    )
    if written is not None and written.is_clear:
        column = _in_plain_numerals(column, written)
    for kind, why in KINDS:
        if reason := why(column):
            separator = lists.separator(cells) if kind == "list" else None
            if kind == "decimal" and written is None:
                written = numerals.of_commas(cells)
            return replace(column, kind=kind, why=reason, separator=separator, numerals=written)
    raise AssertionError("the last kind takes every column")


def _in_plain_numerals(column: Column, written: Numerals) -> Column:
    """Give cells and counts as numerals; a cell that is none stays."""

    def read(cell: str) -> str:
        return numerals.plain(cell, written.unit, written.decimal) or cell

    found: Counter[str] = Counter()
    for cell, count in (column.counts or {}).items():
        found[read(cell)] += count
    counts = None if column.counts is None else dict(found)
    return replace(column, cells=tuple(map(read, column.cells)), counts=counts)


def _stand_together(cells: Sequence[str]) -> bool:
    """Tell whether neighbours are equal far more often than in a shuffled file."""
    shares = [count / len(cells) for count in Counter(cells).values()]
    expected = len(cells) * (1 - sum(share * share for share in shares))
    changes = sum(one != two for one, two in pairwise(cells))
    return len(shares) <= len(cells) / 5 and changes < 0.2 * expected


def _words(cell: str) -> float:
    unspaced = len(UNSPACED.findall(cell))
    spaced = UNSPACED.sub(" ", cell) if unspaced else cell
    return len(WORD.findall(spaced)) + unspaced / 2


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
    is_link = not few and _share(column, LINK) > 0.9
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
    """Tell JSON objects: running text for the eye, but not what a reader would label."""
    if any(lists.CHOICES.match(cell) for cell in column.cells):
        return ""
    objects = sum(RECORD.match(cell) is not None for cell in column.cells)
    if objects < 0.9 * len(column.cells):
        return ""
    return f"JSON objects such as {column.cells[0][:40]}; a table has their values in columns"


def _why_decimal(column: Column) -> str:
    """Tell numbers with a decimal comma from lists of numbers: one comma each, and many values."""
    if column.numerals and not column.numerals.is_clear:
        return f"numbers {column.numerals.described()}"
    shares = (_share(column, DECIMAL), _share(column, DECIMAL_OR_INTEGER))
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
    shape = {"json": "in brackets", "<>": "as <a><b>", "vector": "as a row of 0 and 1"}.get(
        found, f"separated by {found!r}"
    )
    return (
        f"lists {shape}: {len(names)} different names, "
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
    ("id", _why_id),
    ("text", _why_text),
    ("words", _why_words),
)
