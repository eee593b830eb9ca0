"""Label texts of all lengths by the same model, by textune and by its peers, and compare speed.

The texts are reviews (IMDB) and sentences (CoLA), half each, shuffled; from raw texts to labels and
probabilities, with the model loaded. The model is fine-tuned on a few rows first, or named: --run.
"""

import argparse
import json
import random
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
from bench.jobs import ANSWERERS, SORTED, Answer, Job, Question

SOURCES = (("imdb", "imdb/test.csv.gz"), ("cola", "cola/in_domain_train.tsv"))
ROWS = 64  # that the model is fine-tuned on: its answers need not be good
CLOSE = 1e-3  # most that fp32 probabilities may differ
QUICK = {"limit": 200, "turns": 1}
USUAL = {"limit": 5000, "turns": 2}
SEED = 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-predict-") as name:
        folder = Path(name)
        try:
            size = 512 if options.quick else 2048
            head = machine.describe(options.base, options.threads, folder, size=size)
            say.print(machine.in_words(head["machine"]))
            run = Path(options.run) if options.run else fine_tune(options, folder)
            texts = folder / "texts.json"
            texts.write_text(json.dumps(mixed(options.data, options.limit)), encoding="utf-8")
            answers, furthest = run_turns(options, run, texts, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        **head,
        **summarise(answers, furthest),
        "answers": [asdict(answer) for answer in answers],
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; `--quick` sets what is not set otherwise."""
    parser = commands.parser_of("predict", __doc__)
    add = parser.add_argument
    add(
        "--run", help="folder that textune's training wrote (default: one is trained on a few rows)"
    )
    add("--limit", type=commands.positive, help="texts to label (5000)")
    add("--turns", type=commands.positive, help="rounds over all programs (2)")
    add("--quick", action="store_true", help=f"a trial: {QUICK}, unless given")
    options = parser.parse_args(arguments)
    commands.fill(options, QUICK if options.quick else USUAL)
    names = list(ANSWERERS)
    options.only = commands.chosen(parser, options.only, names, names)
    commands.require(
        parser,
        options.data,
        [file for _, file in SOURCES if not (options.data / file).is_file()]
        + ([] if options.run else tasks.missing("cola", options.data)),
    )
    if options.run:
        require_run(parser, Path(options.run))
        options.base = str(Path(options.run) / "model")
    options.base = options.base or commands.bundled_base(parser)
    return options


def require_run(parser: argparse.ArgumentParser, run: Path) -> None:
    """End with a message where a folder holds no model that all programs can use."""
    card = run / "model" / "decision.json"
    if not card.is_file():
        parser.error(f"--run {run}: no model/decision.json in it; `textune train` writes it")
    found = json.loads(card.read_text(encoding="utf-8"))
    if found["task"] != "single" or len(found["contract"]["text"]) != 1:
        parser.error(f"--run {run}: a model of one text and one label is needed here")


def mixed(data: Path, limit: int) -> list[str]:
    """Return so many texts, half of each source, in an order that is always the same."""
    draw = random.Random(SEED)
    texts: list[str] = []
    for place, (name, file) in enumerate(SOURCES):
        rows = tasks.read(name, data / file, tasks.label_names(name, data))
        share = min((limit + place) // 2, len(rows))  # of an odd number the sentences get one more
        texts += [text for text, _ in draw.sample(rows, share)]
    draw.shuffle(texts)
    return texts


def fine_tune(options: argparse.Namespace, folder: Path) -> Path:
    """Fine-tune on a few rows of CoLA, so that there is a run's folder; the limit is the encoder's.

    Raises:
        ProgramError: The training failed.
    """
    prepared = tasks.prepare("cola", options.data, folder, limit=ROWS, score_limit=0)
    scratch = folder / "training"
    scratch.mkdir()
    job = Job(
        program="textune",
        base=options.base,
        task=prepared.kind,
        labels=prepared.labels,
        train=str(prepared.train),
        valid=str(prepared.valid),
        sets={},
        metrics=prepared.metrics,
        scratch=str(scratch),
        seed=1,
        turn=1,
        epochs=1,
        batch_size=16,
        lr=5e-5,
        max_tokens=None,
        threads=options.threads,
    )
    processes.run("bench.measure", asdict(job), folder)
    return scratch / "run"


def run_turns(
    options: argparse.Namespace, run: Path, texts: Path, folder: Path, say: Console
) -> tuple[list[Answer], dict[str, float]]:
    """Label by every program, one after the other, and that as often as there are turns.

    Returns:
        What was measured, and how far each program's probabilities ever were from textune's.
    """
    answers: list[Answer] = []
    furthest: dict[str, float] = {}
    for turn in range(1, options.turns + 1):
        ours: list[list[float]] | None = None
        for program in options.only:
            answer, found = ask(program, options.threads, turn, run=run, texts=texts, folder=folder)
            answers.append(answer)
            said = f"turn {turn} {program}: {answer.texts_per_second:.1f} texts/s"
            if program == summary.OURS:
                ours = found
            elif ours is not None:
                difference = largest_difference(ours, found)
                furthest[program] = max(furthest.get(program, 0.0), difference)
                said += f", probabilities differ by at most {difference:.1e}"
            say.print(said)
    return answers, furthest


def ask(
    program: str, threads: int, turn: int, *, run: Path, texts: Path, folder: Path
) -> tuple[Answer, list[list[float]]]:
    """Label in a fresh process; return what it measured, and the probabilities.

    Raises:
        ProgramError: The process failed.
    """
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name:
        target = Path(name) / "probabilities.json"
        question = Question(
            program=program,
            run=str(run.resolve()),
            texts=str(texts),
            probabilities=str(target),
            turn=turn,
            threads=threads,
        )
        answer = Answer(**processes.run("bench.answers", asdict(question), folder))
        return answer, json.loads(target.read_text(encoding="utf-8"))


def largest_difference(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> float:
    """Return how far two programs are from each other at worst."""
    return max(
        abs(a - b)
        for left, right in zip(ours, theirs, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def summarise(answers: Sequence[Answer], furthest: Mapping[str, float]) -> dict[str, Any]:
    """Sum up each program, and compare textune with every other, turn by turn."""
    by_program: dict[str, list[Answer]] = {}
    for answer in answers:
        by_program.setdefault(answer.program, []).append(answer)
    speeds = {
        name: {each.turn: each.texts_per_second for each in found}
        for name, found in by_program.items()
    }
    programs = {
        name: {
            "policy": ANSWERERS[name],
            "texts": found[0].texts,
            "texts_per_second": median(each.texts_per_second for each in found),
            "seconds": median(each.seconds for each in found),
            "peak_memory_mb": max(each.peak_memory_mb for each in found),
            "largest_difference": furthest.get(name),
        }
        for name, found in by_program.items()
    }
    agrees = furthest["pipeline"] <= CLOSE if "pipeline" in furthest else None
    return {
        "programs": programs,
        "ratios": summary.ratios(speeds, best={"best sorted": SORTED}),
        "agrees_with_pipeline": agrees,
    }


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the programs, and below how textune compares with each."""
    texts = next(iter(report["programs"].values()))["texts"]
    table = Table(title=f"{texts:,} texts, half reviews, half sentences: medians over turns")
    for heading in ("program", "texts/s", "seconds", "peak MB", "furthest from textune"):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for program in report["programs"].values():
        difference = program["largest_difference"]
        table.add_row(
            program["policy"],
            f"{program['texts_per_second']:.1f}",
            f"{program['seconds']:.2f}",
            f"{program['peak_memory_mb']:.0f}",
            "-" if difference is None else f"{difference:.1e}",
        )
    console.print(table)
    for line in summary.ratio_lines(report["ratios"], "times as fast"):
        console.print(line)
    if report["agrees_with_pipeline"] is not None:
        words = "agree" if report["agrees_with_pipeline"] else "DO NOT AGREE"
        console.print(f"probabilities of textune and the pipeline {words} to {CLOSE}")


if __name__ == "__main__":
    main()
