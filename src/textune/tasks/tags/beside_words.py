"""Columns beside words and their tags become doubts: classes of the texts, and other texts."""

from collections.abc import Iterator

from textune.data import names
from textune.data.choice import option
from textune.data.columns import Column, Scan

QUESTIONS = frozenset(["question", "query", "questions", "claim", "hypothesis"])


def doubts(seen: Scan, words: Column, tags: Column, *, headed: bool) -> Iterator[str]:
    """Say what else a table of words and tags could teach, and what its tags may hang on.

    Args:
        seen: The table.
        words: Its words.
        tags: Their tags.
        headed: Whether somebody named the columns.
    """
    others = [one for one in seen.columns if one not in (words, tags)] if headed else []
    texts = [one for one in others if one.kind == "text"]
    for other in others:
        if other.kind == "category" and texts and names.label_evidence(other.name) >= 4:
            both = f"{option('--text', texts[:1])} with {option('--label', [other])}"
            yield f"{other.name!r} could be the one label of each text instead: {both}"
    for other in texts:
        if other.name.lower() in QUESTIONS:
            yield (
                f"{other.name!r} is left out, though the tags of {words.name!r} may be its answer: "
                "words are tagged by their own text alone; for answers in a passage write the "
                "passage and the answer as text (--task answers)"
            )
