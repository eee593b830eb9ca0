"""The program `textune`."""

import gc
import os
import signal
import sys
from types import FrameType

OBJECTS = 10_000  # new ones between two searches for cycles; Python's 700 cost seconds of imports


def main() -> None:
    """Run the command line; a Ctrl-C while it is loaded is no error either."""
    _open_what_is_closed()
    gc.set_threshold(OBJECTS, 20, 20)
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, _leave)
    from textune.doors.cli import run  # here, as loading takes a while

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    finally:
        gc.freeze()  # or Python searches all that was imported once more, for up to two seconds


def _open_what_is_closed() -> None:
    """Let no file of ours get the number of a stream that was closed, and be written into."""
    number = os.open(os.devnull, os.O_RDWR)
    while number <= 2:  # standard input, output and errors
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


def _leave(_: int, __: FrameType | None) -> None:
    """End at once: nothing was begun."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"error: stopped\n")
    os._exit(130)


if __name__ == "__main__":
    main()
