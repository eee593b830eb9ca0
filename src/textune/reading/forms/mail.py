"""Mails become rows: the subject, the text, the sender, and the labels that Gmail gave.

One mail a file (.eml), or many in one (mbox), each behind a line "From …".
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from functools import partial
from html import unescape
from itertools import islice
from pathlib import Path

from textune.errors import DataError
from textune.reading import jsonlines
from textune.reading.forms.page_tables import shown
from textune.reading.lines import record_limit, unpacked
from textune.reading.told import problems_of
from textune.records import Finding, Row, Table

NAME = "mails"
ENDING = ".eml"
COLUMNS = ("subject", "text", "from", "date")
LABELS = "X-Gmail-Labels"
HEAD = 1_000  # bytes
SAMPLE = 200  # mails
DEEPEST = 50  # parts within parts of a mail
_KNOWN = (
    rb"(?i)(?:from|to|cc|subject|date|return-path|received|message-id|mime-version|content-[a-z-]+"
    rb"|delivered-to|reply-to|sender|status|x-[\w-]{1,60}):[ \t]?[^\n]*\n"
)
_MAIL = re.compile(_KNOWN)
_MANY = re.compile(rb"From [^\n]{1,300}\r?\n" + _KNOWN.replace(b"(?i)", b"", 1), re.IGNORECASE)
_SENT = re.compile(
    rb"(?i)(?:From [^\n]{1,300}\n)?(?:return-path|received|delivered-to|delivery-date|x-[\w-]+):"
)
_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/li|/tr|/h\d)\b[^<>]*>")
_MARK = re.compile(r"<[!/a-zA-Z][^<>]*>")
_BLANK_LINES = re.compile(r"\n[ \t\r\n]*\n")
_OF_WINDOWS = "cp1252"  # in which many programs write that do not say in what


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file holds mails."""
    if path.suffix.lower() == ENDING:
        return _MAIL.match(head.lstrip()) is not None or _MANY.match(head) is not None
    return _MANY.match(head) is not None


def is_one(path: Path) -> bool:
    """Tell whether a text among others is a mail, with the headers of its way through the net."""
    ending = path.suffix.lower()
    if ending in (ENDING, ".txt"):  # which may be many
        return ending == ENDING
    with unpacked(path) as file:
        return _SENT.match(file.read(HEAD)) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the mails of a file.

    Raises:
        DataError: A mail is larger than is read.
    """
    first = list(islice(_messages(path), SAMPLE))
    has_labels = any(LABELS in message for _, message in first)
    columns = (*COLUMNS, *(("labels",) if has_labels else ()))
    said = "format: mails; their text is the plain part, or that of the page, without attachments"
    count = sum(message.is_multipart() for _, message in first)
    found = Finding(
        "left out", "note", "attachments and further parts of mails are left out", count
    )
    rows, findings = partial(_rows, path, columns), (found,) if count else ()
    return Table.of_file(path, "jsonl", columns, (*why, said), rows, findings=findings)


def text_of(path: Path) -> str:
    """Return the subject and the text of the first mail of a file.

    Raises:
        DataError: There is none, or it is larger than is read.
    """
    for _, message in _messages(path):
        parts = (_header(message, "Subject"), _body(message))
        return "\n\n".join(filter(None, parts))
    raise DataError(f"{path.name}: there is no mail in it")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for line, message in _messages(path):
            cells = (
                _header(message, "Subject"),
                _body(message),
                _header(message, "From"),
                _header(message, "Date"),
                _header(message, LABELS),
            )
            yield from jsonlines.sound(
                cells[: len(columns)], columns, f"{path.name}:{line}", problems
            )


def _messages(path: Path) -> Iterator[tuple[int, Message]]:
    """Stream the mails of a file, each with the line on which it begins.

    Raises:
        DataError: The parts of one stand within each other more deeply than is read.
    """
    for line, raw in _parted(path):
        if not raw.strip():
            continue
        try:
            message = message_from_bytes(raw)
            depth = _depth(message)
        except RecursionError:
            depth = DEEPEST + 1
        if depth > DEEPEST:
            raise DataError(
                f"{path.name}:{line}: the parts of the mail that begins here stand more than "
                f"{DEEPEST} deep within each other; take the mail out"
            )
        yield line, message


def _depth(message: Message) -> int:
    """Return how deep the parts of a mail stand within each other."""
    depth, level = 0, [message]
    while level := [part for one in level if one.is_multipart() for part in _parts(one)]:
        depth += 1
    return depth


def _parts(message: Message) -> list[Message]:
    held = message.get_payload()
    return [part for part in held if isinstance(part, Message)] if isinstance(held, list) else []


def _parted(path: Path) -> Iterator[tuple[int, bytes]]:
    held: list[bytes] = []
    begun, size, is_after_blank = 1, 0, True
    with unpacked(path) as file:
        for number, line in enumerate(file, start=1):
            if is_after_blank and line.startswith(b"From "):
                yield begun, b"".join(held)
                held, begun, size = [], number, 0
            else:
                held.append(line[1:] if line.startswith(b">From ") else line)
                size += len(line)
            if size > record_limit():
                raise DataError(
                    f"{path.name}:{begun}: the mail that begins here has no end within "
                    f"{record_limit() >> 20} MiB; take its attachments out"
                )
            is_after_blank = not line.strip()
    yield begun, b"".join(held)


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        text = str(value)
    return " ".join(text.split())


def _body(message: Message) -> str:
    """Return the first plain part that is no attachment; else the words of the first page."""
    parts = [one for one in message.walk() if not one.is_multipart()]
    parts = [one for one in parts if one.get_content_disposition() != "attachment"]
    for kind in ("text/plain", "text/html"):
        found = next((one for one in parts if one.get_content_type() == kind), None)
        if found is not None:
            text = _decoded(found)
            text = text if kind == "text/plain" else _words(text)
            return _BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n")).strip()
    return ""


def _decoded(part: Message) -> str:
    raw = part.get_payload(decode=True)
    held = raw if isinstance(raw, bytes) else b""
    for charset in (part.get_content_charset(), "utf-8", _OF_WINDOWS):
        try:
            return held.decode(charset or "utf-8")
        except (LookupError, ValueError):  # a name with a NUL in it is one, too
            continue
    return held.decode("latin-1")


def _words(page: str) -> str:
    return unescape(_MARK.sub(" ", _BREAK.sub("\n", "".join(shown(page)))))
