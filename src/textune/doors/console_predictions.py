"""What a model said of texts becomes lines on the screen, or an object a line for programs."""

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

from rich.markup import escape

from textune.doors.console import counting, out, show_json
from textune.errors import one_line
from textune.records import Prediction

if TYPE_CHECKING:  # numpy
    from textune.predicting.suggesting import Suggestions
    from textune.tasks.shown import Line

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
            out.print(_looking(line))


def show_suggestions(found: "Suggestions") -> None:
    """Print a line for each text to label next: rank, uncertainty, answer and text; with a head."""
    from textune.tasks import registry  # numpy

    show = registry.of(found.task).show
    unsure = "" if found.uncertainty is None else "  uncertainty (0: sure, 1: not at all),"
    out.print(f"[dim]rank{unsure} what the model says at present, the text[/]")
    for number, item in enumerate(found.predictions):
        unsure = "" if found.uncertainty is None else f"  {found.uncertainty[number]:.3f}"
        out.print(f"[dim]{number + 1:>4}{unsure}[/]  {_looking(next(iter(show(item))))}")


def _looking(line: "Line") -> str:
    """Mark up the parts of a line, which stays one whatever texts hold."""
    parts = ((escape(one_line(text)), look) for text, look in line)
    return "".join(f"[{look}]{text}[/]" if look else text for text, look in parts)


def counted(steps: Generator[int, None, Made], *, what: str) -> Made:
    """Show how many rows are done while something long goes on; return what it made."""
    made: list[Made] = []

    def keep() -> Generator[int, None, None]:
        made.append((yield from steps))

    for _ in counting(keep(), what=what):
        pass
    return made[0]
