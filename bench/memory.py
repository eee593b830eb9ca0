"""Train on CoLA by textune and by its peers, each in a fresh process, and compare peak memory.

The peak is the kernel's own (ru_maxrss), of all that the process did: imports, loading, training,
and in textune's case also a small validation, checkpoints, the report and the saved model. Beside
it stands what was seen from outside: the resident memory when training began, its peak while
training, and its peak after it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, tasks
from bench.jobs import ANSWERERS, POLICIES, TUNED, Answer, Job, Question, Result
from bench.summary import OURS
from bench.tasks import Prepared

PROGRAMS = ("textune", "default", "tuned-fp32", "tuned-bf16")
PREDICT = "textune predict"
LIMIT, BIG_LIMIT = 512, 64
BATCH_SIZE = 32
MAX_TOKENS = 64
# Files that appear when training begins and when it ends: a peer's, and textune's.
BEGUN = (Path("loaded"), Path("run") / "log.jsonl")
ENDED = (Path("trained"), Path("run") / "checkpoints")
MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Samples:
    """What is seen of a process from outside while it runs; megabytes, None where it was not."""

    begun: Sequence[Path] = ()  # one of these files appears when training begins
    ended: Sequence[Path] = ()  # and one of these when it ends
    highest: float = 0.0
    at_start: float | None = None  # when training began
    training: float | None = None  # the highest from there to the end of training
    after: float | None = None  # the highest from there on
    count: int = 0

    def __call__(self, process: int) -> None:
        """Look once."""
        try:
            resident = psutil.Process(process).memory_info().rss / MEGABYTE
        except psutil.Error:  # it has just ended
            return
        has_begun, has_ended = (any(map(Path.exists, each)) for each in (self.begun, self.ended))
        self.add(resident, stage=has_begun + has_ended)

    def add(self, resident: float, *, stage: int) -> None:
        """Take one look's number; stages are 0 before, 1 in and 2 after training."""
        self.count += 1
        self.highest = max(self.highest, resident)
        if stage and self.at_start is None:
            self.at_start = resident
        if stage == 1:
            self.training = max(self.training or 0.0, resident)
        if stage == 2:
            self.after = max(self.after or 0.0, resident)


