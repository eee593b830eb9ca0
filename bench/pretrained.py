"""What pretraining from nothing is worth: `textune pretrain`, then fine-tuning with it and without.

A tokenizer and an encoder are made from film reviews (IMDB) alone. Then, seed by seed, two encoders
are fine-tuned on the same rows of SST-2 with the same settings: the pretrained one, and one of its
shape and tokenizer whose weights transformers draws by the seed. Other rows of the training file
choose the epoch; the accuracy is that on the dev set. The interval (paired t, 95 %) speaks of the
seeds of fine-tuning: pretraining is done once.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, tasks
from bench.jobs import Job, Result
from bench.tasks import Row

TEXT = "imdb/train.csv.gz"
TRAIN, DEV = "sst2/train.tsv.gz", "sst2/dev.tsv"
LABELS = ("0", "1")
VALID_ROWS = 500  # that choose the epoch
SEED = 0  # by which rows are drawn
STARTS = {"random": "random weights", "pretrained": "pretrained"}
SCORE = "dev accuracy"
MADE = {"text": None, "size": "mini", "hours": 1 / 3, "limit": None, "out": None}


@dataclass(frozen=True, slots=True)
class Files:
    """The rows of SST-2 that are used, as JSON lines."""

    train: Path
    valid: Path
    dev: Path
    rows: Mapping[str, int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Pretrain, fine-tune both ways, then print and write what was found."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-pretrained-") as name:
        folder = Path(name)
        try:
            run = options.pretrained or pretrain(options, folder, say)
            learned = learned_by(run)
            say.print(in_words(learned))
            files = prepare(options, folder)
            tuned = fine_tune_all(options, run, files, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "pretraining": learned,
        "rows": files.rows,
        **summarise(tuned),
        "trainings": [asdict(result) | {"start": start} for start, result in tuned],
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("pretrained", __doc__)
    add = parser.add_argument
    add("--pretrained", type=Path, help="a run of `textune pretrain`, instead of pretraining here")
    add("--text", type=Path, help=f"text to pretrain on (default: {TEXT} in --data)")
    add("--size", help=f"of the encoder, as for `textune pretrain` ({MADE['size']})")
    add("--hours", type=hours, help="hours to pretrain (1/3)")
    add("--limit", type=commands.positive, help="pretrain on so many documents: a trial")
    add("--out", type=Path, help="keep the pretrained run in this folder")
    add("--rows", type=commands.positive, default=5000, help="of SST-2 to fine-tune on (5000)")
    add("--seeds", type=commands.positive, default=3, help="fine-tune with seeds 1, 2, … (3)")
    add("--epochs", type=commands.positive, default=3, help="of fine-tuning (3)")
    add("--lr", type=float, default=3e-4, help="highest learning rate of fine-tuning (3e-4)")
    add("--batch-size", type=commands.positive, default=32, help="texts in its updates (32)")
    options = parser.parse_args(arguments)
    if options.seeds < 2:
        parser.error("--seeds 1: two seeds at least are needed to tell a difference from noise")
    needed = [TRAIN, DEV]
    if options.pretrained:
        require_run(parser, options)
    elif options.text is None:
        needed.append(TEXT)
    elif not options.text.exists():
        parser.error(f"--text {options.text}: there is no such file")
    if options.out and options.out.exists():
        parser.error(f"--out {options.out}: is there already; name a new folder")
    missing = [file for file in needed if not (options.data / file).is_file()]
    commands.require(parser, options.data, missing)
    commands.fill(options, MADE)
    return options


def hours(text: str) -> float:
    """Read a time of more than zero."""
    number = float(text)
    if not number > 0:
        raise ValueError(text)
    return number


def require_run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a message where a folder is no finished run, or options of pretraining are given."""
    if given := [f"--{name}" for name in MADE if getattr(options, name) is not None]:
        parser.error(f"--pretrained and {given[0]} exclude each other: nothing is pretrained here")
    for file in ("metrics.json", "capsule.json", "model/config.json"):
        if not (options.pretrained / file).is_file():
            parser.error(
                f"--pretrained {options.pretrained}: no {file} in it; `textune pretrain` writes it"
            )


def pretrain(options: argparse.Namespace, folder: Path, say: Console) -> Path:
    """Run the command that a user would run, its lines going to the error stream.

    Raises:
        SystemExit: It failed, and has said why.
    """
    run = (options.out or folder / "pretrained").resolve()
    column = ("--text", "text") if options.text is None else ()
    limit = ("--limit", str(options.limit)) if options.limit else ()
    command = [
        *("textune", "pretrain", str((options.text or options.data / TEXT).resolve()), *column),
        *("--size", options.size, "--hours", str(options.hours), *limit, "--out", str(run)),
    ]
    say.print(" ".join(command))
    variables = processes.environment(options.threads, folder)
    with processes.start(command[0], command[1:], None, variables) as child:
        code = child.wait()
    if code != 0:
        sys.exit(code)
    return run


def learned_by(run: Path) -> dict[str, Any]:
    """Read what a run measured on held-out text, beside guessing its most frequent piece."""
    metrics, capsule = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("metrics.json", "capsule.json")
    )
    guess = metrics["baselines"]["most_frequent"]
    return {
        "run": str(run),
        "masked_accuracy": metrics["valid"]["masked_accuracy"],
        "perplexity": metrics["valid"]["perplexity"],
        "most_frequent_piece": guess["piece"],
        "most_frequent_share": guess["masked_accuracy"],
        "steps": capsule["steps"],
        "train_seconds": capsule["train_seconds"],
        "tokens_per_second": capsule["tokens_per_second"],
    }


