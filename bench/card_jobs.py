"""What one process of `bench.card` is told, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass

OURS = ("textune", "textune-fp16", "textune-plain")
LEARNERS = {
    "textune": "textune: packed, bf16, passes captured as CUDA graphs",
    "textune-fp16": "textune: the same in fp16 with a scaled loss (train.precision=fp16)",
    "textune-plain": "textune: the same without graphs (train.graphs=false)",
    "default": "Trainer default: random batches, padded to the longest, fp32",
    "tuned": "Trainer tuned: bf16, tf32, group_by_length, sdpa, 4 workers, no logging",
    "tuned-compile": "Trainer tuned and torch_compile, compiling included",
}
PEERS = ("default", "tuned", "tuned-compile")
MASKED = {name: LEARNERS[name] for name in LEARNERS if name != "tuned-compile"}
ANSWERERS = {
    "textune": "textune.Predictor: packed, bf16",
    "pipeline": "transformers pipeline: batch_size=64, truncation, bf16 weights",
}
WORKERS = 4  # processes that lay batches for the tuned Trainer
BATCH = 64  # texts that the pipeline takes at once


@dataclass(frozen=True, slots=True)
class Job:
    """One training, or one labelling of texts."""

    work: str  # "cola 32", "imdb 128", "masked-LM 32", "prediction"
    program: str  # a key of LEARNERS or ANSWERERS
    base: str  # folder of the encoder; the run's folder for predictions
    train: str  # JSON lines that are learned from, or JSON of texts to label
    valid: str
    labels: Sequence[str]
    scratch: str
    batch_size: int
    max_tokens: int
    threads: int
    began: float  # seconds since the epoch, just before the process is started


@dataclass(frozen=True, slots=True)
class Result:
    """What it measured."""

    work: str
    program: str
    device: str
    precision: str
    texts_per_second: float  # of training alone; of prediction from raw texts, the model loaded
    tokens_per_second: float | None  # real ones
    seconds: float
    first_step_seconds: float | None  # from the start of the process to the end of the first update
    peak_card_mb: float | None  # of what torch ever held; None without a card
    peak_memory_mb: float = 0.0  # of the process
