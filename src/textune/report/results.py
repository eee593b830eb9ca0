"""The numbers of a run become the section that says how good it is, beside what is simple."""

from collections.abc import Mapping, Sequence
from typing import Any

from textune.metrics import catalogue, repeated
from textune.metrics.catalogue import METRICS
from textune.metrics.metrics import Report
from textune.report import drawings, pages, pictures
from textune.report.section import EVALUATION, PARTS, Section, Subject, section
from textune.runs.curves import CONTRASTED, FROZEN, TUNED, WAYS, LearningCurve

CANDIDATES = {
    FROZEN: "Linear head on the frozen encoder",
    TUNED: "Fine-tuning",
    CONTRASTED: "Fine-tuning with a contrastive loss",
}


def result(subject: Subject) -> Section | None:
    """Show the main number beside the baselines', and all others with their intervals."""
    metrics = subject.files.metrics
    values = {
        "main": catalogue.title(subject.main),
        "remarks": _remarks(metrics),
        "models": _models(subject),
        "titles": [part.title for part in subject.parts],
        "lines": lines(subject),
        "undefined": [
            (part.title, reasons)
            for part in subject.parts
            if (reasons := part.found.get("undefined"))
        ],
        "seeds": _seeds(metrics.get("seeds")),
        "learning": _learning(LearningCurve.read(subject.folder)),
    }
    return section("result", "Result", "result.html", values)


def lines(subject: Subject) -> list[dict[str, object]]:
    """List each metric with its value and interval in each part."""
    return pages.scores(
        [metric for metric in METRICS.values() if not metric.repeats],
        [part.found for part in subject.parts],
        show=lambda _, value: pages.number(value),
    )


def rare(subject: Subject) -> Section | None:
    """Show what remedies for rare labels were worth."""
    remedies = list(map(_remedies, subject.files.metrics.get("remedies") or []))
    if not remedies:
        return None
    return section("rare", "Rare labels: what helps", "rare.html", {"remedies": remedies})


def _remarks(metrics: Report) -> list[str]:
    """Say what went wrong in training, if anything did."""
    retry, found = metrics.get("retry"), []
    if metrics.get("learned_all"):
        found.append(
            "Every row was learned from; none was held out, so that no score says how well."
        )
    if retry:
        found.append(
            f"Training did not learn at first: {retry['why']}. It began anew, from the same "
            f"weights, with a learning rate of {retry['lr']:.1e}."
        )
        if retry.get("again"):
            found.append(f"It did not learn well by that either: {retry['again']}.")
    return [*found, *filter(None, map(metrics.get, ("at_chance", "outdone")))]


def judged_part(metrics: Report) -> str | None:
    """Name the part that a run is judged by: that of its baselines, or test, or validation."""
    known = [part for part in ("test", "valid", EVALUATION) if metrics.get(part)]
    by: str | None = (metrics.get("baselines") or {}).get("part")
    return by if by in known else next(iter(known), None)


def models(
    subject: Subject,
) -> tuple[str, list[tuple[str, float | None, Sequence[float] | None]]] | None:
    """Put the main metric beside the baselines', on the part that these were judged by.

    Returns:
        That part's title; name, value and interval of the model and of each rule.
    """
    name, main = judged_part(subject.files.metrics), subject.main
    part = None if name is None else subject.part(name)
    if part is None:
        return None
    baselines = subject.files.metrics.get("baselines") or {}
    interval = (part.found.get("intervals") or {}).get(main)
    rows: list[tuple[str, float | None, Sequence[float] | None]] = [
        ("This model", catalogue.value(part.found, main), interval)
    ]
    rows += [
        (title, catalogue.value(baselines[key], main), None)
        for key, (title, _) in catalogue.BASELINES.items()
        if baselines.get(key)
    ]
    return part.title, rows


def _models(subject: Subject) -> dict[str, object] | None:
    found = models(subject)
    if found is None:
        return None
    part, rows = found
    chart = drawings.bars(rows) if pictures.are_wanted() else None
    return {"part": part, "rows": rows, "chart": chart}


def _seeds(told: Mapping[str, Any] | None) -> dict[str, object] | None:
    """Show what trainings by several seeds scored, and which one's model is saved."""
    if not told:
        return None
    parts, metric = [part for part in PARTS if part in told], told["metric"]
    shown = [name for name, each in METRICS.items() if not each.repeats]
    keys = [key for key in dict.fromkeys([metric, *shown]) if key in told["valid"]]
    return {
        "count": told["count"],
        "words": told["words"],
        "heads": [PARTS[part] for part in parts],
        "metric": catalogue.title(metric),
        "rows": [
            (
                catalogue.title(key),
                [repeated.words(told[part][key]) if key in told[part] else "" for part in parts],
            )
            for key in keys
        ],
        "each": [
            (
                one["seed"],
                [pages.number(one[part].get(metric)) for part in parts],
                one["seed"] == told["best"],
            )
            for one in told["each"]
        ],
        "failed": told.get("failed", []),
        "chart": drawings.seeds(told, metric, PARTS) if pictures.are_wanted() else None,
    }


def _learning(curve: LearningCurve | None) -> dict[str, object] | None:
    """Show what parts of the texts scored, and what more labels would buy."""
    if curve is None or not curve.points:
        return None
    known = {
        way: {texts: pages.number(value) for texts, value in found.items()}
        | {texts: f"about {pages.number(value)}" for texts, value in curve.forecast(way).items()}
        for way, found in curve.ways().items()
    }
    sizes = sorted({texts for cells in known.values() for texts in cells})
    return {
        "metric": catalogue.title(curve.metric),
        "judged": curve.judged,
        "words": curve.words,
        "heads": [WAYS[way] for way in known],
        "rows": [
            (texts, [cells.get(texts, pages.UNKNOWN) for cells in known.values()])
            for texts in sizes
        ],
        "chart": drawings.learning_curve(curve) if pictures.are_wanted() else None,
    }


def _remedies(told: Mapping[str, Any]) -> dict[str, object]:
    """Show what remedies for rare labels were worth to one way to learn."""
    first = told["tried"][0]["name"]
    rows = []
    for one in told["tried"]:
        cells = []
        for key in told["metrics"]:
            found = one["metrics"][key]
            span = "" if one["name"] == first else pages.span([found["low"], found["high"]])
            gain = "" if one["name"] == first else f"{found['gain']:+.3f}"
            cells += [pages.number(found["value"]), gain, span]
        rows.append((one["name"], cells, one["name"] == told["taken"]))
    heads = [
        head for key in told["metrics"] for head in (catalogue.title(key), "gain", "95 % interval")
    ]
    return {"way": CANDIDATES.get(told["of"], told["of"]), "heads": heads, "rows": rows}
