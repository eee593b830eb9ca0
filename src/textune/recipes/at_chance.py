"""What a run scored, beside simple rules, becomes a word of warning, or none."""

from collections.abc import Iterator, Mapping
from typing import Any

from textune.metrics import catalogue, metrics, written
from textune.recipes import outdone
from textune.records import Message
from textune.runs.written import Best

BLIND = ("majority", "mean")  # baselines that read no text
PARTS = {"valid": "held-out", "test": "test"}
TUNING = "fine-tuning (leave --effort quick out)"
RANKS = ("mcc", "accuracy", "macro_f1", "micro_f1", "balanced_accuracy", "weighted_f1")
# metrics of decisions, which another rule may make better
NONE = ("mcc", "pearson", "spearman", "f1", "macro_f1", "exact_match")  # at 0 nothing was found


def doubted(numbers: dict[str, Any], train: Any) -> Iterator[Message]:
    """Say where a model is no better than chance, or than single words, and write that.

    Args:
        numbers: Of the run.
        train: Its settings of the training.
    """
    found = renewed(numbers, effort=getattr(train, "effort", None))
    if found is not None:
        yield found


def renewed(numbers: dict[str, Any], *, effort: object) -> Message | None:
    """Write what a run's numbers are beside such rules, in place of what other decisions were."""
    for key in ("at_chance", "outdone"):
        numbers.pop(key, None)
    if (doubt := remark(numbers, is_tuned=effort != "quick")) is not None:
        numbers["at_chance"] = doubt.text
        return doubt
    part = PARTS.get((numbers.get("baselines") or {}).get("part", ""), "")
    if (doubt := outdone.remark(numbers, part)) is not None:
        numbers["outdone"] = doubt.text
    return doubt


def remark(numbers: Mapping[str, Any], *, is_tuned: bool = True) -> Message | None:
    """Say that a model is no better than answers that read no text, or cannot be told from them.

    Args:
        numbers: Of the run.
        is_tuned: Whether its encoder was fine-tuned, by settings of which others may help.
    """
    simple, metric = numbers.get("baselines") or {}, Best.of(numbers).metric
    found = numbers.get(simple.get("part", ""))
    if not isinstance(found, Mapping):
        return None
    value, chance = catalogue.value(found, metric), _chance(simple, metric)
    if value is None or chance is None:
        return None
    span = (found.get("intervals") or {}).get(metric)
    where = f"on {found['n']:,} {PARTS.get(simple['part'], '')} texts" if found.get("n") else ""
    interval = f" (95 % interval {written.interval(span)})" if span else ""
    score = f"{catalogue.title(metric)} {written.decimals(value)}{interval} {where}".rstrip()
    beside = f"answers that read no text have {written.decimals(chance)}"
    ranked = _ranked(found, metric)
    what = "the decisions are" if ranked else "the model is"
    if not metrics.better(metric, value, chance):
        ways = ranked or _ways(simple, metric, is_tuned=is_tuned)
        return Message(f"{what} no better than chance: {score}; {beside}. {ways}", is_warning=True)
    if span is not None and not all(metrics.better(metric, end, chance) for end in span):
        more = ranked or "More labelled texts, or --valid FILE with more of them, would tell"
        what = "decisions" if ranked else "model"
        return Message(f"the {what} cannot be told from chance: {score}; {beside}. {more}")
    return None


def _ranked(found: Mapping[str, Any], metric: str) -> str:
    """Say how to decide better, where it is the plain rule that fails, and not probabilities."""
    span = (found.get("intervals") or {}).get("roc_auc")
    if metric not in RANKS or found.get("rule") or not span or span[0] <= 0.5:
        return ""
    return (
        "Its probabilities rank texts better than chance does, by ROC-AUC "
        f"{written.decimals(found['roc_auc'])} (95 % interval {written.interval(span)}); a rule "
        "fitted for F1 may decide better: textune decide RUN --aim f1"
    )


def _chance(simple: Mapping[str, Any], metric: str) -> float | None:
    """Return what answers that read no text score; None where that is not known."""
    blind: Mapping[str, Any] = next((simple[key] for key in BLIND if key in simple), {})
    known = catalogue.value(blind, metric)
    if known is None and metric in NONE:
        return 0.0
    return None if known is None else float(known)


def _ways(simple: Mapping[str, Any], metric: str, *, is_tuned: bool) -> str:
    """Say what may help: it depends on whether words alone tell the labels."""
    tuning = "try another --lr, more --epochs" if is_tuned else f"try {TUNING}"
    words = catalogue.value(simple.get("tfidf") or {}, metric)
    chance = _chance(simple, metric)
    if words is not None and metrics.better(metric, words, chance):
        return (
            f"Single words tell more ({written.decimals(words)} by TF-IDF), so there is something "
            f"to learn: {tuning}, another --base"
        )
    return (
        "What may help: more labelled texts, a look at labels that contradict each other (textune "
        f"check), another --base, {'more --epochs' if is_tuned else TUNING}"
    )
