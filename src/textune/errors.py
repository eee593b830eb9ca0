"""Every mistake a user can make, by class; each knows the exit code of the command line."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec, Self, TypeVar
from unicodedata import normalize

P = ParamSpec("P")
Made = TypeVar("Made")
Kind = TypeVar("Kind")

SHOWN = 20  # problems listed in one message
MOST_SHOWN, MOST_KEPT = 4_096, 64 << 20  # characters of a faulty row, and of all of them


class TextuneError(Exception):
    """The base of all errors that textune raises on purpose."""

    exit_code = 2


class DataError(TextuneError, ValueError):
    """Something in the user's data: the message names the file, the line and the way out."""


class SettingsError(TextuneError, ValueError):
    """An option or a setting that does not exist or cannot have this value."""


class RunError(TextuneError, OSError):
    """A run folder that is absent, incomplete, or must not be overwritten."""


class ModelError(TextuneError, ValueError):
    """A base model or tokenizer that is absent, damaged, unsafe or of the wrong kind."""


class MissingExtraError(TextuneError, ImportError):
    """An optional dependency that this function needs is not installed."""


class BusyError(TextuneError, OSError):
    """Another process works in the run folder."""

    exit_code = 3


class CheckpointError(TextuneError, ValueError):
    """No sound checkpoint to resume from, or one that belongs to other data or settings."""

    exit_code = 4


class NumericsError(TextuneError, ArithmeticError):
    """A loss or a gradient that is not finite: training stopped before the weights were touched."""

    exit_code = 5


class OutOfMemoryError(TextuneError, MemoryError):
    """The smallest possible micro-batch does not fit into memory."""

    exit_code = 6


class RanksError(TextuneError, ConnectionError):
    """Another process of a run of several has ended, does not answer, or has found a fault."""

    exit_code = 7
    is_told_here = False  # whether a process that is not the first says it: nobody else can


class StoppedError(TextuneError, RuntimeError):
    """A signal ended the run between two steps; its state is saved."""

    def __init__(self, message: str, *, signal: int):
        super().__init__(message)
        self.exit_code = 128 + signal


