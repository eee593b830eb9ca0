"""What was judged of a part becomes its section: labels, confusions, lengths, worst mistakes."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from textune.metrics import catalogue, decided
from textune.metrics.catalogue import METRICS
from textune.metrics.metrics import Report
from textune.report import drawings, mistakes, pages, pictures, reliable, threshold_slider
from textune.report.results import CANDIDATES
from textune.report.section import Part, Section, Source, Subject, section

MOST_CLASSES = 30  # of a confusion matrix that can still be read


def of(name: str) -> Source:
    """Return what makes the section of a part."""
    return partial(_section, name=name)


def _section(subject: Subject, name: str) -> Section | None:
    part = subject.part(name)
    if part is None:
        return None
    return section(name, part.title, "part.html", _values(part, subject.main))


def _values(part: Part, main: str) -> dict[str, object]:
    found, table = part.found, part.table
    labels = found.get("labels") or {}
    order = sorted(labels, key=lambda label: -(labels[label].get("support") or 0))
    confusion = found.get("confusion")
    counts = catalogue.COUNTS_OF_TAGS if "entities" in found else catalogue.COUNTS
    heads = counts | {key: METRICS[key].title for key in catalogue.OF_LABELS}
    return {
        "name": part.name,
        "title": part.title,
        "crossed": _crossed(found, main),
        "n": found.get("n"),
        "labels": [(label, labels[label]) for label in order],
        "columns": [
            (key, head) for key, head in heads.items() if any(key in row for row in labels.values())
        ],
        "bars": (found.get("rule") or {}).get("thresholds") or {},
        "label_curves": threshold_slider.of_part(part) if part.name == "test" else [],
        "by_column": _by_column(found),
        "names": list(labels),
        "confusion_of": _heat(confusion) if confusion and len(confusion) <= MOST_CLASSES else None,
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
            *reliable.draw(table, list(labels), single=part.is_single),
        ],
        "mistakes": None if table is None else mistakes.find(table, single=part.is_single),
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
    return {"heads": [METRICS[key].heading for key in keys], "rows": rows}


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
        rows.append((words, item["n"], value, span, item.get("why", "")))
    has_reasons = any(item.get("why") for item in bins)
    return {"metric": catalogue.title(key), "rows": rows, "has_reasons": has_reasons}


def _heat(confusion: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """Add to each count its share of the row in tenths."""
    return [
        [(count, math.ceil(10 * count / max(1, sum(row)))) for count in row] for row in confusion
    ]
