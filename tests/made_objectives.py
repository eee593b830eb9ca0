"""Texts of random ids with something to learn, for every task, and encoders to learn it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from families import tiny_config
from textune.encoder import load
from textune.records import Items
from textune.tasks import registry
from textune.text import batches

LENGTHS = [2, 3, 7, 16, 33, 40, 9, 25, 4]
NO_TARGET = -100


@dataclass(frozen=True)
class Objective:
    """Texts of random ids, and what is to be learned of them."""

    task: Any
    texts: list[Any]
    firsts: list[int]  # tokens in the first segment
    targets: Any  # as the task has them
    wanted: Any  # as transformers has them: (T,), (T, C), (tokens of all texts,), or (T, 2)
    asked: list[Any] | None = None  # places of the tokens that are asked about
    sizes: list[int] | None = None  # items of each text

    @property
    def count(self):
        return self.task.count(self.targets)

    def batch(self, rows):
        rows = list(rows)
        texts, firsts = ([part[row] for row in rows] for part in (self.texts, self.firsts))
        if self.asked is None:
            return batches.pack_ids(texts, firsts, targets=torch.from_numpy(self.targets[rows]))
        starts = np.cumsum([0, *map(len, texts)])
        borders = np.cumsum([0, *self.sizes])
        items = np.cumsum([0, *(self.sizes[row] for row in rows)])
        asked = [self.asked[row] + start for row, start in zip(rows, starts[:-1], strict=True)]
        of = [
            np.arange(len(self.asked[row])) + start
            for row, start in zip(rows, items[:-1], strict=True)
        ]
        targets = self.targets[rows]
        if self.task.asks == "words":
            parts = [self.targets[borders[row] : borders[row + 1]] for row in rows]
            targets = np.concatenate(parts)
        return batches.pack_ids(
            texts,
            firsts,
            targets=torch.from_numpy(targets),
            asked=torch.from_numpy(np.concatenate(asked)),
            items=Items(
                tuple(self.sizes[row] for row in rows), torch.from_numpy(np.concatenate(of))
            ),
        )


def drawn(lengths=LENGTHS):
    draw = np.random.default_rng(0)
    texts = [draw.integers(5, 120, length).astype(np.int32) for length in lengths]
    return draw, texts, [max(1, length // 2) for length in lengths]


def of_texts(name, labels):
    """Make an objective on whole texts, with targets in odd units where they are numbers."""
    draw, texts, firsts = drawn()
    shape = (len(texts), len(labels))
    if name == "single":
        targets = wanted = draw.integers(0, len(labels), len(texts))
    elif name == "multi":
        targets = wanted = draw.integers(0, 2, shape).astype(np.float32)
    elif name == "aspects":
        classes = [draw.integers(0, 3, len(texts)), 3 + draw.integers(0, 2, len(texts))]
        targets = np.zeros(shape, np.float32)
        for places in classes:
            targets[np.arange(len(texts)), places] = 1
        targets[::4, 3:] = np.nan
        wanted = targets
    else:
        targets = draw.normal(70, 12, shape)
        wanted = (targets - targets.mean(axis=0)) / targets.std(axis=0)
    columns = {label.partition(":")[0]: 1 for label in labels}
    state = {"names": tuple(columns)} if name == "aspects" else None
    task = registry.make(name, labels, state).fitted(targets)
    return Objective(task, texts, firsts, targets, wanted)


def of_words():
    """Make an objective on tags; a word of each text lies beyond what is shown, unlearned."""
    draw, texts, _ = drawn()
    labels = ("O", "B-P", "I-P")
    asked = [np.flatnonzero(draw.random(len(text)) < 0.6) for text in texts]
    wanted = [np.full(len(text), NO_TARGET) for text in texts]
    targets = []
    for places, known in zip(asked, wanted, strict=True):
        known[places] = draw.integers(0, len(labels), len(places))
        targets += [*known[places].tolist(), NO_TARGET]
    return Objective(
        registry.make("tags", labels),
        texts,
        [len(text) for text in texts],
        np.array(targets),
        np.concatenate(wanted),
        asked,
        [len(places) + 1 for places in asked],
    )


def of_answers(may_be_none):
    """Make an objective on answers: the passage is the second half of a text, but for its end."""
    draw, texts, firsts = drawn([length + 6 for length in LENGTHS])
    asked, targets, wanted = [], [], []
    for row, (text, first) in enumerate(zip(texts, firsts, strict=True)):
        passage = np.arange(first, len(text) - 1)
        asked.append(np.concatenate([[0], passage]))
        ends = np.sort(draw.integers(0, len(passage), 2)) + 1
        ends = ends * (row % 3 > 0) if may_be_none else ends
        targets.append(ends)
        wanted.append(asked[-1][ends])
    return Objective(
        registry.make("answers", (), {"may_be_none": may_be_none}),
        texts,
        firsts,
        np.stack(targets),
        np.stack(wanted),
        asked,
        [len(places) for places in asked],
    )


OBJECTIVES = {
    "single": lambda: of_texts("single", ("a", "b", "c")),
    "multi": lambda: of_texts("multi", ("a", "b", "c")),
    "aspects": lambda: of_texts("aspects", ("a: x", "a: y", "a: z", "b: x", "b: y")),
    "one number": lambda: of_texts("number", ("a",)),
    "several numbers": lambda: of_texts("number", ("a", "b", "c")),
    "tags": of_words,
    "answers": lambda: of_answers(may_be_none=False),
    "answers or none": lambda: of_answers(may_be_none=True),
}


def make(objective, kind="bert"):
    """Make an encoder whose random weights are large enough for all gradients to show."""
    task = objective.task
    config = tiny_config(kind, initializer_range=0.15, **task.config())
    return load.build(
        config, model_class=task.model_class, per_token=task.asks != "texts", seed=1
    ).train()


def gradients_of(model):
    return {
        name: value.grad.detach().double()
        for name, value in model.named_parameters()
        if value.grad is not None
    }
