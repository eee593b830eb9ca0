"""A path or a data frame becomes a Table: its format, its columns, its rows as often as needed."""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from textune.errors import DataError, Faults
from textune.reading import (
    cards,
    conll,
    delimited,
    encodings,
    faulty,
    headed_sentences,
    in_memory,
    jsonlines,
    obtained,
    own_readers,
    packing,
    several,
    spreadsheets,
    squad,
    yaml_values,
)
from textune.reading.dialect import ABOVE, NAMES, recognise
from textune.reading.forms import (
    annotator_columns,
    answered,
    completions,
    comprehend,
    fasttext,
    folders,
    foreign,
    framed,
    interface,
    joined_pairs,
    label_columns,
    label_studio_rows,
    marked_cells,
    marked_lines,
    marked_up,
    numbered_words,
    scored_names,
    semantic_frames,
    side_by_side,
    stored_texts,
    tagged_cells,
    ticked,
    unnamed_spans,
    written,
)
from textune.reading.forms import table as forms
from textune.reading.kinds import KINDS, ending
from textune.reading.lines import opened, said_of
from textune.reading.splits import Parts
from textune.reading.told import Told
from textune.records import Finding, ReadOptions, Table

OF_TABLES: tuple[Callable[[Table], Table | None], ...] = (  # what cells of a table may mean
    label_studio_rows.plain,
    comprehend.texts,
    completions.bare,
    numbered_words.sentences,
    framed.lists,
    tagged_cells.lists,
    unnamed_spans.lists,
    marked_cells.spans,
    semantic_frames.parsed,
    answered.told,
    stored_texts.refused,
    label_columns.joined,
    ticked.told,
    scored_names.bare,
    joined_pairs.parted,
)
OF_LINES: tuple[Callable[[Table], Table | None], ...] = (  # what a single text may hold
    fasttext.labelled,
    marked_lines.labelled,
    marked_up.labelled,
    joined_pairs.parted,
    completions.bare,
)
USUAL = ReadOptions()  # everything is recognised

_OBJECT = re.compile(  # how a JSON object begins, or what Python writes for it
    rb"""\{\s*"(?:[^"\\]|\\.)*" ?: ?["\[\{\dtfn-]|\[?\{'(?:[^'\\]|\\.)*': ?["'\[\{\dTFN-]"""
    rb"""|\['(?:[^'\\]|\\.)*', ?["'\[\{\dTFN-]"""
    rb"""|(?:[A-Za-z_]\w* ?= ?)?\[\s*\(\s*"""
    rb"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"), ?["'\[\{\dTFN-]"""
    rb"""|(?:(?:var|let|const|export) )?(?:[A-Za-z_$][\w.$]{,99} ?= ?|default )"""
    rb"""\[?\s*[\[{]\s*["'{\[]"""
)


_NAN = re.compile(rb"""[:,\[]\s?NaN\s{0,80}[,}\]]""")
_OBJECTS = re.compile(rb"""\[\s*\{\s*"(?:[^"\\]|\\.)*" ?: ?["\[\{\dtfn-]""")  # a list of them


def read(source: str | os.PathLike[str] | object, options: ReadOptions = USUAL) -> Table:
    """Recognise a file or a data frame.

    Every cell is a string as it is written; only the empty cell is a missing one.

    Args:
        source: A path, a data frame of pandas, polars or Arrow (anything with
            `__arrow_c_stream__`; a stream that can be read once is kept in memory), or what
            `in_memory` takes. Several paths in a list, or a pattern, are one table; of a folder or
            an archive with parts, that which is learned from is read, and `parts` has the others.
        options: How the user says that it is to be read. A file of tagged words, one a line
            (CoNLL), is recognised only where no delimiter is named.

    Raises:
        DataError: There is no such file, it is no table of text, or its beginning is faulty. Faults
            further down are raised by `Table.rows`.

    Example:
        >>> read("reviews.csv").columns  # doctest: +SKIP
        ('text', 'label')
    """
    faults = faulty.asked(options.faulty)
    return _settled(_recognised(source, options, faults), options, faults)


def _settled(table: Table, options: ReadOptions, faults: Faults | None) -> Table:
    """Do to a recognised table what is asked for; to what it was before cells were parted, too."""
    whole = None if table.whole is None else _settled(table.whole, options, faults)
    table = annotator_columns.settled(table, options)
    reasons = (*table.reasons, *encodings.useless(table.format, options))
    table = replace(table, reasons=reasons, whole=whole)
    return table if faults is None else faulty.without(table, faults)


