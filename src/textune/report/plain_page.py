"""The files of a run on plain text become what its page shows: what became of held-out text."""

import math
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import cast

from textune.metrics.catalogue import METRICS, Metric
from textune.metrics.metrics import Report
from textune.report import learned, pages
from textune.report.section import Section, Subject, section
from textune.runs.typed import PlainCard, PlainMetrics, Proved, Warmup

OBJECTIVES = {
    "mlm": "masked tokens",
    "mlm+nsp": "masked tokens and next sentence",
    "nsp": "next sentence",
}
PARTS = {"before": "Before", "valid": "After"}
APART = ": the 95 % intervals do not overlap"
MINUS = "\N{MINUS SIGN}"


def said(subject: Subject) -> list[str]:
    """Say what became of held-out text, and beside what that is to be read."""
    parts, metrics = _parts(subject), cast("PlainMetrics", subject.files.metrics)
    return [_verdict(parts.get("before", {}), parts.get("valid", {})), *_notes(metrics)]


def table(subject: Subject) -> tuple[list[str], list[dict[str, object]]]:
    """Return the measures of held-out text, with their values and intervals, and the heads."""
    parts = _parts(subject)
    rows = pages.scores(MEASURES, list(parts.values()), show=_shown)
    return [PARTS[key] for key in parts], rows


def result(subject: Subject) -> Section | None:
    """Say what became of held-out text."""
    parts = _parts(subject)
    verdict, *notes = said(subject)
    titles, rows = table(subject)
    values = {
        "verdict": verdict,
        "notes": notes,
        "titles": titles,
        "table": rows,
        "has_spans": any(part.get("intervals") for part in parts.values()),
        "measured": _measured(parts.get("valid") or {}),
    }
    return section("result", "Result", "plain_result.html", values)


def _parts(subject: Subject) -> dict[str, Report]:
    metrics = subject.files.metrics
    return {key: metrics[key] for key in PARTS if metrics.get(key)}


def proved(subject: Subject) -> Section | None:
    """Show what the training was worth to a labelled task."""
    found = _prove(subject.files.metrics.get("prove") or {})
    if found is None:
        return None
    title = "On a labelled task, without and with this training"
    return section("proved", title, "proved.html", {"prove": found})


def training(subject: Subject) -> Section | None:
    """Show how it learned, and the head alone before."""
    return learned.trained(subject, warmup=_warmup(subject.files.metrics.get("warmup") or {}))


def data(subject: Subject) -> Section | None:
    """Show what was read, and into what it was cut."""
    card = subject.files.card
    if not card:
        return None
    values = {"card": card, "sizes": _sizes(card), "passages": _passages(card)}
    return section("data", "What was read", "plain_data.html", values)


def _perplexity(value: float | None) -> str:
    """Write three digits or more: a model that knows nothing reaches tens of thousands."""
    if value is None or not math.isfinite(value):
        return pages.UNKNOWN
    if value >= 1e9:
        return f"{value:.1e}"
    if value >= 1000:
        return pages.count(round(value))
    return pages.number(value, 1 if value >= 10 else 2)


MEASURES = tuple(  # the two of the verdict first
    METRICS[name] for name in ("perplexity", "masked_accuracy", "loss", "nsp_accuracy", "nsp_loss")
)


def _shown(measure: Metric, value: float | None) -> str:
    if measure.name == "perplexity":
        return _perplexity(value)
    return pages.percent(value) if "accuracy" in measure.name else pages.number(value)


def facts(
    metrics: PlainMetrics, card: PlainCard, settings: Mapping[str, object]
) -> list[tuple[str, str]]:
    """Name what was learned, on what base, and from how much."""
    objective = str(metrics.get("objective") or "")
    splits = card.get("splits") or {}
    counts = {
        "Documents": card.get("documents"),
        "Tokens": card.get("tokens"),
        "Held-out documents": splits.get("valid") or (metrics.get("valid") or {}).get("n"),
        "Added words": metrics.get("added_words"),
    }
    best = (metrics.get("best") or {}).get("step")
    found = [
        ("Learned", OBJECTIVES.get(objective, objective)),
        ("Base", Path(str(settings.get("base") or "")).name),
        *((name, pages.count(value)) for name, value in counts.items() if value),
        ("Best step", "" if best is None else pages.count(best)),
    ]
    return [(name, value) for name, value in found if value]


def _verdict(before: Report, after: Report) -> str:
    """Say in one sentence what became of the two numbers that people ask for."""
    first, second = (_clause(measure, before, after) for measure in MEASURES[:2])
    if first.endswith(APART):  # once is enough
        second = second.removesuffix(APART)
    said = "; ".join(filter(None, (first, second)))
    return f"Held-out {said}." if said else ""


