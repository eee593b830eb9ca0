"""A data set becomes a pool of rows to draw from, and test rows that have no part in anything.

One row: `text`, and `pair` where there are two texts, with `label` (a class or a number) or a
column of 0 and 1 for each label; of tags: `words`, `tags`.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import pretrained, tasks
from bench.quality_sets import Row, drawn, labels_of, open_text, read_imdb, read_sts, read_wnut

TOXIC = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
JIGSAW = (
    "jigsaw/train_first_3000.csv.gz",
    "jigsaw/train_sample_2000.csv",
    "jigsaw/train_sample.csv",
    "jigsaw/val_sample.csv",
)
HELD_OUT = 2000  # test rows of a set that comes without
OWN_TOKENS = 256  # of a text in a file of one's own


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows to draw from, and rows to score."""

    kind: str  # "single", "multi", "number" or "tags"
    labels: tuple[str, ...]  # classes, labels or tags
    train: list[Row]
    test: list[Row]
    metrics: tuple[str, ...]  # by which programs are compared
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Source:
    """A public data set."""

    kind: str
    train: tuple[str, ...]  # files below the folder of data sets
    test: tuple[str, ...]  # none: rows of the training files are held out
    read: Callable[[Path], list[Row]]
    metrics: tuple[str, ...]
    max_tokens: int = 128
    extra: tuple[str, ...] = ()  # other files that are read


def _sst(file: Path) -> list[Row]:
    return [{"text": text, "label": label} for text, (label,) in pretrained.read(file)]


def _cola(file: Path) -> list[Row]:
    found = tasks.read("cola", file, ())
    return [{"text": text, "label": label} for text, (label,) in found]


def _goemotions(file: Path) -> list[Row]:
    emotions = tasks.label_names("goemotions", file.parents[1])
    found = tasks.read("goemotions", file, emotions)
    return [{"text": text, "label": names[0]} for text, names in found if len(names) == 1]


def _jigsaw(file: Path) -> list[Row]:
    with open_text(file) as lines:
        return [
            {"text": cells["comment_text"], **{name: int(cells[name]) for name in TOXIC}}
            for cells in csv.DictReader(lines)
            if cells["comment_text"].strip()
        ]


SINGLE = ("accuracy", "macro_f1")
SETS: Mapping[str, Source] = {
    "sst-2": Source("single", ("sst2/train.tsv.gz",), ("sst2/dev.tsv",), _sst, SINGLE),
    "goemotions": Source(
        kind="single",
        train=("goemotions/train.tsv.gz",),
        test=("goemotions/test.tsv",),
        read=_goemotions,
        metrics=SINGLE,
        extra=("goemotions/emotions.txt",),
    ),
    "imdb": Source(
        kind="single",
        train=("imdb/train.csv.gz",),
        test=("imdb/test.csv.gz",),
        read=lambda file: list(read_imdb(file)),
        metrics=SINGLE,
    ),
    "cola": Source(
        kind="single",
        train=("cola/in_domain_train.tsv",),
        test=("cola/in_domain_dev.tsv", "cola/out_of_domain_dev.tsv"),
        read=_cola,
        metrics=("mcc",),
    ),
    "jigsaw": Source("multi", JIGSAW, (), _jigsaw, ("micro_f1", "macro_f1"), max_tokens=256),
    "sts-b": Source(
        kind="number",
        train=("stsbenchmark/sts-train.csv",),
        test=("stsbenchmark/sts-test.csv",),
        read=lambda file: list(read_sts(file)),
        metrics=("spearman",),
    ),
    "wnut-17": Source(
        kind="tags",
        train=("wnut17/wnut17train.conll",),
        test=("wnut17/emerging.test.annotated",),
        read=lambda file: list(read_wnut(file)),
        metrics=("f1",),
    ),
}


def missing(name: str, data: Path) -> list[str]:
    """Return the files of a data set that are not below the folder."""
    source = SETS[name]
    files = (*source.train, *source.test, *source.extra)
    return [file for file in files if not (data / file).is_file()]


def load(name: str, data: Path, *, test_rows: int) -> Pool:
    """Read a public data set.

    Args:
        name: A key of SETS.
        data: Folder of the data sets.
        test_rows: To score at most, always the same ones.
    """
    source = SETS[name]
    train = apart([row for file in source.train for row in source.read(data / file)])
    if source.test:
        test = [row for file in source.test for row in source.read(data / file)]
    else:
        train, test = hold_out(train, HELD_OUT)
    labels = TOXIC if source.kind == "multi" else labels_of(source.kind, train)
    pool = Pool(source.kind, labels, train, test, source.metrics, source.max_tokens)
    return scored(pool, test_rows)


