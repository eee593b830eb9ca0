"""A job of bench.few becomes a training by transformers' Trainer as it comes, and its answers."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import peer_tags
from bench.few_jobs import BATCH_SIZE, SCHEDULES, FewJob
from bench.few_scores import Answers
from bench.jobs import Job
from bench.peer_trainer import HEADS, answers, fit
from bench.quality_sets import read


def run(job: FewJob) -> tuple[float, Answers]:
    """Train; return the time when it was fitted, and the answers for the test rows."""
    told = to_job(job)
    fitted = fit(told)
    at = time.time()
    head = HEADS[job.kind]
    rows = read(Path(job.test))
    features = head.asked(rows, fitted.tokenizer, told)
    outputs = answers(fitted.model, features, head.collator(fitted.tokenizer))
    if job.kind == "tags":
        return at, peer_tags.to_tags(rows, features, outputs, told)
    return at, decided(job, outputs)


def to_job(job: FewJob) -> Job:
    """Return the job as the Trainer's, with its own defaults where the other benches share some."""
    epochs, lr = SCHEDULES[job.system]
    return Job(
        program="default",
        base=job.base,
        task=job.kind,
        labels=job.labels,
        train=job.train,
        valid=job.train,  # not read: no set is scored
        sets={},
        metrics=(),
        scratch=job.scratch,
        seed=job.seed,
        turn=1,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=lr,
        max_tokens=job.max_tokens,
        threads=job.threads,
        weight_decay=0.0,
        warmup_share=0.0,
    )


def decided(job: FewJob, outputs: Sequence[Any]) -> list[Any]:
    """Return the number, the likeliest class, or the labels likelier than not, of each text."""
    logits = np.stack([each["logits"].numpy() for each in outputs])  # (N, C)
    if job.kind == "number":
        return [float(each) for each in logits[:, 0]]
    if job.kind == "single":
        return [job.labels[at] for at in logits.argmax(1)]
    return [
        [name for name, logit in zip(job.labels, row, strict=True) if logit > 0] for row in logits
    ]
