"""The beginning of a delimited file becomes its layout: delimiter, quotes, header, columns; why."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import NoReturn

from textune.errors import DataError, excerpt
from textune.reading import ragged
from textune.reading.delimited import Dialect, Layout, listed, no_rows, parse, rows
from textune.reading.header import is_header
from textune.reading.lines import lines, pieces

COLUMN_LIMIT = 10_000
SAMPLE = 1 << 19  # characters
SAMPLE_ROWS = 2_000
FEW_VALUES = 50

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NATURAL = {"csv": ",", "tsv": "\t"}
_CELL = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\r\n\"])\"?(?:\r\n|\r|\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a sample, or a whole file, looks in one dialect."""

    rows: list[list[str]]  # the first of them, blank ones left out
    width: int  # of most rows
    share: float  # of the lines that belong to rows of that width; what cannot be parsed has none

    @property
    def fits(self) -> bool:
        """Whether every line belongs to a row of the same width."""
        return self.share == 1.0


def recognise(
    path: Path, kind: str, *, delimiter: str | None, header: bool | None
) -> tuple[Layout, tuple[str, ...]]:
    """Find the layout of a file, and say in words what was seen.

    The kind is that of its ending: "csv", "tsv", or "text" (and unknown endings). A delimiter and a
    header that nobody named are recognised.

    Raises:
        DataError: The file is empty, holds only a header, or its header cannot be used.
    """
    sample, whole = _sample(path)
    if not sample.strip():
        raise no_rows(path.name, None)
    separator = _SEPARATOR.match(sample) if kind != "text" else None
    if separator:  # Excel's own first line, which is no header
        sample, delimiter = sample[separator.end() :], delimiter or separator[1]
    dialect, why = _delimiter(sample, whole, kind, chosen=delimiter)
    dialect, why_quotes = _quotes(path, dialect, sample, whole)
    reading = _read(dialect, sample, whole)
    first, *body = reading.rows or [_raise_fault(path, dialect)]
    if len(first) > COLUMN_LIMIT:
        raise DataError(
            f"{path.name}:1: {len(first):,} columns, at most {COLUMN_LIMIT:,} are read: "
            f"{excerpt(','.join(first[:20]))}; keep the columns of texts and labels"
        )
    has_header, why_header = _header(first, body, dialect, header)
    if has_header:
        if not body and whole and reading.fits:
            raise no_rows(path.name, tuple(first))
        widths = frozenset[int]()
        columns, remark = column_names(f"{path.name}:1", first)
    else:
        widths, remark = _longer_lines(path, dialect)
        width = max(widths or [Counter(map(len, [first, *body])).most_common(1)[0][0]])
        columns = tuple(str(n) for n in range(1, width + 1))
    known = _few_values(body, len(columns))
    if separator:
        why = f"delimiter: {NAMES.get(separator[1], separator[1])}, as the first line says"
    named = tuple(first) if has_header else None
    layout = Layout(dialect, columns, named, known, widths, before=1 if separator else 0)
    return layout, tuple(filter(None, (why, why_quotes, why_header, remark)))


def _raise_fault(path: Path, dialect: Dialect) -> NoReturn:
    """Raise what makes the very first record unreadable, or that there is none."""
    list(rows(path, Layout(dialect, ("1",), None, {})))
    raise no_rows(path.name, None)


def _sample(path: Path) -> tuple[str, bool]:
    """Take the beginning of a file, and say whether that is all of it."""
    taken: list[str] = []
    size = 0
    for piece in pieces(path):
        if size >= SAMPLE:
            return "".join(taken), False
        taken.append(piece)
        size += len(piece)
    return "".join(taken), True


def _read(dialect: Dialect, sample: str, whole: bool) -> Reading:
    return _survey(dialect, iter(StringIO(sample, newline="")), whole, most=SAMPLE_ROWS)


