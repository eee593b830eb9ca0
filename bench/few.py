"""Few labels: textune's defaults beside what else people do with 8 to some thousands of rows.

`python -m bench.few` draws rows to train on from each public data set, several times over, and
trains on each draw, in a process of its own: textune by its command, as a user would; a linear
model on embeddings of the same frozen base; one on TF-IDF; SetFit, where `--setfit` names a Python
that has it; and transformers' Trainer, at its defaults and for 20 epochs at 1e-4. All read the same
texts and answer for the same test rows, which had no part in anything. A cell is a set and a number
of rows (of each class; in all for several labels, numbers and tags). Differences are paired by the
draw. Seconds are from the command to the report; of the others, from the start of the process to
the fitted model.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import commands, few_scores, few_sets, few_show, few_summary, machine, processes
from bench.few_jobs import OURS, SKIPPED, SYSTEMS, FewJob
from bench.few_sets import SETS, Pool
from bench.quality_sets import write

ROWS = (8, 32, 128, 512, 2048)
KEY = ("set", "rows", "draw", "system", "settings", "base", "test_rows", "steps", "in_all")


@dataclass(frozen=True, slots=True)
class Turn:
    """One training that is asked for."""

    name: str  # of the set
    rows: int
    draw: int
    system: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all that is asked for and not there yet, then print and write what was found."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    kept = read_records(options.out) if options.go_on else []
    with tempfile.TemporaryDirectory(prefix="bench-few-") as name:
        records = list(measured(options, Path(name), kept, say))
    found = few_summary.cells(records)
    few_show.show(found, records, commands.console())
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "records": records,
        "cells": [asdict(cell) for cell in found],
        "overall": {
            title: [asdict(each) for each in few_summary.overall(found, place=place)]
            for title, place in few_show.PLACES.items()
        },
    }
    if options.json is not None:
        commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("few", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--sets", nargs="+", choices=list(SETS), help="public data sets (all; none with --file)")
    add("--file", type=Path, help="a set of your own: CSV with text and label, to draw from")
    add("--test", type=Path, help="its test rows, likewise")
    add("--name", default="own", help="what your own set is called (own)")
    add("--rows", nargs="+", type=commands.positive, default=list(ROWS), help="rows of a draw")
    add("--in-all", action="store_true", help="--rows counts all rows, not those of a class")
    add("--systems", nargs="+", choices=list(SYSTEMS), help="programs (all that can run)")
    add("--draws", type=commands.positive, default=3, help="draws 1, 2, … of each number (3)")
    add("--test-rows", type=commands.positive, default=2000, help="score so many at most (2000)")
    add("--settings", nargs="+", default=[], help="of textune, as train.recipe=classic")
    add("--setfit", help="a Python that has SetFit: it is no dependency of anything here")
    add("--setfit-steps", type=commands.positive, default=60, help="updates of SetFit (60)")
    add("--out", type=Path, help="add each training here as a line of JSON")
    add("--continue", dest="go_on", action="store_true", help="leave out what --out has")
    options = parser.parse_args(arguments)
    check(parser, options)
    options.base = options.base or commands.bundled_base(parser)
    return options


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a message where options do not fit together or files are absent."""
    if (options.file is None) != (options.test is None):
        parser.error("--file and --test: a set of your own needs both")
    for option, file in (("--file", options.file), ("--test", options.test)):
        if file is not None and not file.is_file():
            parser.error(f"{option} {file}: there is no such file")
    if options.go_on and options.out is None:
        parser.error("--continue: name the file of --out that is continued")
    if options.systems is None:
        options.systems = [name for name in SYSTEMS if name != "setfit" or options.setfit]
    elif "setfit" in options.systems and options.setfit is None:
        parser.error("--systems setfit: name a Python that has SetFit by --setfit")
    if options.sets is None:
        options.sets = [] if options.file else list(SETS)
    missing = [file for name in options.sets for file in few_sets.missing(name, options.data)]
    commands.require(parser, options.data, missing)


def read_records(file: Path) -> list[dict[str, Any]]:
    """Read what a run before has measured, without its failures, which are tried again."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [found for line in lines if (found := json.loads(line))["scores"]]


def measured(
    options: argparse.Namespace, folder: Path, kept: Sequence[Mapping[str, Any]], say: Console
) -> Iterator[dict[str, Any]]:
    """Train cell after cell; yield a record of each training, those that are there too."""
    known = {key_of(record): dict(record) for record in kept}
    for name in [*options.sets, *([options.name] if options.file else [])]:
        pool = load(options, name)
        for turn in turns(options, name, pool):
            asked = about(options, turn)
            if (key := key_of(asked)) in known:
                yield known[key]
                continue
            record = asked | train(options, turn, pool, folder)
            say.print(few_show.in_words(record), highlight=False)
            if options.out is not None:
                with options.out.open("a", encoding="utf-8") as opened:
                    opened.write(json.dumps(record) + "\n")
            yield record


def load(options: argparse.Namespace, name: str) -> Pool:
    """Read a set, a public one or one's own."""
    if options.file and name == options.name:
        pool = few_sets.load_own(options.file, options.test, test_rows=options.test_rows)
    else:
        pool = few_sets.load(name, options.data, test_rows=options.test_rows)
    return replace(pool, test=few_sets.cut(pool.test, options.base, pool.max_tokens))


def turns(options: argparse.Namespace, name: str, pool: Pool) -> Iterator[Turn]:
    """Yield what is trained on a set: all programs on a draw, then on the next one."""
    for rows in options.rows:
        for draw in range(1, options.draws + 1):
            for system in options.systems:
                if (system, pool.kind) not in SKIPPED:
                    yield Turn(name, rows, draw, system)


def about(options: argparse.Namespace, turn: Turn) -> dict[str, Any]:
    """Say which training it is, by all that another result could come from."""
    return {
        "set": turn.name,
        "rows": turn.rows,
        "in_all": options.in_all,
        "draw": turn.draw,
        "system": turn.system,
        "settings": list(options.settings) if turn.system == OURS else [],
        "steps": options.setfit_steps if turn.system == "setfit" else None,
        "base": options.base,
        "test_rows": options.test_rows,
    }


def key_of(record: Mapping[str, Any]) -> str:
    """Return what tells a training from every other."""
    return json.dumps([record[name] for name in KEY])


def train(options: argparse.Namespace, turn: Turn, pool: Pool, folder: Path) -> dict[str, Any]:
    """Train one program on one draw, and judge its answers; a failure is a record too."""
    drawn = few_sets.draw(pool, turn.rows, turn.draw, in_all=options.in_all)
    known = {"metrics": list(pool.metrics), "train": len(drawn), "test": len(pool.test)}
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as name:
        drawn = few_sets.cut(drawn, options.base, pool.max_tokens)
        job = FewJob(
            system=turn.system,
            base=options.base,
            kind=pool.kind,
            labels=pool.labels,
            train=str(write(Path(name) / "train.jsonl", drawn)),
            test=str(write(Path(name) / "test.jsonl", pool.test)),
            scratch=name,
            seed=turn.draw,
            threads=options.threads,
            max_tokens=pool.max_tokens,
            settings=options.settings,
            setfit=options.setfit,
            setfit_steps=options.setfit_steps,
            began=time.time(),
        )
        try:
            answered = processes.run("bench.few_measure", asdict(job), folder)
        except processes.ProgramError as error:
            return known | {"scores": {}, "seconds": None, "error": str(error)}
    scores = few_scores.judge(pool.kind, pool.test, answered["answers"], pool.labels)
    return known | {"scores": scores, "seconds": answered["seconds"], "error": None}


if __name__ == "__main__":
    main()
