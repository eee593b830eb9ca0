"""A public data set becomes files of JSON lines that textune and the Trainer both read.

One row of one label or number: `text`, `label`, and `pair` where there are two texts; of tags:
`words`, `tags`; of answers: `question`, `context`, `answers` as in tables made of SQuAD.
"""

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.tasks import Prepared

Row = dict[str, Any]
SEED = 0  # by which rows are drawn
VALID_ROWS = 300  # that choose the epoch, or a quarter as many as are trained on if that is less


@dataclass(frozen=True, slots=True)
class Goal:
    """A data set, what is usual for it, and what the project wants to reach on it."""

    kind: str  # "single", "number", "tags" or "answers"
    train: str  # file below the folder of data sets
    valid: str | None  # that chooses the epoch; None: rows of the training file held out
    test: str
    read: Callable[[Path], Iterator[Row]]
    metric: str
    rows: int  # to train on in a trial of some minutes
    test_rows: int  # to score then
    epochs: int
    batch_size: int
    lr: float
    max_tokens: int
    most_rows: int | None = None  # to train on where all is wanted; None for the whole file
    most_test_rows: int | None = None
    ratio: float | None = None  # times as fast as the tuned Trainer that is wanted


def open_text(file: Path) -> Any:
    """Open a file, packed or not, whose lines end with line feeds."""
    opener: Any = gzip.open if file.suffix == ".gz" else open
    return opener(file, "rt", encoding="utf-8", newline="\n")


def read_sts(file: Path) -> Iterator[Row]:
    """Yield pairs and their likeness, 0 to 5; quotes are ordinary characters."""
    with open_text(file) as opened:
        for line in opened:
            score, first, second = line.rstrip("\n").split("\t")[4:7]
            yield {"text": first, "pair": second, "label": float(score)}


def read_rte(file: Path) -> Iterator[Row]:
    """Yield premise, hypothesis and whether it follows; quotes are ordinary characters."""
    with open_text(file) as opened:
        next(opened)  # the header
        for line in opened:
            _, first, second, label = line.rstrip("\n").split("\t")
            yield {"text": first, "pair": second, "label": label}


def read_wnut(file: Path) -> Iterator[Row]:
    """Yield sentences of words with a tag for each; blank lines part them."""
    words: list[str] = []
    tags: list[str] = []
    with open_text(file) as opened:
        for line in (*opened, "\n"):
            word, _, tag = line.rstrip("\n").partition("\t")
            if word.strip():
                words.append(word.strip())
                tags.append(tag.strip())
            elif words:
                yield {"words": words, "tags": tags}
                words, tags = [], []


def read_squad(file: Path) -> Iterator[Row]:
    """Yield questions with their passages and all references."""
    with open_text(file) as opened:
        articles = json.load(opened)["data"]
    for article in articles:
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                texts, starts = zip(
                    *((given["text"], given["answer_start"]) for given in asked["answers"]),
                    strict=True,
                )
                yield {
                    "question": asked["question"],
                    "context": paragraph["context"],
                    "answers": {"text": list(texts), "answer_start": list(starts)},
                }


