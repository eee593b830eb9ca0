"""What a task is before its labels are known: the row of the registry.

A row says how a table is recognised and read, what is made of its labels, how `check` describes
them, and by which numbers it is judged. What most tasks do alike stands here as the default.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textune.data.choice import Choice
from textune.data.columns import Column, Scan
from textune.data.numerals import is_number
from textune.decisions.rule import Decision
from textune.metrics.catalogue import Judged
from textune.records import (
    Asks,
    Contract,
    Example,
    Finding,
    LinearHead,
    Pool,
    Prediction,
    Row,
    Scores,
    Survey,
    Table,
)
from textune.splits import strata
from textune.tasks import shown
from textune.tasks.interface import Floats, Task

ToExample = Callable[[Row], Example]
Rows = NDArray[np.int64]
UNSCORED = "labels marked -1 (not scored)"


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a row the columns of a contract stand."""

    texts: Sequence[int]
    labels: Sequence[int] | None  # None where labels are not read
    group: int | None


@dataclass(frozen=True, slots=True)
class Form:
    """How the label columns of a table are written, and why they are read so."""

    form: str  # as in `Contract`
    separator: str | None
    reason: str
    doubts: Sequence[str] = ()
    numerals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """Counts to be shown as bars."""

    title: str
    counts: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A table to be shown."""

    title: str
    heads: tuple[str, ...]  # of the names, then of the numbers
    rows: Sequence[tuple[str, ...]]


class Tally(Protocol):
    """Counts what there is to find, while `check` reads the examples."""

    golds: str = "entities"  # what is lost beyond a limit of tokens
    unlabelled: int = 0  # texts without any label

    def add(self, example: Example) -> None:
        """Take an example into account."""

    def in_order(self) -> dict[str, int]:
        """Return how often each label was found, as they are listed."""
        return {}

    def targets(self, sizes: Sequence[int]) -> dict[str, object]:
        """Describe the targets; `sizes` are the tokens of answers that were measured."""
        return {}

    def findings(self, rows: int) -> Iterator[Finding]:
        """Say what is doubtful about them."""
        yield from ()


class Probe(Protocol):
    """Fits the last layer of a task's head on what it would read, the encoder being frozen."""

    def __call__(
        self,
        task: Any,
        features: NDArray[np.float32],
        targets: NDArray[Any],
        *,
        seed: int,
        weights: NDArray[np.float64] | None,
        folds: NDArray[np.int64] | None,
        names: NDArray[np.float32] | None = None,
        strengths: Sequence[float] | None = None,
    ) -> LinearHead:
        """Fit it on the features of I items, (I, D), and their targets, as the task has them.

        Args:
            task: With its labels, and what it learned before the first update.
            features: NaN where an item is not known.
            targets: (I,) or (I, C).
            seed: Deals folds.
            weights: (I,) of items in the loss; None: all 1.
            folds: (I,) fold of each item, -1 where it is always learned from; None: dealt by it.
            names: (C, K, D) features of the labels' names, learned from as texts are, by a task
                that can; others pass them over.
            strengths: Of regularisation that are tried; None: the usual ones.
        """


def names_of(contract: Contract, examples: Iterable[Example]) -> tuple[str, ...]:
    """Name the labels: the columns in their order, or what the examples hold, sorted.

    By number if all are numbers, by alphabet if not.
    """
    if contract.form == "columns":
        return contract.label
    return in_order(name for example in examples for name in strata.label_names(example))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort names: by number if all are numbers, by alphabet if not."""
    found = set(names)
    if all(map(is_number, found)):
        return tuple(sorted(found, key=lambda name: (float(name), name)))
    return tuple(sorted(found))


class LabelTally(Tally):
    """Counts the labels of texts."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._counts: Counter[str] = Counter()

    def add(self, example: Example) -> None:
        """Count its labels."""
        names = strata.label_names(example)
        self._counts.update(names)
        self.unlabelled += not names and not example.unscored

    def in_order(self) -> dict[str, int]:
        """Return the counts in the order of the model's outputs."""
        held = (Example("", "", label=name) for name in self._counts)
        return {name: self._counts[name] for name in names_of(self._contract, held)}


def picture(found: Survey) -> Iterator[Chart | Grid | str]:
    """Show how many texts have each label, and how many none."""
    if not found.labels:
        return
    yield Chart("labels", found.labels, found.rows)
    if found.unlabelled:
        share = found.unlabelled / max(found.rows, 1)
        yield f"  texts with no label: {found.unlabelled:,} ({share:.1%})"


def _let_pass(table: Table, texts: Sequence[Column], labels: Sequence[Column]) -> None:
    """Refuse nothing."""


def _no_findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    yield from ()


