"""The files of a fine-tuning run become what its page shows: its scores, beside what is simple."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.metrics import catalogue, decided, repeated
from textune.metrics.catalogue import METRICS
from textune.metrics.metrics import Report
from textune.report import drawings, mistakes, pages, pictures, reliable
from textune.report.pages import Files
from textune.runs.curves import FROZEN, TUNED, WAYS, LearningCurve
from textune.runs.written import Best, DataCard
from textune.tasks import registry

PARTS = {"valid": "Validation", "test": "Test"}
CANDIDATES = {FROZEN: "Linear head on the frozen encoder", TUNED: "Fine-tuning"}
MOST_CLASSES = 30  # of a confusion matrix that can still be read
MAIN = {
    "confusion": "mcc",
    "confusion_cells": "mcc",
    "rmse": "rmse",
    "entities": "f1",
    "exact_match": "f1",
}


def content(run_dir: Path, files: Files) -> dict[str, object]:
    """Collect what the template shows of this kind of run."""
    metrics, card = files.metrics, DataCard.read(run_dir)
    contract = card.contract or files.settings.get("run", {}).get("contract") or {}
    parts = [name for name in PARTS if metrics.get(name)]
    main = _main_metric(metrics, parts)
    return {
        "facts": _facts(contract, files.settings, card, metrics),
        "main": main,
        "remarks": _remarks(metrics),
        "models": _models(metrics, main),
        "table": pages.scores(
            [metric for metric in METRICS.values() if not metric.repeats],
            [metrics[part] for part in parts],
            name=lambda metric: metric.name,
            show=lambda _, value: pages.number(value),
        ),
        "undefined": [(PARTS[name], metrics[name].get("undefined") or {}) for name in parts],
        "contract": contract,
        "card": card,
        "most": max(card.labels.values(), default=1) or 1,
        "curves": drawings.curves(files.log, main) if pictures.are_wanted() else [],
        "seeds": _seeds(metrics.get("seeds")),
        "learning": _learning(LearningCurve.read(run_dir)),
        "remedies": list(map(_remedies, metrics.get("remedies") or [])),
        "parts": [_part(run_dir, name, metrics[name], main) for name in parts],
    }


def _main_metric(metrics: Report, parts: Sequence[str]) -> str:
    chosen = Best.of(metrics).metric
    if chosen.rpartition(".")[2] in METRICS:
        return chosen
    known = {key for part in parts for key in metrics[part]}
    return next((main for mark, main in MAIN.items() if mark in known), "macro_f1")


def _facts(
    contract: Mapping[str, object],
    settings: Mapping[str, object],
    card: DataCard,
    metrics: Report,
) -> list[tuple[str, str]]:
    task = str(contract.get("task") or "")
    best = Best.of(metrics)
    names = {"train": "Training"} | PARTS
    sizes = {part: card.splits.get(part, 0) for part in names}
    facts = [
        ("Task", registry.of(task).words if task in registry.TASKS else task),
        ("Base", Path(str(settings.get("base") or "")).name),
        *(
            (f"{title} texts", pages.count(sizes[part]))
            for part, title in names.items()
            if sizes[part]
        ),
        ("Best epoch", f"{best.epoch:g}" if best.epoch else ""),
        ("Best step", str(best.step or "")),
    ]
    return [(name, value) for name, value in facts if value]


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
    return [*found, *filter(None, [metrics.get("at_chance")])]


def _models(metrics: Report, main: str) -> dict[str, object] | None:
    """Put the main metric beside the baselines', on the part that these were judged by."""
    baselines = metrics.get("baselines") or {}
    known = [part for part in ("test", "valid") if metrics.get(part)]
    part = baselines.get("part") if baselines.get("part") in known else next(iter(known), None)
    if part is None:
        return None
    found = metrics[part]
    interval = (found.get("intervals") or {}).get(main)
    rows = [("This model", catalogue.value(found, main), interval)]
    rows += [
        (name, catalogue.value(baselines[key], main), None)
        for key, (name, _) in catalogue.BASELINES.items()
        if baselines.get(key)
    ]
    return {
        "part": catalogue.judged_by(found, PARTS[part]),
        "rows": rows,
        "chart": drawings.bars(rows) if pictures.are_wanted() else None,
    }


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


