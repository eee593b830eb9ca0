"""Which texts to label next: those that `textune suggest` chooses, beside random ones.

`python -m bench.suggest` begins with 20 labelled texts that are drawn, and adds 20 in each of 5
rounds, chosen by `textune.predicting.picking` or drawn. After each round a linear head learns anew
from frozen mean-pooled features (logistic regression: what textune keeps for few rows) and is
scored on texts that had no part in it. 10 repetitions, compared in pairs by Wilcoxon's test.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy.stats import wilcoxon

from bench import commands, machine, pretrained, processes, tasks
from textune.predicting import picking

LEVEL = 0.05  # chance of such a gain by accident, below which it counts as shown
STRENGTH = 10.0  # C of the logistic regression, on features of length 1
TOKENS = 128  # of a text, that are embedded
SETS = {  # file to choose from, and to score by
    "sst-2": ("sst2/train.tsv.gz", "sst2/dev.tsv"),
    "goemotions": ("goemotions/train.tsv.gz", "goemotions/dev.tsv"),  # rows of one label
    "imdb": ("imdb/train.csv.gz", "imdb/test.csv.gz"),
}

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]
Strategy = Callable[[Floats, NDArray[np.float64], int, int], Numbers]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Texts as features of length 1, and their classes."""

    features: Floats  # (N, D)
    classes: Numbers  # (N,)


def drawn(features: Floats, doubts: NDArray[np.float64], count: int, seed: int) -> Numbers:
    """Draw texts."""
    return np.random.default_rng(seed).permutation(len(features))[:count]


def suggested(features: Floats, doubts: NDArray[np.float64], count: int, seed: int) -> Numbers:
    """Choose as `textune suggest` does."""
    return picking.choose(features, doubts, count=count, seed=seed)


def unsure(features: Floats, doubts: NDArray[np.float64], count: int, seed: int) -> Numbers:
    """Choose those that the model is least sure of, however alike they are."""
    return picking.choose(None, doubts, count=count, seed=seed)


def spread(features: Floats, doubts: NDArray[np.float64], count: int, seed: int) -> Numbers:
    """Choose texts unlike each other, however sure the model is."""
    return picking.choose(features, None, count=count, seed=seed)


