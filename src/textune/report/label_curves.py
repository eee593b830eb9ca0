"""Probabilities of a label beside its truth become three drawings: ROC, precision-recall, bins."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from textune.metrics import reliability, tradeoffs
from textune.report import pages, shapes
from textune.report.bars import Cells

FEWEST = 30  # texts of which bins say something
BINS = 10


@dataclass(frozen=True, slots=True)
class Curves:
    """The drawings of one label."""

    label: str
    words: str  # how many texts have it
    drawings: tuple[tuple[str, Markup], ...]  # title and drawing; none where it has no texts


def draw(one: Cells, *, marked: bool) -> Curves:
    """Draw the curves of a label, with a dot for the threshold where one is to be moved."""
    having, texts = int(one.truth.sum()), len(one.truth)
    words = f"{pages.count(having)} of {pages.count(texts)} texts have it"
    if having in (0, texts):
        return Curves(one.label, f"{words}: no curve can be drawn", ())
    found = [
        (
            "ROC",
            shapes.square(
                f"ROC curve of {one.label}",
                ("false positive rate", "recall"),
                tradeoffs.roc(one.truth, one.chances),
                diagonal=True,
                mark="roc" if marked else "",
            ),
        ),
        (
            "Precision and recall",
            shapes.square(
                f"Precision and recall of {one.label}",
                ("recall", "precision"),
                tradeoffs.precision_recall(one.truth, one.chances),
                level=having / texts,
                mark="pr" if marked else "",
            ),
        ),
    ]
    if texts >= FEWEST:
        found.append(("Reliability", _bins(one)))
    return Curves(one.label, words, tuple(found))


def _bins(one: Cells) -> Markup:
    """Draw how often it is right beside how probable it was, in bins of equal counts."""
    truth = one.truth.astype(np.float64)
    found = reliability.curve(truth, one.chances, BINS)
    points = np.array([(each["mean"], each["share"]) for each in found])
    error = reliability.error(truth, one.chances)
    title = f"Reliability of {one.label}: calibration error {pages.number(error)}"
    return shapes.square(title, ("probability", "share right"), points, diagonal=True, dots=True)
