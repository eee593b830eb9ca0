"""Train and predict on a card of NVIDIA, beside transformers: a base-sized encoder, one run of all.

`python -m bench.card` needs a card of NVIDIA, a torch for it, the public data sets (--data) and
half an hour. It makes an encoder of random weights and BERT-base's shape, so that nothing is
downloaded, and takes CoLA and IMDB (512 tokens) at batch 32 and 128, masked-LM on the Meditations,
and the prediction of 20,000 reviews. Each training is a process of its own. It prints a table
beside the bars that it is to reach, and JSON (--json FILE). `--tiny` goes through all of it on a
CPU in some minutes: a few texts and a tiny encoder, whose speeds say nothing.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import card_bars, card_base, commands, machine, masked, predict, processes, tasks
from bench.card_jobs import ANSWERERS, LEARNERS, MASKED, Job, Result

WORKS = ("cola 32", "cola 128", "imdb 32", "imdb 128", "masked-LM 32", "prediction")
USUAL = {"cola": 8551, "imdb": 8192, "masked": 12_800, "prediction": 20_000}  # texts
TINY = {"cola": 48, "imdb": 40, "masked": 40, "prediction": 24}
TOKENS = {"cola": 64, "imdb": 512, "masked-LM": 512, "prediction": 512}
NEEDS = (
    "python -m bench.card needs a card of NVIDIA (torch.cuda.is_available() is false here); "
    "--tiny goes through all of it without one"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything that is asked for, then print and write what it says."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-card-") as name:
        folder = Path(name)
        try:
            head = machine.describe("", options.threads, folder, size=256)
            if not options.tiny:
                if head["machine"]["products"]["square"]["device"] != "cuda":
                    sys.exit(NEEDS)
                head = machine.describe("", options.threads, folder, size=8192)
            say.print(machine.in_words(head["machine"]))
            results, lengths = run_all(options, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        **head,
        "results": [asdict(each) for each in results],
        "bars": card_bars.judge(results, lengths, head["machine"]["products"]["square"]["bf16"]),
    }
    card_bars.show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("card", __doc__)
    add = parser.add_argument
    add("--only", help="some of the programs, by comma: " + ", ".join([*LEARNERS, "pipeline"]))
    add("--works", help="some of the works, by comma: " + ", ".join(WORKS))
    add("--tiny", action="store_true", help="a few texts and a tiny encoder, on any machine")
    options = parser.parse_args(arguments)
    allowed = [*LEARNERS, "pipeline"]
    options.only = commands.chosen(parser, options.only, allowed, allowed)
    asked = [each.strip() for each in (options.works or ",".join(WORKS)).split(",")]
    if unknown := [each for each in asked if each not in WORKS]:
        parser.error(f"--works {','.join(unknown)}: allowed are {', '.join(WORKS)}")
    options.works = [each for each in WORKS if each in asked]
    files = [*tasks.missing("cola", options.data), *tasks.missing("imdb", options.data)]
    if not (options.data / masked.TEXT).is_file():
        files.append(masked.TEXT)
    commands.require(parser, options.data, files)
    options.tokenizer = Path(commands.bundled_base(parser))
    return options


def run_all(
    options: argparse.Namespace, folder: Path, say: Console
) -> tuple[list[Result], dict[str, list[int]]]:
    """Do all works by all programs; return what they measured, and the tokens of each text."""
    base = card_base.make(folder / "base", options.tokenizer, is_tiny=options.tiny)
    counts = TINY if options.tiny else USUAL
    results: list[Result] = []
    lengths: dict[str, list[int]] = {}
    for work in options.works:
        job, programs = prepare(options, work, base, counts, folder)
        if work != "prediction":
            lengths[work] = card_base.lengths(base, Path(job.train), job.max_tokens)
        for program in (name for name in programs if name in options.only):
            found = do(replace(job, program=program), folder)
            results.append(found)
            say.print(f"{work}, {program}: {found.texts_per_second:,.1f} texts/s")
    return results, lengths


def prepare(
    options: argparse.Namespace, work: str, base: Path, counts: dict[str, int], folder: Path
) -> tuple[Job, Sequence[str]]:
    """Write what a work reads; return its job, the program left open, and its programs."""
    name, _, size = work.partition(" ")
    place = folder / name
    place.mkdir(exist_ok=True)
    batch_size = min(int(size or 32), 8) if options.tiny else int(size or 32)
    job = Job(
        work=work,
        program="",
        base=str(base),
        train="",
        valid="",
        labels=(),
        scratch="",
        batch_size=batch_size,
        max_tokens=32 if options.tiny else TOKENS[name],
        threads=options.threads,
        began=0.0,
    )
    if name == "masked-LM":
        texts = masked.read(options.data / masked.TEXT)
        often = -(-counts["masked"] // len(texts))  # each text again and again: speed is measured
        file = masked.write(place / "texts.jsonl", (texts * often)[: counts["masked"]])
        return replace(job, train=str(file)), list(MASKED)
    if name == "prediction":
        run, file = reviews(options, job, counts["prediction"], place)
        return replace(job, base=str(run), train=str(file)), list(ANSWERERS)
    found = tasks.prepare(name, options.data, place, limit=counts[name], score_limit=0)
    return reading(job, found), list(LEARNERS)


def reading(job: Job, found: tasks.Prepared) -> Job:
    """Return the job that reads these files."""
    return replace(job, train=str(found.train), valid=str(found.valid), labels=found.labels)


def reviews(options: argparse.Namespace, job: Job, count: int, place: Path) -> tuple[Path, Path]:
    """Train on a few rows, so that there is a run; write the texts that it shall label."""
    few = tasks.prepare("imdb", options.data, place, limit=predict.ROWS, score_limit=0)
    scratch = place / "training"
    scratch.mkdir()
    training = replace(reading(job, few), work="imdb 32", program="textune", scratch=str(scratch))
    processes.run("bench.card_measure", asdict(replace(training, began=time.time())), place)
    rows = tasks.read("imdb", options.data / tasks.TASKS["imdb"].train, few.labels)
    texts = place / "texts.json"
    texts.write_text(json.dumps([text for text, _ in rows[:count]]), encoding="utf-8")
    return scratch / "run", texts


def do(job: Job, folder: Path) -> Result:
    """Do a job in a fresh process, whose files are deleted with it."""
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as scratch:
        told: dict[str, Any] = asdict(replace(job, scratch=scratch, began=time.time()))
        return Result(**processes.run("bench.card_measure", told, folder))


if __name__ == "__main__":
    main()
