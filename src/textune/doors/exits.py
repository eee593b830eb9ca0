"""An error that no command expects becomes a message and an exit code."""

import errno
import io
import os
import sys
import traceback
from typing import NoReturn

from textune.doors import console
from textune.errors import SettingsError, TextuneError
from textune.parallel.place import Place

FULL = console.FULL | {errno.EROFS}
NOT_OURS = {  # what the system says of a path, a disk or a stream
    *(*FULL, errno.EACCES, errno.EPERM),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EIO, errno.EBADF, errno.EMFILE, errno.ENFILE),
}


def hush_others() -> None:
    """Let the first of several processes speak for all."""
    if not Place.here().is_first:
        console.silence(sys.stdout)


def is_heard(error: Exception) -> bool:
    """Tell whether this process says what went wrong; the first one knows of other processes' bugs.

    Where the environment names no place, everybody says so.
    """
    try:
        is_first = Place.here().is_first
    except SettingsError:
        return True
    if not is_first and not isinstance(error, TextuneError):
        console.silence(sys.stderr)
    return is_first or getattr(error, "is_told_here", False)


def leave(error: Exception) -> NoReturn:
    """End the program with a message and an exit code; with a traceback where it is a bug."""
    if _was_interrupted(error):
        console.fail("stopped")
        end(130)
    if isinstance(error, OSError) and error.errno in NOT_OURS:
        if not error.filename:
            console.silence(sys.stdout)  # the output itself: nothing waits to be sent any more
        place = f"{error.filename}: " if error.filename else "the output: "
        verb = "written" if error.errno in FULL else "read or written"
        console.fail(f"{place}cannot be {verb}: {error.strerror}")
        end(2)
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        lines = io.StringIO()
        show(file=lines)
        console.complain(lines.getvalue())
        end(code)
    console.complain("".join(traceback.format_exception(error)))
    console.fail("this is a bug of textune's; please report it with the lines above")
    end(1)


def end(code: int) -> NoReturn:
    """End the program: at once, where Python would wait for messages of lost processes first."""
    joined = sys.modules.get("torch.distributed")
    if joined is not None and joined.is_available() and joined.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _was_interrupted(error: BaseException | None) -> bool:
    """Tell whether a Ctrl-C caused an error: an interrupted import raises others."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
