"""Masked-LM on a text: textune beside transformers' Trainer, in turns, each in its own process.

All learn from the same texts (paragraphs), drawn once from the file: each text once while it is
measured, after some updates that warm up. All have the same base, the same class of model with the
same new head, the same batch and share of masked tokens. textune's updates are those of `textune
adapt` after its new head is warmed; it parts a text beyond --max-tokens, where the Trainer cuts it.
So the ratio is that of real tokens a second: padding, and what was cut off, do not count. Memory
is resident, and the highest of all turns.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, summary
from bench.masked_jobs import BEGUN, ENDED, POLICIES, TUNED, WARM, Job, Result
from bench.memory import Samples
from bench.summary import OURS
from textune.errors import TextuneError
from textune.reading import documents

TEXT = "meditations/clean.txt"
QUICK = {"steps": 2, "turns": 1}
USUAL = {"steps": 12, "turns": 2}
SPEEDS = ("tokens_per_second", "texts_per_second")  # the first is compared in the table
MEMORY = ("peak_memory_mb", "training_peak_mb")
SEED = 0  # by which the texts are drawn


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options, texts = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-masked-") as name:
        folder = Path(name)
        file = write(folder / "texts.jsonl", texts)
        try:
            size = 512 if options.quick else 2048
            head = machine.describe(options.base, options.threads, folder, size=size)
            say.print(machine.in_words(head["machine"]))
            say.print(in_words(options, texts))
            results = run_turns(options, file, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        **head,
        **summarise(results),
        "trainings": [asdict(result) for result in results],
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """Read the command line, and draw the texts; `--quick` sets what is not set otherwise."""
    parser = commands.parser_of("masked", __doc__)
    add = parser.add_argument
    add("--text", type=Path, help=f"text to learn from (default: {TEXT} in --data)")
    add("--steps", type=commands.positive, help="updates that are measured, one pass at most (12)")
    add("--turns", type=commands.positive, help="rounds over all programs (2)")
    add("--batch-size", type=commands.positive, default=16, help="texts in one update (16)")
    add("--max-tokens", type=commands.positive, default=512, help="tokens of a text (512)")
    add("--quick", action="store_true", help=f"a trial: {QUICK}, unless given")
    options = parser.parse_args(arguments)
    commands.fill(options, QUICK if options.quick else USUAL)
    options.only = commands.chosen(parser, options.only, list(POLICIES), list(POLICIES))
    if options.text is None:
        commands.require(parser, options.data, [] if (options.data / TEXT).is_file() else [TEXT])
        options.text = options.data / TEXT
    options.base = options.base or commands.bundled_base(parser)
    return options, drawn(parser, options)


def drawn(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[str]:
    """Draw the texts of so many updates, or end with a message where there are too few."""
    try:
        found = read(options.text)
    except TextuneError as error:
        parser.error(f"--text {error}")
    if len(found) < options.batch_size:
        parser.error(
            f"--text {options.text}: {len(found)} texts, and one update takes "
            f"{options.batch_size}; name more text, or a smaller --batch-size"
        )
    count = min(options.steps * options.batch_size, len(found))
    return random.Random(SEED).sample(found, count)


def read(file: Path) -> list[str]:
    """Read the texts as `textune adapt` would: a line, a block or a row of a table each."""
    parts: list[list[str]] = []
    for paragraph in documents.read_all(documents.find([file])):
        if paragraph.begins or not parts:
            parts.append([])
        parts[-1].append(paragraph.text)
    return ["\n".join(each) for each in parts]


def write(file: Path, texts: Sequence[str]) -> Path:
    """Write the texts as JSON lines, which every program reads alike."""
    lines = [json.dumps({"text": text}) + "\n" for text in texts]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def in_words(options: argparse.Namespace, texts: Sequence[str]) -> str:
    """Say what is learned from what."""
    return (
        f"{options.text}: {len(texts):,} texts drawn, up to {options.max_tokens} tokens "
        f"at once, in batches of {options.batch_size}; {WARM} updates to warm up; "
        f"{options.turns} turn(s), {options.threads} thread(s)"
    )


def run_turns(options: argparse.Namespace, file: Path, folder: Path, say: Console) -> list[Result]:
    """Learn by every program, one after the other, and that as often as there are turns."""
    results: list[Result] = []
    for turn in range(1, options.turns + 1):
        for program in options.only:
            result = learn(options, program, turn, file=file, folder=folder)
            results.append(result)
            say.print(
                f"turn {turn} {program}: {result.updates} updates in {result.seconds:.1f} s, "
                f"{result.tokens_per_second:.0f} real tokens/s, "
                f"peak {result.peak_memory_mb:.0f} MB"
            )
    return results


def learn(
    options: argparse.Namespace, program: str, turn: int, *, file: Path, folder: Path
) -> Result:
    """Learn in a fresh process, looking at its memory from outside.

    Raises:
        ProgramError: The process failed.
    """
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name:
        scratch = Path(name)
        job = Job(
            program=program,
            base=options.base,
            texts=str(file),
            scratch=name,
            seed=turn,
            turn=turn,
            batch_size=options.batch_size,
            max_tokens=options.max_tokens,
            threads=options.threads,
        )
        samples = Samples([scratch / BEGUN], [scratch / ENDED])
        found = processes.run("bench.masking", asdict(job), folder, watch=samples)
        return replace(Result(**found), training_peak_mb=samples.training)


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Sum up each program, and compare textune with every other, turn by turn."""
    by_program: dict[str, list[Result]] = {}
    for result in results:
        by_program.setdefault(result.program, []).append(result)
    programs = {name: program_of(found) for name, found in by_program.items()}
    return {
        "programs": programs,
        "ratios": {
            speed: summary.ratios(
                {
                    name: {each.turn: getattr(each, speed) for each in found}
                    for name, found in by_program.items()
                },
                best={"best tuned": TUNED},
            )
            for speed in SPEEDS
        },
        "times_textune": {
            name: {what: times(found[what], programs[OURS][what]) for what in MEMORY}
            for name, found in programs.items()
            if OURS in programs and name != OURS
        },
    }


