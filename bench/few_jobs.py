"""What one training of bench.few is told, and the programs that it compares."""

from collections.abc import Sequence
from dataclasses import dataclass

OURS = "textune"
SYSTEMS = {
    OURS: "textune train, its defaults",
    "embeddings": "mean-pooled embeddings of the frozen base + LogisticRegression or Ridge",
    "tf-idf": "TF-IDF + LogisticRegression or Ridge; tags: features of words",
    "setfit": "SetFit, its defaults but for --setfit-steps updates of pairs",
    "trainer": "transformers' Trainer, its defaults: 3 epochs, lr 5e-5, batches of 8",
    "trainer-20": "transformers' Trainer: 20 epochs, lr 1e-4, batches of 8",
}
SCHEDULES = {"trainer": (3, 5e-5), "trainer-20": (20, 1e-4)}  # epochs and learning rate
BATCH_SIZE = 8  # of the Trainer, where nothing is said
SKIPPED = {  # what a program does not do
    ("setfit", "number"): "SetFit has no numbers",
    ("setfit", "tags"): "SetFit has no tags",
}


@dataclass(frozen=True, slots=True)
class FewJob:
    """One program, trained on one draw of rows; then it answers for the rows of the test file."""

    system: str  # a key of SYSTEMS
    base: str  # directory or Hub name of the encoder
    kind: str  # "single", "multi", "number" or "tags"
    labels: Sequence[str]  # classes, labels or tags, as a head's outputs
    train: str  # JSON lines of bench.few_sets
    test: str  # likewise; its labels are not read
    scratch: str  # folder for what the training writes
    seed: int
    threads: int
    max_tokens: int  # of a text, for the programs that have to be told
    settings: Sequence[str] = ()  # of textune, as for --set
    setfit: str | None = None  # a Python that has SetFit
    setfit_steps: int = 60
    began: float = 0.0  # time at which the process was started
