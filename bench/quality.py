"""Quality and speed beside transformers' own model classes with its Trainer, task by task.

`python -m bench.quality` trains on the same rows, from the same encoder, with the same settings and
seeds, in turns: textune as `textune train` does; the Trainer as it comes (fp32, random batches),
for quality; and the tuned one (group_by_length, the faster number format), for speed, with the
first seed alone. Every program keeps the epoch best on the same validation rows, and is scored on
the test rows. The interval (paired t, 95 %) speaks of the seeds.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, quality_sets, summary
from bench.jobs import Job, Result
from bench.quality_sets import SETS
from bench.tasks import Prepared
from bench.train import faster, spread, to_job
from textune.records import Long

PROGRAMS = ("textune", "default", "tuned")  # "tuned" in the number format that is faster here
USUAL = ("epochs", "batch_size", "lr", "max_tokens")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all tasks in turns, then print and write what was found."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    found: dict[str, tuple[Prepared, list[Result]]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-quality-") as name:
        folder = Path(name)
        try:
            head = machine.describe(options.base, options.threads, folder, size=1024)
            say.print(machine.in_words(head["machine"]))
            precision = faster([], head["machine"])
            for task in options.task:
                settled = settle(options, task)
                prepared = prepare(settled, task, folder)
                say.print(in_words(settled, task, prepared))
                found[task] = prepared, run_turns(settled, prepared, precision, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        **head,
        "tasks": {
            task: {"rows": prepared.rows, **summarise(task, results)}
            for task, (prepared, results) in found.items()
        },
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; what it leaves open is settled for each task."""
    parser = commands.parser_of("quality", __doc__)
    add = parser.add_argument
    add("--task", nargs="+", choices=list(SETS), default=list(SETS), help="data sets (all)")
    add("--full", action="store_true", help="as many rows as there are (imdb 2,000 and 2,000)")
    add("--rows", type=commands.positive, help="train on so many rows (by the task, a trial)")
    add("--test-rows", type=commands.positive, help="score so many rows (by the task, a trial)")
    add("--seeds", type=commands.positive, default=3, help="train with seeds 1, 2, … (3)")
    add("--tuned-seeds", type=commands.natural, default=1, help="seeds of the tuned Trainer (1)")
    add("--epochs", type=commands.positive, help="passes over the training rows (by the task)")
    add("--batch-size", type=commands.positive, help="rows in one update (by the task)")
    add("--lr", type=float, help="highest learning rate (by the task)")
    add("--max-tokens", type=commands.positive, help="tokens of a text (by the task)")
    add("--long", choices=get_args(Long), help="textune's reading of longer texts (its own choice)")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, PROGRAMS, PROGRAMS)
    missing = [file for task in options.task for file in quality_sets.missing(task, options.data)]
    commands.require(parser, options.data, missing)
    options.base = options.base or commands.bundled_base(parser)
    return options


def settle(options: argparse.Namespace, task: str) -> argparse.Namespace:
    """Return the options of one task, filled in by what is usual for it."""
    goal = SETS[task]
    found = argparse.Namespace(**vars(options))
    few, many = (goal.rows, goal.test_rows), (goal.most_rows, goal.most_test_rows)
    rows = dict(zip(("rows", "test_rows"), many if options.full else few, strict=True))
    commands.fill(found, rows | {name: getattr(goal, name) for name in USUAL})
    return found


def prepare(options: argparse.Namespace, task: str, folder: Path) -> Prepared:
    """Write the rows that all programs read."""
    return quality_sets.prepare(
        task, options.data, folder, rows=options.rows, test_rows=options.test_rows
    )


def in_words(options: argparse.Namespace, task: str, prepared: Prepared) -> str:
    """Say what is trained on what."""
    rows = ", ".join(f"{name} {count:,}" for name, count in prepared.rows.items())
    return (
        f"{task}: rows {rows}; up to {options.max_tokens} tokens; {options.epochs} epoch(s) in "
        f"batches of {options.batch_size}, lr {options.lr}; {options.seeds} seed(s), "
        f"{options.threads} thread(s)"
    )


def run_turns(
    options: argparse.Namespace, prepared: Prepared, precision: str, folder: Path, say: Console
) -> list[Result]:
    """Train by every program, one after the other, seed by seed.

    Raises:
        ProgramError: A process failed.
    """
    results = []
    for seed in range(1, options.seeds + 1):
        for name in options.only:
            if name == "tuned" and seed > options.tuned_seeds:
                continue
            program = f"tuned-{precision}" if name == "tuned" else name
            job = replace(to_job(options, prepared, program, seed, precision), long=options.long)
            result = train(job, folder)
            results.append(result)
            scores = ", ".join(f"{key} {number(score)}" for key, score in result.scores.items())
            said = f"seed {seed} {program}: {result.examples_per_second:.1f} examples/s"
            say.print(f"{said}, {scores}")
    return results


