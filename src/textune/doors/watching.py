"""A run's events become what a person sees of it: its lines, one bar, a table of validations.

Where there is no terminal for the bar, a line every half a minute takes its place.
"""

import os
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from textune.doors.console import SILENCE, err, folded, is_hushed, number
from textune.doors.console_metrics import headlines
from textune.errors import SettingsError
from textune.metrics import catalogue, written
from textune.parallel.place import Place
from textune.records import Message, Started, Step, Validated
from textune.runs.events import AuxiliaryStep, drained

SECONDS = "TEXTUNE_PROGRESS_SECONDS"  # in the environment
NARROW = 110  # columns of a terminal below which the bar says less
COUNTS = {  # of a line a validation, with their widths; times of training since the last one, and
    "epoch": 6,  # of judging
    "step": 8,
    "loss": 10,
    "train": 9,
    "judge": 9,
}
UNTRAINED = "no update of the weights yet"
RECENT = 50  # updates whose mean loss is shown
BEHIND = 5  # updates by which what is shown of a card may lag


def watch(events: Generator[Any, None, Any], *, quiet: bool, waiting: str = UNTRAINED) -> Any:
    """Show a run's events to their end and return what it made; `waiting` as of `Watch`.

    Of several processes only the first shows how far it is: the others hear of no update.
    """
    is_silent = quiet or is_hushed() or not Place.here().is_first
    with Watch(quiet=is_silent, silence=_silence(), waiting=waiting) as shown:
        return drained(events, shown.show)


def _silence() -> float:
    """Return after how many seconds a line is due where there is no bar.

    Raises:
        SettingsError: What the environment says is no time.
    """
    asked = os.environ.get(SECONDS, "")
    if not asked:
        return SILENCE
    try:
        found = float(asked)
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise SettingsError(f"{SECONDS}={asked!r:.40}: expected seconds, more than 0")
    return found


