"""Probabilities beside the truth become how far they can be trusted: calibration error, bins.

Expected calibration error over bins of equal counts: Naeini et al., 2015; Nguyen & O'Connor, 2015.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
MOST_SHOWN = 12  # labels that are named
KINDS = {
    "temperature": "by a temperature",
    "labels": "by a scale and a shift for each label",
    "isotonic": "by a rising curve for each label",
}
Floats = NDArray[np.float64]


def error(is_right: Floats, chances: Floats, bins: int = BINS) -> float | None:
    """Return the mean distance of probability and share of right ones, over bins; None of none.

    Args:
        is_right: (N,) 0 and 1.
        chances: (N,).
        bins: Of equal counts.

    Example:
        >>> error(np.array([1.0, 0.0]), np.array([0.5, 0.5]), bins=1)
        0.0
    """
    found = curve(is_right, chances, bins)
    count = sum(each["n"] for each in found)
    if not count:
        return None
    return float(sum(each["n"] * abs(each["share"] - each["mean"]) for each in found) / count)


def curve(is_right: Floats, chances: Floats, bins: int = BINS) -> list[dict[str, Any]]:
    """Return for each bin its items `n`, their `mean` probability and the `share` that is right."""
    order = np.argsort(chances, kind="stable")
    parts = np.array_split(order, min(bins, max(len(order), 1)))
    return [
        {
            "n": len(part),
            "mean": float(chances[part].mean()),
            "share": float(is_right[part].mean()),
        }
        for part in parts
        if len(part)
    ]


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Say in words how a part was decided, and how far that can be trusted.

    Args:
        report: Of a part, as `metrics.json` has it.
    """
    rule = report.get("rule") or {}
    if rule.get("thresholds") and rule["kind"] == "threshold":
        shown = [f"{name} {bar:.3g}" for name, bar in list(rule["thresholds"].items())[:MOST_SHOWN]]
        more = len(rule["thresholds"]) - len(shown)
        rest = f" and {more:,} more in decision.json" if more else ""
        yield f"thresholds for {rule['aim'] or 'the remedy'}: {', '.join(shown)}{rest}"
    if rule.get("unmet"):
        names = ", ".join(rule["unmet"][:MOST_SHOWN])
        yield f"{rule['aim']} cannot be promised by so few texts, or such scores, for: {names}"
    if told := report.get("calibration"):
        before, after = told["before"], told["after"]
        changes = ", ".join(
            f"{words} {before[key]:.3f} → {after[key]:.3f}"
            for key, words in (("log_loss", "log loss"), ("ece", "calibration error"))
            if None not in (before[key], after[key])
        )
        yield f"probabilities are calibrated ({KINDS.get(told['kind'], told['kind'])}): {changes}"
    if told := report.get("abstention"):
        right = "" if told["right"] is None else f", {told['right']:.1%} of them rightly"
        promised = "" if told["is_promised"] else ", which these texts cannot promise"
        yield (
            f"{told['coverage']:.1%} of the texts are decided{right} ({told['asked']:.0%} was "
            f"asked{promised})"
        )
    if told := report.get("sets"):
        yield (
            f"sets of classes hold the right one of {told['coverage']:.1%} of the texts "
            f"({told['asked']:.0%} was asked), with {told['mean_size']:.2f} classes in the mean; "
            f"{told['empty']:.1%} are empty"
        )