def in_words(learned: Mapping[str, Any]) -> str:
    """Say what pretraining taught."""
    return (
        f"pretrained: {learned['steps']:,} updates in {learned['train_seconds'] / 60:.1f} minutes, "
        f"{learned['tokens_per_second']:.0f} tokens/s; held-out masked accuracy "
        f"{learned['masked_accuracy']:.4f} (always guessing the most frequent piece "
        f"{learned['most_frequent_piece']!r}: {learned['most_frequent_share']:.4f}), "
        f"perplexity {learned['perplexity']:.1f}"
    )


def prepare(options: argparse.Namespace, folder: Path) -> Files:
    """Draw the rows to fine-tune on and others to choose the epoch by, always the same ones."""
    everything = read(options.data / TRAIN)
    valid = min(VALID_ROWS, len(everything) // 10)
    count = min(options.rows + valid, len(everything))
    drawn = random.Random(SEED).sample(everything, count)
    parts = {"train": drawn[valid:], "valid": drawn[:valid], "dev": read(options.data / DEV)}
    found = {
        name: tasks.write(folder / f"{name}.jsonl", rows, "single", LABELS)
        for name, rows in parts.items()
    }
    return Files(**found, rows={name: len(rows) for name, rows in parts.items()})


def read(file: Path) -> list[Row]:
    """Read the rows of SST-2, where quotes are ordinary characters."""
    _, *rows = tasks.cells(file)  # the first is the header
    return [(text.strip(), (label,)) for text, label in rows if text.strip()]


def fine_tune_all(
    options: argparse.Namespace, run: Path, files: Files, folder: Path, say: Console
) -> list[tuple[str, Result]]:
    """Fine-tune from both starts, seed by seed.

    Raises:
        ProgramError: A process failed.
    """
    found = []
    for seed in range(1, options.seeds + 1):
        for start in STARTS:
            with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name:
                base = run.resolve()
                if start == "random":
                    base = untrained(base, Path(name) / "random", seed, options.threads)
                result = fine_tune(options, base, files, seed, scratch=Path(name))
            found.append((start, result))
            say.print(f"seed {seed} {STARTS[start]}: accuracy {result.scores[SCORE]:.4f}")
    return found


def untrained(run: Path, target: Path, seed: int, threads: int) -> Path:
    """Write an encoder of the run's shape with random weights, in a fresh process."""
    job = {"model": str(run / "model"), "folder": str(target), "seed": seed, "threads": threads}
    processes.run("bench.untrained", job, target.parent.parent)
    return target


def fine_tune(
    options: argparse.Namespace, base: Path, files: Files, seed: int, *, scratch: Path
) -> Result:
    """Fine-tune once in a fresh process; `scratch` lies in the command's folder."""
    job = Job(
        program="textune",
        base=str(base),
        task="single",
        labels=LABELS,
        train=str(files.train),
        valid=str(files.valid),
        sets={"valid": str(files.valid), "dev": str(files.dev)},
        metrics=("accuracy",),
        scratch=str(scratch),
        seed=seed,
        turn=seed,
        epochs=options.epochs,
        batch_size=options.batch_size,
        lr=options.lr,
        max_tokens=None,
        threads=options.threads,
    )
    return Result(**processes.run("bench.measure", asdict(job), scratch.parent))


def summarise(tuned: Sequence[tuple[str, Result]]) -> dict[str, Any]:
    """Sum up both starts, and say whether they differ by more than noise."""
    from textune.recipes import proving  # here, so that --help does not load torch

    values = {
        start: [float(result.scores[SCORE] or 0.0) for name, result in tuned if name == start]
        for start in STARTS
    }
    found = proving.compare(values["random"], values["pretrained"])
    return {
        "accuracy": {
            start: {"mean": fmean(each), "deviation": stdev(each), "seeds": each}
            for start, each in values.items()
        },
        "difference": found["difference"],
        "interval": found["interval"],
        "words": verdict(found["difference"], found["interval"], len(values["random"])),
    }


def verdict(difference: float, interval: Sequence[float], seeds: int) -> str:
    """Say in words what a paired difference shows."""
    low, high = interval
    numbers = f"{difference:+.4f} accuracy (95 % interval {low:+.4f} to {high:+.4f})"
    if low > 0:
        return f"pretraining gains {numbers}: more than noise"
    if high < 0:
        return f"pretraining loses {numbers}: more than noise"
    return f"pretraining changes {numbers}: not more than the noise of {seeds} seeds"


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print each accuracy, both means, and what the difference shows."""
    table = Table(title="fine-tuned on SST-2: accuracy on dev")
    table.add_column("start")
    seeds = len(next(iter(report["accuracy"].values()))["seeds"])
    for heading in (*(f"seed {seed}" for seed in range(1, seeds + 1)), "mean ± deviation"):
        table.add_column(heading, justify="right")
    for start, found in report["accuracy"].items():
        each = [f"{value:.4f}" for value in found["seeds"]]
        table.add_row(STARTS[start], *each, f"{found['mean']:.4f} ± {found['deviation']:.4f}")
    rows = ", ".join(f"{name} {count:,}" for name, count in report["rows"].items())
    settings = report["settings"]
    console.print(in_words(report["pretraining"]))
    console.print(
        f"SST-2: rows {rows}; {settings['epochs']} epoch(s) in batches of "
        f"{settings['batch_size']}, lr {settings['lr']}"
    )
    console.print(table)
    console.print(report["words"])


if __name__ == "__main__":
    main()