def load_own(train: Path, test: Path, *, test_rows: int) -> Pool:
    """Read two CSV files with the columns `text` and `label`, one label a text."""
    rows, others = (
        [{"text": cells["text"], "label": cells["label"]} for cells in _table(file)]
        for file in (train, test)
    )
    rows = apart(rows)
    pool = Pool("single", labels_of("single", rows), rows, others, SINGLE, OWN_TOKENS)
    return scored(pool, test_rows)


def _table(file: Path) -> list[dict[str, str]]:
    with open_text(file) as lines:
        return list(csv.DictReader(lines))


def scored(pool: Pool, test_rows: int) -> Pool:
    """Draw the test rows, and leave out of the pool what is among all that could be drawn."""
    seen = {text_of(row) for row in pool.test}
    train = [row for row in pool.train if text_of(row) not in seen]
    return replace(pool, train=train, test=drawn(pool.test, test_rows))


def hold_out(rows: Sequence[Row], count: int) -> tuple[list[Row], list[Row]]:
    """Part rows at random, always alike, into a pool and so many test rows, half at most."""
    test = drawn(rows, min(count, len(rows) // 2))
    taken = {text_of(row) for row in test}
    return [row for row in rows if text_of(row) not in taken], test


def apart(rows: Sequence[Row]) -> list[Row]:
    """Keep the first of the rows that have one text."""
    return list({text_of(row): row for row in reversed(rows)}.values())[::-1]


def text_of(row: Row) -> str:
    """Return what is read of a row, as one string."""
    return " ".join(row["words"]) if "words" in row else f"{row['text']}\t{row.get('pair', '')}"


def names_of(row: Row, pool: Pool) -> set[str]:
    """Return the classes, labels or tags of a row."""
    if pool.kind == "tags":
        return set(row["tags"])
    if pool.kind == "multi":
        return {name for name in pool.labels if row[name]}
    return {row["label"]} if pool.kind == "single" else set()


def draw(pool: Pool, rows: int, number: int, *, in_all: bool = False) -> list[Row]:
    """Draw rows to train on; a larger draw of the same number holds the smaller ones.

    Args:
        pool: To draw from.
        rows: Of each class, as far as there are so many; in all where there are no classes. Several
            labels and tags occur once at least, where so few rows can hold them.
        number: Of the draw, from 1.
        in_all: So many rows in all, though there are classes, which take turns.
    """
    order = random.Random(number).sample(pool.train, len(pool.train))
    if pool.kind == "single":
        found = _by_class(pool, order, rows, in_all=in_all)
    else:
        found = _with_every_name(pool, order)[:rows]
    return random.Random(number).sample(found, len(found))


def _by_class(pool: Pool, order: Sequence[Row], rows: int, *, in_all: bool) -> list[Row]:
    classes: dict[str, list[Row]] = defaultdict(list)
    for row in order:
        classes[row["label"]].append(row)
    if not in_all:
        return [row for name in pool.labels for row in classes[name][:rows]]
    longest = max(map(len, classes.values()))
    turns = [
        classes[name][at]
        for at in range(longest)
        for name in pool.labels
        if at < len(classes[name])
    ]
    return turns[:rows]


def _with_every_name(pool: Pool, order: Sequence[Row]) -> list[Row]:
    lacking = set(pool.labels) if pool.kind != "number" else set()
    first: list[Row] = []
    rest: list[Row] = []
    for row in order:
        brings = lacking & names_of(row, pool)
        (first if brings else rest).append(row)
        lacking -= brings
    return [*first, *rest]


def cut(rows: Sequence[Row], base: str, max_tokens: int) -> list[Row]:
    """Cut texts after so many tokens of the base, so that every program reads the same."""
    if not any(_may_be_long(row, max_tokens) for row in rows):
        return list(rows)
    from transformers import AutoTokenizer  # here, so that --help does not load it

    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    found = []
    for row in rows:
        if not _may_be_long(row, max_tokens):
            found.append(row)
            continue
        made = tokenizer(
            row["text"], truncation=True, max_length=max_tokens, return_offsets_mapping=True
        )
        end = max(last for _, last in made["offset_mapping"])
        found.append(row | {"text": row["text"][:end]})
    return found


def _may_be_long(row: Row, max_tokens: int) -> bool:
    return "text" in row and "pair" not in row and len(row["text"]) + 2 > max_tokens
