"""A published recipe becomes files of JSON lines that textune and the Trainer both read.

Each row: `text`, with `label` (a class) or a column of 0 and 1 for each of several labels. What is
published was measured with bert-base-uncased, which is five times as large as the bundled base and
wants a lower learning rate: with the bundled base `small_lr` is that of both programs.
"""

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import few_sets, learning_masked, tasks
from bench.quality_sets import SETS as QUALITY
from bench.quality_sets import Row, drawn, hold_out, labels_of, write

MASKED = "masked-lm"


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of one recipe."""

    labels: tuple[str, ...]
    train: list[Row]
    valid: list[Row]
    test: list[Row]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained, as published, and what of it is done by default."""

    title: str
    kind: str  # "single", "multi" or MASKED
    files: tuple[str, ...]  # below the folder of data sets
    read: Callable[[Path], Parts]
    published: Mapping[str, str]  # score → figure of the original, with what must be known of it
    scores: tuple[str, ...]  # of bench.recipes_scores; by the first the programs are compared
    metric: str  # by which both choose their epoch on the validation rows
    epochs: int
    batch_size: int
    lr: float
    small_lr: float
    max_tokens: int
    rows: int | None  # to train on, by default
    valid_rows: int | None
    test_rows: int | None
    full_epochs: int  # where all is asked for
    full_tokens: int
    schedule: str = "linear"
    warmup_share: float = 0.0
    warmup_epochs: float = 0.0  # in place of the share
    weight_decay: float = 0.01
    has_head: bool = False  # both begin at one masked-LM head, made before


