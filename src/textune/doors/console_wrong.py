"""Where a model is wrong becomes tables on the screen: slices of the texts, words, labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from textune.doors.console import number, out, table
from textune.metrics import catalogue, written
from textune.tasks.shown import named

MOST_PAIRS = 5  # of labels that are taken for each other


def show(metrics: Mapping[str, Any]) -> None:
    """Print what is told of one part's errors, and its slices."""
    if told := metrics.get("without_leaks"):
        out.print(escape(f"  – {told['said']}"))
    wrong = metrics.get("wrong") or {}
    if pairs := wrong.get("confused"):
        out.print(escape(f"  – taken for each other: {confused_words(pairs)}"))
    for line in wrong.get("said", ()):
        out.print(escape(f"  – {line}"))
    for column, found in (metrics.get("by") or {}).items():
        _show_slices(column, found)


def confused_words(pairs: Sequence[Mapping[str, Any]], most: int = MOST_PAIRS) -> str:
    """Write the most frequent pairs of truth and decision."""
    said = []
    for one in pairs[:most]:
        true, given = (
            None if name is None else named(name) for name in (one["truth"], one["given"])
        )
        of = one["of"]
        share = f" of {of:,}" if of else ""
        if true is None:
            said.append(f"{given} where there is none ({one['n']:,})")
        elif given is None:
            said.append(f"{true} missed ({one['n']:,}{share})")
        else:
            said.append(f"{true} as {given} ({one['n']:,}{share})")
    return "; ".join(said)


def _show_slices(column: str, found: Mapping[str, Any]) -> None:
    """Print a line for each value of a column, and what the lines show."""
    key = found["metric"]
    rows = [
        (
            f"{one['value']}{' *' * one['is_shown']}",
            number(one["n"]),
            number(one[key]),
            written.interval(one["interval"]),
            "–" if one["difference"] is None else written.signed(one["difference"]),
            "–" if one["p"] is None else written.chance(one["p"]),
        )
        for one in found["slices"]
    ]
    heads = (column, "texts", catalogue.title(key), "95 % interval", "to the rest", "p")
    table(heads, rows, title=f"\nby {column} (p corrected for all comparisons; * shown)")
    for line in found["words"]:
        out.print(escape(f"  – {line}"))
    for reason in sorted({one["why"] for one in found["slices"] if one.get("why")}):
        out.print(escape(f"  – where there is no number: {reason}"))
