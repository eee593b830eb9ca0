"""Intervals of few texts become those that so few can have; what is left out is told.

How far losses and errors spread cannot be told from one text, nor from two: of populations with
known numbers, intervals of one text held log loss in 6 samples of 10 and RMSE in none; of two texts
RMSE in 7 of 10, and Pearson's r, which is 1 or -1 there, in none. Shares, and what is drawn with
texts that nobody saw (`plausible`), hold of one text, too.
"""

from collections.abc import Mapping
from typing import Any

from textune.metrics import catalogue

FEWEST = {  # texts of which a number has an interval; of all others one is enough
    "log_loss": 2,
    **dict.fromkeys(("loss", "perplexity", "masked_accuracy", "nsp_loss", "nsp_accuracy"), 2),
    **dict.fromkeys(("rmse", "mae"), 3),
    **dict.fromkeys(("pearson", "spearman"), 5),  # ranks of fewer are often all alike
}
OF_SEVERAL = dict.fromkeys(("mcc", "macro_mcc"), 5)  # labels: few texts have each of them
NEVER = ("pr_auc",)  # it has no interval, however many texts there are


def spared(
    spans: Mapping[str, list[float]], texts: int, *, several: bool = False
) -> dict[str, list[float]]:
    """Leave out the intervals that so few texts cannot have.

    Args:
        spans: Intervals by their metrics' names.
        texts: Of which they are.
        several: Whether a text may have several labels.

    Example:
        >>> spared({"accuracy": [0.2, 1.0], "log_loss": [0.3, 0.3]}, 1)
        {'accuracy': [0.2, 1.0]}
    """
    least = FEWEST | (OF_SEVERAL if several else {})
    return {key: span for key, span in spans.items() if texts >= least.get(key, 1)}


def reason(report: Mapping[str, Any]) -> str | None:
    """Say which numbers of a part have no interval because its texts are few; None where all have.

    Args:
        report: Of a part, as `metrics.json` has it.
    """
    texts, spans = report.get("n"), report.get("intervals")
    most = max({**FEWEST, **OF_SEVERAL}.values())
    if spans is None or not texts or texts >= most:
        return None
    lacking = [
        title
        for key, title in catalogue.HEADLINES.items()
        if report.get(key) is not None and key not in spans and key not in NEVER
    ]
    if not lacking:
        return None
    few = "1 text does" if texts == 1 else f"{texts} texts do"
    return f"no interval of {', '.join(lacking)}: {few} not show how much texts differ"
