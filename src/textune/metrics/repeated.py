"""What several trainings scored becomes a mean and a standard deviation of each metric."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from textune.metrics import catalogue, written
from textune.metrics.catalogue import METRICS


def values(found: Sequence[Mapping[str, Any]], metric: str = "") -> dict[str, list[float]]:
    """Return what each metric was in each report, of metrics that all of them have.

    Args:
        found: Reports of the same task.
        metric: One that is no metric of all labels together, as "labels.good.f1".
    """
    known: dict[str, list[float]] = {}
    for name in dict.fromkeys([*METRICS, metric]):
        mine = [catalogue.value(one, name) for one in found]
        if all(isinstance(value, int | float) for value in mine):
            known[name] = [float(value) for value in mine]
    return known


def spread(
    found: Sequence[Mapping[str, Any]], metric: str = ""
) -> dict[str, dict[str, float | None]]:
    """Give mean and standard deviation of each metric that all reports have.

    The deviation is None of a single one.
    """
    return {
        name: {
            "mean": statistics.fmean(mine),
            "deviation": statistics.stdev(mine) if len(mine) > 1 else None,
        }
        for name, mine in values(found, metric).items()
    }


def words(one: Mapping[str, float | None]) -> str:
    """Write a mean and its deviation.

    Example:
        >>> words({"mean": 0.5, "deviation": 0.0123}), words({"mean": 0.5, "deviation": None})
        ('0.500 ± 0.012', '0.500')
    """
    mean, deviation = one["mean"], one["deviation"]
    assert mean is not None
    shown = written.decimals(mean)
    return shown if deviation is None else f"{shown} ± {written.decimals(deviation)}"
