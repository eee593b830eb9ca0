"""Fine-tune all weights, or adapters on a frozen base (LoRA): scores and peak memory.

Both ways have the same rows, passes and seeds, and the learning rate that the recipe chooses for
them, or --rate for the adapters. Scores are of the development sets of CoLA and SST-2, by the
bundled encoder. The memory is the kernel's own peak of a whole run (ru_maxrss), with an encoder of
base size (12 layers, 768 wide) of random weights.
"""

import argparse
import csv
import gzip
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes
from textune.encoder.names import Targets

SETS = {  # train, development set, column of the label, column of the text, rows before the first
    "cola": ("cola/in_domain_train.tsv", "cola/in_domain_dev.tsv", 1, 3, 0),
    "sst-2": ("sst2/train.tsv.gz", "sst2/dev.tsv", 1, 0, 1),
}
METRICS = {"cola": "mcc", "sst-2": "accuracy"}
BASE_SIZE = {"vocab_size": 30_522}  # of BERT; the other numbers of its shape are those of XLM-R
MEMORY_ROWS, MEMORY_TOKENS = 64, 128
FULL, LORA = "all weights", "adapters"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all jobs, then print and write what they say."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-lora-") as name:
        folder = Path(name)
        try:
            scores = {each: score(options, each, folder, say) for each in options.sets}
            memory = {} if options.no_memory else measure_memory(options, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "scores": scores,
        "memory": memory,
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("lora", __doc__)
    add = parser.add_argument
    add("--base", help="encoder of the scores (default: the bundled all-MiniLM-L6-v2)")
    add("--sets", default=",".join(SETS), help="some of the data sets, by comma")
    add("--limit", type=commands.positive, default=8_000, help="rows to train on (8000)")
    add("--seeds", type=commands.positive, default=3, help="runs of each kind (3)")
    add("--epochs", type=commands.positive, default=3, help="passes (3)")
    add("--rank", type=commands.positive, default=8, help="rank of the adapters (8)")
    add("--targets", choices=get_args(Targets), help="what has them (default: as in training)")
    add("--rate", type=float, help="learning rate of the adapters (default: the recipe's)")
    add("--precision", choices=("fp32", "bf16"), default="fp32", help="number format (fp32)")
    add("--no-memory", action="store_true", help="scores alone")
    options = parser.parse_args(arguments)
    options.sets = [name for name in options.sets.split(",") if name]
    if unknown := [name for name in options.sets if name not in SETS]:
        parser.error(f"--sets {','.join(unknown)}: allowed are {', '.join(SETS)}")
    places = [file for name in {*options.sets, "cola"} for file in SETS[name][:2]]
    commands.require(
        parser, options.data, [file for file in places if not (options.data / file).is_file()]
    )
    options.base = options.base or commands.bundled_base(parser)
    return options


def rows(file: Path, label: int, text: int, first: int) -> Iterator[dict[str, str]]:
    """Yield the texts and labels of a file whose quotes are ordinary characters."""
    opener: Any = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", newline="") as opened:
        for number, cells in enumerate(csv.reader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)):
            if number >= first:
                yield {"text": cells[text], "label": cells[label]}


def write(options: argparse.Namespace, name: str, folder: Path, limit: int) -> tuple[Path, Path]:
    """Write the rows to train on, always the same ones, and those of the development set."""
    train, valid, *columns = SETS[name]
    found = list(rows(options.data / train, *columns))
    found = random.Random(0).sample(found, min(limit, len(found)))
    parts = {"train": found, "valid": list(rows(options.data / valid, *columns))}
    files = []
    for part, each in parts.items():
        files.append(folder / f"{name}-{part}.jsonl")
        lines = [json.dumps(row) for row in each]
        files[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files[0], files[1]


def train(
    options: argparse.Namespace, files: tuple[Path, Path], way: str, folder: Path, **more: Any
) -> dict[str, Any]:
    """Train once in a process of its own.

    Raises:
        ProgramError: It failed.
    """
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name:
        job = {
            "train": str(files[0]),
            "valid": str(files[1]),
            "base": options.base,
            "scratch": name,
            "seed": 1,
            "epochs": options.epochs,
            "lora": options.rank if way == LORA else None,
            "max_tokens": None,
            "threads": options.threads,
            "precision": options.precision,
            "settings": of_adapters(options) if way == LORA else [],
        }
        return processes.run("bench.lora_measure", job | more, folder)


def of_adapters(options: argparse.Namespace) -> list[str]:
    """Return the settings of adapters that were given."""
    given = {"train.lora_targets": options.targets, "train.lr": options.rate}
    return [f"{name}={value}" for name, value in given.items() if value is not None]


def score(options: argparse.Namespace, name: str, folder: Path, say: Console) -> dict[str, Any]:
    """Train both ways with every seed; return the scores of the development set."""
    files, metric = write(options, name, folder, options.limit), METRICS[name]
    found: dict[str, list[dict[str, Any]]] = {FULL: [], LORA: []}
    for seed in range(1, options.seeds + 1):
        for way, runs in found.items():
            runs.append(train(options, files, way, folder, seed=seed))
            value, seconds = runs[-1]["valid"][metric], runs[-1]["seconds"]
            say.print(f"{name}, {way}, seed {seed}: {metric} {value:.4f} in {seconds:.0f} s")
    values = {way: [run["valid"][metric] for run in runs] for way, runs in found.items()}
    return {
        "metric": metric,
        "means": {way: statistics.mean(each) for way, each in values.items()},
        "deviations": {
            way: statistics.stdev(each) if len(each) > 1 else None for way, each in values.items()
        },
        "runs": found,
    }


def measure_memory(options: argparse.Namespace, folder: Path, say: Console) -> dict[str, float]:
    """Train an encoder of base size both ways; return the peaks in megabytes, and their share."""
    files = write(options, "cola", folder, MEMORY_ROWS)
    place = folder / "base-size"
    job: dict[str, Any] = {"folder": str(place), "texts": str(files[0]), "labels": ["0", "1"]}
    job |= {"threads": options.threads, "changes": BASE_SIZE}
    made = processes.run("bench.big", job, folder)
    say.print(f"base size: {made['parameters'] / 1e6:.1f} M parameters of random weights")
    short = (files[0], files[0])  # validation is not what is measured
    more = {"base": str(place), "epochs": 1, "max_tokens": MEMORY_TOKENS}
    alike = ["train.probe=false", "train.retry=false"]
    peaks = {}
    for way, settings in {FULL: alike, LORA: [*alike, *of_adapters(options)]}.items():
        own = {**more, "settings": settings}
        peaks[way] = train(options, short, way, folder, **own)["peak_mb"]
        say.print(f"memory, {way}: {peaks[way]:.0f} MB")
    return {**peaks, "share": peaks[LORA] / peaks[FULL]}


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the scores of both ways, and their memory."""
    table = Table(title="development sets, mean and deviation over seeds")
    for heading in ("data set", "metric", FULL, LORA):
        table.add_column(heading)
    for name, found in report["scores"].items():
        cells = [
            f"{found['means'][way]:.4f} ± {found['deviations'][way] or 0:.4f}"
            for way in (FULL, LORA)
        ]
        table.add_row(name, found["metric"], *cells)
    console.print(table)
    if memory := report["memory"]:
        console.print(
            f"peak memory with an encoder of base size: {memory[FULL]:.0f} MB by {FULL}, "
            f"{memory[LORA]:.0f} MB by {LORA}: {memory['share']:.2f} of it"
        )


if __name__ == "__main__":
    main()
