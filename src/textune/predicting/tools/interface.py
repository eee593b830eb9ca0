"""What a form of predictions is: which models fit it, and how texts and answers are written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.metrics import entities
from textune.records import Contract, Prediction
from textune.tasks import registry
from textune.tasks.interface import Task

PAIR = ("text", "pair")
PASSAGE = ("question", "passage")


@dataclass(frozen=True, slots=True)
class Item:
    """A text of the input, and what a model says of it."""

    text: str
    pair: str | None  # the second text of a pair, or the passage
    others: Mapping[str, Any]  # the input's other columns, as JSON would hold them
    said: Prediction
    origin: str


@dataclass(frozen=True, slots=True)
class Model:
    """What a form needs to know of a model."""

    version: str  # by which a person knows it again
    words: str  # what it gives, for people
    labels: tuple[str, ...]  # of texts; types of entities
    texts: tuple[str, ...]  # how its texts are called: one or two
    asks: str
    is_class: bool  # labels are classes of texts
    several: bool  # a text may have several of them
    columns: Mapping[str, tuple[str, ...]]  # with classes of its own each
    numbers: tuple[str, ...]  # columns of numbers
    marks_entities: bool

    @classmethod
    def of(cls, task: Task, contract: Contract, version: str) -> "Model":
        """Describe a model."""
        kind = registry.of(task.name)
        asks, found = task.asks, tuple(task.labels)
        marks = asks == "words" and not entities.is_plain(task.labels)
        if marks:
            found = tuple(sorted({kind.class_of(tag) for tag in found} - {"O"}))
        columns: dict[str, list[str]] = {}
        for label in found if kind.by_column else ():
            name = next(one for one in contract.label if label.startswith(f"{one}: "))
            columns.setdefault(name, []).append(label.removeprefix(f"{name}: "))
        is_pair = len(contract.text) == 2
        return cls(
            version=version,
            words=kind.words,
            labels=found,
            texts=(PAIR if asks == "texts" else PASSAGE) if is_pair else PAIR[:1],
            asks=asks,
            is_class=asks == "texts" and kind.has_classes and not kind.by_column,
            several=kind.several,
            columns={name: tuple(classes) for name, classes in columns.items()},
            numbers=() if kind.has_classes or asks != "texts" else found,
            marks_entities=marks,
        )


Write = Callable[[Sequence[Item]], None]


@dataclass(frozen=True, slots=True)
class Tool:
    """A form in which an annotation tool takes predictions."""

    name: str  # as --as takes it
    endings: tuple[str, ...]  # of the output's name; none: it is a folder
    fits: Callable[[Model], bool]
    what: str  # it holds, for the refusal of others
    writing: Callable[[Path, Model, bool], AbstractContextManager[Write]]  # and may it replace
    settings: Callable[[Model], Iterator[str]]  # lines by which the tool shows it


def answer(said: Prediction) -> tuple[int, int, str, float] | None:
    """Return start, end, text and probability of the answer that a model chose, if any."""
    chosen = (one for one in said.entities if said.labels and one.text == said.labels[0])
    found = next(chosen, None)
    return None if found is None else (found.start, found.end, found.text, found.score)


def no_settings(model: Model) -> Iterator[str]:
    """Say nothing, where a tool needs no settings."""
    yield from ()
