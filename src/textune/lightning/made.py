"""A base or a finished run becomes the encoder of a module, and a module a model's folder."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from torch import nn

from textune.corpora.corpus import Corpus
from textune.encoder import averaging, freezing, heads, load, manifest, pooling, units
from textune.encoder.model import Encoder
from textune.encoder.units import Units
from textune.fast import layers
from textune.probing import heads as linear
from textune.probing.features import features
from textune.recipes.selection import probed
from textune.runs import runs
from textune.runs.runs import Card
from textune.settings.config import Settings
from textune.storage import atomic
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.text import saving, tokenizers
from textune.training.room import MICRO_TOKENS


def card_of(corpus: Corpus) -> Card:
    """Return what predicting needs beside the weights, before anything is learned."""
    task = corpus.task
    return Card(
        task=task.name,
        labels=task.labels,
        state=task.state(),
        decision=task.default_decision(),
        shape=corpus.store.shape,
        pool=corpus.pool,
        contract=corpus.contract,
        header=corpus.table.has_header,
        delimiter=corpus.table.delimiter,
    )


def to_values(card: Card) -> dict[str, Any]:
    """Turn a card into plain values, as checkpoints hold them."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(card)))
    return found


def to_card(values: Mapping[str, Any]) -> Card:
    """Turn them into a card again."""
    return TypeAdapter(Card).validate_python(values)


def task_of(card: Card) -> Task:
    """Make the task of a card."""
    return registry.make(card.task, card.labels, card.state)


def encoder_of(place: str, card: Card, settings: Settings, *, is_run: bool) -> Encoder:
    """Load an encoder with the head of a card's task.

    Args:
        place: Directory of a base, or of the model of a run.
        card: What it shall answer.
        settings: Of the training.
        is_run: Whether the head is in the folder, too, and stays as it is.

    Raises:
        ModelError: The folder is not there, or not sound.
    """
    task, train = task_of(card), settings.train
    found = load.load(
        place,
        model_class=task.model_class,
        config={} if is_run else task.config(),
        per_token=task.asks != "texts",
        seed=settings.seed,
        rate=None if is_run else train.rate,
        finished=is_run,
        pooling="base" if is_run else train.pooling,
        pairs=card.shape.pairs,
    )
    saved = pooling.saved(Path(place)) if is_run else None
    found.pool_as(card.pool, len(task.labels), saved)
    freezing.freeze(found.model, train.freeze)
    return found


def probe(encoder: Encoder, corpus: Corpus, task: Task, settings: Settings) -> None:
    """Let an encoder begin with a linear head that is fitted on what it reads while frozen.

    The task is that of the training, with its class weights.
    """
    rows = probed.sample(corpus.split.train, settings.seed)
    most = settings.train.micro_tokens or MICRO_TOKENS["cpu"]
    read = features(encoder, corpus.store, rows, micro_tokens=most)
    names = probed.named(encoder, corpus)
    head, _ = probed.fit(corpus, rows, read, names, seed=settings.seed, task=task)
    linear.install(encoder, head)


def put_head(encoder: Encoder, head: Callable[[nn.Linear], nn.Module]) -> None:
    """Put in place of the layer with a row for each label what is made of it."""
    found = heads.last(encoder.model)
    if found is not None:
        path, layer = found
        owner, _, name = path.rpartition(".")
        setattr(encoder.model.get_submodule(owner), name, head(layer))


def by_torch(encoder: Encoder) -> None:
    """Let layers compute by torch's own operations: DDP and autocast see nothing else."""
    layers.part(encoder.model)


def write(encoder: Encoder, card: Card, folder: Path, *, place: str, base: str) -> None:
    """Write a model as `textune train` does, for `textune predict`, `Predictor` and transformers.

    Args:
        encoder: With its head.
        card: What predicting needs beside it.
        folder: Of a run; the model lies in `model/`.
        place: Directory of the tokenizer.
        base: What was fine-tuned, by name.

    Raises:
        OSError: The disk is full or read-only.
    """
    task = task_of(card)
    numbers = None
    if "centers" in card.state:
        numbers = Units(tuple(card.state["centers"]), tuple(card.state["scales"]))
    with atomic.replacing_folder(folder / "model") as unfinished:
        is_folded = load.save(encoder, unfinished, numbers=numbers)
        runs.write_card(unfinished, card)
        page = runs.model_readme(card, base, task.model_class)
        if task.asks == "texts":
            page += averaging.remark(encoder.config)
        page += registry.of(card.task).page(task)
        page += units.remark(numbers, is_folded=is_folded)
        page += "\nIt was trained by Lightning's Trainer.\n"
        otherwise = saving.write(tokenizers.load(place), unfinished, ())
        atomic.write_text(unfinished / "README.md", page + saving.remark(otherwise))
        manifest.seal(unfinished)
