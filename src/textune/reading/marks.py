"""Cells beside words tell what they are: names of columns, or types of entities alone."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

MOST = 0.6  # share of the lines with as many columns as most, and of tags that are of a scheme
OFTEN = 5  # times that types in capitals occur, in the mean
TYPE = re.compile(r"[A-Z][A-Z_-]+")
# fmt: off
ENTITIES = frozenset(["gpe", "loc", "location", "misc", "miscellaneous", "org", "organisation",
                      "organization", "per", "person", "place"])
# fmt: on
WORDS = frozenset(["form", "forms", "text", "token", "tokens", "word", "words"])


def are_names(names: Sequence[str], words: Sequence[list[str]]) -> bool:
    """Tell a first line of names, TOKEN and NE-COARSE, of which no cell below is one."""
    if len(names) < 3 or names[0] not in WORDS or len(words) < 2 or len(set(names)) < len(names):
        return False
    columns = zip(*words, strict=True)
    return not any(
        name in {cell.strip().lower() for cell in column}
        for name, column in zip(names[1:], islice(columns, 1, None), strict=True)
    )


def are_types(tags: Sequence[str]) -> bool:
    """Tell few types in capitals and, for most words, the 0 or O of those that have none.

    Of types that are known by their names neither is asked.
    """
    kinds = Counter(tag.strip() for tag in tags)
    outside = kinds.pop("0", 0) + kinds.pop("O", 0)
    often = len(tags) - outside >= OFTEN * len(kinds)
    if name_entities(kinds):
        return often and outside > 0
    often = often and all(map(TYPE.fullmatch, kinds))
    return bool(kinds) and often and outside >= MOST * len(tags)


def name_entities(kinds: Iterable[str]) -> bool:
    """Tell types of entities by their names: two or more that most such files have."""
    return len(ENTITIES.intersection(kind.lower() for kind in kinds)) > 1
