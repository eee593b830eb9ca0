"""The beginning of a delimited file becomes its layout: delimiter, quotes, header, columns; why."""

import re
from collections import Counter
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import NoReturn

from textune.errors import DataError, counted, excerpt
from textune.reading import header_lines, label_rows, passed_over, ragged, uncommon, uneven
from textune.reading.delimited import Dialect, Layout, listed, no_rows, rows
from textune.reading.header import is_header
from textune.reading.lines import line_ends, lines, pieces
from textune.reading.named_signs import delimiter_named, quotes_named
from textune.reading.samples import Reading, few_values, read, survey

ABOVE = "above the table passed over"
COLUMN_LIMIT = 10_000
SAMPLE = 1 << 19  # characters

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NATURAL = {"csv": ",", "tsv": "\t"}
_BLANK = re.compile(r"(?:[^\S\t\r\n]*(?:\r\n|\r|\n))+")  # lines; of tabs cells may be made
_CELL = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\r\n\"])\"?(?:\r\n|\r|\n)", re.IGNORECASE)


def recognise(
    path: Path,
    kind: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    quote: str | None = None,
) -> tuple[Layout, tuple[str, ...]]:
    """Find the layout of a file, and say in words what was seen.

    The kind is that of its ending: "csv", "tsv", or "text" (and unknown endings). A delimiter and a
    header that nobody named are recognised.

    Raises:
        DataError: The file is empty, holds only a header, or its header cannot be used.
    """
    blank, sample, whole = _sample(path)
    if not sample.strip():
        raise no_rows(path.name, None)
    uncommon.refuse_drawn(path, sample)
    separator = _SEPARATOR.match(sample)
    is_by_first = delimiter is None
    if separator:  # Excel's own first line, which is no header
        sample, delimiter = sample[separator.end() :], delimiter or separator[1]
    dialect, why = _delimiter(sample, whole, kind, chosen=delimiter)
    dialect, why_quotes = _quotes(path, dialect, sample, whole, chosen=quote)
    above, reading = _above(path, dialect, sample, whole, header)
    first, *body = reading.rows or [_raise_fault(path, dialect)]
    uncommon.refuse_quoted_lines(path, dialect, reading)
    if len(first) > COLUMN_LIMIT:
        raise DataError(
            f"{path.name}:1: {len(first):,} columns, at most {COLUMN_LIMIT:,} are read: "
            f"{excerpt(','.join(first[:20]))}; keep the columns of texts and labels"
        )
    before = blank + len(above) + (separator is not None)
    heads, has_header, why_header = _lines_of_header(first, body, dialect, header)
    named, body = [*heads.names] if heads.why else first, body[heads.further :]
    columns, widths, remark = _columns(path, dialect, named, body, before if has_header else None)
    if has_header and not body and whole and reading.fits:
        raise no_rows(path.name, tuple(first))
    if separator and is_by_first:
        why = f"delimiter: {NAMES.get(separator[1], separator[1])}, as the first line says"
    layout = Layout(
        dialect,
        columns,
        tuple(first) if has_header else None,
        few_values(body, len(columns)),
        widths,
        before=before,
        has_comments=passed_over.has_comments(body, len(columns)),
        heads=heads.further,
        beyond=uneven.beyond(body, len(columns)),
        are_full=passed_over.are_full(body),
    )
    said = (why, why_quotes, _said(above, blank, dialect), why_header, heads.why, remark)
    return layout, tuple(filter(None, said))


def _above(
    path: Path, dialect: Dialect, sample: str, whole: bool, header: bool | None
) -> tuple[list[str], Reading]:
    """Take the lines above a table, which has a header then, and read what stands below them."""
    reading = read(dialect, sample, whole)
    above = uncommon.above(dialect, sample, reading.width)
    if not above:
        return [], reading
    below = "".join(islice(StringIO(sample, newline=""), len(above), None))
    found = read(dialect, below, whole)
    if not found.rows or not _header(found.rows[0], found.rows[1:], dialect, header)[0]:
        uncommon.refuse_headless(path, dialect, reading, above)
        return [], reading
    return above, found


