"""What the JSON files of a run hold: the types by which they are written, and read again.

All keys may be absent: a run of an earlier version, or of another kind, wrote fewer.
"""

from typing import TypedDict

from textune.metrics.metrics import Report


class LogLine(TypedDict, total=False):
    """A line of log.jsonl: a "step", a "validation", the end of an "epoch", or a "retry"."""

    kind: str
    step: int
    epoch: float
    seconds: float
    loss: float | None  # of a step, and all until `padding`; None of one that was left out
    lr: float
    norm: float | None  # None of an update that was left out
    scale: float  # of the loss, in fp16
    left_out: bool  # as its gradient was not finite at that scale
    threads: int
    texts_per_second: float
    tokens_per_second: float
    padding: float
    is_best: bool  # of a validation
    at: int  # of a "retry": after how many updates it began anew, and the two below
    why: str
    warmup_share: float
    metrics: dict[str, float | None]
    roc_auc: dict[str, float | None]  # of each label
    train_metrics: dict[str, float | None]  # of training texts, and the next, where asked for
    train_roc_auc: dict[str, float | None]


class Splits(TypedDict, total=False):
    """How many documents are learned from, and held out."""

    train: int
    valid: int


class PlainCard(TypedDict, total=False):
    """What a run on plain text learned from: its data_card.json."""

    files: list[dict[str, object]]
    reading: list[str]  # how the files were understood
    documents: int
    tokens: int
    pieces: int  # passages that the documents were cut into
    max_tokens: int
    splits: Splits
    tokens_train: int
    tokens_valid: int


class MostFrequent(TypedDict, total=False):
    """What always answering the most frequent piece would get right."""

    piece: str
    masked_accuracy: float


class Warmup(TypedDict, total=False):
    """What training a new head alone did: losses before it and after each round."""

    rounds: int
    steps: int
    kept: bool
    losses: list[float]


Proved = TypedDict(
    "Proved",
    {
        "file": str,
        "metric": str,
        "seeds": list[int],
        "without": list[float],
        "with": list[float],
        "difference": float,
        "interval": list[float],
        "words": str,
    },
    total=False,
)
"""What fine-tuning scores with and without the run, seed by seed."""


class Kept(TypedDict, total=False):
    """Which weights were kept."""

    step: int
    metric: str
    value: float | None
    epoch: float


class PlainMetrics(TypedDict, total=False):
    """What a run on plain text scored: its metrics.json."""

    objective: str
    before: Report | None
    valid: Report
    baselines: dict[str, MostFrequent]
    best: Kept
    warmup: Warmup
    prove: Proved
    added_words: int
    left_out: int  # updates whose gradients were not finite at the scale of the loss (fp16)


class Capsule(TypedDict, total=False):
    """On what a run was made: capsule.json."""

    versions: dict[str, str]
    platform: str
    processor: str
    cores: int | None
    device: str  # this and the rest: where, how, how much and how fast it learned
    threads: int
    fewest_threads: int
    precision: str
    seed: int
    steps: int
    train_seconds: float
    examples_per_second: float
    tokens_per_second: float
    padding: float
    padding_avoided: float  # padding that batches padded to their longest text would have had
    lack_of_memory: dict[str, int | bool | None]  # how much was computed at once from then on
    peak_memory_bytes: int  # of the process
    peak_card_bytes: int  # of torch on the graphics card
    energy_joules: dict[str, float]  # by what used it, as far as the machine tells
    store: str
    wall_seconds: float
