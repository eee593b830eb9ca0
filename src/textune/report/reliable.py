"""A table of answers becomes the picture of how far its probabilities can be trusted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from markupsafe import Markup
from numpy.typing import NDArray

from textune.metrics import reliability
from textune.report import drawn, mistakes, pictures
from textune.report.pictures import PAGE
from textune.storage import columns

Floats = NDArray[np.float64]
SIZE = (5.4, 3.4)  # inches, as wide as other pictures
FEWEST = 30  # answers of which a picture says something
BINS = 10
TITLE = "Probability, and how often it is right"


def draw(table: pa.Table, labels: Sequence[str], *, single: bool) -> list[tuple[str, Markup]]:
    """Draw how often answers are right beside the probability that the model gave them.

    Of one label a text these are the likeliest classes, of several the cells of all labels, in bins
    of equal counts. Nothing is drawn of tables without probabilities, or of too few answers.

    Args:
        table: Of predictions whose truth is known.
        labels: Names of the outputs.
        single: Whether a text has exactly one of them.
    """
    names = [f"p({label})" for label in labels]
    if not names or not set(names) <= set(table.column_names):
        return []
    chances = np.stack([columns.array(table[name]) for name in names], axis=1)
    right = mistakes.marks(table["truth"], labels, single=single).astype(np.float64)
    if single:
        best = chances.argmax(axis=1)
        rows = np.arange(len(best))
        right, chances = right[rows, best], chances[rows, best]
    elif "unscored" in table.column_names:
        is_judged = ~mistakes.marks(table["unscored"], labels, single=False)
        right, chances = right[is_judged], chances[is_judged]
    right, chances = right.ravel(), chances.ravel()
    if len(right) < FEWEST or not np.isfinite(chances).all():
        return []
    points = [(one["mean"], one["share"]) for one in reliability.curve(right, chances, BINS)]
    return [(TITLE, drawn.once(_picture, (points, reliability.error(right, chances))))]


def _picture(shown: tuple[list[tuple[Any, Any]], float | None]) -> Markup:
    points, error = shown
    figure, axes = pictures.canvas(PAGE, size=SIZE)
    axes.plot([0, 1], [0, 1], color=PAGE.ink, linewidth=1, linestyle="--")
    means, shares = zip(*points, strict=True)
    axes.plot(means, shares, color=PAGE.accent, marker="o", markersize=4, linewidth=1.4)
    axes.set_xlabel("probability, mean of a bin", color=PAGE.ink)
    axes.set_ylabel("share that is right", color=PAGE.ink)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.grid(color=PAGE.faint, linewidth=0.6)
    axes.set_title(f"calibration error {error:.3f}", fontsize=9, color=PAGE.ink)
    return pictures.svg(figure, f"{TITLE}: calibration error {error:.3f}")