def _columns(
    path: Path, dialect: Dialect, first: list[str], body: list[list[str]], before: int | None
) -> tuple[tuple[str, ...], frozenset[int], str]:
    """Name the columns, with the widths of rows that end early and a remark.

    `before` is the number of lines before the header; None where there is none.
    """
    if before is not None:
        names, more = uncommon.one_more(first, body) or (first, "")
        widths, less = uncommon.ends_early(first, body)
        columns, remark = column_names(f"{path.name}:{before + 1}", names)
        return columns, widths, "; ".join(filter(None, (more, less, remark)))
    widths, remark = _longer_lines(path, dialect)
    width = max(widths or [Counter(map(len, [first, *body])).most_common(1)[0][0]])
    return tuple(str(n) for n in range(1, width + 1)), widths, remark


def _said(above: list[str], blank: int, dialect: Dialect) -> str:
    """Say which lines above a table are passed over; those of plain text are said as all others."""
    shown = [line for line in above if line.strip()]
    if not shown:
        is_said = blank and dialect.delimiter is not None
        return f"{counted(blank, 'blank line')} {ABOVE}" if is_said else ""
    lines = "1 line" if len(shown) == 1 else f"{len(shown):,} lines"
    return f"{lines} {ABOVE}, first: {excerpt(shown[0].strip())}"


def _raise_fault(path: Path, dialect: Dialect) -> NoReturn:
    """Raise what makes the very first record unreadable, or that there is none."""
    list(rows(path, Layout(dialect, ("1",), None, {})))
    raise no_rows(path.name, None)


def _sample(path: Path) -> tuple[int, str, bool]:
    """Take the beginning of a file, below its first blank lines: their number, it, if it is all."""
    taken: list[str] = []
    size = blank = 0
    for piece in pieces(path):
        if size >= SAMPLE:
            return blank, "".join(taken), False
        if not taken and (above := _BLANK.match(piece)):
            blank += line_ends(above[0].encode())
            piece = piece[above.end() :]
        taken += [piece] if piece else []
        size += len(piece)
    return blank, "".join(taken), True


def _delimiter(sample: str, whole: bool, kind: str, *, chosen: str | None) -> tuple[Dialect, str]:
    if chosen is not None:
        chosen = delimiter_named(chosen)
        why = f"delimiter: {NAMES.get(chosen, repr(chosen))}, as told"
        return Dialect(chosen, quoted=True), why
    best = _commonest(sample, whole, kind)
    other = None
    run = None if best is None else uncommon.repeated(best[2], sample)
    if best is None or best[0] < 1.0 or run:
        other = uncommon.delimiter(sample, whole, is_text=kind == "text", repeated=run)
    if other is not None:
        told_share = f"every line has {other[1].width} columns by it"
        return other[0], f"delimiter: {other[0].delimiter!r}, {told_share}"
    if best:
        told_share = f"lines have {best[1]} columns by it"
        return Dialect(best[2], quoted=True), f"delimiter: {NAMES[best[2]]}, {told_share}"
    if natural := _NATURAL.get(kind):
        return Dialect(natural, quoted=True), f"delimiter: {NAMES[natural]}, by the file's ending"
    return Dialect(None, quoted=False), "no delimiter: each line is one text, as it stands"


def _commonest(sample: str, whole: bool, kind: str) -> tuple[float, int, str] | None:
    """Find which of the usual delimiters parts lines best: how well, into how many columns."""
    natural = _NATURAL.get(kind)
    best: tuple[float, int, str] | None = None
    if kind == "text" and all(map(_MARKED.match, sample.splitlines())):
        return best  # fastText's lines are whole, whatever signs they hold
    for sign in NAMES:
        is_text = kind == "text" and sign != "\t" and _is_prose(sign, sample)
        if sign not in sample or is_text or uncommon.is_quote(sign, sample):
            continue
        reading = max(
            (read(Dialect(sign, quoted), sample, whole) for quoted in (True, False)),
            key=lambda reading: reading.share,
        )
        score = reading.share + (0.1 if sign == natural else 0.0)
        first, *body = reading.rows or [[]]
        if reading.rows and len(first) != reading.width and not uncommon.is_longer(first, body):
            score -= 0.3  # the first line is the one that nobody gets wrong
        enough = 0.5 if kind != "text" else 0.8 if sign in "\t|" else 0.98
        if reading.width > 1 and reading.share >= enough and (best is None or score > best[0]):
            best = score, reading.width, sign
    return best