@dataclass(frozen=True, slots=True)
class Usage:
    """The memory of one process; megabytes, None where nothing was seen."""

    program: str
    policy: str
    turn: int
    texts: int
    peak_mb: float  # as the kernel counts
    sampled_peak_mb: float
    at_start_mb: float | None  # resident when training began
    training_peak_mb: float | None  # sampled from there to the end of training
    after_peak_mb: float | None  # and from there on
    samples: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as name:
        folder = Path(name)
        try:
            prepared = tasks.prepare(
                "cola", options.data, folder, limit=options.limit, score_limit=0
            )
            if options.big:
                options.base = make_big(options, folder, say)
            usages = run_turns(options, prepared, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        **summarise(usages),
        "processes": [asdict(usage) for usage in usages],
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.parser_of("memory", __doc__)
    add = parser.add_argument
    add(
        "--big",
        action="store_true",
        help="an encoder in the shape of XLM-R base (278 M parameters), of random weights",
    )
    add("--limit", type=commands.positive, help=f"rows to train on ({LIMIT}; --big {BIG_LIMIT})")
    add("--turns", type=commands.positive, default=1, help="rounds over all programs (1)")
    options = parser.parse_args(arguments)
    if options.big and options.base:
        parser.error("--big and --base exclude each other: each names the encoder")
    options.limit = options.limit or (BIG_LIMIT if options.big else LIMIT)
    options.only = commands.chosen(parser, options.only, PROGRAMS, PROGRAMS)
    commands.require(parser, options.data, tasks.missing("cola", options.data))
    if not options.big:
        options.base = options.base or commands.bundled_base(parser)
    return options


def make_big(options: argparse.Namespace, folder: Path, say: Console) -> str:
    """Write the big encoder once, and return its folder.

    Raises:
        ProgramError: The process that writes it failed.
    """
    whole = tasks.read("cola", options.data / tasks.TASKS["cola"].train, ("0", "1"))
    texts = tasks.write(folder / "all.jsonl", whole, "single", ("0", "1"))
    place = folder / "big"
    job = {"folder": str(place), "texts": str(texts), "labels": ["0", "1"]}
    made = processes.run("bench.big", job | {"threads": options.threads}, folder)
    say.print(f"big encoder: {made['parameters'] / 1e6:.1f} M parameters of random weights")
    return str(place)


def run_turns(
    options: argparse.Namespace, prepared: Prepared, folder: Path, say: Console
) -> list[Usage]:
    """Train by every program, and predict by the model that textune trained."""
    usages: list[Usage] = []
    for turn in range(1, options.turns + 1):
        for program in options.only:
            with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name:
                scratch = Path(name)
                found = [train(options, prepared, program, turn, scratch)]
                if program == OURS:
                    found.append(predict(options, prepared, turn, scratch))
            usages += found
            for usage in found:
                say.print(f"turn {turn} {usage.program}: peak {usage.peak_mb:.0f} MB")
    return usages


def train(
    options: argparse.Namespace, prepared: Prepared, program: str, turn: int, scratch: Path
) -> Usage:
    """Train once, looking at the process from outside; `scratch` lies in the command's folder."""
    job = Job(
        program=program,
        base=options.base,
        task=prepared.kind,
        labels=prepared.labels,
        train=str(prepared.train),
        valid=str(prepared.valid),
        sets={},
        metrics=prepared.metrics,
        scratch=str(scratch),
        seed=turn,
        turn=turn,
        epochs=1,
        batch_size=BATCH_SIZE,
        lr=5e-5,
        max_tokens=MAX_TOKENS,
        threads=options.threads,
    )
    begun, ended = ([scratch / mark for mark in marks] for marks in (BEGUN, ENDED))
    samples = Samples(begun, ended)
    result = Result(**processes.run("bench.measure", asdict(job), scratch.parent, watch=samples))
    return to_usage(
        program, POLICIES[program], turn, result.examples, result.peak_memory_mb, samples
    )


def predict(options: argparse.Namespace, prepared: Prepared, turn: int, scratch: Path) -> Usage:
    """Label the training texts by the model that textune has just trained."""
    rows, _ = tasks.read_prepared(prepared.train, prepared.kind, prepared.labels)
    texts = scratch / "texts.json"
    texts.write_text(json.dumps(rows), encoding="utf-8")
    question = Question(
        program=OURS,
        run=str(scratch / "run"),
        texts=str(texts),
        probabilities=str(scratch / "probabilities.json"),
        turn=turn,
        threads=options.threads,
    )
    samples = Samples()
    answer = Answer(
        **processes.run("bench.answers", asdict(question), scratch.parent, watch=samples)
    )
    return to_usage(PREDICT, ANSWERERS[OURS], turn, answer.texts, answer.peak_memory_mb, samples)


def to_usage(
    program: str, policy: str, turn: int, texts: int, peak_mb: float, samples: Samples
) -> Usage:
    """Put together what was seen from inside and from outside."""
    return Usage(
        program=program,
        policy=policy,
        turn=turn,
        texts=texts,
        peak_mb=peak_mb,
        sampled_peak_mb=samples.highest,
        at_start_mb=samples.at_start,
        training_peak_mb=samples.training,
        after_peak_mb=samples.after,
        samples=samples.count,
    )


def summarise(usages: Sequence[Usage]) -> dict[str, Any]:
    """Take the highest of all turns, and say how many times textune's memory a peer needs.

    A number of which some turn saw nothing is None.
    """
    names = ("peak_mb", "sampled_peak_mb", "at_start_mb", "training_peak_mb", "after_peak_mb")
    programs: dict[str, dict[str, Any]] = {}
    for program in dict.fromkeys(usage.program for usage in usages):
        found = [usage for usage in usages if usage.program == program]
        programs[program] = {"policy": found[0].policy}
        for name in names:
            values = [getattr(usage, name) for usage in found]
            programs[program][name] = None if None in values else max(values)
    ours = programs.get(OURS, {}).get("peak_mb")
    peers = {name: found["peak_mb"] for name, found in programs.items() if name in POLICIES}
    times = {name: peak / ours for name, peak in peers.items() if ours and name != OURS}
    tuned = [times[name] for name in TUNED if name in times]
    if tuned:
        times["best tuned"] = min(tuned)
    return {"programs": programs, "times_textune": times}


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the programs, and below how much more memory each peer needs."""
    table = Table(title="resident memory, MB: the highest of all turns")
    headings = ("program", "peak", "sampled", "when training began", "while training", "after it")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for name, found in report["programs"].items():
        numbers = list(found.items())[1:]
        cells = ["-" if value is None else f"{value:.0f}" for _, value in numbers]
        table.add_row(f"{name} ({found['policy']})", *cells)
    console.print(table)
    for name, times in report["times_textune"].items():
        console.print(f"{name} needs {times:.2f} times textune's memory")


if __name__ == "__main__":
    main()
