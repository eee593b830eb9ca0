"""Tables of words and their tags that cannot be read so are refused, before they are misread."""

import re
from collections.abc import Sequence

from textune.data.columns import Column
from textune.errors import DataError
from textune.records import Table
from textune.tasks.tags.word_lists import read_list

WORD_TAG = re.compile(r"O|[BIESLU]-\S+")  # how a word of a name is marked in CoNLL files
TAG_ENDS = re.compile(r"[\s,;|]+")  # between tags that are no list


def refuse(table: Table, texts: Sequence[Column], labels: Sequence[Column]) -> None:
    """Refuse a file of words with a tag each, of which a classifier would learn nonsense."""
    _refuse_joined(table, labels)
    one, *others = texts
    tags: Sequence[str] = ()
    if len(labels) == 1 and one.words < 1.5:
        tags = tuple(labels[0].counts or ())
    elif not labels and not others and one.words > 1:
        tags = [cell.split()[-1] for cell in one.cells]
    marked = sum(WORD_TAG.fullmatch(tag) is not None for tag in tags)
    if any(tag[:2] in ("B-", "I-") for tag in tags) and marked >= 0.9 * len(tags):
        raise DataError(
            f"{table.name}: this is one word a row, each with a tag such as "
            f"{next(tag for tag in tags if tag[:2] in ('B-', 'I-'))!r}; textune reads such words "
            "as CoNLL files have them (word and tag parted by a tab, a blank line after each "
            "sentence), or else one text a row: write them so, or if every row is a text, say so "
            "with --task single or --task plain"
        )


def _refuse_joined(table: Table, labels: Sequence[Column]) -> None:
    """Refuse cells with a tag for each word of a text that is no list of words."""
    if len(labels) != 1 or not labels[0].cells:
        return
    tags = [read_list(cell) or TAG_ENDS.split(cell) for cell in labels[0].cells]
    every = [tag for found in tags for tag in found]
    marked = sum(WORD_TAG.fullmatch(tag) is not None for tag in every)
    is_marked = any(tag[:2] in ("B-", "I-") for tag in every) and "O" in every
    if is_marked and marked >= 0.9 * len(every) and len(every) > 2 * len(tags):
        raise DataError(
            f"{table.name}: column {labels[0].name!r} holds a tag for each word, such as "
            f"{labels[0].cells[0][:40]!r}, but which the words are is not said; write both as "
            'lists, as {"words": ["EU", "said"], "tags": ["B-ORG", "O"]}, or a CoNLL file, or if '
            "they are labels of whole texts, say so with --task single or --task multi"
        )
