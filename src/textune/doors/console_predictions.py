"""What a model said of texts becomes lines on the screen, or an object a line for programs."""

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

from rich.markup import escape

from textune.doors.console import counting, out, show_json
from textune.records import Prediction

if TYPE_CHECKING:  # numpy
    from textune.predicting.suggesting import Suggestions

Made = TypeVar("Made")


def show_predictions(found: Iterable[Prediction], task: str, *, as_json: bool) -> None:
    """Print what was said of each text, as its task has it."""
    from textune.predicting import telling  # numpy
    from textune.tasks import registry

    kind = registry.of(task)
    for item in found:
        if as_json:
            show_json(telling.to_json(item, task))
            continue
        for line in kind.show(item):
            parts = (f"[{look}]{escape(text)}[/]" if look else escape(text) for text, look in line)
            out.print("".join(parts))


def show_suggestions(found: "Suggestions") -> None:
    """Print a line for each text to label next: rank, uncertainty, answer and text."""
    from textune.tasks import registry  # numpy

    show = registry.of(found.task).show
    for number, item in enumerate(found.predictions):
        unsure = "" if found.uncertainty is None else f"  {found.uncertainty[number]:.3f}"
        line = next(iter(show(item)))
        parts = (f"[{look}]{escape(text)}[/]" if look else escape(text) for text, look in line)
        out.print(f"[dim]{number + 1:>4}{unsure}[/]  {''.join(parts)}")


def counted(steps: Generator[int, None, Made], *, what: str) -> Made:
    """Show how many rows are done while something long goes on; return what it made."""
    made: list[Made] = []

    def keep() -> Generator[int, None, None]:
        made.append((yield from steps))

    for _ in counting(keep(), what=what):
        pass
    return made[0]