def _recognised(source: object, options: ReadOptions, faults: Faults | None) -> Table:
    if hasattr(source, "__arrow_c_stream__") and not hasattr(source, "features"):
        from textune.reading import columnar  # pyarrow, which a single text does not need

        return _in_sentences(columnar.read_frame(source))
    if obtained.are_places(source):
        return _read_found(source, obtained.obtain(source), options, faults)
    if parted := in_memory.parts(source):
        return _recognised(next(iter(parted.values())), options, faults)
    if (held := in_memory.read(source)) is not None:
        return _in_sentences(held)
    raise DataError(f"a {type(source).__name__} cannot be read; give {in_memory.WAYS}")


def parts(source: object) -> dict[str, object]:
    """Return the parts of a data set that has several: what `read` takes of each, by its name.

    Raises:
        DataError: There is no such file, or nobody can tell which of several is meant.
    """
    if not obtained.are_places(source):
        return in_memory.parts(source)
    found = obtained.obtain(source)
    held = {"train": found.train, "valid": found.valid, "test": found.test}
    kept: dict[str, object] = {name: files for name, files in held.items() if files}
    return kept if len(kept) > 1 else {}


def has_sheet_of(source: object, part: str, sheet: str | None) -> bool:
    """Tell whether what is named is a spreadsheet that has another sheet for a part.

    Raises:
        DataError: The spreadsheet is damaged or encrypted.
    """
    files = obtained.on_machine(source)
    if len(files) != 1:
        return False
    with opened(files[0]) as file:
        head = file.read(4096)
    is_sheet = spreadsheets.begins(files[0], head)
    return is_sheet and spreadsheets.of_part(files[0], part, sheet) is not None


def refuse_parts(source: object) -> None:
    """Refuse a data set of several parts where one is to be named.

    Raises:
        DataError: It has several; how each is named.
    """
    found = parts(source)
    if not found:
        return
    if not obtained.are_places(source):
        listed = ", ".join(found)
        raise DataError(f"data: a dict of several parts ({listed}); give the one that is meant")
    named = [f"{part}: {_named(files)}" for part, files in found.items()]
    raise DataError(
        f"{', '.join(obtained.named(source))}: there are several parts; name the one that is "
        f"meant: {'; '.join(named)}"
    )


def _named(files: object) -> str:
    return " ".join(map(str, files)) if isinstance(files, tuple) else str(files)


def _read_found(source: object, found: Parts, options: ReadOptions, faults: Faults | None) -> Table:
    """Read what is learned from of the files that were found."""
    tables = [cards.named(_read_place(path, options, faults), path) for path in found.train]
    if len(tables) == 1:
        return replace(tables[0], reasons=(*found.reasons, *tables[0].reasons))
    name = str(source) if isinstance(source, str | os.PathLike) else str(found.train[0])
    table = several.together(tables, Path(name).name)
    return replace(table, reasons=(*found.reasons, *table.reasons))


def _read_place(place: Path, options: ReadOptions, faults: Faults | None) -> Table:
    path, mode = obtained.status(place)
    if options.encoding is not None:
        encodings.codec(options.encoding)  # which refuses what is none
    if options.encoding is not None or faults is not None:
        path = Told.of(path, options.encoding, faults)
    if stat.S_ISDIR(mode) and (table := folders.read(path)):
        return table
    if (own := own_readers.read(path)) is not None:
        return own
    return _in_sentences(_read_file(obtained.checked(path), options))


def _in_sentences(table: Table) -> Table:
    """Take words that stand in a row each, or tags that stand in a cell, as lists."""
    if table.format in ("conll", "squad"):
        return table
    known = OF_LINES if table.format == "text" or len(table.columns) == 1 else OF_TABLES
    with interface.reading_once():
        return next((made for form in known if (made := form(table)) is not None), table)


def _read_file(path: Path, options: ReadOptions) -> Table:
    if made := written.read(path, _unpacked(path)):
        return made
    if (options.delimiter, options.header) == (None, None) and (
        made := side_by_side.read_file(path)
    ):
        return made
    kind, why = kind_of(path)
    _refuse_unfit(path, kind, options)
    if kind in ("parquet", "arrow"):
        from textune.reading import columnar  # pyarrow, which a file of text does not need

        return (
            columnar.read_parquet(path) if kind == "parquet" else columnar.read_arrow([path], path)
        )
    if kind == "sheet":
        return spreadsheets.read(path, why, options)
    if not options.rows and squad.begins(path):
        return squad.read(path, why)
    if kind == "jsonl":
        return _json_lines(path, why, options)
    header, delimiter = options.header, options.delimiter
    if delimiter is None and (words := _words(path, header, why)):
        return words
    layout, reasons = recognise(path, kind, delimiter=delimiter, header=header, quote=options.quote)
    sign = layout.dialect.delimiter
    return Table.of_file(
        path,
        "text" if sign is None else "tsv" if sign == "\t" else "csv",
        layout.columns,
        (*why, *reasons),
        partial(delimited.rows, path, layout, []),
        has_header=layout.header is not None,
        delimiter=sign,
        findings=tuple(Finding("layout", "note", said, 1) for said in reasons if ABOVE in said),
    )


