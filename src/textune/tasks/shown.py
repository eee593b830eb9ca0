"""A Prediction becomes lines for people: parts of text, each with how it looks."""

from collections.abc import Iterator, Mapping
from typing import Any

from textune.errors import one_line
from textune.records import Entity, Prediction

MOST_SCORES = 6
MOST_CHARACTERS = 80  # of a text
MOST_OF_NAME = 100  # characters of a label
Line = tuple[tuple[str, str], ...]  # texts, each with its look: "bold", "dim" or ""


def labels(item: Prediction, *, none: str = "(no label)") -> Iterator[Line]:
    """Show what was decided beside the text, and below it the likeliest labels."""
    decided = ", ".join(map(named, item.labels))
    yield head(decided or ("(undecided)" if item.undecided else none), item.text)
    if item.members is not None:
        listed = ", ".join(map(named, item.members)) or "none is likely enough"
        yield ("    ", ""), (f"set: {listed}", "")
    if item.scores:
        yield ("    ", ""), (scores(item.scores), "dim")


def no_more(item: Prediction) -> dict[str, Any]:
    """Return what a program is told beside text, labels and scores: what is left open, sets."""
    found: dict[str, Any] = {"undecided": True} if item.undecided else {}
    return found if item.members is None else found | {"set": list(item.members)}


def head(decided: str, text: str) -> Line:
    """Show a decision, and after it the text, shortened."""
    return (decided, "bold"), (f"\t{short(text)}", "")


def named(label: str) -> str:
    """Write a label on one line, cut where it is endless."""
    return one_line(label, most=MOST_OF_NAME)


def placed(found: Entity) -> Line:
    """Show a stretch of a text, its place and its probability."""
    return (f"{found.text}  ", ""), (f"{found.start}-{found.end}  {found.score:.3f}", "dim")


def short(text: str) -> str:
    """Write a text on one line, cut where it is long."""
    is_long = len(text) > MOST_CHARACTERS
    return one_line(f"{text[: MOST_CHARACTERS - 3]}…" if is_long else text)


def scores(found: Mapping[str, float]) -> str:
    """Write the likeliest labels with their probabilities."""
    ranked = sorted(found.items(), key=lambda pair: -pair[1])[:MOST_SCORES]
    return "  ".join(f"{named(name)} {share:.3f}" for name, share in ranked)