def _clause(measure: Metric, before: Report, after: Report) -> str:
    first, last = _finite(before.get(measure.name)), _finite(after.get(measure.name))
    if last is None:
        return ""
    name, shown = measure.heading, _shown(measure, last)
    if first is None:
        return f"{name} is {shown}"
    if _shown(measure, first) == shown:
        return f"{name} stayed at {shown}"
    verb = "rose" if last > first else "fell"
    change = _change(first, last) if measure.name == "perplexity" else ""
    worse = "" if (last > first) == measure.is_better_higher else ", which is worse"
    sure = _overlap(measure.name, before, after)
    return f"{name} {verb} from {_shown(measure, first)} to {shown}{change}{worse}{sure}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _change(first: float, last: float) -> str:
    """Write a relative change with as many digits as it takes not to claim 0 or all."""
    change = 100 * (last / first - 1)
    digits = 0 if abs(change) >= 10 else 1
    while digits < 4 and round(change, digits) in (0, -100):
        digits += 1
    sign = MINUS if change < 0 else "+"
    return f" ({sign}{abs(change):,.{digits}f}{pages.THIN}%)".replace(",", pages.THIN)


def _overlap(key: str, before: Report, after: Report) -> str:
    """Say whether two intervals leave room for chance; nothing where one is unknown."""
    first, last = ((part.get("intervals") or {}).get(key) for part in (before, after))
    if not first or not last:
        return ""
    if max(first[0], last[0]) <= min(first[1], last[1]):
        return ": the 95 % intervals overlap, so it may be chance"
    return APART


def _notes(metrics: PlainMetrics) -> list[str]:
    """Say what the numbers are to be read beside."""
    notes = []
    if (metrics.get("best") or {}).get("step") == 0:
        notes.append("No later measurement was better than the one before the first step.")
    guess = (metrics.get("baselines") or {}).get("most_frequent") or {}
    if guess.get("masked_accuracy") is not None:
        piece = f" (“{guess['piece']}”)" if guess.get("piece") else ""
        share = pages.percent(guess["masked_accuracy"])
        notes.append(f"Always answering the most frequent piece{piece} would get {share} right.")
    return notes


def _measured(part: Report) -> str:
    """Say on how much the numbers stand."""
    masked, documents = part.get("masked"), part.get("n")
    if not masked or not documents:
        return ""
    return f"From {_plural(masked, 'masked token')} in {_plural(documents, 'held-out document')}."


def _sizes(card: PlainCard) -> list[tuple[str, list[str]]]:
    """Say how much was read, and how it was divided: all, to learn from, held out."""
    splits = card.get("splits") or {}
    rows = {
        "Documents": (card.get("documents"), splits.get("train"), splits.get("valid")),
        "Tokens": (card.get("tokens"), card.get("tokens_train"), card.get("tokens_valid")),
    }
    return [
        (name, ["" if value is None else pages.count(value) for value in values])
        for name, values in rows.items()
        if any(value is not None for value in values)
    ]


def _passages(card: PlainCard) -> str:
    """Say into what the documents were cut."""
    pieces, limit = card.get("pieces"), card.get("max_tokens")
    if pieces is None:
        return ""
    length = "" if limit is None else f" of at most {_plural(limit, 'token')}"
    return f"Cut into {_plural(pieces, 'passage')}{length}."


def _warmup(found: Warmup) -> dict[str, object] | None:
    """Tell what training the head alone did before the rest learned."""
    if not found:
        return None
    rounds, steps = found.get("rounds") or 0, found.get("steps") or 0
    losses = [pages.number(loss) for loss in found.get("losses") or []]
    names = ["before", *(f"round {number}" for number in range(1, len(losses)))]
    kept = "It was kept." if found.get("kept") else "It did not help, and was undone."
    return {
        "words": f"The head alone learned first: {_plural(rounds, 'round')}, "
        f"{_plural(steps, 'step')}. {kept if 'kept' in found else ''}",
        "losses": list(zip(names, losses, strict=False)),
    }


def _plural(number: int, noun: str) -> str:
    return f"{pages.count(number)} {noun}{'' if number == 1 else 's'}"


def _prove(found: Proved) -> dict[str, object] | None:
    """Put the scores of a labelled task side by side, seed by seed."""
    if not found:
        return None
    columns = (found.get("seeds") or [], found.get("without") or [], found.get("with") or [])
    difference, span = found.get("difference"), found.get("interval")
    words = str(found.get("words") or "")
    return {
        "title": " ".join(filter(None, (found.get("metric"), "on", found.get("file")))),
        "rows": [
            (str(seed), pages.number(without), pages.number(adapted), _signed(adapted - without))
            for seed, without, adapted in zip(*columns, strict=False)
        ],
        "means": [pages.number(fmean(column)) if column else "" for column in columns[1:]],
        "difference": "" if difference is None else _signed(difference),
        "span": pages.span(span, _signed),
        "words": words[:1].upper() + words[1:],
    }


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", MINUS)