STRATEGIES: Mapping[str, Strategy] = {
    "random": drawn,
    "suggest": suggested,
    "unsure": unsure,
    "spread": spread,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each set, then print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    say, out = commands.console(stderr=True), commands.console()
    found: dict[str, Any] = {}
    for name in options.sets:
        say.print(f"{name}: embedding {options.pool:,} texts to choose from")
        pool, test = embedded(name, options)
        found[name] = measured(pool, test, options)
        show(name, found[name], out)
        out.print(found[name]["words"])
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "found": found,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("suggest", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--sets", nargs="+", choices=SETS, default=["sst-2"], help="which data sets (sst-2)")
    add("--pool", type=commands.positive, default=3000, help="texts to choose from (3000)")
    add("--test", type=commands.positive, default=1000, help="texts to score, at most (1000)")
    add("--start", type=commands.positive, default=20, help="texts that are labelled first (20)")
    add("--each", type=commands.positive, default=20, help="texts labelled in a round (20)")
    add("--rounds", type=commands.positive, default=5, help="rounds (5)")
    add("--repetitions", type=commands.positive, default=10, help="repetitions (10)")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    options.base = options.base or commands.bundled_base(parser)
    files = [file for name in options.sets for file in SETS[name]]
    commands.require(parser, options.data, [f for f in files if not (options.data / f).is_file()])
    if options.pool <= (wanted := options.start + options.rounds * options.each):
        parser.error(
            f"--pool {options.pool}: {wanted:,} texts are to be labelled of more than that"
        )
    return options


def embedded(name: str, options: argparse.Namespace) -> tuple[Embedded, Embedded]:
    """Read a set, draw texts to choose from and to score, and embed both."""
    from bench.few_embeddings import Base  # torch

    base = Base(options.base, TOKENS)
    draw = np.random.default_rng(options.seed)
    parts = []
    names: dict[str, int] = {}
    for file, most in zip(SETS[name], (options.pool, options.test), strict=True):
        rows = read(name, options.data / file)
        rows = [rows[place] for place in draw.permutation(len(rows))[:most].tolist()]
        classes = [names.setdefault(label, len(names)) for _, label in rows]
        found = base.texts([text for text, _ in rows])
        parts.append(Embedded(found, np.asarray(classes)))
    return parts[0], parts[1]


def read(name: str, file: Path) -> list[tuple[str, str]]:
    """Read texts with the one label that each has."""
    if name == "goemotions":
        return [(row[0], row[1]) for row in tasks.cells(file) if "," not in row[1]]
    rows = pretrained.read(file) if name == "sst-2" else tasks.read(name, file, ())
    return [(text, label) for text, (label,) in rows]


def measured(pool: Embedded, test: Embedded, options: argparse.Namespace) -> dict[str, Any]:
    """Return the accuracy of each strategy after each round, in each repetition, and the tests."""
    accuracy = {
        name: [
            rounds(strategy, pool, test, options, seed=options.seed + 1 + repetition)
            for repetition in range(options.repetitions)
        ]
        for name, strategy in STRATEGIES.items()
    }
    by_chance = np.asarray(accuracy["random"])[:, -1]
    gains = {name: np.asarray(values)[:, -1] - by_chance for name, values in accuracy.items()}
    chances = {name: chance(gain) for name, gain in gains.items() if name != "random"}
    gain = float(gains["suggest"].mean())
    return {
        "accuracy": accuracy,
        "gain": {name: float(values.mean()) for name, values in gains.items()},
        "p": chances,
        "words": verdict(gain, chances["suggest"], options.repetitions),
    }


def rounds(
    strategy: Strategy, pool: Embedded, test: Embedded, options: argparse.Namespace, *, seed: int
) -> list[float]:
    """Label, learn and choose in turns; return the accuracy after each round, and the first."""
    rest = np.random.default_rng(seed).permutation(len(pool.features))
    known, rest = rest[: options.start], rest[options.start :]
    found = []
    for number in range(options.rounds + 1):
        predict = head(pool.features[known], pool.classes[known])
        classes, _ = predict(test.features)
        found.append(float((classes == test.classes).mean()))
        _, doubts = predict(pool.features[rest])
        places = strategy(pool.features[rest], doubts, options.each, 1000 * seed + number)
        known = np.concatenate([known, rest[places]])
        rest = np.delete(rest, places)
    return found


def head(
    features: Floats, classes: Numbers
) -> Callable[[Floats], tuple[Numbers, NDArray[np.float64]]]:
    """Fit a linear head; return what tells the class of features, and how unsure it is."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(classes)) < 2:
        only = int(classes[0])
        return lambda others: (np.full(len(others), only), np.ones(len(others)))
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(features, classes)

    def predict(others: Floats) -> tuple[Numbers, NDArray[np.float64]]:
        probabilities = model.predict_proba(others)
        ranked = np.sort(probabilities, axis=1)
        return model.classes_[probabilities.argmax(axis=1)], 1 - (ranked[:, -1] - ranked[:, -2])

    return predict


def chance(gains: NDArray[np.float64]) -> float:
    """Return how likely such gains, or better ones, were if nothing were gained; Wilcoxon's p."""
    if not gains.any():
        return 1.0
    return float(wilcoxon(gains, alternative="greater").pvalue)


def verdict(gain: float, p: float, repetitions: int) -> str:
    """Say whether it was shown that suggested texts teach more than random ones."""
    told = f"{gain:+.4f} accuracy in the mean of {repetitions} repetitions, p = {p:.3f}"
    if p < LEVEL:
        return f"suggested texts teach more than random ones: {told}"
    return f"it could not be shown that suggested texts teach more than random ones: {told}"


def show(name: str, found: Mapping[str, Any], out: Any) -> None:
    """Print the accuracy of each strategy after each round."""
    table = Table(title=f"{name}: accuracy", box=None, title_justify="left")
    counts = range(len(found["accuracy"]["random"][0]))
    for column in ("strategy", *(f"round {number}" for number in counts), "gain", "p"):
        table.add_column(column, justify="left" if column == "strategy" else "right")
    for strategy, values in found["accuracy"].items():
        means = np.asarray(values).mean(axis=0)
        p = found["p"].get(strategy)
        table.add_row(
            strategy,
            *(f"{value:.3f}" for value in means),
            f"{found['gain'][strategy]:+.4f}",
            "" if p is None else f"{p:.3f}",
        )
    out.print(table)


if __name__ == "__main__":
    main()
