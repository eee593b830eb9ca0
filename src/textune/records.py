"""The things that travel.

B texts in a batch, P tokens packed end to end, D width, C classes or labels, N texts in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:  # importing records is cheap: `textune --help` loads no numpy and no torch
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

Long = Literal["head", "tail", "head+tail", "window"]
"""What is read of a text that is longer than the encoder reads at once."""
Asks = Literal["texts", "words", "answers"]
"""What a head is asked about."""
PASSAGES: Final = "answers"
"""The one of these that asks about each token of a text's passage."""
Pool = Literal["mean", "max", "learned", "likely"]
"""How what a head says of several windows becomes one answer."""
Pooling = Literal["auto", "base", "first", "mean"]
"""What a head on texts reads of the last states: the first token's, the mean of all, what the
base's model has, or what its folder says."""
Pairs = Literal["together", "apart"]
"""How the two texts of a pair are encoded: in one sequence, or each by itself."""
Annotators = Literal["majority", "soft", "first", "refuse"]  # whose label counts
Shares = tuple[tuple[str, float], ...]
OUTSIDE = "O"
"""The tag of a word that belongs to nothing."""
LEAST_SCALE = 1.0  # of a loss: where a gradient is not finite at it, nothing is left to halve
OVERLAP = 0.25  # of a window's tokens that it shares with the next one
Label = str | tuple[str, ...]
"""What a user wrote for a text: one name, or several: those that apply, or one for each word."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a table, every cell a string; a missing cell is the empty string."""

    cells: tuple[str, ...]  # one for each column of the table
    origin: str  # where it stands: "reviews.csv:17" (first line of the record), "row 17" in a frame
    remarks: tuple[str, ...] = ()  # what was chosen where the file contradicts itself, or left out
    given: tuple[Any, ...] | None = None  # values of another kind than text, or as they stood there
    shares: Mapping[str, Shares] | None = None  # of annotators who gave each name, by column


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says of how a file is to be read; None where it is to be recognised."""

    header: bool | None = None  # whether the first line names the columns
    delimiter: str | None = None  # the character between cells
    rows: str | None = None  # keys of JSON that lead to the rows: "body.items"
    sheet: str | None = None  # name of a sheet of a spreadsheet
    part: str | None = None  # "valid" or "test", if the file is one: sheets may be named so
    annotators: Annotators | None = None  # whose label is taken, where several people gave one
    quote: str | None = None  # the character around cells; "" where there is none
    encoding: str | None = None  # name of a codec of Python
    faulty: str | None = None  # "skip": faulty rows are left out, and named; else refused
    unlabelled: bool | None = None  # whether texts without a label are rows: to be predicted
    merge_labels: tuple[str, ...] | None = None  # that are one, where several people gave them


@dataclass(frozen=True, slots=True)
class Table:
    """A user's file or data frame that can be read from the start as often as needed.

    `rows()` opens the file anew and streams it; it raises `DataError` naming file, line and column.
    """

    name: str  # "reviews.csv", or "data frame"
    path: str | None  # None for a data frame
    format: str  # "csv", "tsv", "text", "sheet", "jsonl", "parquet", "frame", "conll", "squad"
    columns: tuple[str, ...]  # names of the header, or "1", "2", … without one
    has_header: bool
    delimiter: str | None  # None where the format has none
    reasons: tuple[str, ...]  # how format, delimiter, quotes and header were recognised, in words
    rows: Callable[[], Iterator[Row]]
    findings: tuple[Finding, ...] = ()  # what is no row of it, and other things to be known
    schema: Any = None  # of Arrow data: the types of the columns
    faults: Any = None  # errors.Faults: rows left out for a fault, as asked; None: refused
    passed_over: Mapping[str, str] = field(default_factory=dict)  # columns that are no text → what
    # they hold
    merged: Mapping[str, str] = field(default_factory=dict)  # labels of annotators → those that
    # they were taken for
    inner: frozenset[str] = frozenset()  # columns that repeat a part of another: JSON's objects
    layers: Mapping[str, str] | None = None  # columns of spans → of their features: "Claim.kind"
    whole: Table | None = field(
        default=None, repr=False
    )  # before a column became the two of a pair

    @classmethod
    def of_file(
        cls,
        path: Path,
        format: str,
        columns: tuple[str, ...],
        reasons: Iterable[str],
        rows: Callable[[], Iterator[Row]],
        *,
        has_header: bool = True,
        delimiter: str | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> Table:
        """Describe what stands in a file; reasons may be blank."""
        said = tuple(filter(None, reasons))
        name, place = path.name or path.absolute().name, str(path)  # of "." as well
        return cls(name, place, format, columns, has_header, delimiter, said, rows, findings)


@dataclass(frozen=True, slots=True)
class Look:
    """What a text column of the training file was like; nothing of its texts."""

    kind: str  # as `textune.data.columns` names it
    words: float  # in a cell, in the mean


@dataclass(frozen=True, slots=True)
class Contract:
    """What textune understood of a table, and why; written into the run, applied to every file."""

    task: str  # a name of the registry, or "plain"
    text: tuple[str, ...]  # one column, or two for pairs; question and passage for answers
    label: tuple[str, ...]  # one column, or one 0/1 column for each label, or one for each number
    form: str  # of the labels: "name" (one column, one label), "columns" (one each), "list",
    # "classes" (columns of names, one class of each), "words" (lists of words and of their tags),
    # "spans" (parts of the text), answers, "none"
    separator: str | None = None  # of a list column: ";" "," "|" " " or "json"; of tags the scheme
    # in which the file writes them: "iob2", "iob1", "io", "ioe", "bioes", or "plain" (each for its
    # word alone)
    group: str | None = None  # column whose equal values stay in one split
    reasons: tuple[str, ...] = ()  # one sentence for each choice
    doubts: tuple[str, ...] = ()  # other possible readings, and the option that selects them
    skip: tuple[str, ...] = ()  # "COLUMN=VALUE": rows in which that cell stands have no label
    no_skip: tuple[str, ...] = ()  # the same, where it is a label though it looks like none
    cut: tuple[str, ...] = ()  # how plain text becomes words, see `textune.data.cut`
    notation: tuple[str, ...] = ()  # how the file writes tags, see `textune.tasks.tags.notation`
    offsets: str = "characters"  # what places of spans count, see `textune.tasks.tags.offsets`
    weight: str | None = None  # column that says how much each text weighs in the loss
    annotators: tuple[str, ...] = ()  # column that says who labelled, and whose label is taken
    names: tuple[tuple[str, str], ...] = ()  # of classes that files write as numbers
    columns: tuple[str, ...] = ()  # all of the training file
    looks: tuple[Look, ...] = ()  # one for each text column: by which it is known elsewhere
    merged: tuple[tuple[str, str], ...] = ()  # labels, and those that they are taken for
    numerals: tuple[tuple[str, str], ...] = ()  # unit and sign of decimals of each label column of
    # numbers that are not written plainly


@dataclass(frozen=True, slots=True)
class Answer:
    """A stretch of a passage that answers a question."""

    text: str  # exactly as it stands there
    start: int  # its first character's place in the passage


@dataclass(frozen=True, slots=True)
class Example:
    """One text with its label, by the contract."""

    text: str  # the question, where answers are asked for
    origin: str
    pair: str | None = None  # the second text of a pair; the passage, where answers are asked for
    label: Label | None = None  # None where the file has no label for it, or none is scored
    unscored: tuple[str, ...] = ()  # labels marked -1: neither learned nor judged here
    group: str | None = None
    words: tuple[tuple[int, int], ...] | None = None  # of words that get a tag: their characters
    answers: tuple[Answer, ...] | None = None  # none of them: the passage has no answer
    remarks: tuple[str, ...] = ()  # what was mended while it was read, each naming its place
    weight: float = 1.0  # in the loss
    shares: Shares = ()  # of the annotators who gave each label, where they differ and all count


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A stretch of plain text, for learning a language from; a document is one or more of them."""

    text: str
    origin: str  # where it stands: "book.txt:17", the line on which it begins
    begins: bool  # whether a document begins with it; else it goes on with the document before


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that its owner should know."""

    kind: str  # "duplicate", "conflict", "empty", "rare", "variant", "leak", "length", …
    severity: str  # "note", "warning", "error"
    message: str  # one sentence with counts
    count: int  # how many rows are concerned
    rows: tuple[str, ...] = ()  # origins of the first few


@dataclass(frozen=True, slots=True)
class Split:
    """Positions of the training, validation and test texts in the list of examples, ascending."""

    train: NDArray[np.int64]  # (N_train,)
    valid: NDArray[np.int64]  # (N_valid,)
    test: NDArray[np.int64]  # (N_test,)


@dataclass(frozen=True, slots=True)
class Shape:
    """How texts become windows."""

    max_tokens: int  # of a window, special tokens included
    long: Long = "head"
    overlap: float = OVERLAP
    asks: Asks = "texts"
    pairs: Pairs = field(default="together", repr=False)  # repr names stores of token ids


@dataclass(frozen=True, slots=True)
class Items:
    """What a head is asked about in T texts, and which of its answers speak of what.

    An item is a text, a word of it, or a token of its passage; an answer speaks of one window.
    """

    sizes: tuple[int, ...]  # T numbers: items of each text, I in all
    of: Tensor  # (R,) int64, below I: the item that each answer speaks of
    counts: Tensor | None = (
        None  # (T,) int64, `sizes` on the device, where these are not to be read
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts packed end to end, without padding; a text longer than the encoder is several here."""

    ids: Tensor  # (P,) int64
    positions: Tensor  # (P,) int64, counted from 0 in each text
    segments: Tensor  # (P,) int64, 1 in the second text of a pair
    borders: Tensor  # (B + 1,) int64: text b holds the tokens borders[b] up to borders[b + 1]
    lengths: tuple[int, ...]  # B numbers, the same borders for the host
    targets: Tensor | None = None  # (T, …) or (I,), as the task has it; None when it is unknown
    weights: Tensor | None = None  # (T,) or (I,) fp32, of each target in the loss; None: all 1
    shares: Tensor | None = None  # (T, C) fp32 of each class in a target; None: it is one class
    asked: Tensor | None = None  # (M,) int64 places of the tokens that the head reads; None: first
    items: Items | None = None  # None where each answer is an item of its own
    mlm_targets: Tensor | None = None  # (M,) int64 ids that stood there before the mask
    nsp_labels: Tensor | None = None  # (B,) int64, 0: the second text follows the first, 1: it does
    # not, -100: it has no part in the loss
    nsp_weight: float | Tensor = 1.0  # of each text's cross-entropy, beside that of a masked token
    longest: int | None = None  # tokens of a text at most, where the borders alone say how long
    # each is: `lengths` is empty then, and a graph of any borders can be captured


