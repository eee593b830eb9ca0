"""Train beside other programs: alone, beside a busy process, two at once, with a quota of one core.

`python -m bench.neighbour` prints texts a second of textune and the tuned Trainer, each with the
threads that it takes by itself, their ratio to the rate alone, and whether weights are the same.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes, situations, tasks
from bench.jobs import Job
from bench.situations import SITUATIONS
from bench.tasks import Prepared

PROGRAMS = {
    "textune": "textune as it is here",
    "before": "textune of the tree that --before names",
    "tuned": "Trainer tuned: group_by_length, bf16 where the processor has it, sdpa, no logging",
}
BARS = (0.97, 0.55, 8.0)  # alone to before; beside a neighbour to alone, and to the Trainer there


@dataclass(frozen=True, slots=True)
class Found:
    """What one training reached in one situation."""

    situation: str
    program: str
    turn: int
    texts_per_second: float  # of each of two at once, their mean
    fewest_threads: int | None
    precision: str
    weights: tuple[str, ...]  # checksums; none of the Trainer's


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of CoLA, and how many of them each program trains on."""

    ours: Prepared
    peers: Prepared


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-neighbour-") as name:
        folder = Path(name)
        try:
            rows = Rows(
                _prepared(options, folder / "ours", options.limit),
                _prepared(options, folder / "peers", options.peer_limit),
            )
            hardware = machine.processor()
            say.print(f"{hardware['processor']}, {hardware['cores']} cores")
            found = run_turns(options, rows, folder, say)
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": hardware,
        **summarise(found),
        "trainings": [asdict(each) for each in found],
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.parser_of("neighbour", __doc__)
    add = parser.add_argument
    add("--limit", type=commands.positive, default=4096, help="rows of CoLA for textune (4096)")
    add("--peer-limit", type=commands.positive, default=768, help="the same for the Trainer (768)")
    add("--turns", type=commands.positive, default=2, help="rounds over all (2)")
    add("--situations", help=f"some of {', '.join(SITUATIONS)}, by comma")
    add("--before", type=Path, help="a git worktree of an earlier textune, run as well")
    options = parser.parse_args(arguments)
    if options.before is not None and not (options.before / "src" / "textune").is_dir():
        parser.error(f"--before {options.before}: there is no src/textune in it")
    usual = [name for name in PROGRAMS if name != "before" or options.before is not None]
    options.only = commands.chosen(parser, options.only, list(PROGRAMS), usual)
    if "before" in options.only and options.before is None:
        parser.error("--only before: name its tree with --before")
    asked = [name.strip() for name in (options.situations or ",".join(SITUATIONS)).split(",")]
    if unknown := sorted(set(asked) - set(SITUATIONS)):
        parser.error(f"--situations {','.join(unknown)}: allowed are {', '.join(SITUATIONS)}")
    options.situations = [name for name in SITUATIONS if name in asked]
    commands.require(parser, options.data, tasks.missing("cola", options.data))
    options.base = options.base or commands.bundled_base(parser)
    return options


def run_turns(options: argparse.Namespace, rows: Rows, folder: Path, say: Console) -> list[Found]:
    """Train by every program in every situation, and that as often as there are turns."""
    found = []
    for turn in range(1, options.turns + 1):
        for situation in options.situations:
            for program in options.only:
                with _made(situation) as (prefix, words):
                    job = to_job(options, rows, program, turn)
                    count = 2 if situation == "pair" else 1
                    tree = options.before if program == "before" else None
                    results = _at_once(job, folder, count, prefix=prefix, before=tree)
                one = to_found(situation, program, turn, results)
                found.append(one)
                say.print(
                    f"turn {turn} {situation} ({words}) {program}: "
                    f"{one.texts_per_second:.1f} texts/s"
                )
    return found


def to_job(options: argparse.Namespace, rows: Rows, program: str, turn: int) -> Job:
    """Say what one program has to do; the seed is one, so that weights can be compared."""
    prepared = rows.peers if program == "tuned" else rows.ours
    has_bf16 = bool(machine.processor()["bf16_instructions"])
    tuned = "tuned-bf16" if has_bf16 else "tuned-fp32"
    return Job(
        program=tuned if program == "tuned" else "textune",
        base=options.base,
        task=prepared.kind,
        labels=prepared.labels,
        train=str(prepared.train),
        valid=str(prepared.valid),
        sets={},
        metrics=prepared.metrics,
        scratch="",
        seed=1,
        turn=turn,
        epochs=1,
        batch_size=32,
        lr=5e-5,
        max_tokens=64,
        threads=options.threads,
    )


