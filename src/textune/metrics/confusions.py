"""True and found entities become kinds of mistakes: borders, types, missed ones, spurious ones.

Each entity is counted once. Equal ones are right; of the rest, in the order of the sentence, those
of the same words are of a wrong type, then those that overlap have wrong borders (of the same type
first); what then is left of the truth is missed, and of the predictions spurious.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from textune.metrics import catalogue
from textune.metrics.entities import Entity, Tags, entities

KINDS = tuple(catalogue.CONFUSIONS)
MOST_PAIRS = 20  # of types that were taken for each other
Test = Callable[[Entity, Entity], bool]

_STAGES: tuple[tuple[str, Test], ...] = (
    ("correct", lambda true, given: true == given),
    ("type", lambda true, given: true[1:] == given[1:]),
    ("boundary", lambda true, given: true[0] == given[0] and _overlap(true, given)),
    ("boundary_and_type", lambda true, given: _overlap(true, given)),
)


def count(truth: Sequence[Tags], found: Sequence[Tags]) -> dict[str, object]:
    """Count the kinds of mistakes in all sentences.

    Args:
        truth: The right tags in IOB2, one for each word of each sentence.
        found: The tags given, as many.

    Returns:
        `KINDS` and how many of each there are, and "pairs": true type, type given and how often,
        where they differ, the most frequent first.

    Example:
        >>> found = count([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "B-ORG", "O"]])
        >>> found["boundary"], found["missed"], found["spurious"]
        (1, 1, 1)
    """
    counts: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for right, given in zip(truth, found, strict=True):
        left, spare = entities(right), entities(given)
        for kind, is_alike in _STAGES:
            for true in list(left):
                match = next((one for one in spare if is_alike(true, one)), None)
                if match is None:
                    continue
                left.remove(true)
                spare.remove(match)
                counts[kind] += 1
                if true[0] != match[0]:
                    pairs[true[0], match[0]] += 1
        counts["missed"] += len(left)
        counts["spurious"] += len(spare)
    common = [[true, given, often] for (true, given), often in pairs.most_common(MOST_PAIRS)]
    return {kind: counts[kind] for kind in KINDS} | {"pairs": common}


def _overlap(one: Entity, other: Entity) -> bool:
    return one[1] < other[2] and other[1] < one[2]
