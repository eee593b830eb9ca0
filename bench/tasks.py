"""A public data set becomes files of JSON lines that every program reads alike."""

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".." / "shared" / "data"
SPARE = 8  # rows that textune validates on where no score is asked: it always validates

Row = tuple[str, tuple[str, ...]]  # the text, and the names of its labels


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, and what is usual for it."""

    kind: str  # "single" or "multi"
    train: str  # file below the folder of data sets
    sets: dict[str, str]  # name → file to score; the first chooses the epoch
    extra: tuple[str, ...]  # other files that are read
    metrics: tuple[str, ...]  # the first chooses the epoch
    limit: int | None  # training rows; None for all
    score_limit: int | None  # rows of each scored set
    epochs: int
    batch_size: int
    max_tokens: int


TASKS = {
    "cola": Task(
        kind="single",
        train="cola/in_domain_train.tsv",
        sets={
            "in_domain_dev": "cola/in_domain_dev.tsv",
            "out_of_domain_dev": "cola/out_of_domain_dev.tsv",
        },
        extra=(),
        metrics=("mcc",),
        limit=None,
        score_limit=None,
        epochs=4,
        batch_size=32,
        max_tokens=64,
    ),
    "imdb": Task(
        kind="single",
        train="imdb/train.csv.gz",
        sets={"test": "imdb/test.csv.gz"},
        extra=(),
        metrics=("accuracy",),
        limit=128,
        score_limit=500,
        epochs=1,
        batch_size=16,
        max_tokens=512,
    ),
    "goemotions": Task(
        kind="multi",
        train="goemotions/train.tsv.gz",
        sets={"dev": "goemotions/dev.tsv"},
        extra=("goemotions/emotions.txt",),
        metrics=("roc_auc", "micro_roc_auc", "micro_f1"),
        limit=2048,
        score_limit=1000,
        epochs=1,
        batch_size=32,
        max_tokens=64,
    ),
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """The files of one comparison."""

    kind: str
    labels: tuple[str, ...]
    train: Path
    valid: Path
    sets: dict[str, Path]  # none where no score is asked
    rows: dict[str, int]  # "train" and each scored set → texts in it
    metrics: tuple[str, ...]


def missing(name: str, data: Path) -> list[str]:
    """Return the files of a task that are not below the folder."""
    task = TASKS[name]
    return [
        file
        for file in (task.train, *task.sets.values(), *task.extra)
        if not (data / file).is_file()
    ]


def prepare(
    name: str, data: Path, folder: Path, *, limit: int | None, score_limit: int | None
) -> Prepared:
    """Write the rows that all programs read.

    Args:
        name: A key of TASKS.
        data: Folder of the data sets.
        folder: Where the JSON lines go.
        limit: Training rows, taken evenly; None for all.
        score_limit: Rows of each scored set, drawn by a fixed seed; None for all, 0 for no scores.
    """
    task = TASKS[name]
    labels = label_names(name, data)
    train = evenly(read(name, data / task.train, labels), limit)
    sets, rows = {}, {"train": len(train)}
    for title, file in task.sets.items():
        found = drawn(read(name, data / file, labels), SPARE if score_limit == 0 else score_limit)
        sets[title] = write(folder / f"{title}.jsonl", found, task.kind, labels)
        rows[title] = len(found)
    scored = {} if score_limit == 0 else sets
    return Prepared(
        kind=task.kind,
        labels=labels,
        train=write(folder / "train.jsonl", train, task.kind, labels),
        valid=next(iter(sets.values())),
        sets=scored,
        rows={title: count for title, count in rows.items() if title in ("train", *scored)},
        metrics=task.metrics,
    )


def label_names(name: str, data: Path) -> tuple[str, ...]:
    """Return the labels of a task, in the order of a model's outputs."""
    if name == "goemotions":
        return tuple((data / TASKS[name].extra[0]).read_text(encoding="utf-8").split())
    return ("0", "1")


def read(name: str, file: Path, labels: Sequence[str]) -> list[Row]:
    """Read the rows that have a text; textune would leave out the others, and so would nobody else.

    Quotes are ordinary characters in CoLA and GoEmotions.
    """
    readers: dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]] = {
        "cola": _cola,
        "imdb": _imdb,
        "goemotions": _goemotions,
    }
    return [row for row in readers[name](file, labels) if row[0].strip()]


def _cola(file: Path, labels: Sequence[str]) -> Iterator[Row]:
    for row in cells(file):
        yield row[3], (row[1],)


def _imdb(file: Path, labels: Sequence[str]) -> Iterator[Row]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            yield row["text"], (row["label"],)


def _goemotions(file: Path, labels: Sequence[str]) -> Iterator[Row]:
    for row in cells(file):
        yield row[0], tuple(labels[int(number)] for number in row[1].split(","))


def cells(file: Path) -> Iterator[list[str]]:
    """Yield the cells of each line, parted by tabs; quotes are ordinary characters."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", newline="\n") as opened:
        for line in opened:
            yield line.rstrip("\n").split("\t")


def evenly(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """Take so many rows, evenly over the file, which may be sorted by label."""
    if limit is None or limit >= len(rows):
        return list(rows)
    return [rows[at * len(rows) // limit] for at in range(limit)]


def drawn(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """Draw so many rows, always the same ones, in the order of the file."""
    if limit is None or limit >= len(rows):
        return list(rows)
    return [rows[at] for at in sorted(random.Random(0).sample(range(len(rows)), limit))]


def write(file: Path, rows: Sequence[Row], kind: str, labels: Sequence[str]) -> Path:
    """Write JSON lines: one column `label`, or one 0/1 column for each label."""
    with file.open("w", encoding="utf-8") as opened:
        for text, names in rows:
            values: dict[str, Any] = {"text": text}
            if kind == "single":
                values["label"] = names[0]
            else:
                values |= {label: int(label in names) for label in labels}
            opened.write(json.dumps(values) + "\n")
    return file


def read_prepared(file: Path, kind: str, labels: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Read texts and targets: a class number each, or a list of 0.0 and 1.0."""
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    if kind == "single":
        return [row["text"] for row in rows], [labels.index(row["label"]) for row in rows]
    return [row["text"] for row in rows], [[float(row[name]) for name in labels] for row in rows]
