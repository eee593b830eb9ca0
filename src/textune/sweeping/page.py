"""The trials of a sweep become drawings and a page: history, importance, a slice a setting."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from textune.metrics import catalogue, repeated, written
from textune.report import pictures, report
from textune.report.pictures import Paint
from textune.report.section import Section, section
from textune.sweeping import plans, spaces
from textune.sweeping.plans import Plan
from textune.sweeping.spaces import Choices, Dimension
from textune.sweeping.study import Trial

Draw = Callable[[Axes, Paint], None]
STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "not finished"}
MOST_WORDS = 24  # characters of a value beside an axis


def write(folder: Path, plan: Plan, found: Sequence[Trial], numbers: Mapping[str, Any]) -> None:
    """Write sweep.html, and its drawings as PNG into `pictures`."""
    shown = [each for each in found if not each.is_lost and each.state in STATES]
    drawings: list[tuple[str, Markup]] = []
    if pictures.are_wanted():
        (folder / plans.PICTURES).mkdir(exist_ok=True)
        for name, (title, draw) in _drawings(plan, shown, numbers).items():
            pictures.write_png(folder / plans.PICTURES / f"{name}.png", title, draw)
            drawings.append((title, pictures.drawn(title, draw)))
    sections = _sections(plan, shown, numbers, drawings)
    report.put(folder, plans.PAGE, folder.resolve().name, _facts(plan, numbers), sections)


def _sections(
    plan: Plan,
    found: Sequence[Trial],
    numbers: Mapping[str, Any],
    drawings: Sequence[tuple[str, Markup]],
) -> list[Section]:
    sign = -1 if plan.is_higher else 1
    order = sorted(found, key=lambda each: (each.score is None, sign * (each.score or 0.0)))
    names = [each.name for each in plan.dimensions]
    metric = catalogue.title(plan.metric)
    result = {
        "words": numbers["words"],
        "metric": metric,
        "best": numbers["best"],
        "settings_of_best": spaces.words(numbers["best"]["settings"]),
        "winner": _winner(numbers),
        "space": [each.words() for each in plan.dimensions],
    }
    pictured = {"drawings": drawings, "has_importance": numbers["importance"] is not None}
    trials = {
        "metric": metric,
        "heads": [spaces.shown_name(name) for name in names],
        "rows": [_row(each, names) for each in order],
    }
    return [
        section("result", "Result", "sweep_result.html", result),
        section("pictures", "Pictures", "sweep_pictures.html", pictured),
        section("trials", "Trials", "sweep_trials.html", trials),
    ]


def _facts(plan: Plan, numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    counts = numbers["trials"]
    return [
        ("data", ", ".join(map(str, _listed(plan.source))) or "data of Python"),
        ("trials finished", str(counts["complete"])),
        ("pruned", str(counts["pruned"])),
        ("failed", str(counts["fail"])),
        ("judged by", f"{catalogue.title(plan.metric)}, {numbers['best']['judged']}"),
    ]


def _listed(source: Any) -> list[Any]:
    return [] if source is None else [source] if isinstance(source, str) else list(source)


def _row(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    why = trial.notes.get("error") or ""
    if "same_as" in trial.notes:
        why = f"the same as trial {trial.notes['same_as']}"
    seconds = trial.notes.get("seconds")
    return {
        "number": trial.number,
        "state": STATES[trial.state],
        "score": trial.score,
        "values": [spaces.shown(trial.values.get(name, "")) for name in names],
        "time": "" if seconds is None else written.clock(seconds),
        "why": why,
    }


def _winner(numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what the winner scored when it was trained again."""
    found = numbers["winner"] or {}
    of = {"new": "validation texts of another split", "same": "the same validation texts"}
    names = {"valid": of.get(found.get("split", ""), ""), "test": "test texts"}
    return [
        (f"{names[part]}, {found['seeds']} seed{'s' * (found['seeds'] > 1)}", _mean(found[part]))
        for part in names
        if found.get(part)
    ]


def _mean(found: Mapping[str, Any]) -> str:
    interval = written.interval(found.get("interval"))
    return repeated.words(found) + (f" ({interval})" if interval else "")


def _drawings(
    plan: Plan, found: Sequence[Trial], numbers: Mapping[str, Any]
) -> dict[str, tuple[str, Draw]]:
    """Return what is drawn, by the name of the file."""
    title = catalogue.title(plan.metric)
    drawn: dict[str, tuple[str, Draw]] = {"history": ("History of trials", _history(plan, found))}
    if numbers["importance"]:
        drawn["importance"] = (
            "Importance: share of the spread of scores",
            _importance(numbers["importance"]),
        )
    for each in plan.dimensions:
        name = f"slice-{each.name.removeprefix('train.').replace('.', '-')}"
        drawn[name] = (f"{title} by {spaces.shown_name(each.name)}", _slice(plan, found, each))
    return drawn


