"""Numbers as people write them, with a unit or with parted thousands, become plain numerals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textune.data import commas
from textune.errors import DataError

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SLIP = re.compile(r"[+-]?\d+,\d+|[+-]?(nan|inf|infinity)|n/?a|null|none", re.IGNORECASE)
NEARLY_ALL = 0.98  # share of a column's cells that are written so
WITH_UNIT = 0.5  # share of them that name the unit, at least
SIGNS = (".", ",")
PLAIN = ("", "")  # of a column of plain numbers
MOST_CHARACTERS = 60  # of a number with its unit

MINUS = ("-", "\u2212")  # the usual sign, and that of typography
SIGNED = "+\u2212-"

_SYMBOL = "[$€£¥₩₹₽₺₴₪₫₦₱¢฿]"
_MONEY = rf"{_SYMBOL}|[A-Z]{{1,2}}\$|[A-Z]{{3}}"
_CELL = re.compile(
    rf"(?P<minus>[{SIGNED}]?)\s*(?P<front>{_MONEY})?\s*(?P<sign>[{SIGNED}]?)"
    r"(?P<number>\d[\d.,'\u2019\u00a0\u202f ]*|\.\d+)"
    rf"\s*(?P<back>{_MONEY}|%|‰|°[CF]?|[^\W\d_]{{1,12}}(?:/[^\W\d_]{{1,6}})?)?"
)
_WORD = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)?")
_GROUPS = re.compile(
    r"\d{1,3}(?P<space>['\u2019\u00a0\u202f ])\d{3}(?:(?P=space)\d{3})*(?P<rest>[.,]\d+)?"
)
_BOTH = {  # thousands and decimals, or thousands twice, by the sign of decimals
    ".": re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}"),
    ",": re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"),
}
_ONE = {".": re.compile(r"\d*\.\d+|\d+\."), ",": re.compile(r"\d+,\d+")}
_TORN = {sign: re.compile(rf"[1-9]\d{{0,2}}\{sign}\d{{3}}") for sign in SIGNS}


@dataclass(frozen=True, slots=True)
class Numerals:
    """How the numbers of a column are written."""

    units: tuple[str, ...]  # that stand in it
    decimal: str  # sign before the decimals; "" where nobody can tell
    first: str  # cell that is shown
    bare: int = 0  # cells without the unit, of those that were sampled

    @property
    def unit(self) -> str:
        """Return the unit; "" where there is none."""
        return self.units[0] if self.units else ""

    @property
    def is_clear(self) -> bool:
        """Whether the cells can be read."""
        return bool(self.decimal) and len(self.units) < 2

    def described(self) -> str:
        """Say how they are written."""
        if len(self.units) > 1:
            return f"with several units: {', '.join(map(repr, self.units))}"
        parted = "with a decimal comma" if self.decimal == "," else "with parted thousands"
        parted = "with the sign −" if self.first.startswith(MINUS[1]) else parted
        unit = f"with the unit {self.unit!r}" if self.units else parted
        if not self.decimal:
            return f"{unit}, such as {self.first}"
        value = plain(self.first, self.unit, self.decimal)
        bare = f", and {self.bare:,} sampled cells without it alike" if self.bare else ""
        return f"{unit}: {self.first} is read as {value}{bare}"


@dataclass(frozen=True, slots=True)
class _Part:
    unit: str
    number: str  # digits and signs
    decimal: str  # its sign of decimals, where that is certain
    is_grouped: bool
    is_word: bool  # the unit is a word, no sign


def is_number(cell: str) -> bool:
    """Tell whether a cell is written as a number."""
    return NUMBER.fullmatch(cell) is not None


def like_number(cell: str) -> bool:
    """Tell whether a cell is a number, or what stands for one by a slip: "1,5", "NaN", "inf"."""
    return is_number(cell) or SLIP.fullmatch(cell) is not None


def of(cells: Sequence[str]) -> Numerals | None:
    """Find out how a column writes numbers that have units or parted thousands; None for others.

    Numbers with a comma only, without a unit, are none of them: they may be lists.
    """
    parts: list[_Part] = []
    for number, cell in enumerate(cells, start=1):
        part = _parted(cell)
        if part is not None:
            parts.append(part)
        elif number - len(parts) > (1 - NEARLY_ALL) * len(cells):
            return None
    units = tuple(sorted({part.unit for part in parts if part.unit}))
    named = sum(bool(part.unit) for part in parts)
    is_odd_sign = any(cell.startswith(MINUS[1]) for cell in cells)
    if not parts or not (units or is_odd_sign or any(part.is_grouped for part in parts)):
        return None
    is_odd = len(units) > 1 and any(part.is_word for part in parts)
    is_odd = is_odd or any(part.is_word and part.number.endswith(".") for part in parts)  # 12.jpg
    if is_odd or 0 < named < WITH_UNIT * len(parts):
        return None
    certain = {part.decimal for part in parts if part.decimal}
    if len(certain) > 1:
        return None if not units else Numerals(units, "", cells[0])
    torn = any(_TORN[sign].fullmatch(part.number) for part in parts for sign in SIGNS)
    decimal = certain.pop() if certain else "" if torn else "."
    odd = (cell for cell in cells if cell.startswith(MINUS[1]))
    grouped = (cell for cell in cells if (part := _parted(cell)) and part.is_grouped)
    shown = next(grouped, None) or next(odd, cells[0])
    return Numerals(units, decimal, shown, bare=len(parts) - named if units else 0)


def of_commas(cells: Sequence[str]) -> Numerals:
    """Describe numbers whose decimals begin with a comma, or nobody can tell."""
    return Numerals((), "" if commas.is_torn(cells) else ",", cells[0])


def plain(cell: str, unit: str, decimal: str) -> str | None:
    """Write a cell as a plain numeral; None where it is no number, or has another unit.

    Example:
        >>> plain("€ 1.229,50", "€", ",")
        '1229.50'
    """
    part = _parted(cell.strip())
    if part is None or part.unit not in ("", unit) or part.decimal not in ("", decimal):
        return cell.strip() if decimal == "." and is_number(cell.strip()) else None
    other = "," if decimal == "." else "."
    number = re.sub(r"['\u2019\u00a0\u202f ]", "", part.number)
    is_torn = _TORN[other].fullmatch(number) or _BOTH[decimal].fullmatch(number)
    if other in number and not is_torn:
        return None
    minus = "-" if {*MINUS} & {*cell.partition(part.number[0])[0]} else ""
    return minus + number.replace(other, "").replace(decimal, ".")


def refuse_unclear(table: str, column: str, found: Numerals | None, cells: Sequence[str]) -> None:
    """Refuse numbers that nobody can read for sure.

    Raises:
        DataError: They have several units, or a sign in them may begin the decimals or part
            thousands.
    """
    place = f"{table}: column {column!r}"
    if found is not None and len(found.units) > 1:
        raise DataError(
            f"{place} holds numbers {found.described()}; write all of them in one unit, or choose "
            "--task single if each is a class"
        )
    if found is not None and not found.decimal:
        raise DataError(f"{place} holds numbers such as {found.first}; {_ways(found)}")
    if found is None and (mixed := _mixed(cells)):
        comma, point = mixed
        raise DataError(
            f"{place} holds {comma!r} and {point!r}: where a comma begins the decimals, a point "
            f"parts thousands; write {comma.replace(',', '.')}, and "
            f"{point.replace('.', '')} or {point} as it is meant"
        )


def doubt(column: str, cells: Sequence[str]) -> str:
    """Ask about numbers such as 1.143, where a point may part thousands; "" elsewhere."""
    held = [cell for cell in cells if "." in cell]
    if not held or not all(_TORN["."].fullmatch(cell.lstrip("+-")) for cell in held):
        return ""
    if any(cell.lstrip("+-").isdigit() and len(cell.lstrip("+-")) > 3 for cell in cells):
        return ""
    first = held[0]
    return (
        f"every number of {column!r} with a point has three digits after it, such as {first}, and "
        "this file may write decimals with a comma: the point is taken for that of decimals; if it "
        f"parts thousands, write {first.replace('.', '')}"
    )


def _mixed(cells: Sequence[str]) -> tuple[str, str] | None:
    """Find a decimal comma beside points that could all part thousands."""
    points = [cell for cell in cells if "." in cell]
    comma = next((cell for cell in cells if commas.DECIMAL.fullmatch(cell)), None)
    if comma is None or not points or commas.THOUSANDS.fullmatch(comma):
        return None
    is_torn = all(_TORN["."].fullmatch(cell.lstrip("+-")) for cell in points)
    return (comma, points[0]) if is_torn else None


def _ways(found: Numerals) -> str:
    part = _parted(found.first)
    number = part.number if part else found.first
    sign = next((sign for sign in SIGNS if sign in number), ",")
    name = "comma" if sign == "," else "point"
    return (
        f"write {number.replace(sign, '')} if the {name} parts thousands, or "
        f"{number.replace(sign, '.')} if it begins the decimals"
    )


def _parted(cell: str) -> _Part | None:
    match = _CELL.fullmatch(cell) if len(cell) <= MOST_CHARACTERS else None
    if match is None or (match["front"] and match["back"]) or (match["minus"] and match["sign"]):
        return None
    unit, number = match["front"] or match["back"] or "", match["number"].strip()
    if " " in number and not unit:
        return None
    is_word = _WORD.fullmatch(unit) is not None and not unit.isupper()
    if groups := _GROUPS.fullmatch(number):
        return _Part(unit, number, (groups["rest"] or "")[:1], True, is_word)
    for sign in SIGNS:
        if _BOTH[sign].fullmatch(number):
            return _Part(unit, number, sign, True, is_word)
    if number.isdigit() or any(_TORN[sign].fullmatch(number) for sign in SIGNS):
        return _Part(unit, number, "", False, is_word)
    decimal = next((sign for sign in SIGNS if _ONE[sign].fullmatch(number)), "")
    return _Part(unit, number, decimal, False, is_word) if decimal else None
