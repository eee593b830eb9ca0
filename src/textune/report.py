"""A run folder becomes one HTML page that needs no network, no script and no other file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from markupsafe import Markup

from textune import pages, pictures
from textune.errors import RunError
from textune.evaluation.metrics import DIRECTION
from textune.pictures import PAGE, Points

PARTS = {"valid": "Validation", "test": "Test"}
ALIASES = {"macro_mcc", "subset_accuracy"}  # the same numbers once more
MOST_CLASSES = 30  # of a confusion matrix that can still be read
MOST_MISTAKES = 20
MOST_POINTS = 400  # of a curve
MOST_CHARACTERS = 500  # of a text
WIDTH = 5.4  # inches of a drawing


@dataclass(frozen=True, slots=True)
class Mistake:
    """A text on which the model was sure and wrong."""

    origin: str
    text: str | None
    truth: str
    decision: str
    label: str  # the one it was most sure of, wrongly
    confidence: float


def write(run_dir: Path) -> Path:
    """Write report.html into a run folder; whatever else the folder lacks is left out.

    Returns:
        The page.

    Raises:
        RunError: There is no metrics.json, or a file of the run is damaged.
    """
    return pages.write(run_dir, "report.html", _values(run_dir))


def _values(run_dir: Path) -> dict[str, Any]:
    """Collect what the template shows."""
    metrics = pages.read_metrics(run_dir)
    card = pages.read_json(run_dir / "data_card.json")
    settings = pages.read_toml(run_dir / "config.toml")
    log = pages.read_log(run_dir / "log.jsonl")
    contract = card.get("contract") or settings.get("contract") or {}
    parts = [name for name in PARTS if metrics.get(name)]
    main = _main_metric(metrics, parts)
    return {
        "name": run_dir.resolve().name,
        "facts": _facts(contract, settings, card, metrics),
        "main": main,
        "models": _models(metrics, main),
        "table": _table(metrics, parts),
        "undefined": [(PARTS[name], metrics[name].get("undefined") or {}) for name in parts],
        "contract": contract,
        "card": card,
        "most": max((card.get("labels") or {"": 1}).values(), default=1) or 1,
        "curves": _curves(log, main),
        "parts": [_part(run_dir, name, metrics[name]) for name in parts],
        "settings": list(pages.flat(settings)),
        "capsule": list(pages.flat(pages.read_json(run_dir / "capsule.json"))),
    }


def _main_metric(metrics: Mapping[str, Any], parts: Sequence[str]) -> str:
    chosen = str((metrics.get("best") or {}).get("metric") or "").rpartition(".")[2]
    if chosen in DIRECTION:
        return chosen
    single = any("confusion" in metrics[part] for part in parts)
    return "mcc" if single else "macro_f1"


def _facts(
    contract: Mapping[str, Any],
    settings: Mapping[str, Any],
    card: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> list[tuple[str, str]]:
    tasks = {"single": "one label a text", "multi": "several labels a text"}
    task = str(contract.get("task") or "")
    rows = sum(int(file.get("rows") or 0) for file in card.get("files") or [])
    best = metrics.get("best") or {}
    names = {"train": "Training"} | PARTS
    sizes = {part: int((card.get("splits") or {}).get(part) or 0) for part in names}
    facts = [
        ("Task", tasks.get(task, task)),
        ("Base", Path(str(settings.get("base") or "")).name),
        ("Rows", pages.count(rows) if rows else ""),
        *(
            (f"{title} texts", pages.count(sizes[part]))
            for part, title in names.items()
            if sizes[part]
        ),
        ("Best epoch", str(best.get("epoch") or "")),
        ("Best step", str(best.get("step") or "")),
    ]
    return [(name, value) for name, value in facts if value]


def _models(metrics: Mapping[str, Any], main: str) -> dict[str, Any] | None:
    """Put the main metric beside the baselines', on the part that these were judged by."""
    baselines = metrics.get("baselines") or {}
    known = [part for part in ("test", "valid") if metrics.get(part)]
    part = baselines.get("part") if baselines.get("part") in known else next(iter(known), None)
    if part is None:
        return None
    names = {"tfidf": "TF-IDF + logistic regression", "majority": "Label frequencies alone"}
    found = metrics[part]
    rows = [("This model", found.get(main), (found.get("intervals") or {}).get(main))]
    rows += [(names[key], baselines[key].get(main), None) for key in names if baselines.get(key)]
    return {"part": PARTS[part], "rows": rows, "chart": _bars(rows)}


def _table(metrics: Mapping[str, Any], parts: Sequence[str]) -> list[dict[str, Any]]:
    """List each headline metric with its value and interval in each part."""
    found = {key for part in parts for key, value in metrics[part].items() if value is not None}
    keys = [key for key in DIRECTION if key in found - ALIASES]
    return [
        {
            "name": key,
            "arrow": "↑" if DIRECTION[key] else "↓",
            "cells": [
                (metrics[part].get(key), (metrics[part].get("intervals") or {}).get(key))
                for part in parts
            ],
        }
        for key in keys
    ]


