"""The numbers of a fine-tuning run become the drawings of its page."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from textune.metrics import catalogue
from textune.report import drawn, pictures, shapes
from textune.report.pictures import PAGE, Chart, Line, Points
from textune.runs.curves import TUNED, WAYS, LearningCurve
from textune.runs.typed import LogLine

WIDTH = 5.4  # inches of a drawing
MOST_DOTS = 1_000  # of a cloud that is still drawn dot by dot
MOST_TARGETS = 4  # that are drawn
BARS = 30
MOST_CURVES = 12  # of labels, drawn in one picture


def curves(log: Sequence[LogLine], main: str) -> list[tuple[str, Markup]]:
    """Draw loss, learning rate and the main metric of validation over the steps of a run."""
    steps, checks = pictures.parted(log)
    scores = pictures.to_points(
        (line["step"], (line.get("metrics") or {}).get(main)) for line in checks
    )
    learned = pictures.to_points(
        (line["step"], (line.get("train_metrics") or {}).get(main)) for line in checks
    )
    title = catalogue.title(main)
    lines = {
        "Training loss": Line("training", pictures.of_steps(steps, "loss"), "noisy"),
        "Learning rate": Line("learning rate", pictures.of_steps(steps, "lr"), "smooth"),
        f"Validation {title}": Line("validation", scores, "measured"),
        f"{title} of training texts": Line("training", learned, "measured"),
    }
    found = [
        (title, drawn.once(pictures.to_svg, Chart(title, title, "", (line,))))
        for title, line in lines.items()
        if len(line.points)
    ]
    by_label = {
        "Validation ROC-AUC of each label": _by_label(checks, "roc_auc"),
        "Training ROC-AUC of each label": _by_label(checks, "train_roc_auc"),
    }
    return [*found, *((title, each) for title, each in by_label.items() if each is not None)]


def _by_label(checks: Sequence[LogLine], key: Literal["roc_auc", "train_roc_auc"]) -> Markup | None:
    """Draw the ROC-AUC of each label over the steps, where there are some and not too many."""
    names = list(dict.fromkeys(name for line in checks for name in line.get(key) or {}))
    if not 2 < len(names) <= MOST_CURVES or len(checks) < 2:
        return None
    every = []
    for name in names:
        points = [
            (line["step"], value)
            for line in checks
            if (value := (line.get(key) or {}).get(name)) is not None
        ]
        every.append((name, points))
    return drawn.once(_of_labels, every)


def _of_labels(every: Sequence[tuple[str, Sequence[tuple[int, float]]]]) -> Markup:
    figure, axes = pictures.canvas(PAGE, size=(WIDTH, 3.0))
    for name, points in every:
        if points:
            steps, values = zip(*points, strict=True)
            axes.plot(steps, values, marker="o", markersize=3, linewidth=1.2, label=name[:24])
    axes.set_xlabel("step")
    axes.legend(fontsize=7, frameon=False)
    return pictures.svg(figure, "ROC-AUC of each label over the steps")


def seeds(told: Mapping[str, Any], metric: str, parts: Mapping[str, str]) -> Markup | None:
    """Draw a dot for the score of each seed, and their mean and deviation as a bar."""
    shown = [part for part in parts if part in told and told[part].get(metric)]
    if not shown:
        return None
    every = []
    for part in shown:
        values = [one[part][metric] for one in told["each"] if one[part].get(metric) is not None]
        found = told[part][metric]
        every.append((parts[part], values, found["mean"], found["deviation"] or 0.0))
    return drawn.once(_seeds, (catalogue.title(metric), every))


def _seeds(shown: tuple[str, Sequence[tuple[str, Sequence[float], float, float]]]) -> Markup:
    title, every = shown
    figure, axes = pictures.canvas(PAGE, size=(WIDTH, 0.8 + 0.6 * len(every)))
    for place, (_, values, mean, spread) in enumerate(every):
        axes.plot([mean - spread, mean + spread], [-place] * 2, color=PAGE.second, linewidth=6)
        axes.plot([mean], [-place], color=PAGE.ink, marker="|", markersize=16)
        axes.plot(values, [-place] * len(values), "o", color=PAGE.accent, markersize=5)
    axes.set_yticks([-place for place in range(len(every))], [name for name, *_ in every])
    axes.set_ylim(0.6 - len(every), 0.6)
    return pictures.svg(figure, f"{title} of each seed, mean and deviation")


def bars(rows: Sequence[tuple[str, float | None, Sequence[float] | None]]) -> Markup | None:
    """Draw a bar for each model's number, with its interval where it has one."""
    known = [
        (name, value, span if span and all(map(math.isfinite, span)) else None)
        for name, value, span in rows
        if value is not None and math.isfinite(value)
    ]
    if not known:
        return None
    return shapes.bars("main metric beside the baselines", known)


