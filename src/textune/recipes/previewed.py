"""Before the first update: what an untrained head answers, and the loss of one batch."""

import math

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import excerpt
from textune.evaluation import evaluate
from textune.metrics import written
from textune.records import Message
from textune.tasks import registry, shown

TEXTS = 32  # of the batch
SHOWN = 4  # labels of the one text


def preview(encoder: Encoder, corpus: Corpus, *, micro_tokens: int) -> Message | None:
    """Answer a batch by the weights as they are; None where a head answers for words."""
    if corpus.task.asks != "texts" or not registry.of(corpus.task.name).has_classes:
        return None
    rows = corpus.split.valid if len(corpus.split.valid) else corpus.split.train
    rows = rows[:TEXTS]
    scores = evaluate.score(
        encoder,
        corpus.task,
        corpus.store,
        rows,
        decision=corpus.task.default_decision(),
        targets=corpus.targets,
        micro_tokens=micro_tokens,
    )
    chances = scores.probabilities[0].tolist()
    first = corpus.examples[int(rows[0])]
    told = ", ".join(
        f"{shown.named(label)} {written.decimals(chance)}"
        for label, chance in zip(corpus.task.labels[:SHOWN], chances, strict=False)
    )
    more = ", …" if len(chances) > SHOWN else ""
    loss = corpus.task.judge(scores, ()).get("log_loss")
    beside = ""
    if isinstance(loss, float) and math.isfinite(loss):
        beside = f"; log loss of {len(rows)} texts {written.decimals(loss)}"
    return Message(f"before training: {excerpt(first.text)} → {told}{more}{beside}")
