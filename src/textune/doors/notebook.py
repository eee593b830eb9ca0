"""A run's events become a bar in a notebook; elsewhere its words go to the logger `textune`."""

import html
import importlib
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from textune.metrics import catalogue, written
from textune.parallel.place import Place
from textune.records import Message, Started, Step, Validated

EVERY = 0.5  # seconds between two looks
LOGGER = "textune"
KERNEL = "ZMQInteractiveShell"  # IPython's in a notebook


def show() -> Callable[[object], None]:
    """Return what shows a run's events: a bar in a notebook, a logger elsewhere."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    if type(shell).__name__ != KERNEL:
        return log if Place.here().is_first else lambda _: None
    return Bar(importlib.import_module("IPython.display"))


def log(event: object) -> None:
    """Log what a person may want to read; warnings reach standard error if nobody says where to."""
    if isinstance(event, Message):
        logger = logging.getLogger(LOGGER)
        logger.log(logging.WARNING if event.is_warning else logging.INFO, "%s", event.text)


class Bar:
    """Shows a run in a notebook: a bar, and a line a validation.

    Args:
        display: IPython's module of that name.
    """

    def __init__(self, display: Any):
        self._html = display.HTML
        self._handle = display.display(self._html(""), display_id=True)
        self._began = time.perf_counter()
        self._looked = 0.0
        self._total: int | None = None
        self._step = 0
        self._notes: list[str] = []
        self._rows: list[str] = []

    def __call__(self, event: object) -> None:
        """Show one event."""
        match event:
            case Message() if event.is_warning:
                self._notes.append(f"note: {event.text}")
            case Started():
                self._total, self._step = event.steps, event.first - 1
            case Step():
                self._step = event.number
                if event.number != self._total and time.perf_counter() - self._looked < EVERY:
                    return
            case Validated():
                value = catalogue.value(event.metrics, event.metric)
                shown = "–" if value is None else written.decimals(value)
                best = ", the best so far" if event.is_best else ""
                self._rows.append(
                    f"epoch {event.epoch:g}: {catalogue.title(event.metric)} {shown}{best}"
                )
            case _:
                return
        self._draw()

    def _draw(self) -> None:
        self._looked = time.perf_counter()
        elapsed = written.clock(self._looked - self._began)
        most = "" if self._total is None else f' max="{self._total}"'
        of = "" if self._total is None else f" of {self._total:,}"
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in (*self._notes, *self._rows))
        self._handle.update(
            self._html(
                f'<div><progress value="{self._step}"{most}></progress> update {self._step:,}{of}, '
                f"{elapsed}</div>{lines}"
            )
        )
