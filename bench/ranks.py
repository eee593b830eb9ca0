"""Learn the same run by one process and by two, beside transformers' Trainer on the same rows.

In fp32 and without dropout two processes must give the gradient of one (to 1e-6), its losses over
50 updates (to 1e-5) and its metrics. Then in turns: one process with two threads, and two with one,
in any number format.
`--expect` computes instead what more cards would bring, of a measured step and stated bandwidths.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from bench import commands, machine

BATCH, SKIPPED = 32, 5  # texts of an update; first updates that no time is taken of
BARS = {"gradient": 1e-6, "loss": 1e-5, "ratio": 0.85}
WITHIN = 8  # cards of a machine
PROGRAMS = ("textune", "trainer")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all of it, then print and write what came out."""
    options = parse(arguments)
    if options.expect:
        commands.finish({"expected": expected(options)}, options.json)
        return
    with tempfile.TemporaryDirectory(prefix="bench-ranks-") as name:
        report = measured(options, Path(name))
    commands.finish(report, options.json)
    if not report["holds"]:
        sys.exit("a bar is missed: see the report")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("ranks", __doc__)
    add = parser.add_argument
    add("--only", help=f"one of the programs: {', '.join(PROGRAMS)}")
    add("--steps", type=commands.positive, default=50, help="updates of a run (50)")
    add("--turns", type=commands.natural, default=2, help="turns of the throughput (2)")
    add("--batch", type=commands.positive, default=BATCH, help="texts of an update (32)")
    add(
        "--precision",
        choices=("fp32", "bf16"),
        default="fp32",
        help="number format of these turns (fp32)",
    )
    add("--expect", action="store_true", help="compute what more cards would bring")
    add("--step-seconds", type=float, default=0.05, help="of one card, forward and backward")
    add("--gradient-mb", type=float, default=438.0, help="of one update; fp32 of bert-base: 438")
    add("--within-gbs", type=float, default=150.0, help="GB/s between cards of a machine, one way")
    add("--between-gbs", type=float, default=25.0, help="GB/s between machines, one way")
    add("--overlap", type=float, default=0.0, help="share of the adding that computing hides (0)")
    add("--cards", default="8,16,32,64", help="how many, by comma")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, PROGRAMS, PROGRAMS)
    return options


