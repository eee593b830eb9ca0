"""Train the same encoder by textune and by its peers, in turns, and compare speed and quality.

`python -m bench.train --task cola|imdb|goemotions` prints a table and writes JSON on request.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, summary, tasks
from bench.jobs import POLICIES, USUAL, Job, Result
from bench.tasks import TASKS, Prepared

QUICK = {"limit": 1024, "epochs": 1, "seeds": 1}
SEEDS = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-train-") as name:
        folder = Path(name)
        try:
            head = machine.describe(
                options.base, options.threads, folder, size=512 if options.quick else 2048
            )
            say.print(", ".join(f"{name} {number}" for name, number in head["versions"].items()))
            say.print(machine.in_words(head["machine"]))
            prepared = tasks.prepare(
                options.task,
                options.data,
                folder,
                limit=options.limit,
                score_limit=options.score_limit,
            )
            say.print(in_words(options, prepared))
            results = run_turns(options, prepared, head["machine"], folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        **head,
        "rows": prepared.rows,
        **summary.summarise(results),
        "trainings": [asdict(result) for result in results],
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; `--quick` sets what is not set otherwise, then what the task does."""
    parser = commands.parser_of("train", __doc__)
    add = parser.add_argument
    add("--task", choices=list(TASKS), required=True, help="data set to train on")
    add("--epochs", type=commands.positive, help="passes over the training texts (cola 4, else 1)")
    add("--batch-size", type=commands.positive, help="texts in one update (imdb 16, else 32)")
    add("--lr", type=float, default=5e-5, help="highest learning rate (5e-5)")
    add("--max-tokens", type=commands.positive, help="tokens of a text (imdb 512, else 64)")
    add("--seeds", type=commands.positive, help="train with seeds 1, 2, … (3)")
    add("--turns", type=commands.positive, help="rounds over all programs (one a seed)")
    add(
        "--limit",
        type=commands.positive,
        help="train on so many rows, taken evenly (cola: all, imdb 128, goemotions 2048)",
    )
    add(
        "--score-limit",
        type=commands.natural,
        help="score so many rows of each set (cola: all, imdb 500, goemotions 1000); 0: no scores",
    )
    add("--no-score", action="store_true", help="speed alone: the same as --score-limit 0")
    add("--with-compile", action="store_true", help="tuned-compile as well as the usual programs")
    add("--quick", action="store_true", help=f"a trial: at most {QUICK}, unless given")
    options = parser.parse_args(arguments)
    settle(options)
    usual = POLICIES if options.with_compile else USUAL
    options.only = commands.chosen(parser, options.only, list(POLICIES), list(usual))
    commands.require(parser, options.data, tasks.missing(options.task, options.data))
    options.base = options.base or commands.bundled_base(parser)
    return options


def settle(options: argparse.Namespace) -> None:
    """Fill in what the command line leaves open."""
    usual = TASKS[options.task]
    if options.no_score:
        options.score_limit = 0
    if options.quick:
        rows = min(QUICK["limit"], usual.limit or QUICK["limit"])
        commands.fill(options, {**QUICK, "limit": rows})
    names = ("limit", "score_limit", "epochs", "batch_size", "max_tokens")
    commands.fill(options, {name: getattr(usual, name) for name in names} | {"seeds": SEEDS})
    commands.fill(options, {"turns": options.seeds})


def in_words(options: argparse.Namespace, prepared: Prepared) -> str:
    """Say what is trained on what."""
    rows = ", ".join(f"{name} {count:,}" for name, count in prepared.rows.items())
    return (
        f"{options.task}: rows {rows}; up to {options.max_tokens} tokens a text; {options.epochs} "
        f"epoch(s) in batches of {options.batch_size}, lr {options.lr}; {options.turns} turn(s), "
        f"{options.threads} thread(s)"
    )


def run_turns(
    options: argparse.Namespace,
    prepared: Prepared,
    hardware: Mapping[str, Any],
    folder: Path,
    say: Console,
) -> list[Result]:
    """Train by every program, one after the other, and that as often as there are turns."""
    results: list[Result] = []
    for turn in range(1, options.turns + 1):
        for program in options.only:
            job = to_job(options, prepared, program, turn, faster(results, hardware))
            result = train(job, folder)
            results.append(result)
            scores = [f"{name} {number(value)}" for name, value in result.scores.items()]
            said = [f"{result.examples_per_second:.1f} examples/s", *scores]
            say.print(f"turn {turn} {program}: {', '.join(said)}")
    return results


def faster(results: Sequence[Result], hardware: Mapping[str, Any]) -> str:
    """Choose a number format: by what both tuned programs reached, else by the products."""
    tuned = {
        name: [each.examples_per_second for each in results if each.program == f"tuned-{name}"]
        for name in machine.FORMATS
    }
    if all(tuned.values()):
        return max(tuned, key=lambda name: median(tuned[name]))
    products = hardware["products"]
    measured = products.get("encoder", products["square"])
    return max(machine.FORMATS, key=lambda name: float(measured[name]))


def to_job(
    options: argparse.Namespace, prepared: Prepared, program: str, turn: int, precision: str
) -> Job:
    """Say what one program has to do in one turn; the train function gives it a folder."""
    return Job(
        program=program,
        base=options.base,
        task=prepared.kind,
        labels=prepared.labels,
        train=str(prepared.train),
        valid=str(prepared.valid),
        sets={name: str(path) for name, path in prepared.sets.items()},
        metrics=prepared.metrics,
        scratch="",
        seed=(turn - 1) % options.seeds + 1,
        turn=turn,
        epochs=options.epochs,
        batch_size=options.batch_size,
        lr=options.lr,
        max_tokens=options.max_tokens,
        threads=options.threads,
        precision=precision,
    )


def train(job: Job, folder: Path) -> Result:
    """Train in a fresh process, whose files are deleted with it."""
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as scratch:
        return Result(**processes.run("bench.measure", asdict(job) | {"scratch": scratch}, folder))


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the programs, and below how textune compares with each."""
    programs = report["programs"].values()
    names = list(dict.fromkeys(name for program in programs for name in program["scores"]))
    table = Table(
        title=f"{report['settings']['task']}: medians over turns; scores: mean ± deviation"
    )
    headings = ("program", "precision", "ex/s", "tokens/s", "padding", "peak MB", *names)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for program in programs:
        table.add_row(
            program["policy"],
            program["precision"],
            f"{program['examples_per_second']:.1f}",
            f"{program['tokens_per_second']:.0f}",
            f"{program['padding']:.3f}",
            f"{program['peak_memory_mb']:.0f}",
            *(spread(program["scores"][name], "deviation") for name in names),
        )
    console.print(table)
    for line in summary.ratio_lines(report["ratios"], "times as fast"):
        console.print(line)
    for name, sets in report["score_difference"].items():
        shown = [f"{key} {spread(value, 'standard_error')}" for key, value in sets.items()]
        if shown:
            console.print(f"textune minus {name}: {', '.join(shown)} (± standard error)")


def spread(values: Mapping[str, Any], kind: str) -> str:
    """Write a mean and, where there are several seeds, how far it can be trusted."""
    doubt = f" ± {values[kind]:.3f}" if values[kind] is not None else ""
    return "-" if values["mean"] is None else f"{values['mean']:.3f}{doubt}"


def number(value: float | None) -> str:
    """Write a score, which a set of one class does not have."""
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
