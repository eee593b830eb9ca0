"""Which labels are wrong: how many of the first suspects of `textune suspects` were flipped.

`python -m bench.suspects` flips the labels of 5 % of SST-2's rows, drawn by the seed, looks for
suspects by frozen features (`--effort thorough`: by fine-tuning on folds, too), and counts the
flipped ones among the first, beside what chance would give. cleanlab ranks the same out-of-fold
probabilities, and those of its own cross-validation of TF-IDF and logistic regression, as its
guides do it, where it is installed.
"""

import argparse
import csv
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bench import commands, machine, pretrained, processes

if TYPE_CHECKING:
    from textune.corpora.corpus import Corpus

FILE = "sst2/train.tsv.gz"
OTHER = {"0": "1", "1": "0"}
BARS = {"quick": 6.0, "thorough": 10.0}  # times chance, that are wanted

Rows = NDArray[np.int64]
Found = dict[str, dict[str, Any]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    found, say = [], commands.console(stderr=True)
    for seed in range(options.seed, options.seed + options.seeds):
        with TemporaryDirectory() as folder:
            file = Path(folder) / "flipped.csv"
            found.append(measured(file, write(file, options, seed), options, seed))
        say.print(f"seed {seed}: {found[-1]['textune']['times chance']:.2f} times chance")
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
    add("--effort", choices=[*BARS], default="quick", help="as `textune suspects` has it (quick)")
    add("--rows", type=commands.positive, default=5000, help="rows, drawn from the file (5000)")
    add(
        "--share", type=commands.share, default=0.05, help="share of labels that are flipped (0.05)"
    )
    add("--first", type=commands.positive, help="suspects that are counted (as many as flipped)")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    add("--seeds", type=commands.positive, default=1, help="so many, from that one on (1)")
    options = parser.parse_args(arguments)
    missing = [] if (options.data / FILE).is_file() else [FILE]
    commands.require(parser, options.data, missing)
    flipped = round(options.share * options.rows)
    if flipped < 1:
        parser.error(
            f"--share {options.share:g}: of {options.rows:,} rows that flips none; give "
            f"{1 / options.rows:.3g} or more, or more --rows"
        )
    options.first = options.first or flipped
    return options


def write(file: Path, options: argparse.Namespace, seed: int) -> Rows:
    """Write drawn rows, some of their labels flipped; return which, from 0."""
    rows = pretrained.read(options.data / FILE)
    draw = np.random.default_rng(seed)
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


def measured(file: Path, flipped: Rows, options: argparse.Namespace, seed: int) -> Found:
    """Return the precision among the first suspects of each program, and times chance."""
    from textune.corpora import corpus as corpora
    from textune.doors import keywords
    from textune.encoder import bases
    from textune.recipes import doubted
    from textune.recipes.selection import held_out
    from textune.runs.events import drained
    from textune.settings.config import Settings
    from textune.text import tokenizers

    given = {"text": "text", "label": "label", "seed": seed, "base": options.base}
    settings = keywords.resolve(Settings, {**given, "valid_share": 0.0})
    began = time.perf_counter()
    tokenizer = tokenizers.load(bases.find(settings.base))
    corpus = drained(corpora.gather(file, settings, tokenizer))
    if options.effort == "thorough":
        logits = drained(held_out.thorough(corpus, settings))
    else:
        logits = held_out.frozen(corpus, settings)
    said, likely = doubted.of(corpus, logits)
    seconds = time.perf_counter() - began
    found = {"textune": judged(said.rows, flipped, options)}
    found["textune"] |= {"seconds": seconds, "likely": likely, "agreement": said.agreement}
    if find_spec("cleanlab") is not None:
        chances = corpus.task.probabilities(logits, None)
        for name, ranked in (*cleanlab(corpus, chances), tf_idf(corpus, seed)):
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


def cleanlab(corpus: "Corpus", chances: NDArray[np.float64]) -> Iterator[tuple[str, Rows]]:
    """Rank the same out-of-fold probabilities by cleanlab."""
    find_label_issues = import_module("cleanlab.filter").find_label_issues
    labels = corpus.targets[np.arange(len(corpus.store))]
    for way in ("prune_by_noise_rate", "confident_learning"):
        given = {"filter_by": way, "return_indices_ranked_by": "normalized_margin"}
        yield f"cleanlab, {way}", find_label_issues(labels, chances, **given)


def tf_idf(corpus: "Corpus", seed: int) -> tuple[str, Rows]:
    """Let cleanlab cross-validate TF-IDF and logistic regression by itself."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    learning = import_module("cleanlab.classification").CleanLearning
    features = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(corpus.texts())
    labels = corpus.targets[np.arange(len(corpus.store))]
    issues = learning(LogisticRegression(max_iter=1000), seed=seed).find_label_issues(
        features, labels
    )
    wrong = issues[issues["is_label_issue"]].sort_values("label_quality")
    return "cleanlab, TF-IDF", wrong.index.to_numpy()


def show(found: Sequence[Found], options: argparse.Namespace, out: Any) -> None:
    """Print the precision of each program, the mean over seeds."""
    title = f"SST-2, {options.rows:,} rows, {options.share:.0%} of the labels flipped"
    title += f", {len(found)} seeds" if len(found) > 1 else ""
    table = Table(title=title, box=None, title_justify="left")
    for column in ("program", "first", "precision", "times chance", "recall"):
        table.add_column(column, justify="left" if column == "program" else "right")
    for name in found[0]:
        keys = ("precision", "times chance", "recall")
        numbers = (f"{np.mean([one[name][key] for one in found]):.3f}" for key in keys)
        table.add_row(name, str(found[0][name]["first"]), *numbers)
    out.print(table)
    own, bar = [one["textune"] for one in found], BARS[options.effort]
    times = [one["times chance"] for one in own]
    kept = "at least" if float(np.mean(times)) >= bar else "less than"
    out.print(
        f"{options.effort}: {min(times):.1f} to {max(times):.1f} times chance; the mean is {kept} "
        f"{bar:g}; {np.mean([one['likely'] for one in own]):,.0f} suspects in "
        f"{np.mean([one['seconds'] for one in own]):.0f} s; the answers agree with "
        f"{np.mean([one['agreement'] for one in own]):.1%} of the labels"
    )


if __name__ == "__main__":
    main()
