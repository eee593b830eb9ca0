"""A run becomes three sentences: what was learned from how much, how good it is, what to watch."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.errors import some
from textune.metrics import catalogue
from textune.report import pages, results
from textune.report.section import Part, Section, Subject, section
from textune.runs import openings
from textune.tasks import registry

MOST_NAMED = 6  # labels
LONGEST = 120  # characters of their names
FEW = 100  # texts by which little can be said
RARE = 5  # texts below which nothing is said of a label
LOOSE = 0.05  # calibration error from which it is worth a word


def summary(subject: Subject) -> Section:
    """Say what a reader with little time should know."""
    return section("summary", "Summary", "summary.html", {"sentences": sentences(subject)})


def sentences(subject: Subject) -> list[str]:
    """Return the three."""
    return [learned(subject), quality(subject), doubts(subject)]


def learned(subject: Subject) -> str:
    """Say what was learned, from how much."""
    task = str(subject.contract.get("task") or "")
    kind = _what(registry.of(task).words if task in registry.TASKS else task, subject)
    base = Path(str(subject.files.settings.get("base") or "")).name
    count = subject.card.splits.get("train")
    texts = f" from {_texts(count)}" if count else ""
    on = f", starting from {base}" if base else ""
    return f"This model learned to give {kind or 'an answer'}{_labels(subject)}{texts}{on}."


def _what(words: str, subject: Subject) -> str:
    """Say whether it is one number, and whether it is of two texts."""
    texts, labels = (subject.contract.get(name) or () for name in ("text", "label"))
    if len(labels) == 1:
        words = words.replace("numbers for", "a number for")
    return words.replace("a text", "a pair of texts") if len(texts) == 2 else words


def _labels(subject: Subject) -> str:
    """Name few labels, and count many."""
    labels = list(subject.card.labels)
    named = ", ".join(labels)
    if len(labels) < 2:
        return ""
    is_short = len(labels) <= MOST_NAMED and len(named) <= LONGEST
    return f" ({named})" if is_short else f" (of {len(labels)} labels)"


def quality(subject: Subject) -> str:
    """Say how good it is, with its interval, beside the best simple rule."""
    part = results.judged_part(subject.files.metrics)
    found = {} if part is None else subject.files.metrics[part]
    value = catalogue.value(found, subject.main)
    if part is None or value is None:
        return "No text was held out, so that nothing here says how good it is."
    known = subject.part(part)
    where = _where(known) if known else part
    interval = (found.get("intervals") or {}).get(subject.main)
    span = f" (95 % interval {pages.span(interval)})" if interval else ""
    right = found.get("accuracy")
    share = ""
    if known and known.is_single and right is not None and subject.main != "accuracy":
        share = f", and it is right about {pages.percent(right)} of them"
    title = catalogue.title(subject.main)
    beside = _beside(subject, value, interval)
    return f"On {where} its {title} is {pages.number(value)}{span}{share}{beside}."


def doubts(subject: Subject) -> str:
    """Say how sure that is, and the one or two things that matter most."""
    found = list(_doubts(subject))
    if not found:
        return "Nothing in its numbers or in the data calls for caution."
    return "To watch: " + "; ".join(found[:3]) + "."


def _doubts(subject: Subject) -> Iterator[str]:
    metrics = subject.files.metrics
    if metrics.get("at_chance"):
        yield str(metrics["at_chance"]).partition(";")[0].rstrip(".")
    name = results.judged_part(metrics)
    part = None if name is None else subject.part(name)
    if part is None:
        yield "judge it by texts that it has not seen before it is used"
        return
    is_chosen_by = part.name == "valid" and subject.files.capsule.get("steps") != 0
    if is_chosen_by and not part.found.get("cross_validation"):
        yield "by these texts the best weights were chosen, too, so that new ones may score less"
    if part.name == "test" and len(openings.read(subject.folder)) > 1:
        yield openings.said(subject.folder)
    if (part.found.get("n") or FEW) < FEW:
        yield f"{part.found['n']} texts are few, and another draw of them would score otherwise"
    if unmet := (part.found.get("rule") or {}).get("unmet"):
        yield f"what was asked of decisions cannot be promised for {some(unmet, MOST_NAMED)}"
    yield from _found_in(subject)
    yield from _weakest(part)
    ece = ((part.found.get("calibration") or {}).get("after") or {}).get("ece")
    if ece is not None and ece >= LOOSE:
        yield f"probabilities are off by {pages.number(ece, 2)} in the mean"


def _found_in(subject: Subject) -> Iterator[str]:
    """Name the gravest of what was found in the data."""
    order = ("error", "warning")
    graves = [one for one in subject.card.findings if one.get("severity") in order]
    graves.sort(key=lambda one: order.index(one["severity"]))
    if graves:
        words = str(graves[0].get("message", "")).partition("; first:")[0].rstrip(".")
        more = f" (and {len(graves) - 1} more findings)" if len(graves) > 1 else ""
        yield f"in the data, {words}{more}"


def _weakest(part: Part) -> Iterator[str]:
    """Name the label that the model gives worst, where it has some texts."""
    labels: Mapping[str, Any] = part.found.get("labels") or {}
    known = [
        (one["f1"], label, one["support"])
        for label, one in labels.items()
        if one.get("f1") is not None and (one.get("support") or 0) >= RARE
    ]
    if len(known) > 1:
        value, label, support = min(known)
        yield f"{label} is the weakest label (F1 {pages.number(value)} on {pages.count(support)})"


def _where(part: Part) -> str:
    count = part.found.get("n")
    crossed = part.found.get("cross_validation")
    if crossed:
        return part.title
    kinds = {"valid": "held-out texts", "test": "test texts"}
    kind = kinds.get(part.name, f"texts of {part.title}")
    return f"{pages.count(count)} {kind}" if count is not None else f"the {kind}"


def _beside(subject: Subject, value: float, interval: Sequence[float] | None) -> str:
    """Put the best of the simple rules beside a value."""
    metric = subject.main
    higher = catalogue.is_better_higher(metric)
    baselines = subject.files.metrics.get("baselines") or {}
    is_probe = subject.files.capsule.get("steps") == 0  # then the model is that head itself
    known = [
        (other, key)
        for key in catalogue.BASELINES
        if baselines.get(key)
        and (other := catalogue.value(baselines[key], metric)) is not None
        and not (key == "probe" and is_probe)
    ]
    if not known:
        return ""
    best, key = (max if higher else min)(known)
    name = catalogue.rule_in_words(key)
    verb = "better than" if (value > best if higher else value < best) else "no better than"
    if interval and interval[0] <= best <= interval[1]:
        verb = "not to be told, by so many texts, from"
    return f": {verb} the best simple rule beside it ({name}, {pages.number(best)})"


def _texts(count: int) -> str:
    return f"{pages.count(count)} text{'' if count == 1 else 's'}"
