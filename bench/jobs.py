"""What one measured process is told, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

POLICIES = {
    "textune": "textune: random batches, packed, precision by its own measurement",
    "tutorial": "tutorial loop: all padded to max-tokens, random, fp32, AdamW not fused",
    "default": "Trainer default: random batches, padded to the longest, fp32",
    "tuned-bf16": "Trainer tuned: group_by_length, bf16, sdpa, no logging",
    "tuned-fp32": "Trainer tuned: group_by_length, fp32, sdpa, no logging",
    "tuned-compile": "Trainer tuned: as the faster of both, torch_compile, compiling included",
}
TUNED = ("tuned-bf16", "tuned-fp32", "tuned-compile")
USUAL = tuple(name for name in POLICIES if name != "tuned-compile")

ANSWERERS = {
    "textune": "textune.Predictor: packed",
    "pipeline": "transformers pipeline: batch_size=32, truncation, in the given order, fp32",
    "sorted-bf16": "by hand: sorted by length, padded to the longest of 32, bf16 weights",
    "sorted-fp32": "by hand: sorted by length, padded to the longest of 32, fp32",
}
SORTED = ("sorted-bf16", "sorted-fp32")
BATCH = 32  # texts in a batch of the peers that predict


@dataclass(frozen=True, slots=True)
class Job:
    """One training. What all programs share stands here; nothing else may differ but the policy."""

    program: str  # a key of POLICIES
    base: str  # directory or Hub name of the encoder
    task: str  # "single" or "multi"
    labels: Sequence[str]
    train: str  # JSON lines of bench.tasks
    valid: str  # what textune chooses the epoch by; the first of `sets` where there are any
    sets: Mapping[str, str]  # name → JSON lines to score; at most two, none where no score is asked
    metrics: Sequence[str]  # the first chooses the epoch
    scratch: str  # folder for what the training writes
    seed: int
    turn: int  # from 1
    epochs: int
    batch_size: int
    lr: float
    max_tokens: int | None  # None: what the encoder can take; for textune alone
    threads: int
    precision: str = "fp32"  # of tuned-compile
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    clip: float = 1.0
    long: str | None = None  # how textune reads longer texts; None: as it does by itself
    schedule: str = "linear"  # or "one-cycle"
    numbers: str | None = None  # number format; None: the policy's own
    kernels: bool = True  # whether textune may compute by its compiled kernels


@dataclass(frozen=True, slots=True)
class Result:
    """What one training measured."""

    program: str
    policy: str
    seed: int
    turn: int
    device: str
    precision: str
    threads: int  # that torch had at the end
    examples: int  # texts in the training file
    examples_per_second: float  # of training alone, without set-up and evaluation
    tokens_per_second: float  # real tokens, without padding
    train_seconds: float
    padding: float  # tokens computed over real tokens
    peak_memory_mb: float  # of the process, with all that it imported
    scores: Mapping[str, float | None]  # "set metric" → value after the epoch best on the first


@dataclass(frozen=True, slots=True)
class Question:
    """Texts for one program to label, by the same fine-tuned model."""

    program: str  # a key of ANSWERERS
    run: str  # folder that textune's training wrote; the peers read its model/
    texts: str  # JSON list of texts
    probabilities: str  # JSON that the program writes: one list a text, in the order of the labels
    turn: int
    threads: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What labelling them measured."""

    program: str
    policy: str
    turn: int
    threads: int
    texts: int
    seconds: float  # from raw texts to labels and probabilities, the model being loaded
    texts_per_second: float
    peak_memory_mb: float
