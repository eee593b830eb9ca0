"""Lines with marks around their entities, <PER>Ada</PER> or [Ada](PER), become texts and spans.

MASSIVE writes [PER : Ada], Boson {{PER:Ada}}, OpenNLP <START:person> Ada <END>. A mark may be of
MUC's kind, <ENAMEX TYPE="PERSON">Ada</ENAMEX>; marks in marks are spans in spans. Marks of HTML
(<b>, <a href=…>) are part of the text, and so are links ([here](https://…)).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textune.errors import DataError, excerpt
from textune.reading.forms.interface import first_rows, span
from textune.records import Row, Table

Unmarked = tuple[str, list[dict[str, Any]]]
SAMPLE = 500
MOSTLY = 0.5  # share of lines that hold a mark
MOST_TYPES = 50
LEAST = 3  # lines, below which nothing can be told
COLUMNS = ("text", "entities")
_TAG = re.compile(r"<(?P<closes>/?)(?P<name>[A-Za-z][\w.-]*)(?P<more>\s[^<>]*)?>")
_TYPE = re.compile(r"""\btype\s*=\s*["']?([\w.-]+)""", re.IGNORECASE)
_BRACKETS = re.compile(r"\[(?P<text>[^\[\]]+)\]\((?P<name>[A-Za-z][\w-]*)\)")
_STARTS = re.compile(r"<START:(?P<name>[\w.-]+)>\s*(?P<text>[^<>]*?)\s*<END>")
_NAMED = re.compile(r"\[(?P<name>[A-Za-z][\w-]*)\s:\s(?P<text>[^\[\]]+?)\s?\]")
_BRACED = re.compile(r"\{\{\s*(?P<name>[A-Za-z][\w-]*)\s*:\s*(?P<text>[^{}]+?)\s*\}\}")
_HTML = re.compile(
    r"a|abbr|b|big|blockquote|body|br|center|cite|code|d[dlt]|del|div|em|font|h[1-6r]|head|html|i"
    r"|img|ins|kbd|li|mark|[ou]l|p|pre|q|s|samp|script|small|span|strike|strong|style|su[bp]"
    r"|t[drtu]|table|tbody|tfoot|thead|title|u|var",
    re.IGNORECASE,
)


def labelled(table: Table) -> Table | None:
    """Recognise lines with marks in them; None where they are none, or HTML's."""
    if len(table.columns) != 1 or table.has_header:
        return None
    sample = [cells[0] for cells in first_rows(table, SAMPLE) if cells[0].strip()]
    if _are_tagged(sample):
        return _as_spans(table, _without_tags, "<TYPE>…</TYPE>")
    started = [[found["name"] for found in _STARTS.finditer(line)] for line in sample]
    is_whole = sum(map(len, started)) == sum(line.count("<START") for line in sample)
    if is_whole and _are_named(started):
        return _as_spans(table, partial(_without, _STARTS), "<START:TYPE> … <END>")
    for shape, sign in (("[…](TYPE)", "]("), ("[TYPE : …]", ""), ("{{TYPE:…}}", "{{")):
        named = [[mark["label"] for mark in SHAPES[shape](line)[1]] for line in sample]
        has_links = bool(sign) and sum(map(len, named)) < sum(line.count(sign) for line in sample)
        if not has_links and _are_named(named):
            return _as_spans(table, SHAPES[shape], shape)
    return None


def _are_tagged(sample: Sequence[str]) -> bool:
    """Tell marks of a few types, each of them closed, from the few signs of running text."""
    names = [[found["name"] for found in _TAG.finditer(line)] for line in sample]
    if any(_HTML.fullmatch(name) for line in names for name in line) or not _are_named(names):
        return False
    closed = [line for line, held in zip(sample, names, strict=True) if held and _is_closed(line)]
    return len(closed) >= 0.9 * sum(map(bool, names))


def _are_named(names: Sequence[Sequence[str]]) -> bool:
    """Tell names of types, of which there are few and each comes back, by those of each line."""
    marked = sum(map(bool, names))
    types = {name for line in names for name in line}
    is_often = len(names) >= LEAST and marked >= MOSTLY * len(names)
    return is_often and len(types) <= min(MOST_TYPES, sum(map(len, names)) / 2)


def _is_closed(line: str) -> bool:
    try:
        _without_tags(line)
    except ValueError:
        return False
    return True


def _as_spans(table: Table, unmarked: Callable[[str], Unmarked], shape: str) -> Table:
    def rows() -> Iterator[Row]:
        for row in table.rows():
            try:
                text, spans = unmarked(row.cells[0])
            except ValueError as error:
                shown = excerpt(row.cells[0])
                raise DataError(f"{row.origin}: {error}: {shown}; close each mark") from error
            cells = (text, json.dumps(spans, ensure_ascii=False))
            yield replace(row, cells=cells, given=(text, spans))

    reason = f"format: {shape} around each entity, a text a line; the marks are taken out of it"
    return replace(
        table, format="jsonl", columns=COLUMNS, reasons=(*table.reasons, reason), rows=rows
    )


def _without_tags(line: str) -> Unmarked:
    """Take marks of XML out of a line.

    Raises:
        ValueError: One is opened and not closed, or the other way round.
    """
    text, at = "", 0
    opened: list[tuple[str, str, int]] = []  # name, type, where its text begins
    spans: list[dict[str, Any]] = []
    for tag in _TAG.finditer(line):
        text += line[at : tag.start()]
        at = tag.end()
        if not tag["closes"]:
            kind = _TYPE.search(tag["more"] or "")
            opened.append((tag["name"], kind[1] if kind else tag["name"], len(text)))
            continue
        if not opened or opened[-1][0] != tag["name"]:
            raise ValueError(f"{tag[0]} closes no mark")
        _, kind_of, start = opened.pop()
        spans.append(span(start, len(text), kind_of))
    if opened:
        raise ValueError(f"<{opened[0][0]}> is never closed")
    return text + line[at:], sorted(spans, key=lambda one: int(one["start"]))


def _without(marks: re.Pattern[str], line: str) -> Unmarked:
    """Take marks that hold a name and a text out of a line."""
    text, at = "", 0
    spans: list[dict[str, Any]] = []
    for mark in marks.finditer(line):
        text += line[at : mark.start()]
        at = mark.end()
        spans.append(span(len(text), len(text) + len(mark["text"]), mark["name"]))
        text += mark["text"]
    return text + line[at:], spans


SHAPES: Mapping[str, Callable[[str], Unmarked]] = {
    "[…](TYPE)": partial(_without, _BRACKETS),
    "[TYPE : …]": partial(_without, _NAMED),
    "{{TYPE:…}}": partial(_without, _BRACED),
}
"""Marks that hold the name of their type, and what takes them out of a line."""
