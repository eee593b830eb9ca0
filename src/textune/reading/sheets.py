"""Which sheet of a spreadsheet is read: the named one, that of a part, or the only table."""

import re
from pathlib import Path

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from textune.errors import DataError, among
from textune.reading import splits
from textune.records import ReadOptions

MOST_LINES = 30  # of a sheet of one column that tells of the others
_ABOUT = re.compile(  # names of sheets that tell of the others
    r"(?i)read[ _-]?me|legend|code ?book|instructions?|licen[cs]e|change ?log|data ?dictionary"
)


def of_part(book: CalamineWorkbook, part: str | None, wanted: str | None) -> str | None:
    """Name the one sheet of a part, where none is wanted, or one that is called another part."""
    called = splits.part_of(Path(wanted)) if wanted else None
    if part is None or (wanted is not None and called in (None, part)):
        return None
    names = [item.name for item in book.sheets_metadata if item.typ == SheetTypeEnum.WorkSheet]
    held = [name for name in names if splits.part_of(Path(name)) == part]
    return held[0] if len(held) == 1 else None


def chosen(path: Path, book: CalamineWorkbook, options: ReadOptions) -> tuple[CalamineSheet, str]:
    """Choose the sheet: the one that is named, or the only one that holds something.

    Raises:
        DataError: There is no such sheet, none holds anything, or several hold tables.
    """
    wanted, part = options.sheet, options.part
    if (own := of_part(book, part, wanted)) is not None:
        sheet = book.get_sheet_by_name(own)
        return sheet, f"format: spreadsheet, the sheet {own!r}, which is called the {part} part"
    known = [item for item in book.sheets_metadata if item.typ == SheetTypeEnum.WorkSheet]
    names = [item.name for item in known]
    if wanted is not None:
        near = [name for name in names if name.strip().casefold() == wanted.strip().casefold()]
        if wanted not in names and len(near) != 1:
            raise DataError(f"{path.name}: there is no sheet {wanted!r}; {among(wanted, names)}")
        name = wanted if wanted in names else near[0]
        return book.get_sheet_by_name(name), f"format: spreadsheet, the sheet {name!r}, as told"
    shown = [item.name for item in known if item.visible == SheetVisibleEnum.Visible]
    hidden = [name for name in names if name not in shown]
    held = [book.get_sheet_by_name(name) for name in shown]
    full = [sheet for sheet in held if sheet.start is not None]
    tables = _tables(full)
    if not tables:
        more = f"; hidden: {', '.join(hidden)}" if hidden else ""
        raise DataError(f"{path.name}: every sheet is empty{more}; name a file with rows in it")
    if len(tables) > 1:
        said = _several(path, [sheet.name for sheet in tables], part)
        raise DataError(f"{path.name}: {said}")
    others = [name for name in names if name != tables[0].name]
    more = f"; not read: {', '.join(map(repr, others))}" if others else ""
    return tables[0], f"format: spreadsheet, the sheet {tables[0].name!r}{more}"


def _tables(full: list[CalamineSheet]) -> list[CalamineSheet]:
    """Take the sheets that hold tables: not those of one row, nor a few lines about the others."""
    found = [sheet for sheet in full if sheet.height > 1] or full
    widest = max((sheet.width for sheet in found), default=0)
    longest = max((sheet.height for sheet in found), default=0)
    kept = [
        sheet
        for sheet in found
        if not _ABOUT.fullmatch(sheet.name.strip())
        and not (
            sheet.width == 1 < widest
            and sheet.height <= min(MOST_LINES, longest - 1)
            and _begins_with_words(sheet)
        )
    ]
    return kept or found


def _begins_with_words(sheet: CalamineSheet) -> bool:
    """Tell a line that says something from the name of a column."""
    cells = (str(value).strip() for row in sheet.iter_rows() for value in row)
    return " " in next(filter(None, cells), "")


def _several(path: Path, names: list[str], part: str | None) -> str:
    """Say that several sheets hold tables; the one that is learned from is the likeliest."""
    shown = f"several sheets hold tables ({', '.join(map(repr, names))})"
    if part is not None:  # where a name that is given would hold for what is learned from, too
        return f'{shown}; call the one that is meant "{part}" there, or save it as CSV UTF-8'
    parts = {name: splits.part_of(Path(name)) for name in names}
    likely = next((name for name in names if parts[name] == "train"), names[0])
    said = f'{shown}; name the one that is meant: --sheet "{likely}"'
    held_out = next((name for name in names if parts[name] == "test"), None)
    if parts[likely] == "train" and held_out:
        said += (
            f'; "{held_out}" judges the model: --test {path.name} beside it, or, when it is '
            f'trained, textune evaluate RUN FILE --sheet "{held_out}"'
        )
    return said
