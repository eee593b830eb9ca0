"""The program of a helper: `python -m textune.doors.helping FOLDER [SECONDS]`."""

import os
import signal
import sys
import threading
from collections.abc import Generator
from pathlib import Path

from textune.doors import console
from textune.errors import TextuneError
from textune.recipes.recipe import Event
from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.runs import sessions
from textune.settings.config import Settings
from textune.sweeping import sweep
from textune.sweeping.plans import SweepRequest


def main() -> None:
    """Try settings of the sweep in a folder until there are no more, or its parent ends."""
    folder, seconds = Path(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    train = TrainRequest(None, Settings.model_validate({}), folder, resume=True)
    limit = float(seconds) if seconds else None
    request = SweepRequest(train, seconds=limit, joins=True)
    try:
        sessions.finish(_said(request))
    except TextuneError as error:
        console.fail(str(error))
        sys.exit(error.exit_code)


def _said(request: SweepRequest) -> Generator[Event, None, None]:
    for event in sweep.assist(request):
        if isinstance(event, Message):
            console.say(event.text)
        yield event


def _stop_with_parent() -> None:
    """Ask this process to stop, its state saved, once nobody holds the other end of its input."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
