"""What a person sees: lines, one bar, small tables. The only place that prints."""

import errno
import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from textwrap import wrap
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from textune.errors import counted, one_line
from textune.metrics import written
from textune.storage import json_lines
from textune.storage.json_lines import OBEYED

MOST_LABELS = 30
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # there may be room again
SILENCE = 30.0  # seconds without a line, at most, where there is no bar
WIDE = 200  # columns of a table in a pipe


class _Safe(Console):
    """A console on which no text, label or file name can move the cursor, or change a colour."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Escape what a terminal would obey; our own styles are no text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class _Screen(_Safe):
    """A console that leaves a reader who has gone away to its caller."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def visible(text: str) -> str:
    r"""Escape what a terminal would obey.

    These are control characters, but for line ends and tabs, and marks that turn the direction of
    what follows.

    Example:
        >>> print(visible("\x1b[31mred"))
        \x1b[31mred
    """
    return OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


out = _Screen(highlight=False, soft_wrap=True, emoji=False)
err = _Safe(stderr=True, highlight=False, soft_wrap=True, emoji=False)


_hushed = [False]  # whether progress and notes of a run are left out


@contextmanager
def hushed(*, is_asked: bool) -> Iterator[None]:
    """Leave out progress and notes of runs, where that is asked for."""
    before, _hushed[0] = _hushed[0], is_asked
    try:
        yield
    finally:
        _hushed[0] = before


def is_hushed() -> bool:
    """Tell whether progress and notes are left out."""
    return _hushed[0]


def argument(path: object) -> str:
    """Write a path so that a command takes it for one, even where it begins with a dash."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def say(text: str) -> None:
    """Print a line."""
    out.print(escape(text))


def announce(text: str) -> None:
    """Print a line that somebody waits for, at once."""
    with spared():
        say(text)


def warn(text: str) -> None:
    """Print a line that asks for attention."""
    err.print(f"[yellow]note:[/] {escape(folded(text, screen=err, before=len('note: ')))}")


def fail(text: str) -> None:
    """Print why nothing came of it."""
    err.print(f"[bold red]error:[/] {escape(folded(text, screen=err, before=len('error: ')))}")


COMMANDS = ("textune ", "textune.")


def folded(text: str, *, screen: Console, before: int = 0) -> str:
    """Break lines between words where a person reads them; leave them whole for a pipe.

    Commands stay whole, so that they can be pasted.

    The first line begins after `before` columns.
    """
    if not screen.is_terminal:
        return text
    found: list[str] = []
    for line in (" " * before + text).split("\n"):
        if line.lstrip().startswith(COMMANDS):
            found.append(line)
            continue
        indent = len(line) - len(line.lstrip()) - (0 if found else before)
        found += wrap(
            line,
            max(40, screen.width - 1),
            subsequent_indent=" " * (indent + 2),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(found)[before:]


def complain(text: str) -> None:
    """Print lines as they are where errors go: what is wrong with options, or where a bug is."""
    err.print(text.rstrip("\n"), markup=False)


def show_json(values: object) -> None:
    """Print one JSON object on one line, for programs."""
    line = json_lines.line(values, encoding=sys.stdout.encoding)
    try:
        sys.stdout.write(f"{line}\n")
    except BrokenPipeError:
        raise BrokenPipeError from None  # without a number: typer would exit with 1 on EPIPE


class _Lossy:
    """A stream of remarks that nobody has to read: where it is closed or full, they are lost."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written."""
        with _sparing(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send what can be sent."""
        with _sparing(self._stream):
            self._stream.flush()


@contextmanager
def _sparing(stream: TextIO) -> Iterator[None]:
    """Lose what a stream cannot take; send all that follows nowhere where nobody reads any more."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            silence(stream)
    except ValueError:  # closed within this process
        pass


@contextmanager
def spared() -> Iterator[None]:
    """Print what comes last of work that is done and saved: it does not fail where nobody reads."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)


def accept_any_text() -> None:
    """Let a terminal that lacks a character show its number, and no lost stream be a mistake."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Lossy):
        sys.stderr = _Lossy(sys.stderr)


def silence(stream: TextIO) -> None:
    """Send what is still written to a stream nowhere, so that leaving makes no noise."""
    with suppress(OSError, ValueError):  # a stream without a number has nothing to be sent
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def telling(*, is_quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show what is done now while something long goes on; for a pipe a line now and then.

    What goes on with the same words up to a colon is told in a pipe after a while of silence alone.
    """
    spoke, stage = 0.0, ""
    with nullcontext() if is_quiet or is_hushed() else err.status("") as status:

        def tell(words: str) -> None:
            nonlocal spoke, stage
            if status is None:
                return
            status.update(escape(words))
            now, is_new = time.perf_counter(), words.partition(":")[0] != stage
            if not err.is_terminal and (is_new or now - spoke >= SILENCE):
                spoke, stage = now, words.partition(":")[0]
                err.print(escape(words))

        yield tell


def counting(steps: Iterable[int], *, what: str, most_silence: float = SILENCE) -> Iterator[int]:
    """Show a growing number while something long goes on; for a pipe a line now and then."""
    spoke = time.perf_counter()
    with err.status(what) as status:
        for number in steps:
            words = f"{what}: {counted(number, 'row')}"
            status.update(words)
            if not err.is_terminal and time.perf_counter() - spoke >= most_silence:
                spoke = time.perf_counter()
                err.print(words)
            yield number


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    texts: int = 1,
    style: str | None = None,
) -> None:
    """Print a table as wide as the screen, or as wide as it needs for a pipe.

    Args:
        columns: Their names.
        rows: A cell for each column.
        title: A line of its own: a table would break a path in it to its own width.
        texts: How many columns hold words, the first ones; the others hold numbers.
        style: Of the first column.
    """
    if title:
        out.print(f"[italic]{escape(title)}[/]")
    made = Table(box=None, pad_edge=False)
    for place, name in enumerate(columns):
        made.add_column(
            escape(name),
            justify="left" if place < texts else "right",
            style=style if place == 0 else None,
        )
    for row in rows:
        made.add_row(*(escape(one_line(cell)) for cell in row))
    screen = out
    if not out.is_terminal:
        screen = _Screen(file=out.file, width=WIDE, highlight=False, emoji=False)
    screen.print(made)


def say_more(count: int, what: str = "", *, indent: str = "  ") -> None:
    """Print how many there are beyond those that are shown, if there are any."""
    if count > MOST_LABELS:
        out.print(f"{indent}… and {count - MOST_LABELS} more{what}")


def number(value: Any) -> str:
    """Write a number of a table; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else written.decimals(value)
