"""Signals become a request to stop where nothing is lost; a lack of memory becomes an error."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from textune.errors import OutOfMemoryError, StoppedError, TextuneError
from textune.fast.lacking import is_lack

HANG_UP = getattr(signal, "SIGHUP", None)  # not everywhere
STOPS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, *([HANG_UP] if HANG_UP else []))


@dataclass(slots=True)
class StopRequest:
    """Whether somebody asked this run to stop, and whether it may be left at any moment.

    It may, but while weights are updated and saved: then the stop waits for the end of a step.
    """

    signal: int | None = None
    waits: bool = False
    rest: Callable[[], str] = lambda: "nothing was saved yet"  # what is said of what was saved

    @contextmanager
    def between_steps(self) -> Iterator[None]:
        """Let a stop wait until `check` is called."""
        self.waits = True
        try:
            yield
        finally:
            self.waits = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a stop come at once, amid what waits for one: nothing here would be lost."""
        before, self.waits = self.waits, False
        self.check()
        try:
            yield
        finally:
            self.waits = before

    def check(self) -> None:
        """Stop, if it was asked for.

        Raises:
            StoppedError: It was.
        """
        if self.signal is not None:
            name = signal.Signals(self.signal).name
            raise StoppedError(f"stopped by {name}; {self.rest()}", signal=self.signal)


def saved(folder: Path) -> str:
    """Say what is saved of a run that has begun: a checkpoint or the model, or nothing yet."""
    if (folder / "model").is_dir() or any((folder / "checkpoints").glob("step-*")):
        return "what was saved is kept; continue with --resume"
    return "nothing that was learned is saved yet; --resume begins it again"


@contextmanager
def stopping() -> Iterator[StopRequest]:
    """Note the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once.

    Outside the main thread signals cannot be caught, and nothing is noted. A hang-up that is
    ignored, as under nohup, stays so.
    """
    stop = StopRequest()
    before: dict[int, Any] = {}

    def note(number: int, _: FrameType | None) -> None:
        stop.signal = number
        signal.signal(number, signal.SIG_DFL)
        if not stop.waits:
            stop.check()

    try:
        for number in STOPS:
            if number != HANG_UP or signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, note)
    except ValueError:  # not the main thread
        before.clear()
    try:
        with _kept(stop):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _kept(stop: StopRequest) -> Iterator[None]:
    """Let a stop stay one though other code, as torch's while it is imported, renames it."""
    try:
        yield
    except Exception as error:
        if _comes_of_a_stop(error):
            stop.check()
        raise


def _comes_of_a_stop(error: BaseException | None) -> bool:
    """Tell whether a stop was caught on the way by others, and raised as an error of theirs.

    What goes wrong after a stop, as a disk that is full, does not come of it, and a stop that says
    by itself what is saved need not be said in other words.
    """
    if isinstance(error, StoppedError):
        return False
    while error is not None and not isinstance(error, StoppedError):
        if isinstance(error, OSError) and error.errno is not None:
            return False
        around = None if isinstance(error, TextuneError) else error.__context__
        error = error.__cause__ or around
    return error is not None


@contextmanager
def memory(micro_tokens: int) -> Iterator[None]:
    """Translate torch's errors for a lack of memory.

    Raises:
        OutOfMemoryError: Naming the setting that needs less.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_lack(error):
            raise
        raise OutOfMemoryError(
            f"not enough memory for {micro_tokens:,} tokens at once; compute fewer, with the same "
            f"result: --set train.micro_tokens={max(micro_tokens // 4, 16)}"
        ) from error
