"""Tags written as brackets become tags in IOB2: "(PER*", "*", "*)" is B-PER, I-PER, I-PER.

So CoNLL-2012 (OntoNotes) and CoNLL-2005 write entities and roles; "(GPE)" or "(GPE*)" is one word.
Brackets within brackets, as those of parse trees, are no such tags and stay as they are.
"""

import re
from collections.abc import Collection, Sequence

MOST = 0.98  # share of the sentences whose brackets match
_TAG = re.compile(r"(\([^()*\s]+)?\*(\))?|(\([^()*\s]+)(\))")
_BITS = re.compile(r"(\([^()*\s]+)*\*?\)*")  # of a parse tree

Words = Sequence[Sequence[str]]

ONTONOTES = (
    *("document", "part", "number", "word", "pos", "parse", "lemma", "frameset", "sense"),
    *("speaker", "entity"),
)
"""Columns of CoNLL-2012, before those of each predicate's arguments and that of coreference."""


def are_ontonotes(lines_of_cells: Words) -> bool:
    """Tell lines of CoNLL-2012, whose number of columns is that of a sentence's predicates."""
    last = len(ONTONOTES) - 1
    return bool(lines_of_cells) and all(
        len(cells) > last + 1
        and cells[1].isdecimal()
        and cells[2].isdecimal()
        and _BITS.fullmatch(cells[5]) is not None
        and _TAG.fullmatch(cells[last]) is not None
        for cells in lines_of_cells
    )


def places(sentences: Sequence[Words]) -> frozenset[int]:
    """Find the columns that hold such tags, by sentences of words with as many cells each."""
    width = len(sentences[0][0]) if sentences else 0
    return frozenset(place for place in range(width) if _are_tags(sentences, place))


def _are_tags(sentences: Sequence[Words], place: int) -> bool:
    columns = [[cells[place] for cells in words] for words in sentences]
    found = [to_iob2(column) for column in columns]
    is_marked = any(tag.startswith("(") for column in columns for tag in column)
    return is_marked and sum(tags is not None for tags in found) >= MOST * len(found)


def converted(words: Words, columns: Collection[int]) -> list[list[str]] | None:
    """Write some columns of a sentence in IOB2; None where brackets of one do not match.

    Example:
        >>> converted([["Mary", "(PER*"], ["Ann", "*)"], ["left", "*"]], [1])
        [['Mary', 'B-PER'], ['Ann', 'I-PER'], ['left', 'O']]
    """
    rows = [list(cells) for cells in words]
    for place in columns:
        tags = to_iob2([cells[place] for cells in words])
        if tags is None:
            return None
        for cells, tag in zip(rows, tags, strict=True):
            cells[place] = tag
    return rows


def to_iob2(tags: Sequence[str]) -> list[str] | None:
    """Write the tags of a sentence in IOB2; None where some are none, or brackets do not match."""
    written: list[str] = []
    inside = ""
    for tag in tags:
        found = _TAG.fullmatch(tag.strip())
        if found is None:
            return None
        begins = (found[1] or found[3] or "").removeprefix("(")
        ends = bool(found[2] or found[4])
        if (begins and inside) or (ends and not (begins or inside)):
            return None
        written.append(f"B-{begins}" if begins else f"I-{inside}" if inside else "O")
        inside = "" if ends else begins or inside
    return None if inside else written
