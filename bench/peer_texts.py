"""Texts and pairs for transformers' sequence classification: one label, several, or a number."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats
from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

from bench.jobs import Job
from bench.quality_sets import Row
from bench.scores import Rows, judge

CLASS = AutoModelForSequenceClassification
PROBLEMS = {
    "single": "single_label_classification",
    "multi": "multi_label_classification",
    "number": "regression",
}


def config(job: Job) -> dict[str, Any]:
    """Return what the configuration of the model must hold."""
    return {"num_labels": len(job.labels), "problem_type": PROBLEMS[job.task]}


def features(rows: Sequence[Row], tokenizer: Any, job: Job) -> Rows:
    """Tokenise texts, the longer of a pair cut first, and add their targets."""
    texts = [row["text"] for row in rows]
    pairs = [row["pair"] for row in rows] if "pair" in rows[0] else None
    found = tokenizer(texts, pairs, truncation=True, max_length=job.max_tokens)
    return [
        {name: values[at] for name, values in found.items()} | {"labels": target(row, job)}
        for at, row in enumerate(rows)
    ]


def target(row: Row, job: Job) -> Any:
    """Return the number of a row's class, 0.0 and 1.0 for each of several labels, or its number."""
    if job.task == "multi":
        return [float(row[name]) for name in job.labels]
    return row["label"] if job.task == "number" else job.labels.index(row["label"])


def collator(tokenizer: Any) -> Callable[[Rows], Any]:
    """Return what pads a batch to its longest text."""
    return DataCollatorWithPadding(tokenizer)


def score(rows: Sequence[Row], features: Rows, outputs: Sequence[Any], job: Job) -> float | None:
    """Return Spearman's rank correlation of numbers, else the first metric of the job."""
    logits = np.stack([each["logits"].numpy() for each in outputs])  # (N, C)
    truth = [row["labels"] for row in features]
    if job.task == "number":
        found = float(stats.spearmanr(truth, logits[:, 0]).statistic)
        return None if np.isnan(found) else found
    metric = job.metrics[0]
    return judge(np.asarray(truth), logits, (metric,))[metric]
