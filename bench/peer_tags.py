"""Words and tags for transformers' token classification, as its example script has them.

The first piece of each word is learned and read; what truncation cuts off is tagged "O".
"""

from collections.abc import Callable, Sequence
from typing import Any

from seqeval.metrics import f1_score
from transformers import AutoModelForTokenClassification, DataCollatorForTokenClassification

from bench.jobs import Job
from bench.quality_sets import Row
from bench.scores import Rows

CLASS = AutoModelForTokenClassification
IGNORED = -100  # the label of pieces that are not learned
OUTSIDE = "O"


def config(job: Job) -> dict[str, Any]:
    """Return what the configuration of the model must hold."""
    return {"num_labels": len(job.labels)}


def features(rows: Sequence[Row], tokenizer: Any, job: Job) -> Rows:
    """Tokenise words, and give the first piece of each its tag."""
    made = asked(rows, tokenizer, job)
    for feature, row in zip(made, rows, strict=True):
        labels = [IGNORED] * len(feature["input_ids"])
        for word, place in firsts(feature.pop("words")).items():
            labels[place] = job.labels.index(row["tags"][word])
        feature["labels"] = labels
    return made


def asked(rows: Sequence[Row], tokenizer: Any, job: Job) -> Rows:
    """Tokenise words, and keep whose pieces they are in `words`."""
    found = tokenizer(
        [row["words"] for row in rows],
        is_split_into_words=True,
        truncation=True,
        max_length=job.max_tokens,
    )
    return [
        {name: values[at] for name, values in found.items()} | {"words": found.word_ids(at)}
        for at in range(len(rows))
    ]


def firsts(owners: Sequence[int | None]) -> dict[int, int]:
    """Return the place of the first piece of each word that has one."""
    found: dict[int, int] = {}
    for place, word in enumerate(owners):
        if word is not None:
            found.setdefault(word, place)
    return found


def collator(tokenizer: Any) -> Callable[[Rows], Any]:
    """Return what pads a batch and its labels."""
    return DataCollatorForTokenClassification(tokenizer, label_pad_token_id=IGNORED)


def score(rows: Sequence[Row], features: Rows, outputs: Sequence[Any], job: Job) -> float | None:
    """Return seqeval's F1 over all entities of all words."""
    tags = to_tags(rows, features, outputs, job)
    return float(f1_score([row["tags"] for row in rows], tags, zero_division=0))


def to_tags(
    rows: Sequence[Row], features: Rows, outputs: Sequence[Any], job: Job
) -> list[list[str]]:
    """Return the likeliest tag of each word of each row."""
    tags = []
    for row, feature, output in zip(rows, features, outputs, strict=True):
        chosen = output["logits"].argmax(-1).tolist()
        given = [OUTSIDE] * len(row["words"])
        for word, place in firsts(feature["words"]).items():
            given[word] = job.labels[chosen[place]]
        tags.append(given)
    return tags