def _words(path: Path, header: bool | None, why: tuple[str, ...]) -> Table | None:
    """Read a file of one word a line; None where it is anything else."""
    texts = headed_sentences.read(path, why)
    return texts or conll.read(path, ending(path), header=header, why=why)


def _refuse_unfit(path: Path, kind: str, options: ReadOptions) -> None:
    """Refuse options that name what such a file does not have.

    Raises:
        DataError: Keys of what is no JSON, a sheet of what is no spreadsheet.
    """
    if options.sheet is not None and kind != "sheet":
        raise DataError(
            f"{path.name}: --sheet {options.sheet}: this is no spreadsheet; leave it out"
        )
    if options.rows and kind != "jsonl":
        raise DataError(
            f"{path.name}: --rows {options.rows}: these are keys of JSON, which the file is not; "
            "leave the option out"
        )


def kind_of(path: Path) -> tuple[str, tuple[str, ...]]:
    """Tell the format by the ending, and by the first bytes where these say more; say why.

    Raises:
        DataError: It is something that textune does not read, named for what it is.
    """
    kind = KINDS.get(ending(path))
    with opened(path) as file:
        head = file.read(4096)
    why = (*_unpacked(path), *filter(None, [said_of(path)]))
    if spreadsheets.begins(path, head):
        return "sheet", why
    foreign.refuse(path, head)
    encodings.refuse_shifts(path, head)
    if head.startswith(b"PAR1"):
        return "parquet", why
    if head.startswith(b"ARROW1") or (ending(path) == ".arrow" and head.startswith(b"\xff" * 4)):
        return "arrow", why
    if kind in ("parquet", "arrow", "sheet"):
        what = {"parquet": "Parquet file (it does not begin with PAR1)", "arrow": "Arrow file"}
        raise DataError(
            f"{path.name}: this is no {what.get(kind, 'spreadsheet')}; "
            f"write it again, or name it for what it is. textune reads {foreign.FORMATS}"
        )
    if yaml_values.is_yaml(path):
        return "jsonl", (*why, "YAML: its lists and mappings are read as those of JSON")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    is_list = kind == "text" and _OBJECTS.match(text)  # a cell of a table may be one
    if kind in ("csv", "tsv", "text") and (is_list or _OBJECT.match(text)):
        return "jsonl", (*why, "its content is JSON, whatever its ending says")
    if kind is None:
        return _kind_of_content(path, text), why
    return kind, why


def _unpacked(path: Path) -> tuple[str, ...]:
    packed = packing.of(path)
    return (f"{packed.name}: unpacked while reading",) if packed else ()


def _json_lines(path: Path, why: tuple[str, ...], options: ReadOptions) -> Table:
    with opened(path) as file:
        if _NAN.search(file.read(1 << 16)):
            why = (*why, "NaN stands for an empty cell")
    if formed := forms.read(path, why, options):
        return formed
    columns = jsonlines.columns_of(path)
    reasons = (*why, "format: JSON, one object a row; the columns are its keys")
    return Table.of_file(path, "jsonl", columns, reasons, partial(jsonlines.rows, path, columns))


def _kind_of_content(path: Path, text: bytes) -> str:
    """Tell the format of a file whose ending says nothing."""
    if b"\0" in text or sum(2 < sign < 9 or 13 < sign < 27 for sign in text) * 20 > len(text):
        raise DataError(f"{path.name}: this is no text; textune reads {foreign.FORMATS}")
    if text.startswith((b'{"', b"[{")) or _OBJECT.match(text) or _OBJECTS.match(text):
        return "jsonl"
    first, *others = text.split(b"\n")
    counts = {sign: first.count(sign.encode()) for sign in NAMES}
    is_csv = counts[","] and counts[","] == max(counts.values())
    is_even = (
        b',"' in text
        or text.startswith(b'"')
        or all(line.count(b",") == counts[","] for line in others[:-1])
    )
    return "csv" if is_csv and is_even else "text"
