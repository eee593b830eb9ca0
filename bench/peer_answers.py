"""Questions and passages for transformers' question answering, as its example script has them.

Windows with a stride; the first token is the answer of a window that does not show it; the best of
the 20 likeliest starts with the 20 likeliest ends, over all windows, as long as 30 tokens at most.
Unlike there the loss leaves padding out, which transformers' own normalises over.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForQuestionAnswering, DataCollatorWithPadding

from bench.jobs import Job
from bench.quality_sets import Row
from bench.scores import Rows

CLASS = AutoModelForQuestionAnswering
STRIDE = 0.25  # of a window that the next one shows again: textune's own share
BEST = 20  # starts, and ends, that are tried
LONGEST = 30  # tokens of an answer
PASSAGE = 1  # the second of both texts


def config(job: Job) -> dict[str, Any]:
    """Return what the configuration of the model must hold."""
    return {"num_labels": len(job.labels)}


def features(rows: Sequence[Row], tokenizer: Any, job: Job) -> Rows:
    """Tokenise questions and passages in windows, with the tokens at the first answer's ends."""
    made = asked(rows, tokenizer, job)
    for feature in made:
        answers = rows[feature.pop("row")]["answers"]
        first = answers["answer_start"][0]
        ends = places(feature.pop("spans"), first, first + len(answers["text"][0]))
        feature["start_positions"], feature["end_positions"] = ends
    return made


def asked(rows: Sequence[Row], tokenizer: Any, job: Job) -> Rows:
    """Tokenise in windows, and keep of each its `row`, and the `spans` of characters it shows.

    The span of a token outside the passage is None.
    """
    assert job.max_tokens is not None
    found = tokenizer(
        [row["question"].lstrip() for row in rows],
        [row["context"] for row in rows],
        truncation="only_second",
        max_length=job.max_tokens,
        stride=round(STRIDE * job.max_tokens),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    owners, offsets = (found.pop(name) for name in ("overflow_to_sample_mapping", "offset_mapping"))
    return [
        {name: values[at] for name, values in found.items()}
        | {
            "row": owners[at],
            "spans": [
                tuple(span) if text == PASSAGE else None
                for span, text in zip(offsets[at], found.sequence_ids(at), strict=True)
            ],
        }
        for at in range(len(owners))
    ]


def places(spans: Sequence[tuple[int, int] | None], first: int, end: int) -> tuple[int, int]:
    """Return the tokens at both ends of an answer; 0 and 0 where the window does not show it.

    Args:
        spans: Characters of each token of the window; None outside the passage.
        first: Character at which the answer begins.
        end: The one after its last.
    """
    shown = [at for at, span in enumerate(spans) if span is not None]
    starts = [at for at in shown if spans[at][0] <= first]  # type: ignore[index]  # None is left out
    ends = [at for at in shown if spans[at][1] >= end]  # type: ignore[index]
    if not starts or not ends or spans[shown[-1]][1] <= first or spans[shown[0]][0] >= end:  # type: ignore[index]
        return 0, 0
    return max(starts), min(ends)


def collator(tokenizer: Any) -> Callable[[Rows], Any]:
    """Return what pads a batch to its longest window."""
    return DataCollatorWithPadding(tokenizer)


def loss(inputs: Any, outputs: Any) -> Tensor:
    """Return the mean over windows of the cross-entropy of both ends, padding left out."""
    padding = inputs["attention_mask"] == 0
    parts = [
        functional.cross_entropy(
            outputs[f"{end}_logits"].float().masked_fill(padding, -torch.inf),
            inputs[f"{end}_positions"],
        )
        for end in ("start", "end")
    ]
    return (parts[0] + parts[1]) / 2


def score(rows: Sequence[Row], features: Rows, outputs: Sequence[Any], job: Job) -> float | None:
    """Return the mean F1 of answers, beside the reference that suits each best."""
    best = [(-np.inf, "")] * len(rows)
    for feature, output in zip(features, outputs, strict=True):
        at = feature["row"]
        start, end = (output[f"{name}_logits"].numpy() for name in ("start", "end"))
        found = likeliest(start, end, feature["spans"])
        if found is not None and found[0] > best[at][0]:
            worth, first, last = found
            best[at] = worth, rows[at]["context"][first:last]
    pairs = zip(rows, best, strict=True)
    return float(np.mean([f1(text, row["answers"]["text"]) for row, (_, text) in pairs]))


def likeliest(
    start: Any, end: Any, spans: Sequence[tuple[int, int] | None]
) -> tuple[float, int, int] | None:
    """Return the sum of logits and the characters of the best answer in a window, if there is one.

    Args:
        start: (T,) logits of the window's tokens to be the first of the answer.
        end: (T,) the same for the last.
        spans: Characters of each token; None outside the passage.
    """
    found = None
    ends = np.argsort(-end[: len(spans)], kind="stable")[:BEST].tolist()
    for first in np.argsort(-start[: len(spans)], kind="stable")[:BEST].tolist():
        for last in ends:
            one, two = spans[first], spans[last]
            if one is None or two is None or not first <= last < first + LONGEST:
                continue
            worth = float(start[first] + end[last])
            if found is None or worth > found[0]:
                found = worth, one[0], two[1]
    return found


def f1(text: str, references: Sequence[str]) -> float:
    """Return the official F1 of SQuAD 1.1 (Rajpurkar et al. 2016) beside the best reference."""
    return max(_shared(_words(text), _words(reference)) for reference in references)


def _words(text: str) -> list[str]:
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def _shared(found: list[str], right: list[str]) -> float:
    both = sum((Counter(found) & Counter(right)).values())
    if not both:
        return float(found == right)
    precision, recall = both / len(found), both / len(right)
    return 2 * precision * recall / (precision + recall)
