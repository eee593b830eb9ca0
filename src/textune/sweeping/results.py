"""What came of a sweep becomes numbers, a table, settings to train by, and a page."""

import csv
import io
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from textune.metrics import catalogue, repeated, written
from textune.records import Message
from textune.runs.runs import Run
from textune.storage import atomic
from textune.sweeping import page, plans, trials
from textune.sweeping.plans import Plan
from textune.sweeping.study import Study, Trial

PARTS = ("valid", "test")


def write(
    folder: Path, plan: Plan, study: Study, run: Run | None
) -> Generator[Message, None, dict[str, Any]]:
    """Write all of it into the sweep's folder; return the numbers, as `textune sweep --json`."""
    found, best = study.trials(), study.best()
    assert best is not None
    importance = study.importance()
    numbers: dict[str, Any] = {
        "metric": plan.metric,
        "trials": {
            state.lower(): sum(each.state == state and not each.is_lost for each in found)
            for state in ("COMPLETE", "PRUNED", "FAIL")
        },
        "best": {
            "trial": best.number,
            "value": best.score,
            "judged": _judged(plan),
            "settings": dict(best.values),
        },
        "importance": importance,
        "winner": None if run is None else _winner(run, plan),
    }
    numbers["words"] = _words(numbers, plan)
    atomic.write_json(folder / plans.RESULT, numbers)
    write_table(folder, plan, study)
    page.write(folder, plan, found, numbers)
    if run is not None:
        yield Message(numbers["words"])
    return numbers


def write_table(folder: Path, plan: Plan, study: Study) -> None:
    """Write the table of trials, and the settings of the best one."""
    names = [each.name for each in plan.dimensions]
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(["trial", "state", plan.metric, *names, "best_epoch", "seconds", "note"])
    for each in study.trials():
        if each.is_lost or each.state == "WAITING":
            continue
        notes = each.notes
        values = [each.values.get(name) for name in names]
        why = str(notes.get("error") or "")
        if "same_as" in notes:
            why = f"the same as trial {notes['same_as']}"
        row = [each.number, each.state.lower(), each.score, *values]
        table.writerow([*row, notes.get("epoch"), notes.get("seconds"), why])
    atomic.write_text(folder / plans.TABLE, lines.getvalue())
    best = study.best()
    config = None if best is None else trials.folder_of(folder, best.number) / "config.toml"
    if config is not None and config.is_file():
        atomic.write_text(folder / plans.BEST, config.read_text(encoding="utf-8"))


def ended(trial: Trial, plan: Plan, best: Trial | None) -> str:
    """Say how a trial ended."""
    if trial.state != "COMPLETE" or trial.score is None:
        verb = "failed" if trial.state == "FAIL" else "pruned"
        return f"trial {trial.number} {verb}: {trial.notes.get('error', '')}"
    said = f"trial {trial.number}: {catalogue.title(plan.metric)} {written.decimals(trial.score)}"
    if "same_as" in trial.notes:
        said += f", as trial {trial.notes['same_as']}, which is the same"
    if best is None or best.score is None or best.number == trial.number:
        return f"{said}, the best so far"
    return f"{said} (best so far: {written.decimals(best.score)}, trial {best.number})"


def is_split_anew(plan: Plan) -> bool:
    """Tell whether the winner is judged on other rows: where no test rows are drawn beside them."""
    data = plan.of_all.data
    return not plan.has_own_valid and not data.test_share and data.folds is None


def _judged(plan: Plan) -> str:
    texts = f"{plan.texts:,} texts"
    return f"cross-validation of {texts}" if plan.is_crossed else f"{texts} of validation"


def _winner(run: Run, plan: Plan) -> dict[str, Any]:
    """Return what the winner scored by other seeds: mean and deviation of the metric."""
    told = run.metrics.get("seeds")
    found: dict[str, Any] = {
        "run": plans.FINAL,
        "seeds": told["count"] if told else 1,
        "split": "new" if is_split_anew(plan) else "same",
    }
    for part in PARTS:
        if part not in run.metrics:
            continue
        if told:
            found[part] = told[part].get(plan.metric)
        else:
            value = catalogue.value(run.metrics[part], plan.metric)
            found[part] = None if value is None else {"mean": value, "deviation": None}
        intervals = run.metrics[part].get("intervals") or {}
        if found[part] is not None and not told and plan.metric in intervals:
            found[part]["interval"] = intervals[plan.metric]
    return found


def _words(numbers: Mapping[str, Any], plan: Plan) -> str:
    """Say both numbers, and which of them is to be believed."""
    best, winner = numbers["best"], numbers["winner"]
    count, title = numbers["trials"]["complete"], catalogue.title(plan.metric)
    score = f"scored {title} {written.decimals(best['value'])} ({best['judged']})"
    said = f"the only trial that finished {score}"
    if count > 1:
        said = (
            f"the best of {count} finished trials {score}; picked as the best of {count}, that is "
            "optimistic"
        )
    if winner is None or winner.get("valid") is None:
        return f"{said}: it has not been trained again yet"
    seeds = f"{winner['seeds']} other seed{'s' * (winner['seeds'] > 1)}"
    again = repeated.words(winner["valid"])
    if winner["split"] == "new":
        said += f". Trained again by {seeds} on another split it scores {again}: believe this one"
    else:
        said += (
            f". Trained again by {seeds} on the same split it scores {again}, which is free of a "
            "lucky seed, but not of the choice by the same texts"
        )
    if winner.get("test") is not None:
        said += f". On the test texts, which no trial saw: {repeated.words(winner['test'])}"
    elif winner["split"] == "same":
        said += "; --test FILE would tell better"
    return said
