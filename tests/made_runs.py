"""Runs without training: a base with a head of random weights, saved as `train` saves it."""

import json
from pathlib import Path

import torch

from textune.encoder import bases, heads, load, manifest
from textune.records import Contract, Shape
from textune.runs import runs
from textune.runs.runs import Card
from textune.storage import atomic
from textune.tasks import registry as tasks
from textune.text import saving, tokenizers

TEXTS = [
    "good film",
    "the film was very very good",
    "a bad and dull book",
    "",
    "cold",
    "was it a lovely day or an awful one? the song is fine",
    "very " * 150,
    "good film",
    "warm meal \N{HOT BEVERAGE}",
]


def make_run(folder: Path, base: object, task: str, labels: list[str], **contract: object) -> Path:
    """Write a run's model, with a head that spreads its answers widely."""
    place = bases.find(str(base))
    made = tasks.make(task, labels)
    encoder = load.load(place, model_class=made.model_class, config=made.config(), seed=7)
    torch.manual_seed(7)
    with torch.no_grad():
        if encoder.config.hidden_size < 100:  # random weights hardly tell texts apart
            for weight in encoder.model.base_model.parameters():
                weight.mul_(8 if weight.ndim == 2 else 1)
        _, last = heads.last(encoder.model)
        last.weight.normal_(0, 0.3)
        if last.bias is not None:
            last.bias.normal_(0, 0.5)
    header = bool(contract.pop("header", True))
    form = "name" if task == "single" else "columns"
    known = {"text": ("text",), "label": ("label",) if task == "single" else tuple(labels)}
    card = Card(
        task=task,
        labels=tuple(labels),
        decision=made.default_decision(),
        shape=Shape(tokenizers.load(place).limit),
        contract=Contract(task, **{**known, "form": form, **contract}),
        header=header,
        delimiter=",",
    )
    with atomic.replacing_folder(folder / "model") as unfinished:
        load.save(encoder, unfinished)
        assert saving.write(tokenizers.load(place), unfinished, TEXTS) is None
        runs.write_card(unfinished, card)
        manifest.seal(unfinished)
    return folder


def without_manifest(model: Path) -> None:
    """Make a saved model one of before there were checksums."""
    (model / manifest.NAME).unlink()
    card = model / "decision.json"
    values = json.loads(card.read_text(encoding="utf-8"))
    del values[manifest.TOLD]
    card.write_text(json.dumps(values), encoding="utf-8")
