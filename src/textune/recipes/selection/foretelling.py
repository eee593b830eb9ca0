"""The points of a learning curve become a forecast, in numbers and in words."""

from collections.abc import Mapping
from typing import Any

from textune.metrics import catalogue, written
from textune.probing import forecast
from textune.runs.curves import FROZEN, TUNED, WAYS, LearningCurve

TIMES = {2: "twice as many", 4: "four times as many"}
UNKNOWN = "what more labels would buy cannot be told"


def foretell(curve: LearningCurve) -> dict[str, Any]:
    """Return what each way would score with more texts, and what that means in words."""
    ahead = {
        way: found
        for way in (FROZEN, TUNED)
        if (found := _ahead(curve.of(way), curve.metric, curve.texts))
    }
    return {"ahead": ahead, "words": _words(curve, ahead)}


def _ahead(scores: Mapping[int, float], metric: str, texts: int) -> dict[str, float]:
    """Return the score at more texts: of now, and what a power law adds; none where it adds none.

    Args:
        scores: Number of texts → score.
        metric: What the scores are.
        texts: That there are now.
    """
    limit = 1.0 if catalogue.is_better_higher(metric) else 0.0
    curve = forecast.fit(scores, limit=limit)
    if curve is None:
        return {}
    first, last = min(scores), max(scores)
    if abs(curve.at(last) - curve.at(first)) <= 2 * curve.error:  # it jumps more than it rises
        return {}
    bound = min if limit else max
    return {
        str(more): bound(limit, scores[last] + curve.at(more) - curve.at(last))
        for more in forecast.ahead(texts)
    }


def _words(curve: LearningCurve, ahead: Mapping[str, Mapping[str, float]]) -> str:
    """Say what more labels would buy by the way that scores best now."""
    now = curve.ways()
    title = catalogue.title(curve.metric)
    if not now:
        return f"{UNKNOWN}: no part of the texts could be tried"
    sign = 1 if catalogue.is_better_higher(curve.metric) else -1
    way = max(now, key=lambda each: sign * now[each][max(now[each])])
    if way not in ahead and len(now[way]) < forecast.FEWEST:  # of fine-tuning there was no time
        way = next(iter(ahead), way)
    scores = now[way]
    if len(scores) < forecast.FEWEST:
        return f"{UNKNOWN}: too few parts of the texts could be tried"
    if way not in ahead:
        verb = "rise" if sign > 0 else "fall"
        return f"{UNKNOWN}: {title} does not {verb} steadily with the number of texts"
    current = scores[max(scores)]
    later = {times: ahead[way][str(times * curve.texts)] for times in TIMES}
    more = [
        f"{name} labels: about {written.decimals(later[times])}" for times, name in TIMES.items()
    ]
    now_words = f"now {written.decimals(current)}{_interval(curve, current)}"
    within = _within(curve, {times: value - current for times, value in later.items()})
    return f"{more[0]} ({now_words}), {more[1]} ({title} of {WAYS[way]}, by a power law){within}"


def _interval(curve: LearningCurve, current: float) -> str:
    """Say between what the run's score lies, and that score itself where it is another one."""
    if curve.interval is None or curve.score is None:
        return ""
    span = written.span(curve.interval)
    if written.decimals(curve.score) == written.decimals(current):
        return f", 95 % interval {span}"
    return f"; the run has {written.decimals(curve.score)}, 95 % interval {span}"


def _within(curve: LearningCurve, gains: Mapping[int, float]) -> str:
    """Say which gains are no larger than chance makes the run's score err."""
    if curve.interval is None or curve.score is None:
        return ""
    low, high = curve.interval
    inside = [times for times, gain in gains.items() if low <= curve.score + gain <= high]
    if not inside:
        return ""
    which = "both lie" if len(inside) == len(TIMES) else f"{TIMES[inside[0]]} would lie"
    return f"; {which} within that interval: so small a gain may be chance"
