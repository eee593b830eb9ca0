"""Tables that are drawn with bars, as Markdown, psql and MySQL show them, become Tables."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

from textune.errors import DataError, counted, excerpt
from textune.reading import jsonlines
from textune.reading.dialect import column_names
from textune.reading.lines import lines, opened
from textune.reading.told import problems_of
from textune.records import Finding, Row, Table

NAME = "tables drawn with bars"
RULE = frozenset(" \t:|+-")  # signs of the line beneath the head of one
SHARE = 0.7  # of the lines of a file that are rows
BEGINNING = 1 << 17  # bytes that are looked at
FEWEST = 2  # of these
_BAR = re.compile(r"(?<!\\)\|")
_COUNT = re.compile(r"\(\d[\d,]* rows?\)|\d[\d,]* rows? in set.*")
_BREAK = re.compile(r"(?i)<br\s{0,9}/?>")


def begins(path: Path, head: bytes) -> bool:
    """Tell by its beginning whether most of a file is such a table, or several are."""
    if b"|" not in head or b"---" not in head:
        return False
    with opened(path) as file:
        beginning = file.read(BEGINNING)
    found = beginning.decode("utf-8", "ignore").splitlines()
    held = [line.strip() for line in found if line.strip()]
    held = held[: -1 if len(beginning) == BEGINNING else None]  # which is cut
    for at, (above, line) in enumerate(pairwise(held), start=1):
        if "|" in above and _is_rule(line) and not _is_rule(above):
            width = len(_cells(above))
            below = [one for one in held[at + 1 :] if not _is_rule(one)]
            rows = sum(len(_cells(one)) == width for one in below)
            return width > 1 and rows >= max(FEWEST, SHARE * (len(below) + at - 1))
    return False


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the table.

    Raises:
        DataError: There are several, or two columns have one name.
    """
    head, width, after = 0, 0, 0
    names: tuple[str, ...] = ()
    remark, above = "", ""
    for number, line in enumerate(map(str.strip, lines(path)), start=1):
        is_head = bool(line) and _is_rule(line) and "|" in above and not _is_rule(above)
        if is_head and not head:
            head, found = number - 1, _cells(above)
            names, remark = column_names(f"{path.name}:{head}", found)
            width = len(found)
        elif is_head and (after or not line.startswith("+")):  # which closes one of MySQL
            raise DataError(
                f"{path.name}:{number}: a second table stands beneath the first, headed "
                f"{excerpt(above)}; keep one of them in a file"
            )
        elif head and line and "|" not in line and not _is_rule(line):
            after += _COUNT.fullmatch(line) is None
        above = line or above
    said = f"format: a table drawn with bars, whose head is line {head}"
    rows = partial(_rows, path, names, head, width)
    findings = list(_beside(path, head, after))
    reasons = (*why, said, remark)
    return Table.of_file(path, "jsonl", names, reasons, rows, findings=tuple(findings))


def _beside(path: Path, head: int, after: int) -> Iterator[Finding]:
    before = sum(bool(line.strip()) for line, _ in zip(lines(path), range(head - 1), strict=False))
    if before + after:
        message = f"{counted(before + after, 'line')} around the table drawn with bars not read"
        yield Finding("left out", "note", message, before + after)


def _rows(path: Path, names: tuple[str, ...], head: int, width: int) -> Iterator[Row]:
    with problems_of(path) as problems:
        for number, line in enumerate(map(str.strip, lines(path)), start=1):
            if number <= head or "|" not in line or _is_rule(line):
                continue
            cells, origin = tuple(_cells(line)), f"{path.name}:{number}"
            if len(cells) != width:
                problems.add(
                    f"{origin}: expected {width} cells between bars, found {len(cells)}: "
                    f"{excerpt(line)}",
                    "write a bar that belongs to a text as \\|",
                    row=line,
                )
                continue
            yield from jsonlines.sound(cells, names, origin, problems)


def _is_rule(line: str) -> bool:
    return "---" in line and ("|" in line or "+" in line) and RULE.issuperset(line)


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    if inside.endswith("|") and not inside.endswith("\\|"):
        inside = inside[:-1]
    return [_BREAK.sub("\n", cell.strip().replace("\\|", "|")) for cell in _BAR.split(inside)]