def _part(run_dir: Path, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    labels = found.get("labels") or {}
    order = sorted(labels, key=lambda label: -(labels[label].get("support") or 0))
    confusion = found.get("confusion")
    return {
        "title": PARTS[name],
        "n": found.get("n"),
        "labels": [(label, labels[label]) for label in order],
        "names": list(labels),
        "confusion": _heat(confusion) if confusion and len(confusion) <= MOST_CLASSES else None,
        "mistakes": _mistakes(
            run_dir / "predictions" / f"{name}.parquet", single=confusion is not None
        ),
    }


def _heat(confusion: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """Add to each count its share of the row in tenths."""
    return [
        [(count, math.ceil(10 * count / max(1, sum(row)))) for count in row] for row in confusion
    ]


def _mistakes(path: Path, *, single: bool) -> list[Mistake]:
    """Find the wrong answers of which the model was most sure."""
    if not path.is_file():
        return []
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{path}: damaged ({error}); evaluate again or delete it") from error
    labels = [name[2:-1] for name in table.column_names if re.fullmatch(r"p\(.*\)", name, re.S)]
    if not labels or not {"truth", "decision"} <= set(table.column_names):
        return []
    table = table.filter(pc.is_valid(table["truth"]))
    scores = np.stack([table[f"p({label})"].to_numpy() for label in labels], axis=1)  # (N, C)
    true, given = (_marks(table[side], labels, single=single) for side in ("truth", "decision"))
    wrong = (true != given) & (given if single else np.ones_like(given))  # (N, C)
    if "unscored" in table.column_names:  # nobody said whether these apply
        wrong &= ~_marks(table["unscored"], labels, single=False)
    sure = np.where(given, scores, 1 - scores) * wrong  # (N, C)
    sure = np.nan_to_num(sure)
    rows = np.argsort(-sure.max(axis=1), kind="stable")[:MOST_MISTAKES]
    picked = table.take(pa.array(rows)).to_pylist()
    return [
        Mistake(
            origin=record.get("origin") or "",
            text=_shortened(record.get("text")),
            truth=record["truth"],
            decision=record["decision"] or "",
            label=labels[int(sure[row].argmax())],
            confidence=float(sure[row].max()),
        )
        for row, record in zip(rows.tolist(), picked, strict=True)
        if wrong[row].any()
    ]


def _marks(column: pa.ChunkedArray, labels: Sequence[str], *, single: bool) -> Any:
    """Say which labels a column of names joined by ";" holds: (N, C) bool."""
    if single:
        found = [pc.equal(column, label) for label in labels]
    else:
        fenced = pc.binary_join_element_wise("", column, "", ";")
        found = [pc.match_substring(fenced, f";{label};") for label in labels]
    return np.stack([pc.fill_null(mark, False).to_numpy() for mark in found], axis=1)


def _shortened(text: str | None) -> str | None:
    if text is None or len(text) <= MOST_CHARACTERS:
        return text
    return text[:MOST_CHARACTERS].rstrip() + " …"


def _curves(log: Sequence[Mapping[str, Any]], main: str) -> list[tuple[str, Markup]]:
    steps = [line for line in log if line.get("kind") == "step"]
    checks = [line for line in log if line.get("kind") == "validation"]
    scores = pictures.to_points(
        (line["step"], (line.get("metrics") or {}).get(main)) for line in checks
    )
    drawn = [
        (
            "Training loss",
            pictures.to_points((line["step"], line.get("loss")) for line in steps),
            PAGE.accent,
            "",
        ),
        (
            "Learning rate",
            pictures.to_points((line["step"], line.get("lr")) for line in steps),
            PAGE.second,
            "",
        ),
        (f"Validation {main}", scores, PAGE.accent, "o"),
    ]
    return [
        (title, _curve(title, points, colour, marker))
        for title, points, colour, marker in drawn
        if len(points)
    ]


def _curve(title: str, points: Points, colour: str, marker: str) -> Markup:
    figure, axes = pictures.canvas(PAGE, size=(WIDTH, 2.6))
    groups = np.array_split(points, min(MOST_POINTS, len(points)))
    thin = np.stack([group.mean(axis=0) for group in groups])  # (points, 2)
    if title == "Training loss" and len(thin) > 20:
        width = max(3, len(thin) // 20)
        padded = np.pad(thin[:, 1], width // 2, mode="edge")
        smooth = np.convolve(padded, np.ones(width) / width, mode="valid")[: len(thin)]
        axes.plot(*thin.T, color=PAGE.faint, linewidth=1.2)
        axes.plot(thin[:, 0], smooth, color=colour, linewidth=2)
    else:
        axes.plot(*thin.T, color=colour, linewidth=2, marker=marker or None)
    if len(thin) == 1:
        axes.plot(*thin.T, color=colour, marker="o")
    axes.set_xlabel("step", color=PAGE.ink)
    axes.grid(axis="y", color=PAGE.faint, linewidth=0.6)
    return pictures.svg(figure, title)


def _bars(rows: Sequence[tuple[str, float | None, Sequence[float] | None]]) -> Markup | None:
    known = [(name, value, span) for name, value, span in rows if value is not None]
    if not known:
        return None
    figure, axes = pictures.canvas(PAGE, size=(WIDTH, 0.45 + 0.42 * len(known)))
    for place, (name, value, span) in enumerate(known):
        colour = PAGE.accent if name == "This model" else PAGE.second
        axes.barh(-place, value, color=colour, height=0.5)
        if span:
            axes.plot(span, [-place, -place], color=PAGE.ink, linewidth=2, marker="|", markersize=9)
    axes.set_yticks([-place for place in range(len(known))], [name for name, _, _ in known])
    axes.axvline(0, color=PAGE.ink, linewidth=0.8)
    return pictures.svg(figure, "main metric beside the baselines")
