"""Tags of words become entities, and entities precision, recall and F1.

Tags are IOB2 ("O", "B-PER", "I-PER") or plain ones (parts of speech); where there is only one kind
of entities, "B" and "I" may stand without a type, which is then "_", as seqeval has it. An entity
is right where its type, first and last word are; it is read as conlleval does (Tjong Kim Sang and
Buchholz 2000), and seqeval by default: an I- that continues nothing of its type begins an entity.
Of plain tags each word is a unit of its own: precision, recall and F1 are then micro averages over
the words whose tag is not "O", and equal the accuracy where no tag is; `accuracy` is the number to
go by.

All entities of the truth count. Undefined numbers are None, and `undefined` says why; precision is
0 where nothing was found although there was something to find.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.metrics import plausible
from textune.metrics.intervals import Interval, held, ratio, resample, wilson_of_groups
from textune.metrics.metrics import Floats, Ints, Report
from textune.records import OUTSIDE

UNTYPED = "_"
UNTYPED_TAGS = ("B", "I")
BLOCK = 20_000_000
"""Most cells (words of a sentence times sentences times tags) that are decoded at a time."""
Tags = Sequence[str]
Entity = tuple[str, int, int]
"""Type, first word, and the word after the last."""


def is_plain(tags: Iterable[str]) -> bool:
    """Tell whether tags stand for single words, because one of them is not IOB2.

    Example:
        >>> is_plain(["O", "B-PER", "I-PER"]), is_plain(["NN", "VBZ"])
        (False, True)
    """
    return not all(map(_is_iob2, tags))


def entities(tags: Tags) -> list[Entity]:
    """Read the entities of one sentence.

    Args:
        tags: IOB2, one for each word.

    Returns:
        Type, first word and the word after the last, in the order of the sentence.

    Raises:
        ValueError: A tag is not IOB2.

    Example:
        >>> entities(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
        [('PER', 0, 2), ('LOC', 3, 4), ('LOC', 4, 5)]
    """
    found: list[Entity] = []
    kind, first = "", 0  # of the entity that is open; kind "" is none
    for place, tag in enumerate([*tags, OUTSIDE]):
        if not _is_iob2(tag):
            raise ValueError(f"tag {tag!r} is not IOB2: expected 'O', 'B-…' or 'I-…'")
        prefix, _, name = tag.partition("-")
        name = name if tag not in UNTYPED_TAGS else UNTYPED
        if prefix == "I" and name == kind:
            continue
        if kind:
            found.append((kind, first, place))
        kind, first = name, place
    return found


def judge(truth: Sequence[Tags], found: Sequence[Tags], *, plain: bool | None = None) -> Report:
    """Judge the tags of all sentences.

    Args:
        truth: The right tags, one for each word of each sentence.
        found: The tags given, as many.
        plain: Whether the tags stand for single words; None: as `is_plain` says of all of them.

    Returns:
        `n` sentences, `words`, `entities` of the truth, the micro averages `precision`, `recall`
        and `f1`, `macro_f1` (the mean over the types in truth or predictions), `accuracy` over
        words, `labels` (type → `precision`, `recall`, `f1`, `support`, `predicted`), `undefined`.

    Raises:
        ValueError: A sentence has not as many tags as words, or a tag does not belong.
    """
    counts = _count(truth, found, plain)
    hits, predicted, support = counts.units.sum(axis=1)  # (T,) each
    words, right = counts.words.sum(axis=0).tolist()
    why: dict[str, str] = {}
    report: Report = {"n": len(truth), "words": words, "entities": int(support.sum())}
    report |= _numbers(hits.sum(), predicted.sum(), support.sum(), "", why)
    labels = {
        kind: _numbers(hits[t], predicted[t], support[t], f"labels.{kind}.", why)
        | {"support": int(support[t]), "predicted": int(predicted[t])}
        for t, kind in enumerate(counts.kinds)
    }
    f1s = [table["f1"] for table in labels.values()]
    report["macro_f1"] = float(np.mean(f1s)) if f1s else None
    report["accuracy"] = right / words if words else None
    why |= {} if f1s else {"macro_f1": why["f1"]}
    why |= {} if words else {"accuracy": "there is no word"}
    return report | {"labels": labels, "undefined": why}


def intervals(
    truth: Sequence[Tags],
    found: Sequence[Tags],
    *,
    plain: bool | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Give the interval of each number that `judge` has over all types.

    Whole sentences are drawn, since words and entities of one sentence are not independent, and for
    each type a few entities that nobody saw (`plausible`); accuracy has Wilson's interval of words
    in sentences.

    Args:
        truth: The right tags, one for each word of each sentence.
        found: The tags given, as many.
        plain: As for `judge`.
        confidence: How often such intervals hold the number of the whole population.
        seed: Selects the resamples.

    Returns:
        The name of a metric and its lower and upper bound; undefined numbers have none.

    Raises:
        ValueError: A sentence has not as many tags as words, or a tag does not belong.
    """
    counts = _count(truth, found, plain)
    if not len(truth):
        return {}
    kinds = len(counts.kinds)
    table = np.concatenate(counts.units, axis=1)  # (S, 3T)
    numbers: dict[str, Floats] = {}
    if kinds:
        patterns, often = np.unique(table, axis=0, return_counts=True)  # (K, 3T) (K,)
        rng = np.random.default_rng(seed)
        drawn = resample(often, rng) @ patterns.astype(np.float64)  # (1 + R, 3T)
        parts = np.split(drawn, 3, axis=1)  # hits, predicted, support; (1 + R, T) each
        hits, predicted, support = _with_unseen(parts, rng)
        each = ratio(2 * hits, predicted + support)
        numbers["macro_f1"] = ratio(each.sum(axis=1), (predicted + support > 0).sum(axis=1) * 1.0)
        hits, predicted, support = _with_unseen([part.sum(axis=1)[:, None] for part in parts], rng)
        numbers["precision"] = ratio(hits, predicted)[:, 0]
        numbers["f1"] = ratio(2 * hits, predicted + support)[:, 0]
        if counts.units[2].any():
            numbers["recall"] = ratio(hits, support)[:, 0]
    spans = held(numbers, confidence)
    if counts.words.any():
        words, right = counts.words.T
        spans["accuracy"] = wilson_of_groups(right, words, confidence=confidence)
    return spans


def _with_unseen(parts: Sequence[Floats], rng: np.random.Generator) -> tuple[Floats, ...]:
    """Add entities that nobody saw to those found rightly, found, and there to find; (R, T)."""
    hits, predicted, support = parts
    more = plausible.unseen(hits[0], predicted[0] + support[0] - 2 * hits[0], len(hits), rng)
    found = (hits, predicted + more.wrong, support + more.missed)
    return tuple(part + more.right for part in found)


def drawn(
    truth: Sequence[Tags], found: Sequence[Tags], draws: Floats, *, plain: bool | None = None
) -> dict[str, Floats]:
    """Compute F1 and accuracy of sentences drawn again: (R, S) → (R,) each."""
    counts = _count(truth, found, plain)
    hits, predicted, support = (
        draws @ part.sum(axis=1).astype(np.float64) for part in counts.units
    )
    words, right = (draws @ column.astype(np.float64) for column in counts.words.T)
    return {"f1": ratio(2 * hits, predicted + support), "accuracy": ratio(right, words)}


def decode(
    probabilities: Floats, labels: Sequence[str], borders: NDArray[np.int64] | None = None
) -> Ints:
    """Find the likeliest tags of sentences in which every I- continues an entity of its type.

    Of IOB2 tags they are the likeliest of all sequences in which no I-X stands first or after
    anything but B-X and I-X (Viterbi 1967), the words being independent otherwise; of plain ones
    the likeliest tag of each word. The time is linear in the number of words.

    Args:
        probabilities: Of each tag for each word of all S sentences. (W, C)
        labels: The tags, C of them; with each I-X there must be B-X.
        borders: Where sentences begin and end, (S + 1,); None: all words are of one.

    Returns:
        Positions in `labels`. (W,)

    Raises:
        ValueError: The shapes disagree, a probability is NaN, or a type has no B- tag.

    Example:
        >>> decode(np.array([[0.3, 0.3, 0.4], [0.1, 0.3, 0.6]]), ["O", "B-PER", "I-PER"]).tolist()
        [1, 2]
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.shape != (len(probabilities), len(labels)) or not labels:
        raise ValueError(f"expected (W, {len(labels)}) probabilities, got {probabilities.shape}")
    if np.isnan(probabilities).any():
        raise ValueError("a probability is NaN")
    ids = probabilities.argmax(axis=1).astype(np.int64)  # (W,)
    if is_plain(labels):
        return ids
    begins = _begins(labels)  # (C,)
    ends = np.array([0, len(ids)]) if borders is None else borders  # (S + 1,)
    before = np.concatenate([[-1], ids[:-1]])[: len(ids)]  # (W,)
    before[ends[:-1][np.diff(ends) > 0]] = -1
    continues = (before == ids) | (before == begins[ids])
    forbidden = np.flatnonzero(~continues & (begins[ids] >= 0))
    broken = np.unique(np.searchsorted(ends, forbidden, side="right") - 1)  # the others stay as
    broken = broken[np.argsort(-np.diff(ends)[broken], kind="stable")]  # they are: none likelier
    for block in _blocks(np.diff(ends)[broken], len(labels)):
        chosen = broken[block]
        _decode_sentences(probabilities, ids, begins, ends[chosen], np.diff(ends)[chosen])
    return ids


def baseline(
    train_tags: Sequence[Tags], train_words: Sequence[Tags], words: Sequence[Tags]
) -> list[list[str]]:
    """Give each word the tag that it most often has in the training part.

    A word that is not there is looked up in lower case, and otherwise gets "O", or the most
    frequent tag where there is no "O". Of equally frequent tags the alphabetically first counts.

    Args:
        train_tags: Tags of each training sentence.
        train_words: Its words, as many.
        words: Words of each sentence to tag.

    Raises:
        ValueError: A training sentence has not as many tags as words.

    Example:
        >>> baseline([["B-LOC", "O"]], [["Rome", "is"]], [["Is", "Rome", "old"]])
        [['O', 'B-LOC', 'O']]
    """
    _check_lengths(train_words, train_tags)
    kept: defaultdict[str, Counter[str]] = defaultdict(Counter)
    lowered: defaultdict[str, Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    for sentence, tags in zip(train_words, train_tags, strict=True):
        every.update(tags)
        for word, tag in zip(sentence, tags, strict=True):
            kept[word][tag] += 1
            lowered[word.lower()][tag] += 1
    known = {word: _commonest(tags) for word, tags in kept.items()}
    alike = {word: _commonest(tags) for word, tags in lowered.items()}
    other = OUTSIDE if OUTSIDE in every or not every else _commonest(every)
    return [
        [known.get(word) or alike.get(word.lower(), other) for word in sentence]
        for sentence in words
    ]


@dataclass(frozen=True, slots=True)
class _Counts:
    """What S sentences hold of T types."""

    kinds: tuple[str, ...]  # T of them, sorted
    units: Ints  # (3, S, T) found rightly, found, there to find
    words: Ints  # (S, 2) words, words whose tag is right


def _count(truth: Sequence[Tags], found: Sequence[Tags], plain: bool | None) -> _Counts:
    _check_lengths(truth, found)
    if plain is None:
        plain = is_plain({tag for part in (truth, found) for tags in part for tag in tags})
    read = _single_words if plain else entities
    pairs = [
        (set(read(right)), set(read(given))) for right, given in zip(truth, found, strict=True)
    ]
    kinds = sorted({unit[0] for pair in pairs for units in pair for unit in units})
    columns = {kind: t for t, kind in enumerate(kinds)}
    counts = np.zeros((3, len(pairs), len(kinds)), dtype=np.int64)
    for row, (right, given) in enumerate(pairs):
        for part, units in enumerate((right & given, given, right)):
            for kind, _, _ in units:
                counts[part, row, columns[kind]] += 1
    words = [
        (len(right), sum(map(str.__eq__, right, given)))
        for right, given in zip(truth, found, strict=True)
    ]
    return _Counts(tuple(kinds), counts, np.array(words, dtype=np.int64).reshape(-1, 2))


def _check_lengths(one: Sequence[Tags], other: Sequence[Tags]) -> None:
    if len(one) != len(other):
        raise ValueError(f"{len(one)} sentences and {len(other)} sentences")
    for row, (first, second) in enumerate(zip(one, other, strict=True)):
        if len(first) != len(second):
            raise ValueError(f"sentence {row}: {len(first)} words, but {len(second)} tags")


def _single_words(tags: Tags) -> list[Entity]:
    return [(tag, place, place + 1) for place, tag in enumerate(tags) if tag != OUTSIDE]


def _numbers(hits: int, predicted: int, support: int, key: str, why: dict[str, str]) -> Report:
    report: Report = {
        "precision": float(hits / predicted) if predicted else 0.0,
        "recall": float(hits / support) if support else None,
        "f1": float(2 * hits / (predicted + support)) if predicted + support else None,
    }
    if not support:
        why[f"{key}recall"] = "there is nothing to find in this split"
    if not (support or predicted):
        report["precision"] = None
        why |= dict.fromkeys(
            (f"{key}precision", f"{key}f1"), "there is nothing to find, and nothing was found"
        )
    return report


def _begins(labels: Sequence[str]) -> NDArray[np.int64]:
    """Give the position of the B- tag of each I- tag, -1 for all others: (C,)."""
    places = {label: place for place, label in enumerate(labels)}
    for label in labels:
        if label[0] == "I" and f"B{label[1:]}" not in places:
            raise ValueError(f"there is {label!r}, but no 'B{label[1:]}' that it could continue")
    begins = [places[f"B{label[1:]}"] if label[0] == "I" else -1 for label in labels]
    return np.array(begins, dtype=np.int64)


def _is_iob2(tag: str) -> bool:
    return tag == OUTSIDE or tag in UNTYPED_TAGS or (tag[:2] in ("B-", "I-") and bool(tag[2:]))


def _blocks(lengths: Ints, labels: int) -> Iterator[slice]:
    """Part sentences, the longest first, so that a block holds at most `BLOCK` cells."""
    first = 0
    while first < len(lengths):
        count = max(1, BLOCK // (int(lengths[first]) * labels))
        yield slice(first, first + count)
        first += count


def _decode_sentences(
    probabilities: Floats, ids: Ints, begins: Ints, firsts: Ints, lengths: Ints
) -> None:
    """Write the best sequences of which no part is forbidden into `ids`, word by word of all.

    Args:
        probabilities: Of each tag for each word. (W, C)
        ids: Is written into. (W,)
        begins: As `_begins` gives them. (C,)
        firsts: First word of each of K sentences, the longest sentence first. (K,)
        lengths: Their words, at least 1. (K,)
    """
    tiny = np.finfo(np.float64).tiny
    inside = np.flatnonzero(begins >= 0)  # (J,)
    opens = begins[inside]
    longest, sentences = int(lengths[0]), np.arange(len(firsts))
    came = np.zeros((longest, len(firsts), len(begins)), dtype=np.int16)  # from which tag
    best = np.log(probabilities[firsts].clip(tiny))  # (K, C) of the best one ending in each tag
    best[:, inside] = -np.inf
    for place in range(1, longest):
        now = sentences[: np.searchsorted(-lengths, -place)]  # that have so many words
        held = best[now]
        likeliest = held.argmax(axis=1)  # (K,)
        reached = np.repeat(held[now, likeliest][:, None], len(begins), axis=1)
        begun, continued = held[:, opens], held[:, inside]  # (K, J) each
        reached[:, inside] = np.maximum(begun, continued)
        came[place, now] = likeliest[:, None]
        came[place][now[:, None], inside] = np.where(continued > begun, inside, opens)
        best[now] = reached + np.log(probabilities[firsts[now] + place].clip(tiny))
    last = best.argmax(axis=1)  # (K,) tags
    for place in range(longest - 1, -1, -1):
        now = sentences[: np.searchsorted(-lengths, -place)]
        ids[firsts[now] + place] = last[now]
        last[now] = came[place, now, last[now]]


def _commonest(tags: Counter[str]) -> str:
    return min(tags, key=lambda tag: (-tags[tag], tag))