_MARKED = re.compile(r"__label__\S|\s*$")


def _is_prose(sign: str, sample: str) -> bool:
    """Tell punctuation from delimiters: it is followed by a space."""
    return sample.count(f"{sign} ") * 2 > sample.count(sign)


def _quotes(
    path: Path, dialect: Dialect, sample: str, whole: bool, *, chosen: str | None
) -> tuple[Dialect, str]:
    """Decide whether quotes mark cells or belong to the text."""
    sign = dialect.delimiter
    if chosen is not None:
        return quotes_named(dialect, chosen)
    if sign is None or not dialect.quoted:
        return dialect, ""
    fits = read(dialect, sample, whole).fits
    if other := uncommon.quotes(dialect, sample, whole, fits=fits):
        how = f", and {other.escape}{other.quote} is one in it" if other.escape else ""
        return other, f"quotes: {other.quote}…{other.quote} marks a cell{how}"
    return _usual_quotes(path, dialect, sign, sample, whole)


def _usual_quotes(
    path: Path, dialect: Dialect, sign: str, sample: str, whole: bool
) -> tuple[Dialect, str]:
    """Decide whether the usual quote marks cells or belongs to the text."""
    if '"' not in sample and whole:
        return dialect, ""
    literal = Dialect(sign, quoted=False)
    spreadsheet = sign not in "\t|"  # commas: everybody quotes; tabs: hardly anybody
    if whole or spreadsheet:
        marked, plain = read(dialect, sample, whole), read(literal, sample, whole)
        spaced = Dialect(sign, quoted=True, spaced=True)
        if f'{sign} "' in sample and not marked.fits and read(spaced, sample, whole).fits:
            return spaced, 'quotes: "…" marks a cell, also after a space'
    elif not _has_cell_with_quote(path, sign):
        return dialect, ""
    else:
        marked = survey(dialect, lines(path), whole=True)
        plain = survey(literal, lines(path), whole=True)
    census = _census(plain.rows)
    is_longer = bool(marked.rows) and uncommon.is_longer(marked.rows[0], marked.rows[1:])
    if (is_longer and census.total()) or _are_marks(marked, plain, census, spreadsheet):
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
    """Say whether some column is quoted throughout: a program did that.

    Lines on which a quote is open are left out, where they are few: parts of a cell of two lines.
    """
    rows = [cells for cells in plain.rows[1:] if len(cells) == plain.width]
    body = [cells for cells in rows if all(map(_is_closed, cells))]
    if 2 * len(body) < len(rows):
        return False
    columns = [[cells[at] for cells in body if cells[at]] for at in range(plain.width)]
    return any(all(cell.startswith('"') for cell in column) for column in columns if column)


def _is_closed(cell: str) -> bool:
    """Tell whether a cell begins and ends with a quote, or does neither."""
    return cell.startswith('"') == cell.endswith('"')


def _lines_of_header(
    first: list[str], body: list[list[str]], dialect: Dialect, chosen: bool | None
) -> tuple[header_lines.Header, bool, str]:
    """Find the header, with further lines of it; whether there is one, and why."""
    found = header_lines.whole(first, body if chosen is not False else [])
    has_header, why = _header(first, body[found.further :], dialect, chosen)
    return found if has_header else header_lines.whole(first, []), has_header, why


def _header(
    first: list[str], body: list[list[str]], dialect: Dialect, chosen: bool | None
) -> tuple[bool, str]:
    if chosen is not None:
        return chosen, "header: the first line, as told" if chosen else "no header, as told"
    return is_header(
        first, [cells for cells in body if cells != first], text_only=dialect.delimiter is None
    )


def _longer_lines(path: Path, dialect: Dialect) -> tuple[frozenset[int], str]:
    """Look for columns of some rows only: further ones, or further labels of a text."""
    sign = dialect.delimiter
    if sign is None:
        return frozenset(), ""
    if sign == "\t" and not (dialect.quoted and _has_cell_with_quote(path, sign)):
        found = ragged.recognise(path, sign)
        if found[0]:
            return found
    return label_rows.recognise(path, dialect)


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