def cola(data: Path) -> Parts:
    """Nine of ten sentences train, one validates; the test is of other sources."""
    source = few_sets.SETS["cola"]
    rows = source.read(data / source.train[0])
    train, valid = hold_out(rows, len(rows) // 10)
    return Parts(labels_of("single", rows), train, valid, source.read(data / source.test[1]))


def jigsaw(data: Path) -> Parts:
    """Training has as many clean comments as labelled ones; the other parts are as they came."""
    pool = few_sets.load("jigsaw", data, test_rows=few_sets.HELD_OUT)
    train, valid = hold_out(pool.train, len(pool.train) // 10)
    labelled = [row for row in train if any(row[name] for name in pool.labels)]
    clean = [row for row in train if not any(row[name] for name in pool.labels)]
    kept = {id(row) for row in (*labelled, *drawn(clean, len(labelled)))}
    return Parts(pool.labels, [row for row in train if id(row) in kept], valid, pool.test)


def imdb(data: Path) -> Parts:
    """A tenth of the training reviews validates."""
    goal = QUALITY["imdb"]
    rows = list(goal.read(data / goal.train))
    train, valid = hold_out(rows, len(rows) // 10)
    return Parts(labels_of("single", rows), train, valid, list(goal.read(data / goal.test)))


def emotions(data: Path) -> Parts:
    """The parts are those of the data set."""
    labels = tasks.label_names("goemotions", data)
    train, valid, test = (
        [
            {"text": text, **{label: int(label in names) for label in labels}}
            for text, names in tasks.read("goemotions", data / file, labels)
        ]
        for file in EMOTIONS[:3]
    )
    return Parts(labels, train, valid, test)


def meditations(data: Path) -> Parts:
    """Nine of ten paragraphs train; the others judge."""
    lines = (data / learning_masked.FILE).read_text(encoding="utf-8").splitlines()
    rows = [{"text": line} for line in lines]
    test = rows[:: learning_masked.HELD_OUT]
    train = [row for at, row in enumerate(rows) if at % learning_masked.HELD_OUT]
    return Parts((), train, [], test)


COLA = ("cola/in_domain_train.tsv", "cola/in_domain_dev.tsv", "cola/out_of_domain_dev.tsv")
EMOTIONS = ("goemotions/train.tsv.gz", "goemotions/dev.tsv", "goemotions/test.tsv")
MEDITATIONS = Recipe(
    title="Meditations: masked-LM on a book",
    kind=MASKED,
    files=(learning_masked.FILE,),
    read=meditations,
    published={},
    scores=("masked_loss", "masked_accuracy"),
    metric="",
    epochs=2,
    batch_size=16,
    lr=1e-5,
    small_lr=1e-4,
    max_tokens=256,
    rows=200,
    valid_rows=None,
    test_rows=None,
    full_epochs=2,
    full_tokens=512,
)
RECIPES: Mapping[str, Recipe] = {
    "cola": Recipe(
        title="CoLA: acceptability of sentences",
        kind="single",
        files=COLA,
        read=cola,
        published={"mcc": "0.529", "accuracy": "0.82 (its validation part)"},
        scores=("mcc", "accuracy"),
        metric="mcc",
        epochs=4,
        batch_size=32,
        lr=2e-5,
        small_lr=1e-4,
        max_tokens=64,
        rows=2500,
        valid_rows=400,
        test_rows=None,
        full_epochs=4,
        full_tokens=64,
        weight_decay=0.0,
    ),
    "jigsaw": Recipe(
        title="Jigsaw: toxic comments",
        kind="multi",
        files=few_sets.JIGSAW,
        read=jigsaw,
        published={"loss": "0.097 (its validation part)"},
        scores=("roc_auc", "macro_f1", "macro_f1_half", "loss"),
        metric="roc_auc",
        epochs=3,
        batch_size=32,
        lr=2e-5,
        small_lr=1e-4,
        max_tokens=128,
        rows=600,
        valid_rows=200,
        test_rows=1000,
        full_epochs=10,
        full_tokens=128,
        warmup_epochs=1 / 3,
    ),
    "meditations": MEDITATIONS,
    "meditations-head": replace(
        MEDITATIONS, title=f"{MEDITATIONS.title}, both from one masked-LM head", has_head=True
    ),
    "imdb": Recipe(
        title="IMDB: film reviews",
        kind="single",
        files=("imdb/train.csv.gz", "imdb/test.csv.gz"),
        read=imdb,
        published={"accuracy": "0.9238 (25,000 reviews)"},
        scores=("accuracy", "roc_auc_of_two"),
        metric="accuracy",
        epochs=1,
        batch_size=16,
        lr=5e-5,
        small_lr=1e-4,
        max_tokens=256,
        rows=500,
        valid_rows=100,
        test_rows=500,
        full_epochs=1,
        full_tokens=512,
        schedule="one-cycle",
        warmup_share=0.3,
    ),
    "emotions": Recipe(
        title="Emotions: GoEmotions in place of SemEval's tweets",
        kind="multi",
        files=(*EMOTIONS, "goemotions/emotions.txt"),
        read=emotions,
        published={
            "micro_f1": "0.7096 (11 other labels)",
            "micro_roc_auc": "0.8058 (of decisions, 11 other labels)",
            "subset_accuracy": "0.2799 (11 other labels)",
        },
        scores=(
            *("micro_f1", "micro_f1_half", "roc_auc", "micro_roc_auc"),
            *("subset_accuracy", "subset_accuracy_half"),
        ),
        metric="micro_f1",
        epochs=5,
        batch_size=8,
        lr=2e-5,
        small_lr=1e-4,
        max_tokens=64,
        rows=1200,
        valid_rows=400,
        test_rows=2000,
        full_epochs=5,
        full_tokens=64,
    ),
}


@dataclass(frozen=True, slots=True)
class Files:
    """The rows of one recipe, as both programs read them."""

    labels: tuple[str, ...]
    train: Path
    valid: Path | None
    test: Path
    rows: Mapping[str, int]


def missing(name: str, data: Path) -> list[str]:
    """Return the files of a recipe that are not below the folder."""
    return [file for file in RECIPES[name].files if not (data / file).is_file()]


def counts(recipe: Recipe, options: argparse.Namespace) -> dict[str, int | None]:
    """Return how many rows of each part are asked for; None for all."""
    few: dict[str, int | None] = {
        "train": recipe.rows,
        "valid": recipe.valid_rows,
        "test": recipe.test_rows,
    }
    found = dict.fromkeys(few) if options.full else few
    if options.rows is not None:
        found["train"] = options.rows
        found["valid"] = min(found["valid"] or options.rows, options.rows)
    if options.test_rows is not None:
        found["test"] = options.test_rows
    return found


def prepare(name: str, options: argparse.Namespace, folder: Path) -> Files:
    """Write the rows of a recipe, always the same ones."""
    recipe = RECIPES[name]
    csv.field_size_limit(10**7)
    parts, asked = recipe.read(options.data), counts(recipe, options)
    found: dict[str, Sequence[Row]] = {
        part: drawn(getattr(parts, part), asked[part]) for part in ("train", "valid", "test")
    }
    files = {
        part: write(folder / f"{name}-{part}.jsonl", rows) for part, rows in found.items() if rows
    }
    return Files(
        labels=parts.labels,
        train=files["train"],
        valid=files.get("valid"),
        test=files["test"],
        rows={part: len(rows) for part, rows in found.items()},
    )
