"""How often `textune watch` says that texts have moved: by chance alone, and where they have.

`python -m bench.drift` draws texts of SST-2 for a run's held-out ones and for those of a file, many
times, and compares their lengths, their pieces and their labels (in place of decisions) by the
tests of the command. Planted: another domain (GoEmotions), longer texts, another balance of
classes, and letters that were read in a wrong encoding.
"""

import argparse
import gzip
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.table import Table

from bench import commands
from textune.encoder import bases, names
from textune.metrics import moved
from textune.text import tokenizers
from textune.text.tokenizers import Tokenizer

SHARED = Path(__file__).parents[2] / "shared" / "data"
TESTS = ("length", "language", "decisions")
Rows = list[tuple[str, str]]  # text, label


def main() -> None:
    """Draw, and print how often anything is said to have moved, of each plant."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=200, help="of each plant")
    parser.add_argument("--texts", type=int, default=200, help="of either side")
    parser.add_argument("--level", type=float, default=moved.LEVEL, help="of the family of tests")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of public data sets")
    given = parser.parse_args()
    rows, others = (read(given.data / name / "train.tsv.gz") for name in ("sst2", "goemotions"))
    tokenizer = tokenizers.load(bases.find(names.BUNDLED))
    table = Table("planted", "anything", *TESTS, title="said to have moved")
    for name, plant in PLANTS.items():
        found = [
            watched(rows, others, plant, tokenizer, given.texts, given.level, seed=seed)
            for seed in range(given.draws)
        ]
        shares = [np.mean([bool(each) for each in found])]
        shares += [np.mean([what in each for each in found]) for what in TESTS]
        table.add_row(name, *(f"{share:.1%}" for share in shares))
    commands.console().print(table)


def read(file: Path) -> Rows:
    """Read texts and labels, the first two columns."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        cells = [line.rstrip("\n").split("\t") for line in opened]
    return [(each[0], each[1]) for each in cells[1:]]


def nothing(rows: Rows, others: Rows) -> Rows:
    """Plant nothing."""
    return rows


def domain(rows: Rows, others: Rows) -> Rows:
    """Plant texts of another kind, with the labels of these."""
    return [(text, label) for (text, _), (_, label) in zip(others, rows, strict=True)]


def longer(rows: Rows, others: Rows) -> Rows:
    """Double every third text."""
    return [(f"{a} {a}" if n % 3 == 0 else a, label) for n, (a, label) in enumerate(rows)]


def balance(rows: Rows, others: Rows) -> Rows:
    """Leave out half of the texts of one class."""
    return [row for n, row in enumerate(rows) if row[1] == "1" or n % 2]


def encoding(rows: Rows, others: Rows) -> Rows:
    """Write "é", read by a wrong encoding, for "e" in every fifth text."""
    return [(a.replace("e", "Ã©") if n % 5 == 0 else a, label) for n, (a, label) in enumerate(rows)]


PLANTS: dict[str, Callable[[Rows, Rows], Rows]] = {
    "nothing": nothing,
    "domain": domain,
    "length": longer,
    "balance": balance,
    "encoding": encoding,
}


def watched(
    rows: Rows,
    others: Rows,
    plant: Callable[[Rows, Rows], Rows],
    tokenizer: Tokenizer,
    count: int,
    level: float,
    *,
    seed: int,
) -> set[str]:
    """Draw both sides, plant something in the second, and name what is said to have moved."""
    draw = random.Random(seed)
    both = draw.sample(rows, 2 * count)
    sides = (both[:count], plant(both[count:], draw.sample(others, count)))
    ids = [tokenizer.encode([text for text, _ in side]) for side in sides]
    sizes = [np.asarray([len(each) for each in side], dtype=float) for side in ids]
    labels = [[label for _, label in side] for side in sides]
    found = [
        moved.numbers("length", sizes[0], sizes[1]),
        moved.language(ids[0], ids[1], seed=seed).tested,
        moved.classes("decisions", labels[0], labels[1]),
    ]
    return {each.what for each in moved.family(found, level) if each.moved}


if __name__ == "__main__":
    main()