def program_of(results: Sequence[Result]) -> dict[str, Any]:
    """Take the medians of one program's turns, and the highest of its memory."""
    trained = [each.training_peak_mb for each in results if each.training_peak_mb is not None]
    first = results[0]
    return {
        "policy": first.policy,
        "model": first.model,
        "device": first.device,
        "precision": "/".join(sorted({each.precision for each in results})),
        "updates": first.updates,
        "texts": first.texts,
        "tokens": first.tokens,
        **{speed: median(getattr(each, speed) for each in results) for speed in SPEEDS},
        "padding": median(each.computed / each.tokens for each in results),
        "peak_memory_mb": max(each.peak_memory_mb for each in results),
        "training_peak_mb": max(trained, default=None),
    }


def times(value: float | None, ours: float | None) -> float | None:
    """Divide, where both were seen."""
    return None if value is None or not ours else value / ours


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the programs beside textune, and below every turn."""
    found = report["ratios"][SPEEDS[0]]
    table = Table(title=f"masked-LM on {report['settings']['text']}: medians over turns")
    headings = (
        *("program", "precision", "texts/s", "real tokens/s", "textune faster by", "padding"),
        *("peak MB", "training MB", "× textune's peak"),
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for name, program in report["programs"].items():
        table.add_row(
            program["policy"],
            program["precision"],
            f"{program['texts_per_second']:.2f}",
            f"{program['tokens_per_second']:.0f}",
            cell(found.get(name, {}).get("median"), ".2f"),
            f"{program['padding']:.3f}",
            f"{program['peak_memory_mb']:.0f}",
            cell(program["training_peak_mb"], ".0f"),
            cell(report["times_textune"].get(name, {}).get(MEMORY[0]), ".2f"),
        )
    console.print(table)
    for line in summary.ratio_lines(found, "times the real tokens a second"):
        console.print(line)


def cell(value: float | None, form: str) -> str:
    """Write a number, or that there is none."""
    return "-" if value is None else format(value, form)


if __name__ == "__main__":
    main()
