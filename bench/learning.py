"""Does every way of computing learn the same? textune beside transformers' Trainer over many seeds.

`python -m bench.learning` trains, for each number format with and without the compiled kernels,
from the same encoder on the same rows, with the same batch size, learning rate, schedule and
clipping. The Trainer draws random batches in the same number format. Both keep the epoch best on
the first scored set. The difference is paired by seed, with its 95 % interval (paired t). Results
are appended to a file as they come; `--continue` computes none of them again.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, learning_masked, machine, processes, quality_sets, tasks
from bench.jobs import Job
from bench.quality import compared
from bench.tasks import Prepared

PATHS = ("bf16", "bf16-torch", "fp32", "fp32-torch")  # "-torch": without the compiled kernels
PROGRAMS = ("textune", "default")
QUICK = {"rows": 96, "epochs": 1, "seeds": 2}


@dataclass(frozen=True, slots=True)
class Goal:
    """A data set, how it is trained, and the process that does it."""

    module: str
    epochs: int
    batch_size: int
    lr: float
    max_tokens: int
    lower_is_better: bool = False


GOALS = {
    "cola": Goal("bench.measure", epochs=4, batch_size=32, lr=2e-5, max_tokens=64),
    "sts-b": Goal("bench.quality_measure", epochs=3, batch_size=32, lr=1e-4, max_tokens=128),
    "wnut-17": Goal("bench.quality_measure", epochs=4, batch_size=16, lr=1e-4, max_tokens=128),
    "masked-lm": Goal(
        "bench.learning_masked",
        epochs=2,
        batch_size=16,
        lr=1e-4,
        max_tokens=128,
        lower_is_better=True,
    ),
}
Key = tuple[str, str, str, int]  # task, path, program, seed
Found = dict[Key, dict[str, float]]
SAME = ("base", "rows", "epochs", "lr", "threads")  # that all results of one file must share


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all that is asked for and not yet there, then print what was found."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    how = {name: getattr(options, name) for name in SAME}
    found = read(options.out, how) if options.go_on else {}
    with tempfile.TemporaryDirectory(prefix="bench-learning-") as name:
        folder = Path(name)
        try:
            head = machine.describe(options.base, options.threads, folder, size=512)
            say.print(machine.in_words(head["machine"]))
            for task in options.task:
                prepared = prepare(options, task, folder)
                say.print(f"{task}: {prepared.rows}")
                for job, key in jobs(options, task, prepared):
                    if key in found:
                        continue
                    scores = train(GOALS[task].module, job, folder)
                    found[key] = scores
                    keep(options.out, key, scores, how)
                    say.print(" ".join(map(str, key)), scores)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {"settings": commands.settings(options), **head, "rows": summarise(found)}
    show(report["rows"], commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.parser_of("learning", __doc__)
    add = parser.add_argument
    add("--task", nargs="+", choices=list(GOALS), default=list(GOALS), help="data sets (all)")
    add("--paths", nargs="+", choices=PATHS, default=list(PATHS), help="ways to compute (all)")
    add("--seeds", type=commands.positive, help="train with seeds 1, 2, … (8)")
    add("--rows", type=commands.positive, help="train on so many rows (all)")
    add("--epochs", type=commands.positive, help="passes over the rows (by the task)")
    add("--lr", type=float, help="highest learning rate (by the task)")
    add("--out", type=Path, help="append each result here, a line of JSON")
    add("--continue", dest="go_on", action="store_true", help="skip what --out holds already")
    add("--quick", action="store_true", help=f"a trial: {QUICK}, unless given")
    options = parser.parse_args(arguments)
    if options.quick:
        commands.fill(options, QUICK)
    commands.fill(options, {"seeds": 8})
    if options.go_on and options.out is None:
        parser.error("--continue: name the file of results with --out")
    options.only = commands.chosen(parser, options.only, PROGRAMS, PROGRAMS)
    missing = [file for task in options.task for file in missing_of(task, options.data)]
    commands.require(parser, options.data, missing)
    options.base = options.base or commands.bundled_base(parser)
    return options


def missing_of(task: str, data: Path) -> list[str]:
    """Return the files of a task that are not below the folder."""
    if task == "cola":
        return tasks.missing(task, data)
    if task == "masked-lm":
        return [learning_masked.FILE] if not (data / learning_masked.FILE).is_file() else []
    return quality_sets.missing(task, data)


def prepare(options: argparse.Namespace, task: str, folder: Path) -> Prepared:
    """Write the rows that both programs read."""
    if task == "cola":
        return tasks.prepare(task, options.data, folder, limit=options.rows, score_limit=None)
    if task == "masked-lm":
        return learning_masked.prepare(options, folder)
    return quality_sets.prepare(
        task, options.data, folder, rows=options.rows, test_rows=options.rows
    )


def jobs(options: argparse.Namespace, task: str, prepared: Prepared) -> Iterator[tuple[Job, Key]]:
    """Yield every training, seed by seed; the Trainer has one way to compute in each format."""
    goal = GOALS[task]
    for seed in range(1, options.seeds + 1):
        for path in options.paths:
            numbers, _, without = path.partition("-")
            for program in options.only:
                name = numbers if program == "default" else path
                if program == "default" and without and numbers in options.paths:
                    continue
                job = Job(
                    program=program,
                    base=learning_masked.base_of(options, prepared, task),
                    task=prepared.kind,
                    labels=prepared.labels,
                    train=str(prepared.train),
                    valid=str(prepared.valid),
                    sets={title: str(file) for title, file in prepared.sets.items()},
                    metrics=prepared.metrics,
                    scratch="",
                    seed=seed,
                    turn=seed,
                    epochs=options.epochs or goal.epochs,
                    batch_size=goal.batch_size,
                    lr=options.lr or goal.lr,
                    max_tokens=goal.max_tokens,
                    threads=options.threads,
                    numbers=numbers,
                    kernels=not without,
                )
                yield job, (task, name, program, seed)


def train(module: str, job: Job, folder: Path) -> dict[str, float]:
    """Train in a fresh process; return its scores."""
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as scratch:
        values = asdict(replace(job, scratch=scratch))
        found = processes.run(module, values, folder)["scores"]
    return {name: value for name, value in found.items() if value is not None}


def read(file: Path, how: Mapping[str, Any]) -> Found:
    """Read the results that are there already; a last line that a kill has cut is dropped.

    Args:
        file: Of an earlier call.
        how: The settings that it must have had.
    """
    found: Found = {}
    if not file.is_file():
        return found
    text = file.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        file.write_text(whole, encoding="utf-8")
    for row in map(json.loads, whole.splitlines()):
        if row["how"] != how:
            sys.exit(f"--continue: {file} holds results of {row['how']}, and this call asks {how}")
        found[row["task"], row["path"], row["program"], row["seed"]] = row["scores"]
    return found


def keep(file: Path | None, key: Key, scores: Mapping[str, float], how: Mapping[str, Any]) -> None:
    """Append one result and the settings that it was computed with."""
    if file is None:
        return
    names = ("task", "path", "program", "seed")
    row = dict(zip(names, key, strict=True)) | {"scores": dict(scores), "how": dict(how)}
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(row) + "\n")


def summarise(found: Found) -> list[dict[str, Any]]:
    """Sum up each score of each path, beside the Trainer's in the same number format."""
    rows = []
    ours = dict.fromkeys((task, path) for task, path, program, _ in found if program == "textune")
    for task, path in ours:
        mine = by_seed(found, task, path, "textune")
        theirs = by_seed(found, task, path.partition("-")[0], "default")
        for name in next(iter(mine.values())):
            seeds = sorted(seed for seed in mine if seed in theirs)
            pairs = [(theirs[seed][name], mine[seed][name]) for seed in seeds]
            rows.append(
                {
                    "task": task,
                    "path": path,
                    "score": name,
                    "lower_is_better": GOALS[task].lower_is_better,
                    "textune": spread([each[name] for each in mine.values()]),
                    "trainer": spread([each[name] for each in theirs.values()]),
                    **compared([one for one, _ in pairs], [other for _, other in pairs]),
                }
            )
    return rows


