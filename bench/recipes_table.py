"""Records of trainings and saved answers become the table that people read."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.quality_sets import read
from bench.recipes_scores import ERRORS, TITLES, Answered, Predictions, answered, compared
from bench.recipes_sets import RECIPES, Files
from bench.recipes_sides import OURS, PEER, POLICIES

ANSWERS = "answers"
CLOCKS = {
    "seconds": "the whole command",
    "cpu_seconds": "the processor's time for it, all threads",
    "train_seconds": "the updates alone",
}
QUALITY = ("recipe", "score", "published", OURS, "Trainer", "difference", "noise", "")
TIMES = ("recipe", "what is timed", f"{OURS} s", "Trainer s", "ratio")


def keep_truth(folder: Path, name: str, files: Files) -> None:
    """Keep the test rows beside the answers, and the names of the labels."""
    shutil.copy(files.test, folder / f"{name}-test.jsonl")
    (folder / f"{name}-labels.json").write_text(json.dumps(files.labels), encoding="utf-8")


def summarise(
    records: Sequence[Mapping[str, Any]], folder: Path, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Score the answers, and compare the programs recipe by recipe.

    Args:
        records: Of the trainings.
        folder: Where their answers are.
        settings: To be told in the report.
    """
    found: dict[str, Any] = {}
    failures = [
        f"{each['recipe']} by {each['program']}, seed {each['seed']}"
        for each in records
        if each["error"] is not None
    ]
    for name in dict.fromkeys(record["recipe"] for record in records):
        mine = [record for record in records if record["recipe"] == name]
        done = [record for record in mine if record["error"] is None]
        try:
            scores = scores_of(name, done, folder)
        except (ValueError, OSError) as error:  # of rows too few to have it; the others are told
            scores = []
            failures.append(f"scores of {name}: {error}")
        found[name] = {
            "title": RECIPES[name].title,
            "how": mine[0]["how"],
            "published": dict(RECIPES[name].published),
            "scores": scores,
            "times": times_of(done),
        }
    return {
        "settings": dict(settings),
        "policies": POLICIES,
        "recipes": found,
        "failures": failures,
        "trainings": [dict(record) for record in records],
    }


def scores_of(
    name: str, records: Sequence[Mapping[str, Any]], folder: Path
) -> list[dict[str, Any]]:
    """Compare every score of a recipe; none where the programs have no seed in common."""
    said: dict[str, dict[int, Answered]] = {OURS: {}, PEER: {}}
    kept = folder / ANSWERS
    for each in records:
        labels = json.loads((kept / f"{name}-labels.json").read_text(encoding="utf-8"))
        rows = read(kept / f"{name}-test.jsonl")
        file = kept / f"{name}-{each['program']}-{each['seed']}.json"
        found = answered(Predictions.read(file), rows, labels)
        said[each["program"]][each["seed"]] = found
    if not set(said[OURS]) & set(said[PEER]):
        return []
    return [compared(score, said[OURS], said[PEER]) for score in RECIPES[name].scores]


def times_of(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Return mean seconds over the seeds that both have, and how many times as fast textune is."""
    by: dict[str, dict[int, Mapping[str, Any]]] = {OURS: {}, PEER: {}}
    for each in records:
        by[each["program"]][each["seed"]] = each
    seeds = sorted(set(by[OURS]) & set(by[PEER]))
    if not seeds:
        return {}
    found: dict[str, dict[str, float | None]] = {}
    for clock in CLOCKS:
        ours, theirs = (fmean(by[each][seed][clock] for seed in seeds) for each in (OURS, PEER))
        found[clock] = {OURS: ours, PEER: theirs, "ratio": theirs / ours if ours else None}
    return found


def write(report: Mapping[str, Any], folder: Path) -> None:
    """Write the table for people and for programs."""
    (folder / "table.md").write_text(in_markdown(report) + "\n", encoding="utf-8")
    text = json.dumps(report, indent=2) + "\n"
    (folder / "table.json").write_text(text, encoding="utf-8")


def in_markdown(report: Mapping[str, Any]) -> str:
    """Return the table, what it was measured with, and what failed."""
    recipes = report["recipes"]
    lines = ["What is compared:", ""]
    lines += [f"- {name}: {policy}" for name, policy in report["policies"].items()]
    lines += [f"- {found['title']}: {in_words(found['how'])}" for found in recipes.values()]
    lines += ["", *heading(QUALITY)]
    for found in recipes.values():
        lines += [row(found["title"], *quality(found, each)) for each in found["scores"]]
    lines += [
        "",
        "Difference: above 0 where textune is better, whatever the score. Noise: "
        f"{ERRORS} standard errors, of test rows drawn anew and of seeds.",
        "",
        *heading(TIMES),
    ]
    for found in recipes.values():
        for clock, each in found["times"].items():
            seconds = (f"{each[program]:.1f}" for program in (OURS, PEER))
            ratio = "–" if each["ratio"] is None else f"{each['ratio']:.2f}"
            lines.append(row(found["title"], CLOCKS[clock], *seconds, ratio))
    if report["failures"]:
        lines += ["", f"FAILED: {'; '.join(report['failures'])}"]
    return "\n".join(lines)


def in_words(how: Mapping[str, Any]) -> str:
    """Say what both programs had."""
    rows = ", ".join(f"{count:,} {part}" for part, count in how["rows"].items() if count)
    place = Path(how["base"])
    base = place.parent.name if place.name == "model" else place.name
    return (
        f"rows {rows}; {how['epochs']} epoch(s), batches of {how['batch_size']}, lr {how['lr']:g}, "
        f"{how['max_tokens']} tokens; {how['threads']} thread(s); base {base}"
    )


def quality(found: Mapping[str, Any], each: Mapping[str, Any]) -> list[str]:
    """Write one score."""
    return [
        TITLES[each["score"]],
        found["published"].get(each["score"], "–"),
        f"{each['textune']:.4f}",
        f"{each['trainer']:.4f}",
        f"{each['difference']:+.4f}",
        f"± {ERRORS * each['error']:.4f} ({each['seeds']} seed{'s' * (each['seeds'] > 1)})",
        each["verdict"],
    ]


def heading(names: Sequence[str]) -> list[str]:
    """Return the first two lines of a table."""
    return [row(*names), "|" + "---|" * len(names)]


def row(*cells: str) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"
