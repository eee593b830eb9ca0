"""A run folder becomes one HTML page that needs no network, no script and no other file."""

from __future__ import annotations

import io
import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from textune.errors import RunError
from textune.evaluation.metrics import DIRECTION

PARTS = {"valid": "Validation", "test": "Test"}
ALIASES = {"macro_mcc", "subset_accuracy"}  # the same numbers once more
MOST_CLASSES = 30  # of a confusion matrix that can still be read
MOST_MISTAKES = 20
MOST_POINTS = 400  # of a curve
MOST_CHARACTERS = 500  # of a text
INK, ACCENT, SECOND, FAINT = "#010203", "#010204", "#010205", "#010206"
COLOURS = {INK: "currentColor", ACCENT: "var(--accent)", SECOND: "var(--second)"} | {
    FAINT: "var(--line)"
}
"""matplotlib draws in stand-ins; the page's own colours follow the reader's light or dark."""


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
    page = _page(run_dir)
    unfinished = run_dir / ".report.html"
    unfinished.write_text(page, encoding="utf-8", errors="replace")
    return unfinished.replace(run_dir / "report.html")


def _page(run_dir: Path) -> str:
    metrics = _read_json(run_dir / "metrics.json")
    if not metrics:
        raise RunError(f"{run_dir}: no metrics.json, so there is nothing to report; train first")
    card = _read_json(run_dir / "data_card.json")
    settings = _read_toml(run_dir / "config.toml")
    log = _read_log(run_dir / "log.jsonl")
    contract = card.get("contract") or settings.get("contract") or {}
    parts = [name for name in PARTS if metrics.get(name)]
    main = _main_metric(metrics, parts)
    environment = Environment(
        loader=PackageLoader("textune"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"number": _number, "count": _count}
    return environment.get_template("report.html").render(
        name=run_dir.resolve().name,
        facts=_facts(contract, settings, card, metrics),
        main=main,
        models=_models(metrics, main),
        table=_table(metrics, parts),
        undefined=[(PARTS[name], metrics[name].get("undefined") or {}) for name in parts],
        contract=contract,
        card=card,
        most=max((card.get("labels") or {"": 1}).values(), default=1) or 1,
        curves=_curves(log, main),
        parts=[_part(run_dir, name, metrics[name]) for name in parts],
        settings=list(_flat(settings)),
        capsule=list(_flat(_read_json(run_dir / "capsule.json"))),
    )


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: damaged ({error}); train again or delete the file") from error
    return found if isinstance(found, dict) else {}


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: damaged ({error}); train again or delete the file") from error


def _read_log(path: Path) -> list[dict[str, Any]]:
    """Read the lines that are whole: a run that was killed may have left half a one."""
    if not path.is_file():
        return []
    lines = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("step"), int):
            lines.append(found)
    return lines


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
        ("Rows", _count(rows) if rows else ""),
        *((f"{title} texts", _count(sizes[part])) for part, title in names.items() if sizes[part]),
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


def _flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", ", ".join(map(str, value))
        elif value is not None:
            yield f"{prefix}{key}", str(value)


def _number(value: float | None, digits: int = 3) -> str:
    return "\N{EN DASH}" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _count(value: int) -> str:
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _curves(log: Sequence[Mapping[str, Any]], main: str) -> list[tuple[str, Markup]]:
    steps = [line for line in log if line.get("kind") == "step"]
    checks = [line for line in log if line.get("kind") == "validation"]
    scores = _points((line["step"], (line.get("metrics") or {}).get(main)) for line in checks)
    drawn = [
        ("Training loss", _points((line["step"], line.get("loss")) for line in steps), ACCENT, ""),
        ("Learning rate", _points((line["step"], line.get("lr")) for line in steps), SECOND, ""),
        (f"Validation {main}", scores, ACCENT, "o"),
    ]
    return [
        (title, _curve(title, points, colour, marker))
        for title, points, colour, marker in drawn
        if len(points)
    ]


def _points(pairs: Iterable[tuple[int, Any]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Keep the finite ones, the last of each step, in order: (points, 2)."""
    found = {x: float(y) for x, y in pairs if isinstance(y, int | float) and math.isfinite(y)}
    return np.array(sorted(found.items()), dtype=np.float64).reshape(-1, 2)


def _curve(
    title: str, points: np.ndarray[Any, np.dtype[np.float64]], colour: str, marker: str
) -> Markup:
    figure, axes = _canvas(height=2.6)
    groups = np.array_split(points, min(MOST_POINTS, len(points)))
    thin = np.stack([group.mean(axis=0) for group in groups])  # (points, 2)
    if title == "Training loss" and len(thin) > 20:
        width = max(3, len(thin) // 20)
        padded = np.pad(thin[:, 1], width // 2, mode="edge")
        smooth = np.convolve(padded, np.ones(width) / width, mode="valid")[: len(thin)]
        axes.plot(*thin.T, color=FAINT, linewidth=1.2)
        axes.plot(thin[:, 0], smooth, color=colour, linewidth=2)
    else:
        axes.plot(*thin.T, color=colour, linewidth=2, marker=marker or None)
    if len(thin) == 1:
        axes.plot(*thin.T, color=colour, marker="o")
    axes.set_xlabel("step", color=INK)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    return _svg(figure, title)


def _bars(rows: Sequence[tuple[str, float | None, Sequence[float] | None]]) -> Markup | None:
    known = [(name, value, span) for name, value, span in rows if value is not None]
    if not known:
        return None
    figure, axes = _canvas(height=0.45 + 0.42 * len(known))
    for place, (name, value, span) in enumerate(known):
        colour = ACCENT if name == "This model" else SECOND
        axes.barh(-place, value, color=colour, height=0.5)
        if span:
            axes.plot(span, [-place, -place], color=INK, linewidth=2, marker="|", markersize=9)
    axes.set_yticks([-place for place in range(len(known))], [name for name, _, _ in known])
    axes.axvline(0, color=INK, linewidth=0.8)
    return _svg(figure, "main metric beside the baselines")


def _canvas(*, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.4, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(INK)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


def _svg(figure: Figure, title: str) -> Markup:
    """Draw as inline SVG that takes the page's colours, font and width."""
    target = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(target, format="svg", transparent=True, metadata=empty)
    drawing = target.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.S)
    drawing = re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawing)
    drawing = re.sub(r'(<svg) width="[^"]*" height="[^"]*"', rf'\1 role="img" aria-label="{title}"',
                     drawing, count=1)  # fmt: skip
    for stand_in, colour in COLOURS.items():
        drawing = drawing.replace(stand_in, colour)
    return Markup(drawing)  # ours; matplotlib escapes what it writes