def train(job: Job, folder: Path) -> Result:
    """Train in a fresh process, whose files are deleted with it."""
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as scratch:
        values = asdict(job) | {"scratch": scratch}
        return Result(**processes.run("bench.quality_measure", values, folder))


def summarise(task: str, results: Sequence[Result]) -> dict[str, Any]:
    """Sum up a task, and compare textune's test score and speed with the Trainer's."""
    found = summary.summarise(results)
    metric = f"test {SETS[task].metric}"
    ours, theirs = (by_seed(results, program, metric) for program in PROGRAMS[:2])
    seeds = sorted(set(ours) & set(theirs))
    quality = compared([theirs[seed] for seed in seeds], [ours[seed] for seed in seeds])
    quality["words"] = in_quality(metric, quality)
    wanted = SETS[task].ratio
    ratio = found["ratios"].get("best tuned", {}).get("median")
    speed = {"ratio": ratio, "wanted": wanted, "words": in_speed(ratio, wanted)}
    trainings = [asdict(result) for result in results]
    return {**found, "quality": quality, "speed": speed, "trainings": trainings}


def by_seed(results: Sequence[Result], program: str, metric: str) -> dict[int, float]:
    """Return a program's score of each seed that has one."""
    return {
        each.seed: score
        for each in results
        if each.program == program and (score := each.scores.get(metric)) is not None
    }


def compared(theirs: Sequence[float], ours: Sequence[float]) -> dict[str, Any]:
    """Return the mean of ours minus theirs, seed by seed, and its interval."""
    if not ours:
        return {"seeds": 0, "difference": None, "interval": None}
    if len(ours) == 1:
        return {"seeds": 1, "difference": ours[0] - theirs[0], "interval": None}
    from textune.recipes import proving  # here, so that --help does not load torch

    found = proving.compare(theirs, ours)
    kept = {name: found[name] for name in ("difference", "interval")}
    return {"seeds": len(ours), **kept}


def in_quality(metric: str, found: Mapping[str, Any]) -> str:
    """Say what a paired difference of scores shows."""
    if found["difference"] is None:
        return "textune and the default Trainer have no seed in common"
    said = f"textune minus the default Trainer: {found['difference']:+.4f} {metric}"
    if found["interval"] is None:
        return f"{said}: one seed shows no difference from noise"
    low, high = found["interval"]
    said = f"{said} (95 % interval {low:+.4f} to {high:+.4f})"
    if low > 0:
        return f"{said}: better by more than noise"
    if high < 0:
        return f"{said}: WORSE by more than noise"
    return f"{said}: no more than the noise of {found['seeds']} seeds"


def in_speed(ratio: float | None, wanted: float | None) -> str:
    """Say how fast textune is beside the tuned Trainer, and whether that is what is wanted."""
    if ratio is None:
        return "textune and the tuned Trainer have no turn in common"
    said = f"textune is {ratio:.2f} times as fast as the tuned Trainer"
    if wanted is None:
        return said
    return f"{said}: {wanted} is wanted, {'reached' if ratio >= wanted else 'NOT reached'}"


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print, task by task, each program's scores and speed, and what they show."""
    for task, found in report["tasks"].items():
        rows = ", ".join(f"{name} {count:,}" for name, count in found["rows"].items())
        table = Table(title=f"{task} ({rows}); scores: mean ± deviation")
        names = list(next(iter(found["programs"].values()))["scores"])
        for heading in ("program", "precision", "seeds", "ex/s", "padding", "peak MB", *names):
            table.add_column(heading, justify="left" if heading == "program" else "right")
        for program in found["programs"].values():
            table.add_row(
                program["policy"],
                program["precision"],
                str(program["trainings"]),
                f"{program['examples_per_second']:.1f}",
                f"{program['padding']:.3f}",
                f"{program['peak_memory_mb']:.0f}",
                *(spread(program["scores"][name], "deviation") for name in names),
            )
        console.print(table)
        console.print(found["quality"]["words"])
        console.print(found["speed"]["words"])


def number(value: float | None) -> str:
    """Write a score, which numbers that are all alike do not have."""
    return "-" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    main()