class Watch:
    """Shows a training run: its lines, one bar, a table a validation.

    Args:
        quiet: Show nothing but warnings, as for programs.
        silence: Seconds without a line, at most, where there is no bar.
        waiting: What is said while nothing is trained.
    """

    def __init__(self, *, quiet: bool = False, silence: float = SILENCE, waiting: str = UNTRAINED):
        self._quiet = quiet
        self._silence, self._waiting = silence, waiting
        self._ended = threading.Event()
        self._spoke = self._began = time.perf_counter()
        self._step_now: Step | None = None  # the last that was seen
        self._epoch_began = 0.0  # seconds of training before this epoch
        self._judged = (0, 0.0)  # the last validation: its step, and seconds of training before it
        self._bar = Progress(
            TextColumn("{task.fields[part]}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=8 if err.width < NARROW else 24),
            TextColumn("{task.fields[done]}", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True)),
            console=err,
            transient=True,
            disable=quiet or not err.is_terminal,
        )
        self._speaker: threading.Thread | None = None
        self._task: TaskID | None = None
        self._auxiliary: AuxiliaryStep | None = None  # the last of a training
        self._auxiliary_task: TaskID | None = None
        self._total: int | None = None  # updates; None where time decides
        self._of = self._epochs = ""  # the number of all updates and epochs, if it is known
        self._limit: float | None = None  # seconds, where it does
        self._tokens = 0
        self._seconds = 0.0
        self._texts = 0
        self._last = self._began
        self._steps = 0
        self._loss = 0.0
        self._said_last = False
        self._steps_seen: list[Step] = []  # since the last validation
        self._keys: list[str] = []  # of the columns of the table of validations

    def __enter__(self) -> "Watch":
        self._bar.start()
        if self._bar.disable and not self._quiet:
            self._speaker = threading.Thread(
                target=self._speak, name="textune-progress", daemon=True
            )
            self._speaker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._speaker is not None:
            self._speaker.join()  # it shall not wake while the interpreter ends
        self._bar.stop()

    def show(self, event: Message | Started | Step | Validated | AuxiliaryStep) -> None:
        """Show one event."""
        match event:
            case AuxiliaryStep():
                self._auxiliary_step(event)
            case Message():
                self._say(event)
            case Started():
                self._end_auxiliary()
                self._start(event)
            case Step():
                self._step(event)
            case Validated():
                self._validated(event)

    def progress(self) -> str:
        """Say in a line how far the run is: step, time, time that is left, loss."""
        step = self._step_now
        elapsed = written.clock(time.perf_counter() - self._began)
        if (own := self._auxiliary) is not None:
            return f"{elapsed} elapsed; {own.what}: update {_counted(own)}"
        if self._task is None or step is None:
            return f"{elapsed} elapsed; {self._waiting}"
        loss = _mean_loss(self._steps_seen[-RECENT:])  # a copy: the run goes on meanwhile
        said = "" if loss is None else f"  loss {loss:.3f}"
        rate = self._texts / max(self._seconds, 1e-9)
        return (
            f"epoch {step.epoch}{self._epochs}  step {step.number:,}{self._of}  {elapsed} elapsed  "
            f"{self._left(step)} left{said}  {rate:,.0f} texts/s"
        )

    def _speak(self) -> None:
        """Print where a run is whenever nothing was printed for long; runs beside it."""
        while not self._ended.wait(self._spoke + self._silence - time.perf_counter()):
            if time.perf_counter() >= self._spoke + self._silence:
                self._print(escape(self.progress()))

    def _print(self, text: str) -> None:
        self._spoke = time.perf_counter()
        self._bar.console.print(text)

    def _say(self, said: Message) -> None:
        last = self._step_now
        if last is not None and last.number == self._total and not self._said_last:
            self._said_last = True
            self._epoch_ended(last, self._seconds)
        if said.is_warning:
            words = folded(said.text, screen=err, before=len("note: "))
            self._print(f"[yellow]note:[/] {escape(words)}")
        elif not self._quiet:
            self._print(escape(folded(said.text, screen=err)))

    def _start(self, event: Started) -> None:
        self._steps_seen.clear()
        self._said_last = False  # how long the last epoch took
        self._step_now, self._epoch_began, self._judged = None, 0.0, (event.first - 1, 0.0)
        self._steps = self._texts = self._tokens = 0
        self._seconds, self._last = 0.0, time.perf_counter()
        self._total, self._limit = event.steps, event.seconds
        is_timed = event.steps is None
        self._of = "" if is_timed else f"/{event.steps:,}"
        self._epochs = "" if is_timed else f"/{event.epochs}"
        self._task = self._bar.add_task(
            "",
            total=event.seconds if is_timed else event.steps,
            completed=0 if is_timed else event.first - 1,
            part=f"epoch 1{self._epochs}",
            done="",
            numbers="",
        )

    def _auxiliary_step(self, at: AuxiliaryStep) -> None:
        """Move a bar of its own for as long as a training beside the run's own lasts."""
        before = self._auxiliary
        if before is None or at.what != before.what or at.step <= before.step:  # another, or anew
            self._end_auxiliary()
        self._auxiliary = at
        if not self._bar.disable:
            if self._auxiliary_task is None:
                self._auxiliary_task = self._bar.add_task("", part=at.what, done="", numbers="")
            self._bar.update(
                self._auxiliary_task, total=at.steps, completed=at.step, done=_counted(at)
            )
        if at.step == at.steps:
            self._end_auxiliary()

    def _end_auxiliary(self) -> None:
        self._auxiliary = None
        if self._auxiliary_task is not None:
            self._bar.remove_task(self._auxiliary_task)
            self._auxiliary_task = None

    def _step(self, step: Step) -> None:
        now, last = time.perf_counter(), self._last
        self._seconds += now - last
        self._last = now
        self._texts += step.texts
        self._tokens += step.tokens
        self._steps += 1
        self._steps_seen.append(step)
        before, self._step_now = self._step_now, step
        if before is not None and step.epoch > before.epoch:
            self._epoch_ended(before, self._seconds - (now - last))
        if self._task is None or self._bar.disable:
            return
        is_last = step.number == self._total
        if step.number % 5 and step.number > 5 and not is_last:
            return
        shown = step if step.read is None else self._steps_seen[-BEHIND:][0]  # a card need not wait
        loss, _ = shown.numbers()
        self._loss = 0.8 * self._loss + 0.2 * loss if self._loss else loss
        self._bar.update(
            self._task,
            completed=self._seconds if self._total is None else step.number,
            part=f"epoch {step.epoch}{self._epochs}",
            done=f"{step.number:,}{self._of}",
            numbers=self._numbers(step),
        )

    def _numbers(self, step: Step) -> str:
        """Say how it goes: loss, learning rate, speed, and the time that is left."""
        seconds = max(self._seconds, 1e-9)
        texts, tokens = self._texts / seconds, self._tokens / seconds
        left = self._left(step)
        padding = step.computed / step.tokens - 1
        lr = f"{step.lr:.1e}" if step.lr else "0"
        if err.width < NARROW:
            return f"loss {self._loss:.3f} lr {lr} {texts:,.0f} texts/s pad {padding:.0%} {left}"
        return (
            f"loss {self._loss:.3f}  lr {lr}  {texts:,.0f} texts/s  {tokens:,.0f} tokens/s  "
            f"padding {padding:.0%}  {left} left"
        )

    def _left(self, step: Step) -> str:
        """Say how much time is left."""
        if self._total is None:
            return written.clock(max((self._limit or 0.0) - self._seconds, 0.0))
        return written.clock((self._total - step.number) * self._seconds / max(self._steps, 1))

    def _epoch_ended(self, last: Step, seconds: float) -> None:
        """Say how long an epoch of the run took, where no validation at its end does."""
        if self._task is not None and last.number != self._judged[0] and not self._quiet:
            self._print(
                f"epoch {last.epoch}: {written.clock(seconds - self._epoch_began)} of training"
            )
        self._epoch_began = seconds

    def _validated(self, found: Validated) -> None:
        """Add a line to the table of validations, which begins with the names of its columns."""
        loss = _mean_loss(self._steps_seen)
        self._steps_seen.clear()
        trained = self._seconds - self._judged[1]
        self._judged = found.step, self._seconds
        self._last = time.perf_counter()
        if self._quiet:
            return
        if not self._keys:
            self._keys = _shown(found.metrics, found.metric)
            names = [f"{name:>{width}}" for name, width in COUNTS.items()]
            names += [f"{catalogue.title(key):>{_width(key)}}" for key in self._keys]
            self._print(f"[bold]{escape(''.join(names))}[/]")
        cells = [f"{found.epoch:>6g}{found.step:>8,}{number(loss):>10}"]
        cells += [f"{written.clock(trained):>9}{written.clock(found.seconds):>9}"]
        values = [number(catalogue.value(found.metrics, key)) for key in self._keys]
        cells += [
            f" {cell:>{_width(key) - 1}}" for cell, key in zip(values, self._keys, strict=True)
        ]
        star = "  [green]best[/]" if found.is_best else ""
        self._print(f"{''.join(cells)}{star}")


def _shown(metrics: Mapping[str, object], chosen: str) -> list[str]:
    """Name the columns of a validation that fit beside each other, the one that selects first."""
    keys = [chosen, *(key for key in headlines(metrics) if key != chosen)]
    free = (err.width if err.is_terminal else NARROW) - sum(COUNTS.values()) - len("  best")
    while len(keys) > 1 and sum(map(_width, keys)) > free:
        keys.pop()
    return keys


def _counted(at: AuxiliaryStep) -> str:
    """Say how many updates of how many are done."""
    return f"{at.step:,}" if at.steps is None else f"{at.step:,}/{at.steps:,}"


def _width(key: str) -> int:
    is_in_units = key in catalogue.METRICS and catalogue.METRICS[key].is_in_units
    return max(len(catalogue.title(key)), 9 if is_in_units else 5) + 2


def _mean_loss(steps: Sequence[Step]) -> float | None:
    """Return the mean loss of some updates, if there are any."""
    losses = [step.numbers()[0] for step in steps]
    return sum(losses) / len(losses) if losses else None
