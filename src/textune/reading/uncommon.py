"""What few tables have is recognised where what most have does not fit.

Delimiters of other signs, or of several; quotes of other signs, or with a backslash before them;
lines of a title or of comments above the table; rows with one cell more than the header, or fewer.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from itertools import islice
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.reading.delimited import Dialect, cells_of
from textune.reading.header import usual_names
from textune.reading.lines import mending
from textune.reading.samples import Reading, few_values, read

SINGLE = "@^~#&*!\x01\x02\x1e\x1f\xa6\xa7\xac"
QUOTES = (("\\", '"'), (None, "'"), (None, "`"), (None, "|"))  # what stands before one in a cell
SEVERAL = re.compile(r" ?[^\w\s\"'`.,!?()-]{2,} ?|\s?[<\[]\w{2,5}[>\]]\s?")  # as a delimiter
MARKUP = re.compile(r"<(\w[\w:.-]*)(?:\s[^<>]*)?>[^<>]*</\1>")  # a mark of XML, and what it holds
LEAST_ROWS = 3
RULE = re.compile(r"[|+]?[\s:|+-]*-{3,}[\s:|+-]*[|+][\s:|+-]*")  # beneath the head of one
MOST_ABOVE = 20  # lines above a table, but for those of blank cells


def delimiter(
    sample: str, whole: bool, *, is_text: bool, repeated: str | None = None
) -> tuple[Dialect, Reading] | None:
    """Find the delimiter by which every line of a sample has as many columns, one of few values.

    Args:
        sample: The beginning of a file.
        whole: Whether it is all of it.
        is_text: Whether the name of the file lets expect plain text.
        repeated: A usual delimiter that stands there several times wherever it does.
    """
    lines = [line for line in islice(StringIO(sample), LEAST_ROWS + 1) if line.strip()]
    if len(lines) < LEAST_ROWS:
        return None
    several = dict.fromkeys(found[0] for found in SEVERAL.finditer(lines[0].rstrip("\r\n")))
    several = {sign: None for sign in several if not _is_within_lines(sign, lines)}
    several |= dict.fromkeys([repeated] if repeated else [])
    singles = [sign for sign in SINGLE if all(sign in line for line in lines)]
    if all('" "' in line for line in lines):  # spaces part cells where all cells are in quotes
        singles.append(" ")
    for sign in (*sorted(several, key=len, reverse=True), *singles):
        if (
            is_text
            and len(sign) == 1
            and sign != " "
            and 2 * sample.count(f" {sign}") > sample.count(sign)
        ):
            continue  # as # and @ stand in running text
        for quoted in (True, False)[: 1 if sign == " " else 2]:
            dialect = Dialect(sign, quoted=quoted)
            found = read(dialect, sample, whole)
            body = found.rows[1:]
            likely = any(len(values) > 1 for values in few_values(body, found.width).values())
            likely = likely or (found.width > 2 and not is_text)
            if found.fits and found.width > 1 and len(body) >= LEAST_ROWS - 1 and likely:
                return dialect, found
    return None


def _is_within_lines(sign: str, lines: Sequence[str]) -> bool:
    """Tell signs that stand around what they hold: bars, and marks of XML, as <PER>…</PER>."""
    if sign[0] == sign[-1] == "|" and sign.strip("|"):
        return True
    return any(mark in sign for mark in "<>") and any(map(MARKUP.search, lines))


def repeated(sign: str, sample: str) -> str | None:
    """Return the run in which a delimiter always stands, if it never stands alone."""
    if 2 * sign not in sample:
        return None
    runs = {found[0] for found in re.finditer(f"{re.escape(sign)}+", sample)}
    return runs.pop() if len(runs) == 1 else None


def is_quote(sign: str, sample: str) -> bool:
    """Tell whether a usual delimiter stands around cells, and another one between them."""
    between = max(sample.count(f"{sign}{other}{sign}") for other in ",;\t" if other != sign)
    return 4 * between >= sample.count(sign)


def quotes(dialect: Dialect, sample: str, whole: bool, *, fits: bool) -> Dialect | None:
    """Find the signs around cells that make every line fit, where the usual ones do not.

    Where those fit too, or none, other signs must stand around all cells of a column.
    """
    sign = dialect.delimiter or ","
    for escape, quote in QUOTES:
        if quote == sign or (f"{sign}{quote}" not in sample and f"\n{quote}" not in sample):
            continue
        if escape is not None and f"{escape}{quote}" not in sample:
            continue
        other = replace(dialect, quoted=True, quote=quote, escape=escape)
        found = read(other, sample, whole)
        if not found.fits or found.width < 2:
            continue
        plain = read(replace(dialect, quoted=False), sample, whole)
        is_needed = not fits and (escape is not None or not plain.fits)
        if is_needed or (escape is None and _is_around_a_column(plain, quote)):
            return other
    return None


def _is_around_a_column(plain: Reading, quote: str) -> bool:
    """Tell whether some column has all of its cells, or all that are not blank, in such quotes."""
    body = [cells for cells in plain.rows[1:] if len(cells) == plain.width]
    columns = [[cells[at] for cells in body if cells[at]] for at in range(plain.width)]
    return any(
        len(column) >= LEAST_ROWS
        and all(len(cell) > 1 and cell[0] == cell[-1] == quote for cell in column)
        for column in columns
    )


def above(dialect: Dialect, sample: str, width: int) -> list[str]:
    """Take the lines above a table: each has one cell, and the line after them all the columns."""
    taken: list[str] = []
    if dialect.delimiter is None or width < 2:
        return []
    most, plain = MOST_ABOVE, replace(dialect, quoted=False)
    for line in StringIO(sample, newline=""):
        held = line.replace(dialect.delimiter, "").strip()
        if most and not held.strip(dialect.quote):  # there may be thousands of these
            taken.append(line.rstrip("\r\n"))
            continue
        cells = cells_of(plain, line)
        filled = [cell for cell in cells if cell.strip().strip(dialect.quote)]
        is_row = len(cells) == width and filled and (width == 2 or not cells[0].strip())
        is_comment = line.startswith("# ") and not usual_names([cells[0][2:], *cells[1:]])
        if most and (is_comment or (len(filled) < 2 and not is_row)):
            most -= bool(filled)
            taken.append(line.rstrip("\r\n"))
            continue
        is_whole = len(cells) == width and len(filled) >= max(2, width - 1)
        return taken if is_whole and any(map(str.strip, taken)) else []
    return []


def refuse_headless(path: Path, dialect: Dialect, found: Reading, lines: Sequence[str]) -> None:
    """Refuse several lines of one cell above a table no line of which names the columns.

    Args:
        path: The file.
        dialect: Of its table.
        found: The rows, those lines among them.
        lines: From `above`.

    Raises:
        DataError: With the command that takes them away.
    """
    held = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if len(held) < 2 or len(found.rows[0]) > 1:  # one may be a row that is torn
        return
    if any(len(cells) == 1 for cells in found.rows[len(lines) :]):  # so may these
        return
    command = mending(path, f"tail -n +{len(lines) + 1}", mark="table")
    raise DataError(
        f"{path.name}:1: {len(lines):,} lines stand above a table of {found.width} columns, whose "
        f"names no line has: {excerpt(held[0])}; add the cells that they lack, where they are "
        f"rows, or take them away: {command}"
    )


def refuse_quoted_lines(path: Path, dialect: Dialect, found: Reading) -> None:
    """Refuse a table each line of which stands in quotes as a whole, as one cell.

    Raises:
        DataError: With the command that takes them off.
    """
    sign = dialect.delimiter
    if sign is None or found.width != 1 or not dialect.quoted or len(found.rows) < LEAST_ROWS:
        return
    inner = {len(cells_of(dialect, cells[0])) for cells in found.rows}
    if len(inner) != 1 or inner <= {0, 1}:
        return
    command = """sed -e 's/^"//' -e 's/"\\r*$//' -e 's/""/"/g'"""
    raise DataError(
        f"{path.name}:1: each line stands in quotes as a whole: {excerpt(found.rows[0][0])}; take "
        f"them off: {mending(path, command, mark='cells')}"
    )


def refuse_drawn(path: Path, sample: str) -> None:
    """Refuse a table that is drawn with bars, as Markdown and databases show them.

    Raises:
        DataError: It is none of cells.
    """
    lines = [line.strip() for line in islice(StringIO(sample), 50) if line.strip()]
    if len(lines) > 2 and RULE.fullmatch(lines[1]) and lines[0].count("|") >= 1:
        raise DataError(
            f"{path.name}:2: a table drawn with bars, as Markdown and psql show them: "
            f"{excerpt(lines[0])}; export it as CSV (psql: \\copy … to 'file.csv' csv header)"
        )


def is_longer(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Tell a header that ends in a delimiter, where no row does."""
    return (
        len(first) > 2
        and not first[-1].strip()
        and {len(cells) for cells in body} == {len(first) - 1}
    )