def expected(options: argparse.Namespace) -> list[dict[str, float]]:
    """Compute seconds of a step, and what part of so many times one card's speed it is.

    A ring adds B bytes over N cards in 2 (N − 1) / N · B / bandwidth seconds (Patarasuk and Yuan,
    2009); of several machines the slowest link, that between them, counts for all of it.
    """
    found = []
    for cards in map(int, options.cards.split(",")):
        rate = options.within_gbs if cards <= WITHIN else options.between_gbs
        adding = 2 * (cards - 1) / cards * options.gradient_mb / 1e3 / rate
        step = options.step_seconds + (1 - options.overlap) * adding
        share = options.step_seconds / step
        found.append(
            {"cards": cards, "adding_ms": 1e3 * adding, "step_ms": 1e3 * step, "share": share}
        )
    return found


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Compare results and speeds of the programs that are asked for."""
    rows = _rows(options.data, (options.steps + 5) * options.batch)
    found: dict[str, Any] = {"holds": True}
    if "textune" in options.only:
        found |= _compared(options, folder, rows)
    if "trainer" in options.only:
        found["trainer"] = {n: _trainer(options, folder, rows, n) for n in (1, 2)}
    return {
        "bars": BARS,
        **found,
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
    }


def _compared(
    options: argparse.Namespace, folder: Path, rows: list[tuple[str, int]]
) -> dict[str, Any]:
    """Compare textune by one process and by two."""
    once = rows[: options.batch]
    first = {n: _textune(options, folder, f"first-{n}", once, n, 1) for n in (1, 2)}
    both = {n: _textune(options, folder, f"whole-{n}", rows, n, 1) for n in (1, 2)}
    gradient = _apart(*(_moments(first[n], 1) for n in (1, 2)))
    losses = [[step["loss"] for step in _steps(both[n])] for n in (1, 2)]
    loss = max(abs(one - two) for one, two in zip(*losses, strict=True))
    metrics = [json.loads((both[n] / "metrics.json").read_text())["valid"] for n in (1, 2)]
    same = all(metrics[0][name] == metrics[1][name] for name in ("n", "mcc", "accuracy"))
    speeds = [_turn(options, folder, rows, turn) for turn in range(options.turns)]
    ratios = [turn["two by one"] / turn["one by two"] for turn in speeds]
    ratio = statistics.median(ratios) if ratios else None
    is_fast = ratio is None or ratio >= BARS["ratio"]
    return {
        "holds": gradient <= BARS["gradient"] and loss <= BARS["loss"] and same and is_fast,
        "gradient": gradient,
        "loss": loss,
        "updates": len(losses[0]),
        "metrics_same": same,
        "ratio": ratio,
        "turns": speeds,
    }


def _rows(data: Path, count: int) -> list[tuple[str, int]]:
    with (data / "cola" / "in_domain_train.tsv").open(encoding="utf-8", newline="") as file:
        read = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = [(row[3], int(row[1])) for row in read]
    return found[:: max(len(found) // count, 1)][:count]


def _textune(
    options: argparse.Namespace,
    folder: Path,
    name: str,
    rows: list[tuple[str, int]],
    processes: int,
    threads: int,
    precision: str = "fp32",
) -> Path:
    """Train by the command line; return the run."""
    file, out = folder / f"{name}.csv", folder / name
    with file.open("w", encoding="utf-8", newline="") as made:
        csv.writer(made).writerows([("text", "label"), *rows])
    held = 0.0 if len(rows) <= options.batch else 1 - options.steps * options.batch / len(rows)
    changes = {
        "train.recipe": "classic",
        "train.epochs": 1,
        "train.batch_size": options.batch,
        "train.dropout": 0,
        "train.precision": precision,
        "train.threads": threads,
        "train.warmup_share": 0,
        "train.keep_checkpoints": "true",
        "train.clip": 1e9,
        "data.valid_share": round(held, 4),
    }
    words = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "textune", "train", str(file), "--out", str(out), *words]
    command += ["--device", "cpu", "--quiet", "--processes", str(processes)]
    _run(command)
    return out


def _run(command: list[str]) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=kept)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-2000:]}")


def _steps(run: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == "step"]


def _moments(run: Path, step: int) -> dict[str, torch.Tensor]:
    """Read AdamW's first moments, which after one update are a tenth of its gradient."""
    found = load_file(run / "checkpoints" / f"step-{step:08d}" / "state.safetensors")
    return {name: item for name, item in found.items() if name.endswith(".exp_avg")}


def _apart(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> float:
    """Return how far two gradients are apart, as a part of the first one's norm."""
    assert one.keys() == two.keys()
    whole = sum(float(item.double().square().sum()) for item in one.values())
    apart = sum(float((one[key] - two[key]).double().square().sum()) for key in one)
    return (apart / whole) ** 0.5


def _turn(
    options: argparse.Namespace, folder: Path, rows: list[tuple[str, int]], turn: int
) -> dict[str, float]:
    """Return texts a second of one process with two threads, and of two with one each."""
    ways = {"one by two": (1, 2), "two by one": (2, 1)}
    found = {}
    for name, (processes, threads) in ways.items():
        given = (f"{turn}-{name}", rows, processes, threads, options.precision)
        steps = _steps(_textune(options, folder, *given))
        found[name] = _speed([step["seconds"] for step in steps], options.batch)
    return found


def _speed(seconds: Sequence[float], texts: int) -> float:
    return texts / statistics.median(seconds[SKIPPED:])


def _trainer(
    options: argparse.Namespace, folder: Path, rows: list[tuple[str, int]], processes: int
) -> dict[str, float]:
    """Train by transformers' Trainer; return its speed, and the norm of its first gradient."""
    from textune.encoder import bases

    job = {
        "base": str(bases.find("all-MiniLM-L6-v2")),
        "threads": 2 // processes,
        "texts": [text for text, _ in rows],
        "labels": [label for _, label in rows],
        "folder": str(folder),
        "out": str(folder / f"trainer-{processes}.json"),
        "steps": options.steps,
        "batch": options.batch,
    }
    file = folder / f"job-{processes}.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    _run([*start, str(processes), "-m", "bench.ranks_peer", str(file)])
    found = json.loads(Path(job["out"]).read_text(encoding="utf-8"))
    seconds = [after - before for before, after in pairwise(found["ends"])]
    return {
        "processes": processes,
        "texts_per_second": _speed(seconds, options.batch),
        "first_norm": found["norms"][0],
    }


if __name__ == "__main__":
    main()
