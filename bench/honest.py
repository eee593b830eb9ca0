"""Whether the score that textune reports of few rows is the score on rows that nobody has seen.

`python -m bench.honest` draws, over and over, some rows of a public data set, at random as people
come by them, trains on each draw by the command, as a user would, and compares the main metric that
the run reports, and its 95 % interval, with the metric on thousands of rows that had no part in
anything. These are held out from the file that is drawn from, so that both are of one kind.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console

from bench import commands, few, few_sets, machine, processes
from bench.few_jobs import OURS, FewJob
from bench.few_sets import SETS, Pool
from bench.few_show import LAST
from bench.quality_sets import write

WANTED = 0.02  # most difference of the means
COVERED = (0.90, 0.99)  # share of the intervals that hold the score on the untouched rows
KEY = ("set", "rows", "draw", "test_rows", "settings", "base")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on draw after draw, then print and write what was found."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    kept = few.read_records(options.out) if options.go_on else []
    with tempfile.TemporaryDirectory(prefix="bench-honest-") as name:
        records = list(measured(options, Path(name), kept, say))
    console = commands.console()
    by_set = {name: [each for each in records if each["set"] == name] for name in options.sets}
    found = {name: summarise(each) for name, each in by_set.items()}
    for name, each in found.items():
        console.print(f"{name}: {each['words']}", highlight=False)
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "records": records,
        "found": found,
    }
    if options.json is not None:
        commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("honest", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--sets", nargs="+", choices=list(SETS), default=["sst-2"], help="data sets (sst-2)")
    add("--rows", type=commands.positive, default=64, help="of a draw, in all (64)")
    add("--draws", type=commands.positive, default=40, help="draws 1, 2, … (40)")
    add("--test-rows", type=commands.positive, default=5000, help="untouched, at most (5000)")
    add("--settings", nargs="+", default=[], help="of textune, as train.recipe=classic")
    add("--out", type=Path, help="add each training here as a line of JSON")
    add("--continue", dest="go_on", action="store_true", help="leave out what --out has")
    options = parser.parse_args(arguments)
    if options.go_on and options.out is None:
        parser.error("--continue: name the file of --out that is continued")
    missing = [file for name in options.sets for file in few_sets.missing(name, options.data)]
    commands.require(parser, options.data, missing)
    options.base = options.base or commands.bundled_base(parser)
    return options


def load(options: argparse.Namespace, name: str) -> Pool:
    """Read a set, and hold rows of its training files out as test rows."""
    pool = few_sets.load(name, options.data, test_rows=options.test_rows)
    train, test = few_sets.hold_out(pool.train, options.test_rows)
    return replace(pool, train=train, test=few_sets.cut(test, options.base, pool.max_tokens))


def measured(
    options: argparse.Namespace, folder: Path, kept: Sequence[Mapping[str, Any]], say: Console
) -> Iterator[dict[str, Any]]:
    """Train draw after draw; yield a record of each, those that are there too."""
    known = {key_of(record): dict(record) for record in kept}
    for name in options.sets:
        pool = load(options, name)
        test = write(folder / "test.jsonl", pool.test)
        for draw in range(1, options.draws + 1):
            record = about(options, name, draw)
            if (key := key_of(record)) in known:
                yield known[key]
                continue
            record |= train(options, pool, draw, test, folder)
            say.print(in_words(record), highlight=False)
            if options.out is not None:
                with options.out.open("a", encoding="utf-8") as opened:
                    opened.write(json.dumps(record) + "\n")
            yield record


def about(options: argparse.Namespace, name: str, draw: int) -> dict[str, Any]:
    """Say which training it is, by all that another result could come from."""
    given = {each: getattr(options, each) for each in ("rows", "test_rows", "settings", "base")}
    return {"set": name, "draw": draw, **given}


def key_of(record: Mapping[str, Any]) -> str:
    """Return what tells a training from every other."""
    return json.dumps([record[name] for name in KEY])


def train(
    options: argparse.Namespace, pool: Pool, draw: int, test: Path, folder: Path
) -> dict[str, Any]:
    """Train on one draw of rows, whatever their classes; a failure is a record too."""
    drawn = random.Random(draw).sample(pool.train, min(options.rows, len(pool.train)))
    drawn = few_sets.cut(drawn, options.base, pool.max_tokens)
    with tempfile.TemporaryDirectory(prefix="job-", dir=folder) as scratch:
        job = FewJob(
            system=OURS,
            base=options.base,
            kind=pool.kind,
            labels=pool.labels,
            train=str(write(Path(scratch) / "train.jsonl", drawn)),
            test=str(test),
            scratch=scratch,
            seed=draw,
            threads=options.threads,
            max_tokens=pool.max_tokens,
            settings=options.settings,
        )
        try:
            found = processes.run("bench.honest_measure", asdict(job), folder)
        except processes.ProgramError as error:
            return {"scores": {}, "metric": None, "seconds": None, "error": str(error)}
    return {**found, "error": None}


def in_words(record: Mapping[str, Any]) -> str:
    """Say what one training reported and what is so."""
    said = f"{record['set']}, {record['rows']} rows, draw {record['draw']}"
    if record["error"]:
        return f"{said}: FAILED: {record['error'][-LAST:].strip()}"
    found = record["scores"][record["metric"]]
    interval = "none" if found["interval"] is None else "{:.3f} … {:.3f}".format(*found["interval"])
    return (
        f"{said}: {record['metric']} reported {found['reported']:.3f}, interval {interval}; "
        f"untouched rows {found['true']:.3f}; {record['seconds']:.1f} s"
    )


def summarise(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare means, and count the intervals that hold the truth, of the main metric."""
    pairs = [each["scores"][each["metric"]] for each in records if each["scores"]]
    failed = len(records) - len(pairs)
    if not pairs:
        return {"draws": 0, "failed": failed, "words": f"no draw gave a score; {failed} failed"}
    differences = [each["reported"] - each["true"] for each in pairs]
    spans = [(each["interval"], each["true"]) for each in pairs if each["interval"] is not None]
    held = [low <= true <= high for (low, high), true in spans]
    found = {
        "draws": len(pairs),
        "failed": failed,
        "reported": fmean(each["reported"] for each in pairs),
        "true": fmean(each["true"] for each in pairs),
        "difference": fmean(differences),
        "deviation": stdev(differences) if len(differences) > 1 else None,
        "intervals": len(held),
        "covered": fmean(held) if held else None,
    }
    metric = next(each["metric"] for each in records if each["scores"])
    return found | {"words": verdict(metric, found)}


def verdict(metric: str, found: Mapping[str, Any]) -> str:
    """Say whether what is reported is so."""
    is_near = abs(found["difference"]) <= WANTED
    covered = found["covered"]
    error = found["deviation"]
    said = (
        f"{metric} over {found['draws']} draws: reported {found['reported']:.4f}, untouched rows "
        f"{found['true']:.4f}; difference {found['difference']:+.4f}"
        + ("" if error is None else f" (standard error {error / found['draws'] ** 0.5:.4f})")
        + f": {'within' if is_near else 'NOT within'} {WANTED}"
    )
    if covered is None:
        said += "; no interval is reported"
    else:
        low, high = COVERED
        is_right = low <= covered <= high
        said += (
            f"; {covered:.0%} of {found['intervals']} intervals hold it: "
            f"{'as' if is_right else 'NOT as'} wanted ({low:.0%} to {high:.0%})"
        )
    return f"{said}; {found['failed']} failed" if found["failed"] else said


if __name__ == "__main__":
    main()