def to_found(situation: str, program: str, turn: int, results: Sequence[Any]) -> Found:
    """Make one line of what one training, or two at once, have measured."""
    least = [each["fewest_threads"] for each in results if each["fewest_threads"] is not None]
    return Found(
        situation=situation,
        program=program,
        turn=turn,
        texts_per_second=fmean(each["examples_per_second"] for each in results),
        fewest_threads=min(least, default=None),
        precision=" and ".join(sorted({each["precision"] for each in results})),
        weights=tuple(each["weights"] for each in results if each["weights"] is not None),
    )


def summarise(found: Sequence[Found]) -> dict[str, Any]:
    """Sum up: medians, ratios to the rate alone and to the other programs, and equal bits."""
    rates: dict[str, dict[str, float]] = {}
    for situation in SITUATIONS:
        for program in PROGRAMS:
            turns = [
                each.texts_per_second
                for each in found
                if (each.situation, each.program) == (situation, program)
            ]
            if turns:
                rates.setdefault(situation, {})[program] = median(turns)
    alone = rates.get("quiet", {})
    lines = {
        situation: {
            program: {
                "texts_per_second": rate,
                "of_alone": rate / alone[program] if program in alone else None,
                "times_tuned": rate / own["tuned"] if "tuned" in own else None,
                "times_before": rate / own["before"] if "before" in own else None,
            }
            for program, rate in own.items()
        }
        for situation, own in rates.items()
    }
    weights = {name for each in found if each.program == "textune" for name in each.weights}
    return {"situations": lines, "weights": len(weights), "bars": bars(lines, len(weights))}


def bars(lines: Mapping[str, Any], weights: int) -> dict[str, bool | None]:
    """Tell which bars are reached; None where nothing says so."""

    def reached(situation: str, name: str, least: float) -> bool | None:
        value = lines.get(situation, {}).get("textune", {}).get(name)
        return None if value is None else value >= least

    before, beside, peer = BARS
    return {
        f"alone at least {before} of before": reached("quiet", "times_before", before),
        f"beside a neighbour at least {beside} of alone": reached("neighbour", "of_alone", beside),
        f"beside a neighbour at least {peer:g} times the Trainer": reached(
            "neighbour", "times_tuned", peer
        ),
        "the same bits everywhere": weights == 1 if weights else None,
    }


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print a line for each situation and program, and the bars."""
    table = Table(title="CoLA, one epoch: medians over turns")
    for heading in ("situation", "program", "texts/s", "of alone", "× tuned", "× before"):
        left = heading in {"situation", "program"}
        table.add_column(heading, justify="left" if left else "right")
    for situation, own in report["situations"].items():
        for program, numbers in own.items():
            ratios = ("of_alone", "times_tuned", "times_before")
            shown = ["-" if numbers[name] is None else f"{numbers[name]:.2f}" for name in ratios]
            rate = f"{numbers['texts_per_second']:.1f}"
            table.add_row(SITUATIONS[situation], program, rate, *shown)
    console.print(table)
    words = {True: "yes", False: "no", None: "not measured"}
    for name, value in report["bars"].items():
        console.print(f"{name}: {words[value]}")


def _prepared(options: argparse.Namespace, folder: Path, limit: int) -> Prepared:
    folder.mkdir()
    return tasks.prepare("cola", options.data, folder, limit=limit, score_limit=0)


@contextmanager
def _made(situation: str) -> Iterator[tuple[list[str], str]]:
    """Make a situation; give the command that programs are run by, and words."""
    if situation == "neighbour":
        with situations.busy_neighbour():
            yield [], SITUATIONS[situation]
    elif situation == "quota":
        with situations.one_core() as (prefix, words):
            yield prefix, words
    else:
        yield [], SITUATIONS[situation]


def _at_once(
    job: Job, folder: Path, count: int, *, prefix: Sequence[str], before: Path | None
) -> list[dict[str, Any]]:
    """Train in so many fresh processes at once; nobody tells them how many threads to take."""
    with (
        tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name,
        ThreadPoolExecutor() as pool,
    ):
        places = [Path(name, str(number)) for number in range(count)]
        for place in places:
            place.mkdir()
        runs = [
            pool.submit(_train, job, place, folder, prefix=prefix, before=before)
            for place in places
        ]
        return [each.result() for each in runs]


def _train(
    job: Job, place: Path, folder: Path, *, prefix: Sequence[str], before: Path | None
) -> dict[str, Any]:
    changes: dict[str, str | None] = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), None
    )
    changes["TEXTUNE_CACHE"] = str(folder / "cache")  # kernels are compiled once
    if before is not None:  # its own modules; bench stays this tree's, where the process runs
        paths = (str(before.resolve() / "src"), os.environ.get("PYTHONPATH", ""))
        changes["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return processes.run(
        "bench.neighbour_measure",
        asdict(job) | {"scratch": str(place)},
        place,
        prefix=prefix,
        changes=changes,
    )


if __name__ == "__main__":
    main()
