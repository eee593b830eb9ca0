"""What the last column of CoNLL-U (MISC) says of entities becomes a column of tags: NER=B-PER."""

import re
from collections import Counter
from collections.abc import Sequence

_MARK = re.compile(r"(?:^|\|)([^|=]+)=[BIESLU]-[^|]+")  # of a word of an entity


def feature(found: Sequence[Sequence[Sequence[str]]], place: int) -> str:
    """Name the feature of a column that marks entities, "" where none does."""
    counts = Counter(
        match[1] for words in found for cells in words for match in _MARK.finditer(cells[place])
    )
    return counts.most_common(1)[0][0] if counts else ""


def with_feature(words: list[list[str]], name: str) -> list[list[str]]:
    """Add what a feature of the last column says of each word: nothing is O."""
    if not name:
        return words
    held = (dict(part.partition("=")[::2] for part in cells[-1].split("|")) for cells in words)
    return [[*cells, said.get(name, "O")] for cells, said in zip(words, held, strict=True)]