def one_more(first: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[list[str], str] | None:
    """Name the columns where every row has one cell more than the header, and say why.

    The rows end in a delimiter, or begin with names of their own, as R writes them. Or the header
    ends in a delimiter, and no row does.
    """
    if is_longer(first, body):
        return list(first[:-1]), "the header ends in a delimiter, and no row does"
    if not body or {len(cells) for cells in body} != {len(first) + 1}:
        return None
    if not any(cells[-1].strip() for cells in body):
        return [*first, ""], "every row ends in a delimiter, and the header does not"
    names = [cells[0].strip() for cells in body]
    if len(set(names)) == len(names) and all(name and " " not in name for name in names):
        return ["", *first], "the header lacks a name for the first column, as R writes tables"
    return None


def ends_early(header: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[frozenset[int], str]:
    """Tell results of Mechanical Turk, whose header ends in two columns that rows do not have.

    Returns:
        The width of such rows, and what was seen, in words; neither for other tables.
    """
    names = [name.strip() for name in header[-2:]]
    width = len(header) - 2
    widths = {len(cells) for cells in body}
    if names != ["Approve", "Reject"] or not {width} <= widths <= {width, len(header)}:
        return frozenset(), ""
    return frozenset([width]), "rows end before the columns 'Approve' and 'Reject': blank there"
