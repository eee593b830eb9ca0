"""What a model said of texts becomes lines on the screen, or an object a line for programs."""

from collections.abc import Iterable

from rich.markup import escape

from textune.doors.console import out, show_json
from textune.records import Prediction


def show_predictions(found: Iterable[Prediction], task: str, *, as_json: bool) -> None:
    """Print what was said of each text, as its task has it."""
    from textune.tasks import registry  # numpy

    kind = registry.of(task)
    for item in found:
        if as_json:
            given = {"text": item.text, "labels": list(item.labels), "scores": dict(item.scores)}
            show_json(given | kind.plain(item))
            continue
        for line in kind.show(item):
            parts = (f"[{look}]{escape(text)}[/]" if look else escape(text) for text, look in line)
            out.print("".join(parts))
