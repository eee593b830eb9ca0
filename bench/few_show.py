"""Cells become the tables and lines that people read."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.few_jobs import OURS, SYSTEMS
from bench.few_summary import ERRORS, Cell, Comparison, Overall, Spread, overall

LAST = 200  # characters of an error that are shown
PLACES = {  # which of the metrics of each cell are averaged
    "accuracy, micro F1, MCC, Spearman, F1": 0,
    "macro F1, MCC, Spearman, F1": -1,
}


def in_words(record: Mapping[str, Any]) -> str:
    """Say what one training gave."""
    said = f"{record['set']}, {record['rows']} rows, draw {record['draw']}, {record['system']}"
    if record["error"]:
        return f"{said}: FAILED: {record['error'][-LAST:].strip()}"
    scores = ", ".join(f"{name} {value:.3f}" for name, value in record["scores"].items())
    return f"{said} ({record['train']} in all): {scores}; {record['seconds']:.1f} s"


def show(cells: Sequence[Cell], records: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print each cell, the means over cells, and what failed."""
    for cell in cells:
        console.print(table(cell))
        for each in cell.comparisons:
            console.print(compared(each), highlight=False)
    below = [
        f"{cell.name} {cell.rows} {each.metric}"
        for cell in cells
        for each in cell.comparisons
        if each.is_below
    ]
    count = sum(len(cell.comparisons) for cell in cells)
    console.print(f"below the best of the others: {len(below)} of {count} {', '.join(below)}")
    for title, place in PLACES.items():
        console.print(means(overall(cells, place=place), title))
    for record in records:
        if record["error"]:
            console.print(in_words(record), highlight=False)


def table(cell: Cell) -> Table:
    """Return scores ± deviation over the draws, and seconds, of each program."""
    found = Table(title=f"{cell.name}, {cell.rows} rows; mean ± deviation over draws")
    found.add_column("program")
    names = list(next(iter(cell.scores.values())))
    for heading in (*names, "seconds", "draws"):
        found.add_column(heading, justify="right")
    for system in (name for name in SYSTEMS if name in cell.scores):
        scores = cell.scores[system]
        draws = str(next(iter(scores.values())).count)
        each = [number(scores[name]) for name in names]
        found.add_row(system, *each, f"{cell.seconds[system]:.1f}", draws)
    return found


def number(spread: Spread) -> str:
    """Write a mean, and its deviation where there is one."""
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.4f}"
    return f"{spread.mean:.4f}{deviation}"


def compared(found: Comparison) -> str:
    """Say how textune stands to the best of the others."""
    error = found.difference.error
    said = f"{found.metric}: textune minus {found.best}: {found.difference.mean:+.4f}"
    if error is None:
        return f"{said}; one draw shows no difference from noise"
    said = f"{said} (standard error {error:.4f})"
    if found.is_below:
        return f"{said}: BELOW by more than {ERRORS} standard errors"
    return f"{said}: not below by more than {ERRORS} standard errors"


def means(found: Sequence[Overall], title: str) -> Table:
    """Return the means over the cells that textune and another have."""
    made = Table(title=f"mean over the cells that both have, of {title}")
    made.add_column("program")
    for heading in ("cells", OURS, "theirs", "difference", "textune seconds", "their seconds"):
        made.add_column(heading, justify="right")
    for each in found:
        made.add_row(
            each.system,
            str(each.cells),
            f"{each.ours:.4f}",
            f"{each.theirs:.4f}",
            f"{each.ours - each.theirs:+.4f}",
            f"{each.our_seconds:.1f}",
            f"{each.their_seconds:.1f}",
        )
    return made