def _survey(dialect: Dialect, text: Iterator[str], whole: bool, most: int | None = None) -> Reading:
    """Read in a dialect, up to the first record that cannot be parsed."""
    if dialect.delimiter is None:
        plain = [[line.rstrip("\r\n")] for line in islice(text, most) if line.strip()]
        return Reading(plain, 1, 1.0)
    kept: list[list[str]] = []
    widths: Counter[int] = Counter()
    broken, line = False, 0
    reader = parse(dialect, text)
    try:
        for cells in islice(reader, most):
            before, line = line, reader.line_num
            if cells:
                is_blank = len(cells) == 1 and not cells[0].strip()
                widths[0 if is_blank else len(cells)] += line - before
                if len(kept) < SAMPLE_ROWS:
                    kept.append(cells)
    except csv.Error as error:
        broken = whole or "unexpected end" not in str(error)
    lost = sum(1 for line in text if line.strip()) + 1 if broken else 0
    blank = widths.pop(0, 0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    if width > 1:
        kept = [cells for cells in kept if len(cells) > 1 or cells[0].strip()]
        return Reading(kept, width, count / (widths.total() + lost))
    return Reading(kept, width, (count + blank) / max(1, widths.total() + blank + lost))


def _delimiter(sample: str, whole: bool, kind: str, *, chosen: str | None) -> tuple[Dialect, str]:
    if chosen is not None:
        _check_chosen(chosen)
        why = f"delimiter: {NAMES.get(chosen, repr(chosen))}, as told"
        return Dialect(chosen, quoted=True), why
    natural = _NATURAL.get(kind)
    best: tuple[float, int, str] | None = None
    for sign in NAMES:
        if sign not in sample or (kind == "text" and sign != "\t" and _is_prose(sign, sample)):
            continue
        reading = max(
            (_read(Dialect(sign, quoted), sample, whole) for quoted in (True, False)),
            key=lambda reading: reading.share,
        )
        score = reading.share + (0.1 if sign == natural else 0.0)
        if reading.rows and len(reading.rows[0]) != reading.width:
            score -= 0.3  # the first line is the one that nobody gets wrong
        enough = 0.5 if kind != "text" else 0.8 if sign == "\t" else 0.98
        if reading.width > 1 and reading.share >= enough and (best is None or score > best[0]):
            best = score, reading.width, sign
    if best:
        told_share = f"lines have {best[1]} columns by it"
        return Dialect(best[2], quoted=True), f"delimiter: {NAMES[best[2]]}, {told_share}"
    if natural:
        return Dialect(natural, quoted=True), f"delimiter: {NAMES[natural]}, by the file's ending"
    return Dialect(None, quoted=False), "no delimiter: each line is one text, as it stands"


def _check_chosen(delimiter: str) -> None:
    if len(delimiter) != 1 or delimiter in '\r\n"\0':
        raise DataError(
            f"delimiter {delimiter!r} cannot be used; allowed: any one character but a quote or a "
            "line end, as ',' ';' '|' or a tab"
        )


def _is_prose(sign: str, sample: str) -> bool:
    """Tell punctuation from delimiters: it is followed by a space."""
    return sample.count(f"{sign} ") * 2 > sample.count(sign)


def _quotes(path: Path, dialect: Dialect, sample: str, whole: bool) -> tuple[Dialect, str]:
    """Decide whether quotes mark cells or belong to the text."""
    sign = dialect.delimiter
    if sign is None or ('"' not in sample and whole):
        return dialect, ""
    literal = Dialect(sign, quoted=False)
    spreadsheet = sign not in "\t|"  # commas: everybody quotes; tabs: hardly anybody
    if whole or spreadsheet:
        marked, plain = _read(dialect, sample, whole), _read(literal, sample, whole)
        spaced = Dialect(sign, quoted=True, spaced=True)
        if f'{sign} "' in sample and not marked.fits and _read(spaced, sample, whole).fits:
            return spaced, 'quotes: "…" marks a cell, also after a space'
    elif not _has_cell_with_quote(path, sign):
        return dialect, ""
    else:
        marked = _survey(dialect, lines(path), whole=True)
        plain = _survey(literal, lines(path), whole=True)
    census = _census(plain.rows)
    if _are_marks(marked, plain, census, spreadsheet):
        return dialect, 'quotes: "…" marks a cell' if census.total() else ""
    return literal, "quotes: part of the text, since they do not enclose whole cells"


def _has_cell_with_quote(path: Path, sign: str) -> bool:
    start = re.compile(f'(?:^|[\r\n{re.escape(sign)}])"')
    return any('"' in piece and start.search(piece) is not None for piece in pieces(path))


def _census(body: list[list[str]]) -> Counter[str]:
    """Count the cells that begin with a quote, by what they are when quotes are literal."""
    quoted = (cell for cells in body for cell in cells if cell.startswith('"'))
    return Counter(
        "torn" if _CELL.fullmatch(cell) is None else "needed" if '""' in cell else "whole"
        for cell in quoted
    )


def _are_marks(marked: Reading, plain: Reading, census: Counter[str], spreadsheet: bool) -> bool:
    if spreadsheet:  # one torn cell is a slip to be reported, many are a custom
        return not (
            plain.fits and not marked.fits and census["torn"] >= 3 > census.total() - census["torn"]
        )
    if marked.fits and plain.fits:
        return plain.width == 1 or census["needed"] > 0 or _fills_a_column(plain)
    if marked.fits or plain.fits:
        return marked.fits or census["needed"] > 5 * census["torn"]
    return marked.share > plain.share


def _fills_a_column(plain: Reading) -> bool:
    """Say whether some column is quoted throughout: a program did that."""
    body = [cells for cells in plain.rows[1:] if len(cells) == plain.width]
    columns = [[cells[at] for cells in body if cells[at]] for at in range(plain.width)]
    return any(all(cell.startswith('"') for cell in column) for column in columns if column)


def _header(
    first: list[str], body: list[list[str]], dialect: Dialect, chosen: bool | None
) -> tuple[bool, str]:
    if chosen is not None:
        return chosen, "header: the first line, as told" if chosen else "no header, as told"
    return is_header(
        first, [cells for cells in body if cells != first], text_only=dialect.delimiter is None
    )


def _longer_lines(path: Path, dialect: Dialect) -> tuple[frozenset[int], str]:
    """Look for columns of some lines only, where a line is sure to be a row."""
    sign = dialect.delimiter
    if sign != "\t" or (dialect.quoted and _has_cell_with_quote(path, sign)):
        return frozenset(), ""
    return ragged.recognise(path, sign)


def column_names(place: str, first: list[str]) -> tuple[tuple[str, ...], str]:
    """Name the columns by the header that stands at a place; one without a name gets its number.

    Raises:
        DataError: Two have the same name.
    """
    names = [cell.strip() or str(at) for at, cell in enumerate(first, start=1)]
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{place}: the header names {excerpt(twice[0])} more than once "
            f"({listed(tuple(names))}); give each column a name of its own, or if "
            "the first line is data, say --no-header (header=False)"
        )
    unnamed = [str(at) for at, cell in enumerate(first, start=1) if not cell.strip()]
    return tuple(names), (
        f"columns without a name in the header go by their number: {', '.join(unnamed)}"
        if unnamed
        else ""
    )


def _few_values(body: list[list[str]], width: int) -> dict[int, frozenset[str]]:
    """Find the columns that hold few values: what they hold tells a row from a line of text."""
    sound = [
        cells
        for cells in body
        if len(cells) == width and not any("\n" in cell or "\r" in cell for cell in cells)
    ]
    values = {at: frozenset(cells[at] for cells in sound) for at in range(width)}
    most = min(FEW_VALUES, len(sound) // 2)
    return {at: seen for at, seen in values.items() if 0 < len(seen) <= most and any(seen)}