def _part(run_dir: Path, name: str, found: Report, main: str) -> dict[str, object]:
    labels = found.get("labels") or {}
    order = sorted(labels, key=lambda label: -(labels[label].get("support") or 0))
    confusion = found.get("confusion")
    is_single = confusion is not None or "confusion_cells" in found
    counts = catalogue.COUNTS_OF_TAGS if "entities" in found else catalogue.COUNTS
    heads = counts | {key: METRICS[key].title for key in catalogue.OF_LABELS}
    table = mistakes.read(run_dir / "predictions" / f"{name}.parquet")
    return {
        "title": catalogue.judged_by(found, PARTS[name]),
        "crossed": _crossed(found, main),
        "n": found.get("n"),
        "labels": [(label, labels[label]) for label in order],
        "columns": [
            (key, head) for key, head in heads.items() if any(key in row for row in labels.values())
        ],
        "by_column": _by_column(found),
        "names": list(labels),
        "confusion": _heat(confusion) if confusion and len(confusion) <= MOST_CLASSES else None,
        "confusions": catalogue.confusion_words(found["confusions"])
        if found.get("confusions")
        else "",
        "decided": [*([found["decided"]] if found.get("decided") else []), *decided.lines(found)],
        "kinds": [
            (head.capitalize(), found[key])
            for key, head in catalogue.QUESTIONS.items()
            if found.get(key)
        ],
        "by_length": _by_length(found.get("by_length") or [], main),
        "drawings": []
        if table is None or not pictures.are_wanted()
        else [
            *drawings.of_numbers(*mistakes.numbers(table)),
            *reliable.draw(table, list(labels), single=is_single),
        ],
        "mistakes": None if table is None else mistakes.find(table, single=is_single),
    }


def _by_column(found: Report) -> dict[str, object] | None:
    """Show what each column of classes was judged as, the means, and what was taken for what."""
    columns: Mapping[str, Report] = found.get("columns") or {}
    if not columns:
        return None
    every = {**columns, "mean": found}
    shown = [
        metric for key, metric in METRICS.items() if all(key in each for each in every.values())
    ]
    return {
        "heads": [metric.heading for metric in shown],
        "rows": [
            (name, pages.count(each["n"]), [pages.number(each[one.name]) for one in shown])
            for name, each in every.items()
        ],
        "confusions": [
            (name, each["classes"], _heat(each["confusion"]))
            for name, each in columns.items()
            if len(each.get("confusion") or ()) in range(1, MOST_CLASSES + 1)
        ],
    }


def _crossed(found: Report, main: str) -> dict[str, object] | None:
    """Show the candidates of cross-validation, and which of them learned from all texts."""
    told = found.get("cross_validation")
    if not told:
        return None
    keys = [key for key in (main, "accuracy", "log_loss") if key in told["candidates"][0]]
    rows = [
        (
            CANDIDATES.get(one["name"], one["name"]),
            [pages.number(one.get(key)) for key in keys],
            (one["name"], one["seed"]) == (told["chosen"], told["seed"]),
        )
        for one in told["candidates"]
    ]
    return {"heads": [METRICS[key].name for key in keys], "rows": rows}


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


def _by_length(bins: Sequence[Mapping[str, Any]], main: str) -> dict[str, object] | None:
    """Say what texts of each length were judged as, where they differ in it."""
    if len(bins) < 2:
        return None
    key = next((key for key in bins[0] if key in METRICS), main)
    rows = []
    for item in bins:
        low, high = (item["above"] or 0) + 1, item["up_to"]
        words = f"over {low - 1}" if high is None else f"{low} to {high}"
        value, span = pages.number(item.get(key)), pages.span(item.get("interval"))
        rows.append((words, item["n"], value, span))
    return {"metric": key, "rows": rows}


def _heat(confusion: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """Add to each count its share of the row in tenths."""
    return [
        [(count, math.ceil(10 * count / max(1, sum(row)))) for count in row] for row in confusion
    ]