def _last(trial: Trial) -> float | None:
    """Return a trial's score, or the last validation of one that was given up."""
    if trial.score is not None or not trial.steps:
        return trial.score
    return trial.steps[max(trial.steps)]


def _scored(found: Sequence[Trial], state: str) -> list[tuple[Trial, float]]:
    kept = [(each, _last(each)) for each in found if each.state == state]
    return [(each, value) for each, value in kept if value is not None]


def _history(plan: Plan, found: Sequence[Trial]) -> Draw:
    better = max if plan.is_higher else min

    def draw(axes: Axes, paint: Paint) -> None:
        finished = sorted(_scored(found, "COMPLETE"), key=lambda each: each[0].number)
        places = [each.number for each, _ in finished]
        scores = [value for _, value in finished]
        if finished:
            best = list(accumulate(scores, better))
            ends = [*places, max(each.number for each in found)]
            axes.plot(
                ends,
                [*best, best[-1]],
                drawstyle="steps-post",
                color=paint.second,
                linewidth=1.6,
                label="best so far",
            )
        _dots(axes, paint, places, scores)
        _crosses(axes, paint, [(each.number, value) for each, value in _scored(found, "PRUNED")])
        axes.set_xlabel("trial", color=paint.ink)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _finish(axes, paint, catalogue.title(plan.metric))

    return draw


def _importance(found: Mapping[str, float]) -> Draw:
    def draw(axes: Axes, paint: Paint) -> None:
        order = sorted(found.items(), key=lambda each: each[1])
        places = range(len(order))
        axes.barh(places, [value for _, value in order], color=paint.accent, height=0.55)
        for place, (_, value) in enumerate(order):
            axes.text(value, place, f" {value:.0%}", va="center", fontsize=9, color=paint.ink)
        axes.set_yticks(places, [spaces.shown_name(name) for name, _ in order])
        axes.set_xlim(0, max(found.values()) * 1.15 or 1)
        axes.set_xlabel("importance (fANOVA)", color=paint.ink)

    return draw


def _slice(plan: Plan, found: Sequence[Trial], each: Dimension) -> Draw:
    def draw(axes: Axes, paint: Paint) -> None:
        place = _place_of(each)
        finished = [(place(one), value) for one, value in _scored(found, "COMPLETE")]
        _dots(axes, paint, [x for x, _ in finished], [y for _, y in finished])
        _crosses(axes, paint, [(place(one), value) for one, value in _scored(found, "PRUNED")])
        if isinstance(each, Choices):
            words = [spaces.shown(value)[-MOST_WORDS:] for value in each.values]
            axes.set_xticks(range(len(words)), words)
            axes.set_xlim(-0.5, len(words) - 0.5)
        elif each.is_log:
            axes.set_xscale("log")
        axes.set_xlabel(spaces.shown_name(each.name), color=paint.ink)
        _finish(axes, paint, catalogue.title(plan.metric))

    return draw


def _place_of(each: Dimension) -> Callable[[Trial], float]:
    """Say where on the axis a trial stands."""
    if isinstance(each, Choices):
        return lambda trial: float(each.values.index(trial.values[each.name]))
    return lambda trial: float(trial.values[each.name])


def _dots(axes: Axes, paint: Paint, x: Sequence[float], y: Sequence[float]) -> None:
    if x:
        axes.plot(x, y, "o", color=paint.accent, markersize=6, alpha=0.75, label="finished")


def _crosses(axes: Axes, paint: Paint, points: Sequence[tuple[float, float]]) -> None:
    """Draw what was given up, at its last validation."""
    if points:
        x, y = zip(*points, strict=True)
        axes.plot(x, y, "x", color=paint.ink, markersize=6, alpha=0.6, label="pruned (last score)")


def _finish(axes: Axes, paint: Paint, unit: str) -> None:
    axes.set_ylabel(unit, color=paint.ink)
    axes.grid(axis="y", color=paint.faint, linewidth=0.5)
    if len(axes.get_legend_handles_labels()[0]) > 1:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),  # above, where no trial is
            ncols=3,
            fontsize=9,
            frameon=False,
            labelcolor=paint.ink,
            columnspacing=1.0,
            handletextpad=0.3,
        )
