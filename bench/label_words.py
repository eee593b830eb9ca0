"""What the names of labels are worth to few texts, and the words near them that textune finds.

`python -m bench.label_words` draws rows, and fits the linear head that textune fits on the frozen
encoder: without names, with them, and with words near them too; cross-validation keeps names out
where they do not help. Accuracy on test rows, and the gain over names alone on the same draws.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bench import commands, few_sets, processes
from bench.few_sets import Pool

WORDS = 50  # of a label, as by default
AT_ONCE = 32  # texts
WAYS = ("no names", "names", "words")

Floats = NDArray[np.float32]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    pool = few_sets.load_own(options.file, options.test, test_rows=options.test_rows)
    rows = random.Random(0).sample(pool.train, min(options.pool, len(pool.train)))
    read = Read(options.base, pool)
    features, classes = read.texts(rows), read.classes(rows)
    test, truth = read.texts(pool.test), read.classes(pool.test)
    found: dict[str, Any] = {}
    for count in options.rows:
        accuracy = []
        for draw in range(1, options.draws + 1):
            mine = np.random.default_rng(draw).permutation(len(rows))[:count]
            heads = read.heads(features[mine], classes[mine], seed=draw)
            said = [(test @ weight.T + bias).argmax(axis=1) for weight, bias in heads]
            accuracy.append([float((one == truth).mean()) for one in said])
        found[str(count)] = dict(zip(WAYS, np.transpose(accuracy).tolist(), strict=True))
    show(found)
    if options.json:
        commands.finish({"settings": commands.settings(options), "accuracy": found}, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("label_words", __doc__)
    add = parser.add_argument
    add("--base", help="sentence encoder: a directory (default: the bundled all-MiniLM-L6-v2)")
    add("--file", type=Path, required=True, help="CSV of rows to draw from: text, label")
    add("--test", type=Path, required=True, help="CSV of rows to score")
    add("--rows", type=commands.positive, nargs="+", default=[16], help="in all (16)")
    add("--draws", type=commands.positive, default=10, help="of so many rows (10)")
    add("--pool", type=commands.positive, default=1000, help="rows to draw from, at most (1000)")
    add("--test-rows", type=commands.positive, default=1000, help="to score, at most (1000)")
    options = parser.parse_args(arguments)
    options.base = options.base or commands.bundled_base(parser)
    return options


class Read:
    """What a frozen encoder reads of texts, labels' names and words near them."""

    def __init__(self, base: str, pool: Pool) -> None:
        import torch

        from textune.encoder import load, near
        from textune.probing import names
        from textune.tasks import label_texts, registry
        from textune.text import tokenizers

        self.task, self.labels = registry.make("single", pool.labels), pool.labels
        self.tokenizer, self.max_tokens = tokenizers.load(base), pool.max_tokens
        self.encoder = load.load(
            base,
            model_class=self.task.model_class,
            config=self.task.config(),
            pooling="auto",
            quick=True,
        )
        ids = label_texts.ids(self.task, self.tokenizer, ())
        found = near.find(self.encoder, self.tokenizer, ids, WORDS) if ids else None
        if found is None:
            raise SystemExit(f"no words near the labels {', '.join(pool.labels[:3])} …")
        self.encoder.compute_in(torch.bfloat16)  # as a run does, where kernels can
        self.names = names.features(self.encoder, [[name] for name in ids])
        every = [(name, *texts) for name, texts in zip(ids, found.texts, strict=True)]
        self.words = names.features(self.encoder, every)

    def texts(self, rows: Sequence[Mapping[str, Any]]) -> Floats:
        """Compute what the head reads of texts; (N, D)."""
        from textune.probing import names

        cut = [
            ids[: self.max_tokens - 2] for ids in self.tokenizer.encode([r["text"] for r in rows])
        ]
        texts = [self.tokenizer.wrap(ids, None)[0] for ids in cut]
        order = np.argsort([len(text) for text in texts])
        parts = [
            [texts[at] for at in order[start : start + AT_ONCE]]
            for start in range(0, len(texts), AT_ONCE)
        ]
        read = np.concatenate([names.features(self.encoder, [part])[0] for part in parts])
        return read[np.argsort(order)]

    def classes(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.int64]:
        """Return the number of each row's label."""
        return np.array([self.labels.index(row["label"]) for row in rows])

    def heads(
        self, features: Floats, classes: NDArray[np.int64], *, seed: int
    ) -> list[tuple[Floats, Floats]]:
        """Fit the head in each way, with balanced class weights."""
        from textune.probing import heads

        counts = np.bincount(classes, minlength=len(self.labels))
        weights = len(classes) / ((counts > 0).sum() * counts[classes])
        fits = [
            heads.fit(self.task, features, classes, seed=seed, weights=weights, names=each)
            for each in (None, self.names, self.words)
        ]
        return [(fit.weight, fit.bias) for fit in fits]


def show(found: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Print the means, and the gains with their standard errors."""
    table = Table("rows", *WAYS, "words less names")
    for rows, by_way in found.items():
        gain = np.subtract(by_way["words"], by_way["names"])
        error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else np.nan
        means = [f"{np.mean(by_way[way]):.3f}" for way in WAYS]
        table.add_row(rows, *means, f"{gain.mean():+.3f} ± {error:.3f}")
    commands.console().print(table)


if __name__ == "__main__":
    main()
