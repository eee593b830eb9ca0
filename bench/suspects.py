"""Which labels are wrong: how many of the first suspects of `textune suspects` were flipped.

`python -m bench.suspects` flips the labels of 5 % of SST-2's rows, drawn by the seed, looks for
suspects by frozen features, and counts the flipped ones among the first, beside what chance would
give; cleanlab ranks the same out-of-fold probabilities where it is installed.
"""

import argparse
import csv
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bench import commands, machine, pretrained, processes

FILE = "sst2/train.tsv.gz"
OTHER = {"0": "1", "1": "0"}
BAR = 6.0  # times chance, that is wanted of frozen features

Rows = NDArray[np.int64]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "flipped.csv"
        flipped = write(file, options)
        found = measured(file, flipped, options)
    show(found, options, commands.console())
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "found": found,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("suspects", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--rows", type=commands.positive, default=5000, help="rows, drawn from the file (5000)")
    add("--share", type=float, default=0.05, help="share of labels that are flipped (0.05)")
    add("--first", type=commands.positive, help="suspects that are counted (as many as flipped)")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    missing = [] if (options.data / FILE).is_file() else [FILE]
    commands.require(parser, options.data, missing)
    options.first = options.first or max(1, round(options.share * options.rows))
    return options


def write(file: Path, options: argparse.Namespace) -> Rows:
    """Write drawn rows, some of their labels flipped; return which, from 0."""
    rows = pretrained.read(options.data / FILE)
    draw = np.random.default_rng(options.seed)
    drawn = draw.permutation(len(rows))[: options.rows].tolist()
    wrong = np.sort(draw.permutation(len(drawn))[: round(options.share * len(drawn))])
    is_wrong = {*wrong.tolist()}
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["row", "text", "label"])
        for place, at in enumerate(drawn):
            text, (label,) = rows[at]
            writer.writerow([place, text, OTHER[label] if place in is_wrong else label])
    return wrong


def measured(file: Path, flipped: Rows, options: argparse.Namespace) -> dict[str, Any]:
    """Return the precision among the first suspects of each program, and times chance."""
    import textune

    began = time.perf_counter()
    base = {} if options.base is None else {"base": options.base}
    given: dict[str, Any] = {"text": "text", "label": "label", "seed": options.seed, **base}
    said = textune.suspects(file, **given)
    seconds = time.perf_counter() - began
    order = np.asarray([int(row["row"]) for row in said.rows], dtype=np.int64)
    found = {"textune": judged(order, flipped, options)}
    found["textune"] |= {"seconds": seconds, "likely": said.likely, "agreement": said.agreement}
    if find_spec("cleanlab") is not None:
        for name, ranked in cleanlab(file, given):
            found[name] = judged(ranked, flipped, options)
    return found


def judged(order: Rows, flipped: Rows, options: argparse.Namespace) -> dict[str, Any]:
    """Count the flipped rows among the first ones, and among all suspects."""
    first = order[: options.first]
    precision = float(np.isin(first, flipped).mean()) if len(first) else 0.0
    chance = len(flipped) / options.rows
    return {
        "first": len(first),
        "precision": precision,
        "times chance": precision / chance,
        "recall": float(np.isin(flipped, order).mean()),
    }


def cleanlab(file: Path, given: dict[str, Any]) -> Iterator[tuple[str, Rows]]:
    """Rank the same out-of-fold probabilities by cleanlab."""
    from textune.corpora import corpus as corpora
    from textune.doors import keywords
    from textune.encoder import bases
    from textune.recipes import held_out
    from textune.runs.events import drained
    from textune.settings.config import Settings
    from textune.text import tokenizers

    find_label_issues = import_module("cleanlab.filter").find_label_issues
    settings = keywords.resolve(Settings, {**given, "valid_share": 0.0})
    tokenizer = tokenizers.load(bases.find(settings.base))
    corpus = drained(corpora.gather(file, settings, tokenizer))
    chances = corpus.task.probabilities(held_out.frozen(corpus, settings), None)
    labels = corpus.targets[np.arange(len(corpus.store))]
    for way in ("prune_by_noise_rate", "confident_learning"):
        yield (
            f"cleanlab, {way}",
            find_label_issues(
                labels,
                chances,
                filter_by=way,
                return_indices_ranked_by="normalized_margin",
            ),
        )


def show(found: dict[str, Any], options: argparse.Namespace, out: Any) -> None:
    """Print the precision of each program."""
    title = f"SST-2, {options.rows:,} rows, {options.share:.0%} of the labels flipped"
    table = Table(title=title, box=None, title_justify="left")
    for column in ("program", "first", "precision", "times chance", "recall"):
        table.add_column(column, justify="left" if column == "program" else "right")
    for name, one in found.items():
        numbers = (f"{one[key]:.3f}" for key in ("precision", "times chance", "recall"))
        table.add_row(name, str(one["first"]), *numbers)
    out.print(table)
    own = found["textune"]
    kept = "at least" if own["times chance"] >= BAR else "less than"
    out.print(
        f"{own['likely']:,} suspects in {own['seconds']:.0f} s; {kept} {BAR:g} times chance; the "
        f"head agrees with {own['agreement']:.1%} of the labels"
    )


if __name__ == "__main__":
    main()
