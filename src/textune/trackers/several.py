"""Several trackers become one, which never ends a run: a tracker that fails is left out."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.errors import StoppedError, first_line
from textune.metrics import metrics
from textune.trackers.names import CSV, MLFLOW, TENSORBOARD, WANDB
from textune.trackers.tracker import Opening, Status, Tracker

PARTS = ("valid", "test")


def _opened(name: str, opening: Opening) -> Tracker:
    """Open a tracker by its name; what it needs is imported here."""
    if name == TENSORBOARD:
        from textune.trackers.tensorboard import TensorBoard

        return TensorBoard(opening)
    if name == MLFLOW:
        from textune.trackers.mlflow import Mlflow

        return Mlflow(opening)
    if name == WANDB:
        from textune.trackers.wandb import Wandb

        return Wandb(opening)
    assert name == CSV, name
    from textune.trackers.table import Table

    return Table(opening)


class Trackers:
    """Those that follow one run.

    Args:
        names: Of the trackers.
        opening: Of the run.
    """

    def __init__(self, names: Sequence[str] = (), opening: Opening | None = None):
        assert opening is not None or not names
        self._names, self._opening = names, opening
        self._open: dict[str, Tracker] = {}
        self._news: list[str] = []

    def begin(self, *, after: int, told: Mapping[str, int]) -> None:
        """Open them, before the first number.

        Args:
            after: Updates that stand, where a run goes on; -1 where it begins.
            told: The last step of each kind that the log told of.
        """
        if self._opening is None:
            return
        opening = replace(self._opening, after=after, told=told)
        for name in self._names:
            try:
                with _unheeded():
                    self._open[name] = _opened(name, opening)
            except Exception as error:  # of other people's programs: many kinds
                self._leave_out(name, error)

    def send(self, kind: str, step: int, values: Mapping[str, float | None]) -> None:
        """Give all of them numbers of a "step", a "validation" or an "epoch"."""
        known = {name: float(value) for name, value in values.items() if value is not None}
        self._each(lambda one: one.send(kind, step, known))

    def restart(self) -> None:
        """Tell all of them that training begins anew."""
        self._each(lambda one: one.restart())

    def finish(self, numbers: Mapping[str, Any]) -> None:
        """Give all of them what the run scored, and its model."""
        values = {
            f"final/{part}/{name}": float(value)
            for part in PARTS
            for name, value in metrics.headline(numbers.get(part) or {}).items()
            if value is not None
        }
        self._each(lambda one: one.finish(numbers, values))

    def close(self, status: Status) -> None:
        """Let all of them write what is left."""
        self._each(lambda one: one.close(status))
        self._open.clear()

    def news(self) -> list[str]:
        """Return what a person should know of them, once."""
        found, self._news = self._news, []
        return found

    def _each(self, act: Callable[[Tracker], None]) -> None:
        for name, one in [*self._open.items()]:
            try:
                with _unheeded():
                    act(one)
            except Exception as error:  # of other people's programs: many kinds
                del self._open[name]
                self._leave_out(name, error)

    def _leave_out(self, name: str, error: Exception) -> None:
        self._news.append(
            f"{name} does not take the numbers of this run ({first_line(error, 200)}); it is left "
            "out, and training goes on"
        )


@contextmanager
def _unheeded() -> Iterator[None]:
    """Let nobody be bothered by the warnings of other people's programs, nor ended by them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def following(names: Sequence[str], opening: Opening) -> Iterator[Trackers]:
    """Let trackers follow a run, and tell them how it ended."""
    found = Trackers(names, opening)
    status: Status = "failed"
    try:
        yield found
        status = "finished"
    except (StoppedError, KeyboardInterrupt, GeneratorExit):
        status = "stopped"
        raise
    finally:
        found.close(status)


def name_of(folder: Path) -> str:
    """Name a run after its folder; one of several seeds or folds with the run that it belongs to.

    Example:
        >>> name_of(Path("runs/reviews/seeds/seed-43"))
        'reviews-seed-43'
    """
    parts = folder.absolute().parts
    if parts[-2:-1] == ("seeds",):
        return f"{parts[-3]}-{parts[-1]}"
    return f"{parts[-2]}-{parts[-1]}" if parts[-1].startswith("fold-") else parts[-1]