def learning_curve(curve: LearningCurve) -> Markup | None:
    """Draw what parts of the texts scored, and dashed what more of them would."""
    if len({texts for found in curve.ways().values() for texts in found}) < 2:
        return None
    return drawn.once(_learning_curve, curve)


def _learning_curve(curve: LearningCurve) -> Markup:
    ways = curve.ways()
    sizes = {texts for found in ways.values() for texts in found}
    figure, axes = pictures.canvas(PAGE, size=pictures.SVG_SIZE)
    ahead: set[int] = set()
    if curve.interval is not None:
        axes.plot(
            [curve.texts, curve.texts],
            curve.interval,
            color=PAGE.ink,
            linewidth=1.2,
            marker="_",
            markersize=10,
            label="95 % interval of the run",
        )
    for way, found in ways.items():
        colour, marker = (PAGE.accent, "o") if way == TUNED else (PAGE.second, "s")
        axes.plot(
            *zip(*found.items(), strict=True),
            color=colour,
            linewidth=2,
            marker=marker,
            label=WAYS[way],
        )
        more = curve.forecast(way)
        last = max(found)
        if more:
            line = [(last, found[last]), *sorted(more.items())]
            axes.plot(*zip(*line, strict=True), color=colour, linewidth=1.5, linestyle="--")
            ahead |= more.keys()
    axes.set_xscale("log", base=2)
    places = sorted({*sizes, *ahead})
    axes.set_xticks(places, [f"{texts:,}" for texts in places], rotation=30)
    axes.minorticks_off()
    axes.set_xlabel("texts learned from (dashed: forecast)", color=PAGE.ink)
    axes.set_ylabel(catalogue.title(curve.metric), color=PAGE.ink)
    axes.grid(axis="y", color=PAGE.faint, linewidth=0.5)
    axes.legend(loc="best", fontsize=9, frameon=False, labelcolor=PAGE.ink)
    return pictures.svg(figure, "learning curve")


def of_numbers(
    names: Sequence[str], truth: NDArray[np.float64], found: NDArray[np.float64]
) -> list[tuple[str, Markup]]:
    """Draw for each target what was predicted beside the truth, and how far off it was.

    Args:
        names: Of the targets, T of them; the first few are drawn.
        truth: The right numbers. (N, T)
        found: The numbers predicted; what is not finite is left out. (N, T)
    """
    made = []
    for number, name in enumerate(names[:MOST_TARGETS]):
        pair = np.stack([truth[:, number], found[:, number]], axis=1)  # (N, 2)
        pair = pair[np.isfinite(pair).all(axis=1)]
        if not len(pair):
            continue
        of = f" of {name}" if len(names) > 1 else ""
        errors = pair[:, 1] - pair[:, 0]
        made.append((f"Predicted and true numbers{of}", drawn.once(_cloud, pair)))
        made.append((f"Errors{of}: predicted minus true", drawn.once(_histogram, errors)))
    return made


def _cloud(pair: Points) -> Markup:
    figure, axes = pictures.canvas(PAGE, size=(WIDTH, 4.0))
    places = np.linspace(0, len(pair) - 1, min(MOST_DOTS, len(pair))).round().astype(int)
    ends = [pair.min(), pair.max()]
    axes.plot(ends, ends, color=PAGE.ink, linewidth=1, linestyle="--")
    axes.plot(
        *pair[places].T, color=PAGE.accent, linestyle="", marker="o", markersize=3.5, alpha=0.45
    )
    axes.set_xlabel("true", color=PAGE.ink)
    axes.set_ylabel("predicted", color=PAGE.ink)
    axes.grid(color=PAGE.faint, linewidth=0.6)
    return pictures.svg(figure, "predicted and true numbers")


def _histogram(errors: NDArray[np.float64]) -> Markup:
    figure, axes = pictures.canvas(PAGE, size=(WIDTH, 4.0))
    axes.hist(errors, bins=min(BARS, max(1, len(errors) // 4)), color=PAGE.accent)
    axes.axvline(0, color=PAGE.ink, linewidth=1)
    axes.axvline(errors.mean(), color=PAGE.second, linewidth=2, linestyle="--")
    axes.set_xlabel("predicted − true (dashed: their mean)", color=PAGE.ink)
    axes.set_ylabel("texts", color=PAGE.ink)
    return pictures.svg(figure, "errors of the predicted numbers")
