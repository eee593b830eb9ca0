"""What a run scored, beside rules of single words, becomes a word of warning, or none."""

from collections.abc import Mapping
from typing import Any

from textune.metrics import catalogue, metrics, written
from textune.records import Message
from textune.runs.written import Best

RULES = ("tfidf", "centroid", "word", "sentence")  # that a user tries first: no base, no updates
WAYS = (
    "The base may know too little of their language or their words: another --base, or `textune "
    "adapt` on texts like these before, may help; `textune check` says what it reads of them"
)


def remark(numbers: Mapping[str, Any], part: str) -> Message | None:
    """Say that a simple rule answers better than the model, beyond what chance would make.

    Args:
        numbers: Of the run.
        part: In words, the texts that both were judged by: "held-out".

    Returns:
        None where no rule's metric lies beyond the model's 95 % interval, on the better side.
    """
    simple, metric = numbers.get("baselines") or {}, Best.of(numbers).metric
    found = numbers.get(simple.get("part", "")) or {}
    value, span = catalogue.value(found, metric), (found.get("intervals") or {}).get(metric)
    if value is None or not span:
        return None
    scores = {key: catalogue.value(simple.get(key) or {}, metric) for key in RULES}
    better = {
        key: score
        for key, score in scores.items()
        if score is not None and all(metrics.better(metric, score, end) for end in span)
    }
    if not better:
        return None
    best = (max if catalogue.is_better_higher(metric) else min)(better, key=lambda key: better[key])
    return Message(
        f"{catalogue.rule_in_words(best)} answers better than the model: {catalogue.title(metric)} "
        f"{written.decimals(better[best])}, the model has {written.decimals(value)} (95 % interval "
        f"{written.interval(span)}) on {found['n']:,} {part} texts. {WAYS}",
        is_warning=True,
    )
