"""The program of a helper: `python -m textune.doors.helping FOLDER [SECONDS]`."""

import os
import signal
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from textune.doors import console
from textune.errors import TextuneError
from textune.records import Message

if TYPE_CHECKING:  # with torch
    from textune.recipes.recipe import Event


def main() -> None:
    """Try settings of the sweep in a folder until there are no more, or its parent ends."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    from textune.runs import sessions  # torch: it takes a while, in which the parent may end

    try:
        sessions.finish(_said(Path(sys.argv[1]), sys.argv[2]))
    except TextuneError as error:
        console.fail(str(error))
        sys.exit(error.exit_code)


def _said(folder: Path, seconds: str) -> "Generator[Event, None, None]":
    """Say what a helper does, for its log."""
    from textune.recipes.requests import TrainRequest
    from textune.settings.config import Settings
    from textune.sweeping import sweep
    from textune.sweeping.plans import SweepRequest

    train = TrainRequest(None, Settings.model_validate({}), folder, resume=True)
    limit = float(seconds) if seconds else None
    for event in sweep.assist(SweepRequest(train, seconds=limit, joins=True)):
        if isinstance(event, Message):
            console.say(event.text)
        yield event


def _stop_with_parent() -> None:
    """Ask this process to stop, its state saved, once nobody holds the other end of its input."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