@dataclass(frozen=True, slots=True)
class Step:
    """What one update of the weights was like; its tensors stay on the device until read."""

    number: int  # from 1
    epoch: int  # from 1
    loss: Tensor  # () mean over the optimizer batch
    norm: Tensor  # () gradient norm before clipping
    lr: float
    texts: int
    tokens: int  # real ones
    computed: int  # tokens that went through the encoder, padding included
    read: Callable[[], tuple[float, float, float]] | None = None  # loss, norm and scale of a card
    scale: Tensor | None = None  # () by which the loss was multiplied for fp16; None: it was not

    def numbers(self) -> tuple[float, float]:
        """Return loss and norm; on a card this waits for this update, and for none after it."""
        return (float(self.loss), float(self.norm)) if self.read is None else self.read()[:2]

    def factor(self) -> float:
        """Return the scale of the loss, 1 where it was not multiplied; this waits likewise."""
        if self.scale is None:
            return 1.0
        return float(self.scale) if self.read is None else self.read()[2]

    def is_left_out(self) -> bool:
        """Tell whether its gradient was not finite for its scale alone; this waits likewise."""
        return self.factor() > LEAST_SCALE and not math.isfinite(self.numbers()[1])


@dataclass(frozen=True, slots=True)
class Message:
    """A line that a person who watches a run may want to read."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """Training begins: how much there is to do."""

    steps: int | None  # None where time decides
    first: int  # the first step of this session; above 1 after --resume
    epochs: int
    tokens: int  # of one epoch
    seconds: float | None = None  # that are left, where time decides


@dataclass(frozen=True, slots=True)
class Validated:
    """What the validation texts said of the weights after a step."""

    step: int
    epoch: float
    metrics: Mapping[str, Any]
    metric: str  # the one that selects
    is_best: bool
    seconds: float
    learned: Mapping[str, Any] | None = None  # the same numbers of training texts, where asked for


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of the user's text that a model found."""

    start: int  # characters, from 0
    end: int  # the first character after it
    text: str  # what stands there
    label: str  # its type; "" for an answer to a question
    score: float  # probability


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one text."""

    text: str
    labels: tuple[str, ...]  # one for `single`; those above their threshold; one tag a word
    scores: Mapping[str, float]  # probability of each label
    entities: tuple[Entity, ...] = ()  # of tags: what they mark; of answers: the n likeliest
    words: tuple[tuple[int, int], ...] = ()  # of tags: characters of each word
    numbers: Mapping[str, float] = field(default_factory=dict)  # where numbers are estimated
    columns: Mapping[str, str] = field(default_factory=dict)  # where each column has classes of its
    # own: name → class; its probability is that of the label "column: class"
    asks: Asks = "texts"  # what the model was asked about
    undecided: bool = False  # whether the model leaves it to a person
    members: tuple[str, ...] | None = None  # its set of classes; None where there are no sets


@dataclass(frozen=True, slots=True)
class Scores:
    """A model's answers about the items of a whole split, before anybody judged them.

    I items: the N texts, or the words or tokens of all of them. C outputs: classes, targets, ends.
    """

    logits: NDArray[np.float32]  # (I, C), NaN for what no window shows
    probabilities: NDArray[np.float64]  # (I, C); for numbers, the numbers
    decisions: NDArray[Any]  # (I,) class; (I, C) zeros and ones, numbers; (N, 2) of answers
    truth: NDArray[Any] | None  # (I,) class, (I, C) zeros, ones and NaN (not scored), numbers, …
    borders: NDArray[np.int64] | None = None  # (N + 1,) items of text n; None: each is one
    spans: NDArray[np.int32] | None = None  # (I, 2) characters of each item, where it has some
    fulls: NDArray[np.int32] | None = None  # (N,) tokens of each text, were there no limit
    undecided: NDArray[np.bool_] | None = None  # (N,) left to a person; None: all are decided
    members: NDArray[np.bool_] | None = None  # (N, C) classes in each text's set; None: no sets


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A linear layer that was fitted on frozen features of I items (texts or words)."""

    weight: NDArray[np.float32]  # (C, D)
    bias: NDArray[np.float32]  # (C,)
    strength: float  # scikit-learn's C on features of mean norm 1: more of it regularises less
    scores: Mapping[float, float]  # strength → mean loss of items held out; empty: not compared
    held_out_logits: NDArray[np.float32] | None  # (I, C) of items by a layer that did not learn
    # from them, NaN for those always learned from; None where not all were judged
    reads_names: bool = False  # whether it learned from the names of labels, too
    scale: float = 1.0  # of its logits, so that they are as sure as they are right


@dataclass(frozen=True, slots=True)
class Survey:
    """What `textune check` found in a table."""

    source: str
    table: Table = field(repr=False)  # with what reads its rows
    contract: Contract
    rows: int
    labels: Mapping[str, int]  # name → texts that have it
    unlabelled: int  # texts with no label at all (several labels a text)
    lengths: Mapping[str, Any]  # distribution of token counts, and shares beyond candidate limits
    findings: tuple[Finding, ...]
    command: str  # the `textune train` command that says all this explicitly
    columns: Mapping[str, str] = field(default_factory=dict)  # what each was taken for, and why
    left_out: Mapping[str, str] = field(default_factory=dict)  # columns that are not used, and why
    second: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # doubt → commands by which
    # it is settled
    fertility: Mapping[str, Any] = field(default_factory=dict)  # what words cost in pieces
    targets: Mapping[str, Any] = field(default_factory=dict)  # of numbers: column → min, mean, max,
    # spread; of tags and answers: how many, how long