def all_exclusive(task: Any, targets: NDArray[Any]) -> Sequence[tuple[Rows, Rows]]:
    """Say that all outputs exclude each other."""
    return [(np.arange(len(task.labels)), targets)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the registry."""

    name: str  # in contracts, settings and runs
    words: str  # the same for people: "one label a text"
    make: Callable[..., Task]  # of the labels, and of what was learned before the first update
    judged: Judged  # the numbers that it has
    read: Callable[[Table, Contract, Places], ToExample]

    asks: Asks = "texts"  # what its head is asked about
    has_classes: bool = False  # labels are names, of texts or of words
    several: bool = False  # a text may have several of them, each with its threshold
    by_column: bool = False  # labels are the classes of several columns: a text has one of each
    unscored: str = UNSCORED  # what texts have whose labels are not all judged; "": said otherwise
    fewest: int = 0  # labels that training texts must have, for there to be something to learn
    class_of: Callable[[str], str] = str  # of a label: of a tag the type of its entity
    noun: str = "labels"
    texts: tuple[str, str] = ("some text", "a second text")  # by which a command is shown
    order: tuple[str, str] = ("first", "second")  # what those of a pair are called
    second: str = "pair"  # column of second texts in tables of predictions
    decisions: frozenset[str] = frozenset()  # the rules by which it may decide
    # what fits one to labels, truth, probabilities, aim and costs; None: there is no choice
    rule: Callable[..., Decision] | None = None
    aim: str = "likeliest"  # of that, where the user names none
    calibrates: bool = False  # whether its probabilities may be calibrated on held-out logits
    abstains: bool = False  # whether a text may be left undecided, or get a set of classes
    pipeline: str = "text-classification"  # as the hub calls it
    problem: str | None = None  # as transformers names it in a model's configuration
    pool: Pool | None = None  # how its windows become one answer; None: as the settings say

    # tables that hold it in a way of their own; None where they have no such columns
    formats: frozenset[str] = frozenset()  # of tables that only this row reads
    understand: Callable[..., Contract | None] | None = None
    of_file: Callable[[Contract, Table, Collection[str]], Contract] | None = None  # as one file
    # writes it, beside the labels that a model knows
    refuse: Callable[[Table, Sequence[Column], Sequence[Column]], None] = _let_pass  # its like
    described: Callable[[Contract], dict[str, str]] | None = None  # column → what it was taken for
    # label columns beside texts: how likely they hold it, where nobody says so (0: they do not)
    weight: Callable[[Sequence[Column]], float] = lambda columns: 0.0
    fits: Callable[[Column], bool] | None = None  # whether a column can hold it, where it is asked
    form: Callable[[Table, Sequence[Column], Scan], Form] | None = None
    # what it would make of columns that were taken for another's, for a person who may want it
    instead: Callable[[Sequence[Column], Scan], str] = lambda columns, seen: ""
    findings: Callable[[Table, Contract, Scan], Iterator[Finding]] = _no_findings
    # label columns, where nobody names any: those that are one thing, in place of the choice that
    # was made among single columns; None: it stays (the free columns, it, whether names mean
    # something, whether the task was asked for)
    together: Callable[[Sequence[Column], Choice, bool, bool], Choice | None] | None = None

    # labels as they stand in the cells of a file
    in_cells: Callable[[Contract, Sequence[str]], Sequence[str]] = lambda contract, labels: labels
    begun: Callable[[Contract], Mapping[str, object]] = lambda contract: {}  # what `make` needs
    # beside the labels
    page: Callable[[Any], str] = lambda task: ""  # of a model, what its README says of its outputs
    # how unsure a model is of each text, (N,) from 0 to 1; None: its answers do not say
    doubt: Callable[[Scores], Floats] | None = None
    # metrics of texts drawn again, (R,) each, of a task, a table of predictions and draws (R, N)
    drawn: Callable[[Any, Mapping[str, Any], Floats], Mapping[str, Floats]] | None = None
    label_names: Callable[[Contract, Iterable[Example]], tuple[str, ...]] = names_of
    tally: Callable[[Contract], Tally] = LabelTally
    picture: Callable[[Survey], Iterable[Chart | Grid | str]] = picture
    show: Callable[[Prediction], Iterable[shown.Line]] = shown.labels
    plain: Callable[[Prediction], dict[str, Any]] = shown.no_more  # beside text, labels, scores
    probe: Probe | None = None  # fits its head on frozen features; None: that has no linear head
    refits: bool = False  # of few texts the head is fitted anew after fine-tuning
    # outputs that exclude each other, (K,), each time with the class of each item, (I,), -1 where
    # it is not known
    exclusive: Callable[[Any, NDArray[Any]], Sequence[tuple[Rows, Rows]]] = all_exclusive
    # the targets of the labels' names, taken for items
    of_names: Callable[[Any], NDArray[Any]] = lambda task: np.arange(len(task.labels))
    probes_names: bool = False  # whether it can learn from names of labels as from texts
    called: Callable[[Any], Sequence[str]] = lambda task: task.labels  # these names

    @property
    def names_one(self) -> bool:
        """Tell whether a text has one class, whose name is in its cell."""
        is_of_texts = self.has_classes and self.asks == "texts"
        return is_of_texts and not self.several and not self.by_column
