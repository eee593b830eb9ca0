"""Run commands as whole processes, and measure how long each takes until it has said something.

Beside textune's stand `import torch` and transformers' pipeline for one text. In turns, the wall
seconds and the processor's seconds of each; the first turn warms the disk and does not count. "The
first update" is a training of one update, until `log.jsonl` has its line. With `--whole`, trainings
of few rows are run to their report instead; `--before` runs an earlier checkout beside this one.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes

PAUSE = 0.01  # seconds between two looks for the first update
TEXT = "A lovely film, and not a minute too long."
PIPELINE = (
    "import sys; from transformers import pipeline; "
    "print(pipeline('text-classification', model=sys.argv[1])(sys.argv[2]))"
)
ONE_UPDATE = ("--epochs", "1", "--limit", "40", "--batch-size", "64")
WORDS = ("good", "fine", "lovely", "bad", "poor", "dull")
FILLERS = ("the", "film", "was", "a", "story", "of", "two", "people", "who", "meet", "and", "part")
LENGTH = 37  # words of a row, which are 40 tokens with those that are special
WHOLE: dict[str, tuple[int, tuple[str, ...]]] = {  # rows and options
    "train --effort quick: 2,000 rows": (2_000, ("--effort", "quick")),
    "train: 100 rows": (100, ()),
    "train: 16 rows": (16, ()),
}


@dataclass(frozen=True, slots=True)
class Took:
    """What one process took."""

    wall: float  # seconds
    processor: float  # seconds of all threads, in the program and in the system for it


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    options = read_options(arguments)
    say = Console(stderr=options.out == Path("-"))
    with tempfile.TemporaryDirectory(prefix="bench-startup-") as scratch:
        folder = Path(scratch)
        given: dict[str, Any] = {"turns": options.turns, "threads": options.threads}
        if options.whole is not None:
            rows = options.whole or [count for count, _ in WHOLE.values()]
            given |= {"rows": rows, "before": options.before}
            found = measure_whole(folder, options.base, **given)
        else:
            found = measure(folder, options.base, **given)
        report = {"seconds": summarise(found), "turns": options.turns, "threads": options.threads}
        report |= {"versions": machine.versions(), "machine": machine.processor()}
    say.print(table(report["seconds"]))
    text = json.dumps(report, indent=2, ensure_ascii=False)
    if options.out == Path("-"):
        Console().print_json(text)
    elif options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, or end with a message."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.startup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--turns",
        type=commands.positive,
        default=5,
        help="that count, after a first that does not (5)",
    )
    add("--threads", type=commands.positive, default=os.cpu_count(), help="(all cores)")
    add("--base", help="encoder (the bundled one)")
    add(
        "--whole",
        choices=sorted({rows for rows, _ in WHOLE.values()}),
        type=int,
        nargs="*",
        help="run trainings of so many rows to their end instead (of each that is measured)",
    )
    add("--before", type=Path, help="checkout of an earlier textune, beside --whole")
    add("--out", type=Path, help="JSON file to write; - for the terminal")
    options = parser.parse_args(arguments)
    options.base = options.base or commands.bundled_base(parser)
    return options


def measure(folder: Path, base: str, *, turns: int, threads: int) -> dict[str, list[Took]]:
    """Run every command so often, one after the other, in turns.

    Args:
        folder: For rows, runs and textune's cache.
        base: Encoder that is fine-tuned.
        turns: That count.
        threads: Of every program.

    Raises:
        ProgramError: The run that answers could not be trained.
    """
    surroundings = processes.environment(threads, folder)
    write_rows(folder / "rows.csv")
    train = [*textune(), "train", "rows.csv", "--base", base, *ONE_UPDATE]
    done = subprocess.run(
        [*train, "--out", "run"], cwd=folder, env=surroundings, capture_output=True, text=True
    )
    if done.returncode:
        raise processes.ProgramError(f"training ended with {done.returncode}:\n{done.stderr}")
    found: dict[str, list[Took]] = {name: [] for name in [*lines(), "the first update"]}
    for turn in range(turns + 1):
        taken = {name: to_end(line, folder, surroundings) for name, line in lines().items()}
        first = [*train, "--out", f"run-{turn}"]
        log = folder / f"run-{turn}" / "log.jsonl"
        taken["the first update"] = to_line(first, log, folder, surroundings)
        for name, took in taken.items():
            found[name] += [took] if turn else []
    return found


def measure_whole(
    folder: Path,
    base: str,
    *,
    turns: int,
    threads: int,
    rows: Sequence[int],
    before: Path | None = None,
) -> dict[str, list[Took]]:
    """Train on few rows to the end, in turns, perhaps beside an earlier checkout."""
    surroundings = processes.environment(threads, folder)
    sides = {"": surroundings}
    if before is not None:
        sides["before: "] = {**surroundings, "PYTHONPATH": str(before.resolve() / "src")}
    asked = {name: one for name, one in WHOLE.items() if one[0] in rows}
    found: dict[str, list[Took]] = {f"{side}{name}": [] for name in asked for side in sides}
    for turn in range(turns + 1):
        for name, (count, options) in asked.items():
            write_texts(folder / "texts.csv", count)
            for side, own in sides.items():
                train = [*textune(), "train", "texts.csv", "--base", base, *options]
                took = to_end([*train, "--overwrite", "--out", "run"], folder, own)
                found[f"{side}{name}"] += [took] if turn else []
    return found


def write_texts(file: Path, rows: int) -> None:
    """Write labelled texts of 40 tokens in the mean, of each label half."""
    draw = random.Random(rows)
    lines = ["text,label"]
    for row in range(rows):
        label = ("good", "bad")[row % 2]
        telling = draw.choices(WORDS[:3] if label == "good" else WORDS[3:], k=2)
        words = [*telling, *draw.choices(FILLERS, k=LENGTH - 2 + draw.randint(-12, 12)), str(row)]
        draw.shuffle(words)
        lines.append(f"{' '.join(words)},{label}")
    file.write_text("\n".join(lines) + "\n")


def textune() -> list[str]:
    """Return how textune is started, whatever lies on the path."""
    return [sys.executable, "-m", "textune"]


def lines() -> dict[str, list[str]]:
    """Name the commands that are run to their end."""
    ours = {
        "textune --help": ["--help"],
        "train: no such file": ["train", "missing.csv"],
        "train: no such setting": ["train", "rows.csv", "--set", "train.lrr=1"],
        "train: an occupied folder": ["train", "rows.csv", "--out", "run"],
        "adapt: no such file": ["adapt", "missing.txt"],
        "evaluate: no such file": ["evaluate", "run", "missing.csv"],
        "predict: no such file": ["predict", "run", "--input", "missing.csv"],
        "predict: one text": ["predict", "run", TEXT],
    }
    python = [sys.executable, "-c"]
    return {
        **{name: [*textune(), *words] for name, words in ours.items()},
        "import torch": [*python, "import torch"],
        "transformers' pipeline: one text": [*python, PIPELINE, "run/model", TEXT],
    }


def write_rows(file: Path) -> None:
    """Write labelled rows, all different."""
    rows = [
        (f"{one} {two} film {three}", "good" if WORDS.index(one) < 3 else "bad")
        for one in WORDS
        for two in WORDS
        for three in WORDS
    ]
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))


def to_end(command: Sequence[str], folder: Path, surroundings: Mapping[str, str]) -> Took:
    """Run a command to its end, whatever that is."""
    before, began = _children(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, check=False)
    return Took(time.perf_counter() - began, _children() - before)


def to_line(
    command: Sequence[str], log: Path, folder: Path, surroundings: Mapping[str, str]
) -> Took:
    """Run a command until a file has content, and end it.

    Raises:
        ProgramError: It ended before.
    """
    before, began = _children(), time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        while not (log.is_file() and log.stat().st_size):
            if child.poll() is not None:
                raise processes.ProgramError(f"{command} ended with {child.returncode}")
            time.sleep(PAUSE)
        wall = time.perf_counter() - began
        child.kill()
    return Took(wall, _children() - before)


def summarise(found: Mapping[str, Sequence[Took]]) -> dict[str, dict[str, Any]]:
    """Give the median of each command, and every turn."""
    return {
        name: {
            "wall": median(one.wall for one in took),
            "processor": median(one.processor for one in took),
            "turns": [asdict(one) for one in took],
        }
        for name, took in found.items()
    }


def table(seconds: Mapping[str, Mapping[str, Any]]) -> Table:
    """Show medians."""
    shown = Table("command", "wall s", "processor s")
    for name, took in seconds.items():
        shown.add_row(name, f"{took['wall']:.2f}", f"{took['processor']:.2f}")
    return shown


def _children() -> float:
    """Return the seconds of the processor that all ended children took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
