"""What a model said of texts becomes lines on the screen, or an object a line for programs."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from textune.doors.console import out, show_json
from textune.records import OUTSIDE, PASSAGES, Entity, Prediction

MOST_SCORES = 6
MOST_CHARACTERS = 80


def show_predictions(found: Iterable[Prediction], *, as_json: bool) -> None:
    """Print what was said of each text, as its task has it."""
    for item in found:
        if as_json:
            show_json(_plain(item))
        elif item.asks == "words":
            _show_tags(item)
        elif item.asks == PASSAGES:
            _show_answers(item)
        else:
            _show_labels(item)


def _plain(item: Prediction) -> dict[str, Any]:
    """Give a prediction as plain values, without what its task does not have."""
    found: dict[str, Any] = {
        "text": item.text,
        "labels": list(item.labels),
        "scores": dict(item.scores),
    }
    if item.numbers:
        found["numbers"] = dict(item.numbers)
    if item.asks == "words":
        found["words"] = [list(word) for word in item.words]
        found["entities"] = [asdict(entity) for entity in item.entities]
    if item.asks == PASSAGES:
        places = ("text", "start", "end", "score")
        found[PASSAGES] = [{key: getattr(one, key) for key in places} for one in item.entities]
    return found


def _show_labels(item: Prediction) -> None:
    if item.numbers:
        shown = "  ".join(f"{name} {value:.4g}" for name, value in item.numbers.items())
        out.print(f"[bold]{escape(shown)}[/]\t{escape(_short(item.text))}")
        return
    labels = ", ".join(item.labels) or "(no label)"
    out.print(f"[bold]{escape(labels)}[/]\t{escape(_short(item.text))}")
    out.print(f"    [dim]{escape(_scores(item.scores))}[/]")


def _show_tags(item: Prediction) -> None:
    """Print a text, and below it what tags mark in it; tags that stand alone beside their words."""
    out.print(f"[bold]{escape(_short(item.text))}[/]")
    for found in item.entities:
        out.print(f"    {escape(found.label)}  {_placed(found)}")
    if item.entities:
        return
    if set(item.labels) <= {OUTSIDE}:
        out.print("    [dim](nothing)[/]")
        return
    tags = zip(item.words, item.labels, strict=True)
    pairs = [f"{escape(item.text[start:end])}[dim]/{escape(tag)}[/]" for (start, end), tag in tags]
    out.print(f"    {' '.join(pairs)}")


def _show_answers(item: Prediction) -> None:
    """Print the answer that was decided on beside its question, and below them the likeliest."""
    answer = ", ".join(item.labels) or "(no answer)"
    out.print(f"[bold]{escape(answer)}[/]\t{escape(_short(item.text))}")
    for found in item.entities:
        out.print(f"    {_placed(found)}")
    if item.scores:
        out.print(f"    [dim]{escape(_scores(item.scores))}[/]")


def _placed(found: Entity) -> str:
    return f"{escape(found.text)}  [dim]{found.start}-{found.end}  {found.score:.3f}[/]"


def _scores(scores: Mapping[str, float]) -> str:
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])[:MOST_SCORES]
    return "  ".join(f"{name} {share:.3f}" for name, share in ranked)


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}…"
