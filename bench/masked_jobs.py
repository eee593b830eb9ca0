"""What one measured masked-LM training is told, and what it answers."""

from dataclasses import dataclass

POLICIES = {
    "textune": "textune adapt: random batches, packed, precision by its own measurement",
    "default": "Trainer default: random batches, padded to the longest, fp32",
    "tuned": "Trainer tuned: group_by_length, bf16, sdpa, no logging",
    "tuned-fp32": "Trainer tuned: group_by_length, fp32, sdpa, no logging",
}
TUNED = ("tuned", "tuned-fp32")
RATE = 0.15  # share of the tokens that are asked for
WARM = 3  # updates before measuring begins
BEGUN, ENDED = "begun", "ended"  # files that appear in the scratch folder around what is measured


@dataclass(frozen=True, slots=True)
class Job:
    """One pass over the texts. What all programs share stands here; only the policy may differ."""

    program: str  # a key of POLICIES
    base: str  # directory or Hub name of the encoder
    texts: str  # JSON lines with a column `text`; each text is learned from once
    scratch: str  # folder for what the training writes
    seed: int
    turn: int  # from 1
    batch_size: int
    max_tokens: int
    threads: int

    @property
    def warm(self) -> int:
        """Return how many of the texts, the first ones, are learned from before measuring."""
        return WARM * self.batch_size


@dataclass(frozen=True, slots=True)
class Result:
    """What the pass measured."""

    program: str
    policy: str
    turn: int
    model: str  # class in transformers
    device: str
    precision: str
    threads: int  # that torch had at the end
    updates: int
    texts: int  # of the file; textune parts those that are too long, the peers cut them
    tokens: int  # real ones: without padding
    computed: int  # with it
    seconds: float
    peak_memory_mb: float = 0.0  # resident, of the process, with all that it imported
    training_peak_mb: float | None = None  # the same while measured; None where nothing was seen

    @property
    def texts_per_second(self) -> float:
        """Return the texts that were learned from in a second."""
        return self.texts / self.seconds

    @property
    def tokens_per_second(self) -> float:
        """Return the real tokens that were learned from in a second."""
        return self.tokens / self.seconds
