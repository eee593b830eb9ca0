"""What a model finds in sentences as plain text, beside the entities of their given words."""

from collections import Counter
from collections.abc import Iterable, Sequence

from textune.metrics import entities
from textune.metrics.metrics import Report
from textune.records import Example, Prediction

Found = tuple[int, int, str]  # characters from and to, and the type or the tag


def judge(golds: Sequence[Example], found: Iterable[Prediction], *, marks_entities: bool) -> Report:
    """Compare what was found in plain text with what stands there, by characters.

    Args:
        golds: Sentences with their words and tags.
        found: Predictions for the same texts, cut into words anew.
        marks_entities: Whether tags mark entities; else each word's tag is compared.

    Returns:
        "precision", "recall", "f1" (of tags: of words with the right tag), and "cut_otherwise", the
        share of the given words that are none in plain text.
    """
    counts: Counter[str] = Counter()
    for gold, prediction in zip(golds, found, strict=True):
        words = gold.words or ()
        true = _marks(words, gold.label or (), marks_entities)
        said = _marks(prediction.words, prediction.labels, marks_entities)
        counts["right"] += len(true & said)
        counts["true"] += len(true)
        counts["said"] += len(said)
        counts["words"] += len(words)
        counts["otherwise"] += len({*words} - {*prediction.words})
    precision = counts["right"] / max(1, counts["said"])
    recall = counts["right"] / max(1, counts["true"])
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-12, precision + recall),
        "cut_otherwise": counts["otherwise"] / max(1, counts["words"]),
    }


def _marks(
    words: Sequence[tuple[int, int]], tags: Sequence[str], marks_entities: bool
) -> set[Found]:
    if not marks_entities:
        return {(start, end, tag) for (start, end), tag in zip(words, tags, strict=True)}
    return {
        (words[begin][0], words[end - 1][1], kind) for kind, begin, end in entities.entities(tags)
    }
