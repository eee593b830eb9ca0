"""Files, folders and patterns become plain text: documents in paragraphs, without labels."""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, NoReturn

from textune.errors import DataError, among, some
from textune.reading import packing
from textune.reading.delimited import listed
from textune.reading.encodings import codec
from textune.reading.forms import chat_logs
from textune.reading.forms.fasttext import MARK
from textune.reading.kinds import KINDS, TEXTS, ending
from textune.reading.lines import BOM, PIECE, opened
from textune.reading.obtained import checked, is_pattern, matches, members, status
from textune.reading.several import naming
from textune.reading.sources import kind_of
from textune.reading.sources import read as read_table
from textune.reading.stretches import stretches
from textune.reading.told import Told
from textune.records import Paragraph, Table

DOUBTED, LEAST_DOUBTED, USUAL = 1_000, 5, 0.98  # lines looked at for cells, share that has them

SAMPLE = 16_000_000  # characters by which it is judged whether blank lines part documents

# fmt: off
_TEXT_NAMES = frozenset(
    [
        "abstract", "article", "body", "comment", "comment_text", "content", "contents",
        "document", "documents", "message", "paragraph", "passage", "post", "review",
        "review_text", "sentence", "sentences", "text", "texts", "tweet",
    ]
)
# fmt: on
_LINE_END = re.compile(r"\r\n?|\n")
Parted = Literal["lines", "blocks"]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of text, and how it was understood."""

    path: Path
    name: str  # in origins: without its folders, unless another file here has the same
    kind: str  # what a document is: "lines" (each), "blocks" (between blank lines), "table" (a row)
    reasons: tuple[str, ...]  # in words; the last file also has what was left out on the way
    doubts: tuple[str, ...] = ()  # what its owner may not have meant


def find(
    sources: Sequence[str | Path],
    *,
    text: str | None = None,
    documents: Parted | None = None,
    encoding: str | None = None,
) -> list[TextFile]:
    """Find the files that hold text, and understand each.

    Args:
        sources: Files, folders (all files of text at any depth, hidden ones left out) and patterns
            such as "corpus/**/*.txt". A file that several of them name is read once.
        text: The column that holds the text: every file is then a table. None to recognise it in
            tables, and to read all other files as plain text.
        documents: What is a document of plain text, "lines" or "blocks"; None to recognise it.
        encoding: Of files that are not UTF-8.

    Returns:
        The files in the order of the sources, those of a folder or pattern by their names.

    Raises:
        DataError: Nothing is found, a file is no text, its text column is not known, or all are
            empty. Faults further down are raised by `read`.

    Example:
        >>> [file.kind for file in find(["corpus/**/*.txt", "reviews.csv"])]  # doctest: +SKIP
        ['blocks', 'lines', 'table']
    """
    found, left_out = _gather([sources] if isinstance(sources, str | Path) else sources)
    times = Counter(path.name for path in found)
    files: list[TextFile] = []
    empty: list[str] = []
    for path, is_named in found.items():
        name = path.name if times[path.name] == 1 else str(path)
        place = path if encoding is None else Told.of(path, codec(encoding))
        with naming(path.name, name):
            file = None if _is_blank(place) else _understood(place, name, text)
        if file is not None:
            files.append(_parted_as_chosen(file, documents))
        elif is_named:
            raise DataError(f"{name}: the file is empty; name a file with text in it")
        else:
            empty.append(name)
    if not files:
        raise DataError(f"{some(empty, 1)}: every file is empty; name files with text in them")
    if empty:
        left_out = (*left_out, f"skipped since empty: {some(empty, 1)}")
    return [*files[:-1], replace(files[-1], reasons=(*files[-1].reasons, *left_out))]


def read(file: TextFile, *, text: str | None = None) -> Iterator[Paragraph]:
    """Stream the paragraphs of a file; nothing but white space is left out.

    Raises:
        DataError: With the file's name, the line and the way out.
    """
    with naming(file.path.name, file.name):
        if file.kind == "table":
            yield from _cells(file, text)
            return
        for part in stretches(file.path):
            begins = part.after_blank if file.kind == "blocks" else part.begins
            yield Paragraph(part.text, f"{file.name}:{part.line}", begins)


def read_all(files: Sequence[TextFile], *, text: str | None = None) -> Iterator[Paragraph]:
    """Stream the paragraphs of all files, one file after the other.

    Raises:
        DataError: See `read`; or the files hold no text at all.
    """
    is_empty = True
    for file in files:
        for paragraph in read(file, text=text):
            is_empty = False
            yield paragraph
    if is_empty:
        raise DataError(
            f"{some([file.name for file in files], 1)}: every text is empty; name other files, or "
            "another column with --text"
        )


def _gather(sources: Sequence[str | Path]) -> tuple[dict[Path, bool], tuple[str, ...]]:
    """Find the files, each once; say of each whether it was named by itself, and what is left out.

    Whatever is no folder is checked, so that a pipe or a broken link is refused, not passed over.
    """
    found: dict[Path, tuple[Path, bool]] = {}  # by where it really is
    left_out: dict[str, None] = {}
    for source in sources:
        is_named = False
        if is_pattern(source):
            paths = matches(source)
        elif stat.S_ISDIR(status(_not_blank(source))[1]):
            paths, others = _files_below(source)
            if others:
                left_out[f"left out by their endings: {some(others, 1)}"] = None
        else:
            paths, is_named = members(checked(source)), True
        for path in map(checked, paths):
            first, was_named = found.get(path.resolve(), (path, False))
            found[path.resolve()] = first, was_named or is_named
    if not found:
        raise DataError("no file was named; name files, folders, or patterns as 'corpus/**/*.txt'")
    return dict(found.values()), tuple(left_out)


def _not_blank(source: str | Path) -> str | Path:
    """Refuse the empty name, which would stand for the current folder."""
    if not str(source).strip():
        raise DataError(f"{str(source)!r} names no file; for the current folder write '.'")
    return source


def _files_below(source: str | Path) -> tuple[list[Path], list[str]]:
    """List the files of text at any depth below a folder, and the names of the others."""
    seen: set[Path] = set()  # a link may lead back to a folder above it
    found: list[Path] = []
    for place, folders, names in os.walk(status(source)[0], onerror=_refuse, followlinks=True):
        here = Path(place)
        is_new = here.resolve() not in seen
        seen.add(here.resolve())
        folders[:] = sorted(name for name in folders if is_new and not name.startswith("."))
        found += [here / name for name in names if is_new and not name.startswith(".")]
    texts = sorted(path for path in found if ending(path) in TEXTS)
    if not texts:
        raise DataError(
            f"{source}: no file in this folder, or below it, has an ending of text "
            f"({' '.join(TEXTS)}, each also with {packing.LISTED}); name the files, or a "
            f"pattern as '{Path(source) / '**' / '*'}'"
        )
    return texts, [str(path) for path in sorted(set(found).difference(texts))]


def _refuse(error: OSError) -> NoReturn:
    raise DataError(
        f"{error.filename}: cannot be read ({error.strerror or error}); "
        "check who may read the folder"
    ) from error


def _is_blank(path: Path) -> bool:
    """Say whether there is nothing but white space in a file."""
    with opened(path) as file:
        block = file.read(PIECE).removeprefix(BOM)
        while block and not block.strip():
            block = file.read(PIECE)
    return not block


def _understood(path: Path, name: str, text: str | None) -> TextFile | None:
    """Say what the documents of a file are; None where there is none."""
    kind, why = kind_of(path)
    by_ending = KINDS.get(ending(path), "text")
    is_plain = by_ending == "text" and kind not in ("jsonl", "parquet") and not _is_chat(path)
    if text is None and is_plain:
        return _plain(path, name, why)
    table = read_table(path)
    column = _column(table, name, text)
    what = f"{name}: each row is a document, its text is in column {column!r}"
    return TextFile(path, name, "table", (what, *table.reasons))


def _is_chat(path: Path) -> bool:
    """Tell a chat, of which the dates and names before each message are no text."""
    with opened(path) as file:
        return chat_logs.begins(path, file.read(PIECE).removeprefix(BOM))


def _plain(path: Path, name: str, why: tuple[str, ...]) -> TextFile | None:
    """Judge by the beginning of a file whether blank lines part its documents."""
    lines = groups = size = 0
    for part in stretches(path):
        lines += part.begins
        groups += part.after_blank
        size += len(part.text)
        if size > SAMPLE:
            break
    if not lines:
        return None
    kind = "blocks" if 1 < groups < lines else "lines"
    if groups == 1:
        words = f"{lines:,} lines, no blank line between them: each line is a document"
    elif kind == "lines":
        words = f"{lines:,} lines, a blank line between any two: each line is a document"
    else:
        words = f"{lines:,} lines in {groups:,} blocks, parted by blank lines: each is a document"
    words = "one line, one document" if lines == 1 else words
    judged = f" (judged by the first {SAMPLE:,} characters)" if size > SAMPLE else ""
    if kind == "blocks":
        judged += "; --set text.documents=lines makes each line one"
    doubts = _doubts(path, name)
    return TextFile(path, name, kind, (f"{name}: {words}{judged}", *why), doubts)


def _doubts(path: Path, name: str) -> tuple[str, ...]:
    """Say that lines, by the first of them, have cells or labels that are read with their texts."""
    first = [part.text for part in islice(stretches(path), DOUBTED)]
    if len(first) < LEAST_DOUBTED:
        return ()
    tabs, count = Counter(line.strip().count("\t") for line in first).most_common(1)[0]
    if tabs and count >= USUAL * len(first):
        what = f"its lines have {tabs + 1} columns, parted by tabs: all are read as text"
        return (f"{name}: {what}; --text COLUMN takes one alone (`textune check` names them)",)
    if sum(line.startswith(MARK) for line in first) >= USUAL * len(first):
        what = f"its lines begin with labels ({MARK}…), which are read as text"
        return (f"{name}: {what}; --text text leaves them out",)
    return ()


def _parted_as_chosen(file: TextFile, documents: Parted | None) -> TextFile:
    """Part the documents of plain text by lines or blocks, where somebody chose that."""
    if documents is None or file.kind == "table":
        return file
    what = "line" if documents == "lines" else "block between blank lines"
    words = f"{file.name}: each {what} is a document, as was asked"
    return replace(file, kind=documents, reasons=(words, *file.reasons[1:]))


def _column(table: Table, name: str, text: str | None) -> str:
    """Return the column that holds the text: the one that was named, the only one, or by its name.

    Raises:
        DataError: There is no such column, or no one column that could be it.
    """
    columns = table.columns
    if text is not None:
        return text if text in columns else _refuse_column(table, name, text)
    if len(columns) == 1:
        return columns[0]
    likely = [column for column in columns if column.strip().lower() in _TEXT_NAMES]
    chosen = [column for column in likely if column.strip().lower() == "text"] or likely
    if len(chosen) == 1:
        return chosen[0]
    what = "several columns could hold the text" if chosen else "no column is named as one of text"
    names = listed(tuple(chosen) or columns, most=50)
    raise DataError(f"{name}: {what} ({names}); name the column: --text COLUMN")


def _refuse_column(table: Table, name: str, text: str) -> NoReturn:
    if any(part.strip() in table.columns for part in text.split(",")):
        raise DataError(
            f"{name}: {text!r} names several columns, and a document has its text in one; "
            f"{among(text, table.columns)}"
        )
    if table.format == "text" and not table.has_header:
        raise DataError(
            f"{name}: plain text has no column {text!r}; leave --text out, or name only the files "
            "that have this column"
        )
    raise DataError(f"{name}: there is no column {text!r}; {among(text, table.columns)}")


def _cells(file: TextFile, text: str | None) -> Iterator[Paragraph]:
    """Stream the paragraphs of a table: each row is a document, each line in its text one."""
    table = read_table(file.path)
    at = table.columns.index(_column(table, file.name, text))
    for row in table.rows():
        origin = file.name + row.origin.removeprefix(file.path.name)
        begins = True
        for line in _LINE_END.split(row.cells[at]):
            if line.strip():
                yield Paragraph(line, origin, begins)
                begins = False