def by_seed(found: Found, task: str, path: str, program: str) -> dict[int, dict[str, float]]:
    """Return the scores of one program on one path, by seed."""
    return {key[3]: scores for key, scores in found.items() if key[:3] == (task, path, program)}


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return how many, their mean and their deviation."""
    return {
        "seeds": len(values),
        "mean": fmean(values) if values else None,
        "deviation": stdev(values) if len(values) > 1 else None,
    }


def show(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print a line for each score of each path."""
    table = Table(title="mean ± deviation over seeds; difference: textune minus Trainer, paired")
    for heading in ("task", "path", "score", "textune", "Trainer", "seeds", "difference", "95 %"):
        table.add_column(heading)
    for row in rows:
        low, high = row["interval"] or (None, None)
        table.add_row(
            *(row["task"], row["path"], row["score"]),
            *(words(row[name]) for name in ("textune", "trainer")),
            str(row["seeds"]),
            "-" if row["difference"] is None else f"{row['difference']:+.4f}",
            "-" if low is None else f"{low:+.4f} to {high:+.4f}",
        )
    console.print(table)


def words(found: Mapping[str, Any]) -> str:
    """Write a mean and its deviation."""
    if found["mean"] is None:
        return "-"
    return f"{found['mean']:.4f} ± {found['deviation'] or 0:.4f}"


if __name__ == "__main__":
    main()
