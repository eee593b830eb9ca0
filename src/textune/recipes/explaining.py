"""The worst errors of a run become explanations on its page, as many as take a few seconds.

What is explained depends on counts alone, of texts and of what they cost to compute: the same run
has the same page on a faster machine.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from textune.corpora.corpus import Corpus
from textune.records import Message
from textune.report import reasons
from textune.settings.config import Settings
from textune.training.learner import Learner

USUAL = 10  # texts
WORK = {"cpu": 2e11, "cuda": 2e13, "mps": 2e12}  # operations of the encoder's products
OF_LAYER = 24  # operations a token, times the square of the width: 12 products, two for each number


@dataclass(frozen=True, slots=True)
class Asked:
    """How many errors are explained, and what that may cost."""

    texts: int
    tokens: int  # that the encoder may read for it, copies of texts without a word included
    device: str


def asked(settings: Settings, learner: Learner, corpus: Corpus) -> Asked:
    """Say what settings ask for; of a model with parts of its owner's, nothing."""
    train, config = settings.train, learner.encoder.config
    usual = 0 if train.effort == "quick" or train.recipe == "classic" else USUAL
    texts = usual if train.explain is None else train.explain
    device = learner.encoder.device
    cost = OF_LAYER * config.num_hidden_layers * config.hidden_size**2
    tokens = int(WORK.get(device.type, WORK["cpu"]) / cost)
    return Asked(0 if corpus.task.own.told() else texts, tokens, str(device))


def explained(folder: Path, asked: Asked) -> Iterator[Message]:
    """Explain the worst errors of a run whose model and numbers are there, once."""
    kept = [folder / "predictions" / f"{part}.parquet" for part in ("valid", "test")]
    is_judged = any(file.is_file() for file in kept)
    if not asked.texts or not is_judged or (folder / reasons.FILE).is_file():
        return
    from textune.predicting.explaining import worst
    from textune.predicting.predictor import Predictor

    began = time.perf_counter()
    predictor = Predictor.load(folder, device=asked.device, precision="fp32")
    count = worst.write(folder, predictor, most=asked.texts, tokens=asked.tokens)
    if count:
        seconds = time.perf_counter() - began
        texts = (
            "the worst error" if count == 1 else f"the {count} worst errors that are short enough"
        )
        yield Message(f"why: the words that moved {texts}, on the page ({seconds:.1f} s)")
