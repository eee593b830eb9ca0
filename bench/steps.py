"""Where the time of a training step goes: matrix products, attention, norms, optimizer and so on.

`python -m bench.steps --task cola|imdb|goemotions` trains some steps by textune, once as a user
would and once under torch's profiler, and compares the products with the machine's own rate.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, tasks
from bench.tasks import TASKS


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    task = TASKS[options.task]
    with tempfile.TemporaryDirectory(prefix="bench-steps-") as name:
        folder = Path(name)
        try:
            size = 512 if options.quick else 2048
            head = machine.describe(options.base, options.threads, folder, size=size)
            batch_size = options.batch_size or task.batch_size
            limit = options.steps * 2 * batch_size
            prepared = tasks.prepare(options.task, options.data, folder, limit=limit, score_limit=0)
            job = {
                "base": options.base,
                "train": str(prepared.train),
                "valid": str(prepared.valid),
                "kind": prepared.kind,
                "labels": prepared.labels,
                "batch_size": batch_size,
                "max_tokens": task.max_tokens,
                "precision": options.precision,
                "micro_tokens": options.micro_tokens,
                "kernels": not options.no_kernels,
                "steps": options.steps,
                "threads": options.threads,
            }
            found = processes.run("bench.stepping", job, folder)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {"settings": commands.settings(options), **head, **found}
    report["share_of_rate"] = shares(found, head["machine"]["products"])
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.parser_of("steps", __doc__)
    add = parser.add_argument
    add("--task", choices=list(TASKS), default="cola", help="data set (cola)")
    add("--steps", type=commands.positive, default=40, help="updates that are measured (40)")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="number format")
    add("--batch-size", type=commands.natural, default=0, help="texts an update (the task's)")
    add("--micro-tokens", type=commands.natural, default=0, help="tokens at once (0: as usual)")
    add("--no-kernels", action="store_true", help="compute by torch's own operations alone")
    add("--quick", action="store_true", help="a trial: smaller products")
    options = parser.parse_args(arguments)
    options.base = options.base or commands.bundled_base(parser)
    commands.require(parser, options.data, tasks.missing(options.task, options.data))
    return options


def shares(found: Mapping[str, Any], products: Mapping[str, Any]) -> dict[str, float]:
    """Divide the useful rate of a whole step by each rate that was measured for products alone."""
    reached = found["product_gflop"] / found["seconds_per_step"]
    return {
        f"{shape}, {numbers}": reached / rates[numbers]
        for shape, rates in products.items()
        for numbers in machine.FORMATS
    }


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the parts of a step, and what the products reach."""
    console.print(machine.in_words(report["machine"]))
    table = Table(title=f"one update of {report['settings']['task']}, {report['precision']}")
    for heading in ("part", "ms", "share", "calls"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for name, part in report["parts"].items():
        table.add_row(
            name, f"{part['ms']:.1f}", f"{100 * part['share']:.1f} %", f"{part['calls']:.0f}"
        )
    console.print(table)
    console.print(
        f"{1000 * report['seconds_per_step']:.1f} ms an update without the profiler (median), "
        f"{report['texts_per_second']:.1f} texts/s, {report['tokens_per_second']:.0f} tokens/s, "
        f"{report['product_gflop']:.1f} GFLOP of products"
    )
    whole, parts = (1000 * report["by_turns"][name] for name in ("whole", "parts"))
    console.print(
        f"by turns, update after update: {whole:.1f} ms where kernels compute each layer in one "
        f"call, {parts:.1f} ms call by call (medians): {parts / whole:.3f} times as long"
    )
    for name, share in report["share_of_rate"].items():
        console.print(f"{100 * share:.0f} % of the rate of products alone ({name})")


if __name__ == "__main__":
    main()