def read_imdb(file: Path) -> Iterator[Row]:
    """Yield reviews, 1 for those that praise."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        for cells in csv.DictReader(opened):
            yield {"text": cells["text"], "label": cells["label"]}


SETS: Mapping[str, Goal] = {
    "sts-b": Goal(
        kind="number",
        train="stsbenchmark/sts-train.csv",
        valid="stsbenchmark/sts-dev.csv",
        test="stsbenchmark/sts-test.csv",
        read=read_sts,
        metric="spearman",
        rows=1500,
        test_rows=500,
        epochs=3,
        batch_size=32,
        lr=1e-4,
        max_tokens=128,
        ratio=1.8,
    ),
    "rte": Goal(
        kind="single",
        train="rte/train.tsv",
        valid=None,
        test="rte/dev.tsv",
        read=read_rte,
        metric="accuracy",
        rows=600,
        test_rows=277,
        epochs=3,
        batch_size=16,
        lr=5e-5,
        max_tokens=256,
    ),
    "wnut-17": Goal(
        kind="tags",
        train="wnut17/wnut17train.conll",
        valid="wnut17/emerging.dev.conll",
        test="wnut17/emerging.test.annotated",
        read=read_wnut,
        metric="f1",
        rows=1500,
        test_rows=500,
        epochs=4,
        batch_size=16,
        lr=1e-4,
        max_tokens=128,
        ratio=1.8,
    ),
    "squad": Goal(
        kind="answers",
        train="squadshifts/new_wiki_v1.0.json.gz",
        valid=None,
        test="squad/dev-v1.1.json.gz",
        read=read_squad,
        metric="f1",
        rows=600,
        test_rows=200,
        most_test_rows=1000,
        epochs=2,
        batch_size=16,
        lr=1e-4,
        max_tokens=384,
        ratio=1.3,
    ),
    "imdb": Goal(
        kind="single",
        train="imdb/train.csv.gz",
        valid=None,
        test="imdb/test.csv.gz",
        read=read_imdb,
        metric="accuracy",
        rows=200,
        test_rows=200,
        most_rows=2000,
        most_test_rows=2000,
        epochs=2,
        batch_size=16,
        lr=5e-5,
        max_tokens=512,
    ),
}


def missing(name: str, data: Path) -> list[str]:
    """Return the files of a data set that are not below the folder."""
    asked = SETS[name]
    files = (asked.train, asked.valid, asked.test)
    return [file for file in files if file is not None and not (data / file).is_file()]


def prepare(
    name: str, data: Path, folder: Path, *, rows: int | None, test_rows: int | None
) -> Prepared:
    """Write the rows that all programs read, always the same ones.

    Args:
        name: A key of SETS.
        data: Folder of the data sets.
        folder: Where the JSON lines go.
        rows: To train on; None for all.
        test_rows: To score; None for all.
    """
    asked = SETS[name]
    training = list(asked.read(data / asked.train))
    few = max(min(VALID_ROWS, min(rows or len(training), len(training)) // 4), 1)
    if asked.valid is None:
        training, valid = hold_out(training, few)
    else:
        valid = drawn(list(asked.read(data / asked.valid)), few)
    parts = {
        "train": drawn(training, rows, names=labels_of(asked.kind, training)),
        "valid": valid,
        "test": drawn(list(asked.read(data / asked.test)), test_rows),
    }
    files = {part: write(folder / f"{name}-{part}.jsonl", found) for part, found in parts.items()}
    return Prepared(
        kind=asked.kind,
        labels=labels_of(asked.kind, parts["train"]),
        train=files["train"],
        valid=files["valid"],
        sets={part: files[part] for part in ("valid", "test")},
        rows={part: len(found) for part, found in parts.items()},
        metrics=(asked.metric,),
    )


def drawn(rows: Sequence[Row], count: int | None, *, names: Sequence[str] = ()) -> list[Row]:
    """Draw so many rows, always the same ones, in the order of the file.

    Args:
        rows: To draw from.
        count: How many; None for all.
        names: Labels or tags of which each must occur among them.
    """
    if count is None or count >= len(rows):
        return list(rows)
    order = random.Random(SEED).sample(range(len(rows)), len(rows))
    missing = set(names)
    taken: set[int] = set()
    for at in order:
        if brings := missing.intersection(_names(rows[at])):
            missing -= brings
            taken.add(at)
    taken.update([at for at in order if at not in taken][: max(count - len(taken), 0)])
    return [rows[at] for at in sorted(taken)]


def _names(row: Row) -> Sequence[str]:
    return row["tags"] if "tags" in row else [str(row.get("label"))]


def hold_out(rows: Sequence[Row], count: int) -> tuple[list[Row], list[Row]]:
    """Part rows into training and so many others; all questions of a passage stay together.

    Args:
        rows: In the order of the file, in which both parts stay.
        count: Least rows of the second part.
    """
    owners = [row.get("context", str(place)) for place, row in enumerate(rows)]
    distinct = sorted(set(owners))
    random.Random(SEED).shuffle(distinct)
    sizes = dict.fromkeys(distinct, 0)
    for owner in owners:
        sizes[owner] += 1
    held: set[str] = set()
    taken = 0
    for owner in distinct:
        if taken >= count:
            break
        held.add(owner)
        taken += sizes[owner]
    parts: tuple[list[Row], list[Row]] = ([], [])
    for owner, row in zip(owners, rows, strict=True):
        parts[owner in held].append(row)
    return parts


def labels_of(kind: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of a head's outputs: classes, tags, the number, or both ends."""
    if kind == "tags":
        return tuple(sorted({tag for row in rows for tag in row["tags"]}))
    if kind == "single":
        return tuple(sorted({row["label"] for row in rows}))
    return ("start", "end") if kind == "answers" else ("label",)


def write(file: Path, rows: Sequence[Row]) -> Path:
    """Write JSON lines."""
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def read(file: Path) -> list[Row]:
    """Read JSON lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
