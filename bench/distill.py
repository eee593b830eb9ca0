"""What a run loses and gains by `textune distill`, on SST-2 with texts that nobody labelled.

`python -m bench.distill` trains on some rows of the training set, lets an encoder of fewer layers
learn from other rows without their labels, and tells by the development set: the accuracy of both
with an interval of the paired difference, and texts a processor second of both in bf16 and fp32, by
turns. `--seeds` draws, trains and distils so often.
"""

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes
from bench.quality_sets import open_text

TRAIN, DEV = "sst2/train.tsv.gz", "sst2/dev.tsv"
FORMATS = ("bf16", "fp32")
TURNS = 5
FASTER, LOSS = 1.8, 0.02  # that are wanted: times as fast at least, accuracy at most


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    found = []
    for seed in range(options.seed, options.seed + options.seeds):
        with TemporaryDirectory(prefix="bench-distill-") as folder:
            found.append(measured(seed, Path(folder), options))
    show(found, commands.console())
    settings = {"settings": commands.settings(options), "versions": machine.versions()}
    commands.finish(settings | {"found": found}, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("distill", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: textune's own choice)")
    add("--to", default="3", help="layers of the smaller encoder (3)")
    add("--rows", type=commands.positive, default=2000, help="rows to learn from (2000)")
    add("--texts", type=commands.positive, default=20_000, help="without labels (20000)")
    add("--epochs", type=commands.positive, help="of the smaller encoder (default: textune's own)")
    add("--effort", default="quick", help="of the run's training, as textune train has it (quick)")
    add("--seeds", type=commands.positive, default=1, help="drawings and trainings (1)")
    add("--seed", type=commands.natural, default=0, help="the first of them (0)")
    options = parser.parse_args(arguments)
    missing = [file for file in (TRAIN, DEV) if not (options.data / file).is_file()]
    commands.require(parser, options.data, missing)
    return options


def measured(seed: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train and distil once, and compare both."""
    import textune

    rows, texts = written(options.data, folder, rows=options.rows, texts=options.texts, seed=seed)
    base = {} if options.base is None else {"base": options.base}
    valid = options.data / DEV
    run = textune.train(
        rows, valid=valid, out=folder / "run", seed=seed, effort=options.effort, **base
    )
    smaller = textune.distill(run, to=options.to, unlabelled=texts, epochs=options.epochs)
    score = smaller.metrics["distilled"]["scores"]["accuracy"]
    with open_text(valid) as opened:
        held = [line.split("\t")[0] for line in opened.read().splitlines()[1:]]
    speeds = {form: timed(run.path, smaller.path, held, form) for form in FORMATS}
    return {"seed": seed, "accuracy": score, "texts_a_second": speeds}


def written(data: Path, folder: Path, *, rows: int, texts: int, seed: int) -> tuple[Path, Path]:
    """Draw rows that are learned from, and others whose labels are left out; write both."""
    with open_text(data / TRAIN) as opened:
        head, *lines = opened.read().splitlines()
    drawn = random.Random(seed).sample(lines, min(rows + texts, len(lines)))
    learned, others = folder / "train.tsv", folder / "new.jsonl"
    learned.write_text("\n".join([head, *drawn[:rows]]) + "\n", encoding="utf-8")
    plain = (json.dumps({"sentence": line.split("\t")[0]}) for line in drawn[rows:])
    others.write_text("\n".join(plain) + "\n", encoding="utf-8")
    return learned, others


def timed(run: Path, smaller: Path, texts: Sequence[str], precision: str) -> list[float]:
    """Count texts a processor second of both, the run's first, by turns."""
    import textune

    both = [textune.Predictor.load(one, precision=precision) for one in (run, smaller)]
    seconds: list[list[float]] = [[], []]
    for turn in range(TURNS + 1):
        for one, own in zip(both, seconds, strict=True):
            began = time.process_time()
            one.predict(texts)
            if turn:  # the first does not count
                own.append(time.process_time() - began)
    return [len(texts) / median(own) for own in seconds]


def show(found: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print a row for each seed, and what they say together."""
    heads = ("seed", "accuracy", "distilled", "difference", "95 % interval", *FORMATS)
    table = Table(*heads, title="a run and what was distilled from it; texts a processor second")
    for one in found:
        score, speeds = one["accuracy"], one["texts_a_second"]
        low, high = score["interval"]
        cells = [str(one["seed"]), f"{score['first']:.4f}", f"{score['other']:.4f}"]
        cells += [f"{score['gain']:+.4f}", f"{low:+.4f} … {high:+.4f}"]
        cells += [f"{speeds[form][0]:.0f} → {speeds[form][1]:.0f}" for form in FORMATS]
        table.add_row(*cells)
    console.print(table)
    for form in FORMATS:
        pairs = [one["texts_a_second"][form] for one in found]
        ratio = median(fast / slow for slow, fast in pairs)
        console.print(f"{form}: {ratio:.2f} times as fast (wanted: {FASTER:g})")
    gain = fmean(one["accuracy"]["gain"] for one in found)
    console.print(f"accuracy: {gain:+.4f} in the mean (wanted: -{LOSS:g} at worst)")


if __name__ == "__main__":
    main()