def among(value: str, allowed: Iterable[str], *, most: int = 12) -> str:
    """Say which values are allowed, guessing the one that was meant.

    Example:
        >>> among("positve", ["positive", "negative"])
        "did you mean 'positive'? Allowed: 'positive', 'negative'"
    """
    names = list(allowed)
    listed = ", ".join(repr(name) for name in names[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    near = get_close_matches(value, names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    if near and normalize("NFC", near[0]) == normalize("NFC", value):  # they look the same
        guess = f"did you mean {near[0]!a}? It is written {value!a} here. "
    return f"{guess}{'Allowed' if guess else 'allowed'}: {listed}{more}"


def require_known(
    function: Callable[..., object],
    names: Iterable[str],
    *,
    like: Callable[..., object] | None = None,
    called: str | None = None,
) -> None:
    """Refuse keywords that a function does not have, with the nearest that it has.

    Args:
        function: That is called. One that takes any keyword and names no other looks itself.
        names: Of the keywords.
        like: A function whose keywords it has, too.
        called: The name of a method, whose first parameter is no keyword; else the function's.

    Raises:
        TypeError: Of a call, as Python's own.
    """
    known = {**inspect.signature(function).parameters}
    takes_any = [name for name, each in known.items() if each.kind is each.VAR_KEYWORD]
    if takes_any and like is None:
        return
    known |= {**inspect.signature(like).parameters} if like else {}
    known = {name: each for name, each in known.items() if name not in takes_any}
    if called is not None:
        known.pop(next(iter(known)))
    if unknown := [name for name in names if name not in known]:
        raise TypeError(
            f"{called or function.__name__}() got an unexpected keyword argument {unknown[0]!r}; "
            f"{among(unknown[0], known)}"
        )


def hinting(function: Callable[P, Made]) -> Callable[P, Made]:
    """Let a function name the nearest of its keywords where it is called with an unknown one."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> Made:
        require_known(function, kwargs)
        return function(*args, **kwargs)

    return called


def hinting_methods(made: type[Kind]) -> type[Kind]:
    """Let the public methods of a class, and its making, name the nearest of their keywords."""
    for name, found in list(vars(made).items()):
        function = found.__func__ if isinstance(found, classmethod) else found
        is_offered = name == "__init__" or not name.startswith("_")
        if is_offered and inspect.isfunction(function):
            method = hinting_method(function)
            setattr(made, name, classmethod(method) if function is not found else method)
    return made


def hinting_method(function: Callable[P, Made]) -> Callable[P, Made]:
    """Let a method name the nearest of its keywords where it is called with an unknown one."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> Made:
        if args and kwargs:
            kind = args[0] if isinstance(args[0], type) else type(args[0])
            is_made = function.__name__ == "__init__"
            name = kind.__name__ if is_made else f"{kind.__name__}.{function.__name__}"
            require_known(function, kwargs, called=name)
        return function(*args, **kwargs)

    return called


def counted(number: int, noun: str) -> str:
    """Write a number of things.

    Example:
        >>> counted(1, "text"), counted(1200, "text")
        ('1 text', '1,200 texts')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


def first_line(error: Exception, most: int = 300) -> str:
    """Return the first line of a foreign error, or its name where it says nothing."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0].strip()[:most]


def some(names: Sequence[str], most: int) -> str:
    """Name the first of several, and count the others.

    Example:
        >>> some(["a", "b", "c"], 1)
        'a and 2 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be read as it stands, and why."""

    origin: str
    reason: str
    row: str  # what stands there; the beginning of it, where it is long


class Faults:
    """The faulty rows of a file, each once, however often the file is read."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], Fault] = {}  # files in two folders may have one name
        self._kept = 0  # characters

    def note(self, origin: str, reason: str, row: str) -> None:
        """Take note of a faulty row, unless it is known."""
        key = origin, hash(row)
        if key not in self._found:
            row = row[:MOST_SHOWN] if self._kept < MOST_KEPT else ""
            self._kept += len(row)
            self._found[key] = Fault(origin, reason, row)

    def refuse_all(self, name: str) -> None:
        """Refuse a file of which every row is faulty.

        Raises:
            DataError: There are faulty rows; nobody has seen another one.
        """
        if first := next(iter(self), None):
            raise DataError(
                f"{name}: all {len(self):,} rows are faulty, so that none is left; first: "
                f"{first.origin}: {first.reason}"
            )

    def said(self, name: str) -> str:
        """Say how many rows are left out, and the first."""
        first = next(iter(self), None)
        if first is None:
            return ""
        rows = "1 faulty row is" if len(self) == 1 else f"{len(self):,} faulty rows are"
        return f"{name}: {rows} left out, as asked; first: {first.origin}: {first.reason}"

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._found.values())


class Problems:
    """What is wrong with a file, collected while it is read: the first kept, all counted.

    Where faulty rows are left out, each is noted instead, and nothing is raised for it.
    """

    def __init__(
        self,
        name: str,
        faults: Faults | None = None,
        *,
        option: str = "",
        known: list[DataError] | None = None,
    ) -> None:
        self.name = name
        self._known = [] if known is None else known  # takes the error; raised at the first fault,
        # where it is in it from an earlier reading
        self.option = option  # that leaves faulty rows out
        self.count = 0
        self.noted = 0  # in place of being counted
        self._faults = faults
        self._messages: list[str] = []
        self._ways_out: dict[str, None] = {}  # a set in order of appearance

    @property
    def skips(self) -> bool:
        """Whether faulty rows are left out."""
        return self._faults is not None

    @property
    def is_full(self) -> bool:
        """Whether more of them are only counted, and their messages need not be made."""
        return self.count >= SHOWN and not self.skips

    def add(self, message: str, way_out: str = "", *, row: str = "", origin: str = "") -> None:
        """Count a problem; keep its message and the way out while there is room.

        Args:
            message: Begins with the place of the row.
            way_out: What to do.
            row: What stands there.
            origin: The place, where it holds a colon and a space itself.
        """
        if self._faults is not None:
            self.noted += 1
            place, _, reason = message.partition(": ")
            if origin:
                place, reason = origin, message.removeprefix(f"{origin}: ")
            self._faults.note(place, reason, row)
            return
        if self._known:
            raise self._known[0]  # the rest need not be read once more
        self.count += 1
        if self.count <= SHOWN:
            self._messages.append(message)
            if way_out:
                self._ways_out[way_out] = None

    def add_way_out(self, way_out: str) -> None:
        """Name one more thing to do, whatever row it is about."""
        if self.count and way_out:
            self._ways_out[way_out] = None

    def add_together(
        self, faults: Sequence[tuple[str, str]], what: str, *, row: str, origin: str
    ) -> None:
        """Count the faults of lines that make one row, which is left out as a whole, where any is.

        Args:
            faults: Messages, each beginning with its place, with the way out.
            what: The row: "a sentence".
            row: What stands there.
            origin: The place of the row.
        """
        if self.skips and faults:
            self.add(f"{origin}: {what} with a fault, {faults[0][0]}", row=row, origin=origin)
            return
        for message, way_out in faults:
            self.add(message, way_out)

    def error(self) -> DataError:
        """Put all of them into one error."""
        way_out = "; ".join(self._ways_out)
        option = f"\n{self.option}" if self.option else ""
        if self.count == 1:
            return DataError("; ".join(filter(None, [self._messages[0], way_out])) + option)
        lines = [f"{self.name}: {self.count:,} problems"]
        lines += [f"  {message}" for message in self._messages]
        if self.count > SHOWN:
            lines.append(f"  … and {self.count - SHOWN:,} more")
        return DataError("\n".join([*lines, way_out] if way_out else lines) + option)

    def raise_any(self) -> None:
        """Raise them, if there are any."""
        if self.count:
            self._known[:] = [self.error()]
            raise self._known[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise them all at the end of the reading; what ends it early is the last of them."""
        if isinstance(error, DataError) and not self.skips and error not in self._known:
            self.option = ""  # the file cannot be read any further
            self.add(str(error))
            raise self.error() from error
        if error is None:
            self.raise_any()


def excerpt(text: str, *, most: int = 60) -> str:
    r"""Quote the beginning of a text on one line, control characters escaped.

    Example:
        >>> print(excerpt("a\tb"))
        'a\tb'
    """
    shown = text[:most]
    if not shown.isprintable():
        shown = "".join(
            sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in shown
        )
    return f"'{shown}{'…' if len(text) > most else ''}'"


def one_line(text: str, *, most: int | None = None) -> str:
    r"""Write a text or a name so that it stays on its line: what would break it is escaped.

    Example:
        >>> print(one_line("very\ngood"), one_line("long names", most=4))
        very\ngood long…
    """
    shown = text if most is None or len(text) <= most else f"{text[:most]}…"
    return _BREAKING.sub(lambda found: found[0].encode("unicode_escape").decode(), shown)


_BREAKING = re.compile(r"[\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029]")  # lines, or a terminal's own
