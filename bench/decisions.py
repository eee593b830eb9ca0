"""Do decisions hold on rows that had no part in their fitting: Jigsaw and GoEmotions.

`python -m bench.decisions` trains on some rows of each set and judges by others: macro-F1 at fitted
thresholds beside 0.5 for every label, calibration before and after, a model that is made too sure,
and how often a promised precision, and sets of classes, hold, over resamplings of saved logits.
"""

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import special

from bench import commands, machine, processes, tasks
from textune.decisions import aims, calibrating, thresholds
from textune.decisions.calibrating import Held
from textune.metrics import comparing, intervals, reliability

FILES = {
    "jigsaw": (
        *("jigsaw/train_first_3000.csv.gz", "jigsaw/train_sample_2000.csv"),
        *("jigsaw/train_sample.csv", "jigsaw/val_sample.csv"),
    ),
    "goemotions": ("goemotions/train.tsv.gz", "goemotions/dev.tsv", "goemotions/test.tsv"),
}
TOXIC = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
SHARE = 0.9  # the precision that is promised
TOO_SURE = 4.0  # by which the logits of the planted model are multiplied
Floats = NDArray[np.float64]
Measured = Callable[[str, Path, argparse.Namespace], dict[str, Any]]
Shown = Callable[[str, dict[str, Any], Console], None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    run(parse(arguments), measured, show)


def run(options: argparse.Namespace, measured: Measured, show: Shown) -> None:
    """Measure each set that is asked for, then print and write what was found."""
    processes.limit_threads(options.threads)
    found = {}
    for name in options.only:
        with TemporaryDirectory() as folder:
            found[name] = measured(name, Path(folder), options)
        show(name, found[name], commands.console())
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "found": found,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("decisions", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: textune's own choice)")
    add("--only", help=f"some of the sets, by comma: {', '.join(FILES)}")
    add("--effort", default="quick", help="as textune train has it (quick)")
    add("--rows", type=commands.positive, default=3000, help="rows to learn from (3000)")
    add("--fresh", type=commands.positive, default=3000, help="rows that judge (3000)")
    add("--draws", type=commands.positive, default=100, help="resamplings (100)")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, list(FILES), list(FILES))
    missing = [file for name in options.only for file in FILES[name]]
    missing = [file for file in missing if not (options.data / file).is_file()]
    commands.require(parser, options.data, missing)
    return options


def measured(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train, decide and judge, through the doors that users take."""
    import textune
    from textune.runs import evaluations, predictions

    labels, rows = read(name, options.data)
    order = np.random.default_rng(options.seed).permutation(len(rows)).tolist()
    train = write(folder / "train.csv", labels, [rows[at] for at in order[: options.rows]])
    last = options.rows + options.fresh
    fresh = write(folder / "fresh.csv", labels, [rows[at] for at in order[options.rows : last]])
    base = {} if options.base is None else {"base": options.base}
    given: dict[str, Any] = {"effort": options.effort, "seed": options.seed, **base}
    columns: dict[str, Any] = {"text": "text", "label": list(labels)}
    run = textune.train(train, out=folder / "run", **columns, **given)
    at_half = textune.evaluate(run, fresh, threshold=0.5)
    half = marks(predictions.read(evaluations.answers_of(run.path, fresh))["decision"], labels)
    fitted = textune.evaluate(run, fresh)
    table = predictions.read(evaluations.answers_of(run.path, fresh))
    truth, given_labels = (marks(table[column], labels) for column in ("truth", "decision"))
    logits = np.stack([np.asarray(table[f"logit({label})"]) for label in labels], axis=1)
    decided = textune.decide(run.path, aim=f"precision>={SHARE}").metrics["valid"]
    judged = textune.evaluate(run, fresh)
    return {
        "rows": [min(options.rows, len(rows)), len(truth)],
        "macro_f1": [at_half["macro_f1"], fitted["macro_f1"]],
        "gain": gain(truth, half, given_labels),
        "calibration": fitted.get("calibration"),
        "planted": planted(truth, TOO_SURE * logits, options),
        "precision": {
            label: {
                "promised": label not in judged["rule"]["unmet"],
                "fresh": judged["labels"][label]["precision"],
                "recall": judged["labels"][label]["recall"],
            }
            for label in labels
        },
        "unmet": decided["rule"]["unmet"],
        "promises": promises(truth, special.expit(logits), labels, options),
    }


def read(name: str, data: Path) -> tuple[tuple[str, ...], list[tuple[str, tuple[int, ...]]]]:
    """Return the labels of a set, and its rows, each text once."""
    found: dict[str, tuple[int, ...]] = {}
    if name == "goemotions":
        labels = tasks.label_names(name, data)
        for file in FILES[name]:
            for text, names in tasks.read(name, data / file, labels):
                found.setdefault(text, tuple(int(label in names) for label in labels))
        return labels, list(found.items())
    for file in FILES[name]:
        for text, held in _jigsaw(data / file):
            found.setdefault(text, held)
    return TOXIC, list(found.items())


def _jigsaw(file: Path) -> list[tuple[str, tuple[int, ...]]]:
    import gzip

    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", newline="") as opened:
        return [
            (row["comment_text"], tuple(int(row[label]) for label in TOXIC))
            for row in csv.DictReader(opened)
            if row["comment_text"].strip()
        ]


def write(file: Path, labels: Sequence[str], rows: Sequence[tuple[str, tuple[int, ...]]]) -> Path:
    """Write a table with a column of 0 and 1 for each label."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["text", *labels])
        writer.writerows([text, *held] for text, held in rows)
    return file


def marks(cells: Sequence[str], labels: Sequence[str]) -> Floats:
    """Return a 1 for each label in a cell; (N, C)."""
    held = [set((cell or "").split(";")) for cell in cells]
    return np.asarray([[float(label in each) for label in labels] for each in held])


def gain(truth: Floats, before: Floats, after: Floats) -> dict[str, float]:
    """Return by how much macro-F1 is higher, with its paired 95 % interval."""
    draws = comparing.draws(len(truth))
    found = []
    for given in (before, after):
        kinds = [draws @ ((truth == a) & (given == b)) for a, b in ((0, 0), (0, 1), (1, 0), (1, 1))]
        found.append(intervals.multi_numbers(*kinds)["macro_f1"])
    one = comparing.differences("macro_f1", found, texts=len(truth))[0]
    return {"gain": one.gain, "low": one.low, "high": one.high}


def planted(truth: Floats, logits: Floats, options: argparse.Namespace) -> dict[str, Any]:
    """Repair a model that is too sure by half of the rows, and judge it by the others."""
    order = np.random.default_rng(options.seed).permutation(len(truth))
    own, fresh = np.array_split(order, 2)
    held = Held(logits[own], marks=truth[own])
    kind = calibrating.choose(held, np.arange(len(own)) % 5)
    found = calibrating.apply(calibrating.fit(kind, held), logits[fresh])
    errors = [
        reliability.error(truth[fresh].ravel(), special.expit(each).ravel())
        for each in (logits[fresh], found)
    ]
    return {"kind": kind, "before": errors[0], "after": errors[1]}


def promises(
    truth: Floats, chances: Floats, labels: Sequence[str], options: argparse.Namespace
) -> dict[str, dict[str, int]]:
    """Count resamplings: thresholds from half of the rows, precision on the others."""
    rng = np.random.default_rng(options.seed)
    aim = aims.read(f"precision>={SHARE}")
    found = {label: {"promised": 0, "broken": 0} for label in labels}
    for _ in range(options.draws):
        own, fresh = np.array_split(rng.permutation(len(truth)), 2)
        rule = thresholds.fit(truth[own], chances[own], aim)
        given = chances[fresh] >= rule.values
        for place, label in enumerate(labels):
            right = truth[fresh][given[:, place], place]
            found[label]["promised"] += int(rule.is_met[place])
            is_broken = rule.is_met[place] and len(right) and right.mean() < SHARE
            found[label]["broken"] += int(is_broken)
    return found


def show(name: str, found: Mapping[str, Any], console: Console) -> None:
    """Print what was found of a set."""
    before, after = found["macro_f1"]
    change, planted_model = found["gain"], found["planted"]
    console.print(f"{name}: learned from {found['rows'][0]:,} rows, judged by {found['rows'][1]:,}")
    console.print(
        f"macro-F1 at 0.5 {before:.3f}, at fitted thresholds {after:.3f}: gain "
        f"{change['gain']:.3f} (95 % interval {change['low']:.3f} to {change['high']:.3f})"
    )
    console.print(f"calibration: {found['calibration']}")
    console.print(
        f"a model that is too sure ({TOO_SURE:g} times the logits): calibration error "
        f"{planted_model['before']:.3f} → {planted_model['after']:.3f} ({planted_model['kind']})"
    )
    table = Table(title=f"precision >= {SHARE} on fresh rows")
    for column in ("label", "promised", "fresh precision", "recall", "promised in", "broken in"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for label, one in found["precision"].items():
        counts = found["promises"][label]
        numbers = ["–" if one[key] is None else f"{one[key]:.3f}" for key in ("fresh", "recall")]
        promised = "yes" if one["promised"] else "no"
        table.add_row(label, promised, *numbers, str(counts["promised"]), str(counts["broken"]))
    console.print(table)


if __name__ == "__main__":
    main()
