"""A corpus and texts without labels become one that is learned by what a model says of them.

The targets of training texts are the mean of their labels and of the model's probabilities; those
of texts without labels are the probabilities alone (Hinton et al., 2015). Texts that judge keep
their labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.errors import SettingsError
from textune.records import Example
from textune.tasks import lengths, own_tasks, registry

Answer = Callable[[Sequence[Example]], NDArray[np.float32]]  # texts → logits, (N, C)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a model is to teach."""

    answer: Answer
    temperature: float  # logits are divided by it before they become probabilities
    cache: bool  # whether token ids are kept between runs


def require_kind(name: str) -> None:
    """Refuse what cannot be taught by probabilities of whole texts.

    Raises:
        SettingsError: It is neither one label nor several labels a text.
    """
    kind = registry.of(name)
    if not kind.has_classes or kind.asks != "texts" or kind.by_column:
        raise SettingsError(
            f"{kind.words}: what can be distilled is one label a text, or several labels; train on "
            "a smaller --base instead"
        )


def fresh(corpus: Corpus, texts: Sequence[Example]) -> tuple[list[Example], int]:
    """Leave out texts that are in the corpus already, or come twice; return how many those are."""
    known = {_key(item) for item in corpus.examples}
    found = []
    for item in texts:
        key = _key(item)
        if key not in known and key[0]:
            found.append(item)
        known.add(key)
    return found, len(texts) - len(found)


def extended(corpus: Corpus, texts: Sequence[Example], lesson: Lesson) -> Corpus:
    """Let a corpus be learned by what a model says, and texts without labels, too.

    Args:
        corpus: With labels, of one or several labels a text.
        texts: Without labels; none is in the corpus.
        lesson: What the model says.
    """
    first, task = len(corpus.examples), corpus.task
    train = corpus.split.train
    labelled = [corpus.examples[row] for row in train.tolist()]
    logits = lesson.answer([*labelled, *texts]).astype(np.float64) / lesson.temperature
    said = task.probabilities(logits.astype(np.float32), None)  # (N, C)
    decided = task.decide(said, task.default_decision(), None)
    of_texts = zip(texts, decided[len(train) :], strict=True)
    named = [_named(item, one, task.labels) for item, one in of_texts]
    everything = [*corpus.examples, *named]
    store, _ = lengths.tokenize(
        own_tasks.prepared(task, everything),
        corpus.tokenizer,
        task.asks,
        long=corpus.store.shape.long,
        overlap=corpus.store.shape.overlap,
        max_tokens=corpus.max_tokens,
        folder="tokens" if lesson.cache else None,
        pairs=corpus.store.shape.pairs,
    )
    rows = np.concatenate([train, np.arange(first, len(everything))])
    changes: dict[str, Any] = _soft(corpus, said, decided, rows)
    if corpus.weights is not None:
        changes["weights"] = np.concatenate([corpus.weights, np.ones(len(texts))])
    split = replace(corpus.split, train=rows)
    return replace(corpus, examples=everything, store=store, split=split, **changes)


def _soft(
    corpus: Corpus, said: NDArray[np.float64], decided: NDArray[Any], rows: NDArray[np.int64]
) -> dict[str, Any]:
    """Return targets, and shares of the classes, of all texts."""
    labelled, fresh = len(corpus.split.train), len(said) - len(corpus.split.train)
    known = np.asarray(corpus.targets[np.arange(len(corpus.examples))])
    if registry.of(corpus.task.name).several:
        targets = np.concatenate([known, said[labelled:].astype(known.dtype)])
        own = rows[:labelled]
        targets[own] = (known[own] + said[:labelled]) / 2  # NaN where a label is not scored
        return {"targets": targets}
    targets = np.concatenate([known, decided[labelled:].astype(known.dtype)])
    shares = np.eye(len(corpus.task.labels), dtype=np.float32)[targets]
    if corpus.shares is not None:
        shares[: len(known)] = corpus.shares
    shares[rows[:labelled]] = (shares[rows[:labelled]] + said[:labelled]) / 2
    shares[rows[labelled:]] = said[labelled:] if fresh else shares[rows[labelled:]]
    return {"targets": targets, "shares": shares}


def _named(item: Example, decided: Any, labels: Sequence[str]) -> Example:
    """Give a text the label that the model decides."""
    if np.ndim(decided):
        names = tuple(label for label, on in zip(labels, decided.tolist(), strict=True) if on)
        return replace(item, label=names)
    return replace(item, label=labels[int(decided)])


def _key(item: Example) -> tuple[str, str]:
    return " ".join(item.text.split()).casefold(), " ".join((item.pair or "").split()).casefold()
