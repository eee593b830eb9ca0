"""A chat that WhatsApp exported becomes texts without labels: a row for each message.

    [12/03/24, 10:15:02] Ann: What a day.
    12/03/24, 10:15 - Ben: And more of it
    on a second line.

A line that begins without a date goes on with the message above it. What the program says itself,
of members and of pictures that are left out, is no message.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from textune.reading import jsonlines
from textune.reading.forms.interface import left_out
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "a chat of WhatsApp"
COLUMNS = ("text", "sender", "date")
SAMPLE = 200  # lines by which it is known
FEWEST = 3  # messages, below which nothing can be told
MOST = 0.4  # share of lines that begin one
NAMED = 0.6  # share of those in which somebody says something
_OTHERS = (".csv", ".tsv", ".json", ".jsonl", ".md", ".eml")
_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?[ \u202f\xa0]"
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \u202f\xa0]?[AaPp]\.?[ \xa0]?[Mm]\.?)?"
_BEGIN = re.compile(rf"[\u200e\u200f]?(?:\[({_DATE}{_TIME})\] |({_DATE}{_TIME}) [-–] )")
_SENDER = re.compile(r"([^:\n]{1,60}): ?")
_LEVELS = frozenset(["debug", "info", "warn", "warning", "error", "critical", "fatal", "trace"])
_OWN = re.compile(r"\u200e.*|<[^<>\n]{1,60}>", re.DOTALL)  # "image omitted", "<Media omitted>"


class Message(NamedTuple):
    """What stands between two dates."""

    line: int
    date: str
    sender: str  # "" where the program says something
    text: str


def begins(path: Path, head: bytes) -> bool:
    """Tell by its beginning whether a file is such a chat."""
    first = head.lstrip().split(b"\n", 1)[0].decode("utf-8", "ignore")
    if path.suffix.lower() in _OTHERS or not _BEGIN.match(first):
        return False
    sample = [line for line in islice(lines(path), SAMPLE) if line.strip()]
    found = [message for line in sample if (message := _begun(1, line))]
    senders = [message.sender for message in found if message.sender]
    if len(senders) < FEWEST or len(found) < MOST * len(sample):
        return False
    is_log = _LEVELS.intersection(map(str.lower, senders))  # of a program
    return not is_log and len(senders) >= NAMED * len(found)


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the messages of a chat."""
    said = f"format: {NAME}; a row for each message, its text without a label"
    own = sum(not _is_said(message) for message in _messages(lines(path)))
    found = left_out({"lines of the program itself, as of pictures left out": own})
    rows = partial(_rows, path)
    return Table.of_file(path, "jsonl", COLUMNS, (*why, said), rows, findings=found)


def _rows(path: Path) -> Iterator[Row]:
    with problems_of(path) as problems:
        for message in filter(_is_said, _messages(lines(path))):
            cells = (message.text.strip(), message.sender, message.date)
            yield from jsonlines.sound(cells, COLUMNS, f"{path.name}:{message.line}", problems)


def _is_said(message: Message) -> bool:
    text = message.text.strip(" \r\n")
    return bool(message.sender and text.strip("\u200e")) and _OWN.fullmatch(text) is None


def _messages(source: Iterator[str]) -> Iterator[Message]:
    held: Message | None = None
    more: list[str] = []
    for number, line in enumerate(source, start=1):
        begun = _begun(number, line)
        if begun is None:
            more.append(line)
            continue
        if held:
            yield held._replace(text=held.text + "".join(more))
        held, more = begun, []
    if held:
        yield held._replace(text=held.text + "".join(more))


def _begun(number: int, line: str) -> Message | None:
    """Read a line that begins a message; None where it goes on with one."""
    begin = _BEGIN.match(line)
    if begin is None:
        return None
    sender = _SENDER.match(line, begin.end())
    text = line[sender.end() if sender else begin.end() :]
    return Message(number, begin[1] or begin[2], sender[1].strip() if sender else "", text)
