"""Texts and a tokenizer become what their words cost in its pieces, and whether it knows them.

A tokenizer that does not know a script writes its signs as unknown pieces, or its words sign by
sign; one of bytes knows every sign and writes each in several pieces. One of another language of
the same script writes most words in several pieces.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from textune.records import Example, Finding
from textune.text import fertility
from textune.text.tokenizers import Tokenizer

MOST = 1_000  # texts that are looked at
MOST_CHARACTERS = 4_000  # of each
MUCH = 0.1  # share of unknown pieces, from which learning suffers
MANY = 4.0  # pieces a word, from which words are hardly known
BARE = 1.35  # signs a piece, below which words are written letter by letter
LONG = 3.0  # signs a word, from which a piece a sign is too little: not where each sign is a word
BYTES = 0.75  # signs a piece, below which each sign takes several
LEAST = 100  # words below which nothing is said of pieces a word
BROKEN = 0.4  # share of words in several pieces; English by BERT's: 0.02 to 0.22, French: 0.43
OF_ONE_LANGUAGE = range(20_000, 100_000)  # pieces of a vocabulary whose own words are mostly whole
MOST_OF_ALL = 100_000  # characters of the texts that are looked at for that
OTHERS = "bert-base-multilingual-cased, xlm-roberta-base or intfloat/multilingual-e5-small"
Words = Callable[[str], Iterable[object]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What some texts cost in the pieces of a tokenizer."""

    texts: int
    words: int
    signs: int  # but for white space
    pieces: int
    unknown: int  # pieces
    rows: tuple[str, ...]  # the first that hold unknown ones
    broken: float = 0.0  # share of words in several pieces

    @property
    def pieces_per_word(self) -> float:
        """Return how many pieces a word takes in the mean."""
        return self.pieces / max(1, self.words)

    @property
    def unknown_share(self) -> float:
        """Return the share of pieces that stand for what the tokenizer does not know."""
        return self.unknown / max(1, self.pieces)

    @property
    def is_foreign(self) -> bool:
        """Tell whether so many words are written in several pieces as in another language."""
        return self.words >= LEAST and self.broken >= BROKEN

    @property
    def is_spelled(self) -> bool:
        """Tell whether words are written nearly sign by sign, or by bytes."""
        if self.words < LEAST:
            return False
        signs = self.signs / max(1, self.pieces)
        is_long = self.signs >= LONG * self.words
        return self.pieces_per_word >= MANY or signs < BYTES or (signs < BARE and is_long)

    def to_json(self) -> dict[str, float]:
        """Return it as plain values."""
        return {
            "words": self.words,
            "pieces_per_word": self.pieces_per_word,
            "unknown_share": self.unknown_share,
        }


def beginning(example: Example) -> Example:
    """Shorten the texts of an example to what is looked at."""
    pair = None if example.pair is None else example.pair[:MOST_CHARACTERS]
    return replace(example, text=example.text[:MOST_CHARACTERS], pair=pair)


def cost(tokenizer: Tokenizer, examples: Sequence[Example], words: Words) -> Cost:
    """Count the pieces of some texts.

    Args:
        tokenizer: Of the base.
        examples: The first are looked at.
        words: Finds the words of a text.
    """
    unknown = tokenizer.unknown_id()
    short = [beginning(item) for item in examples[:MOST]]
    texts = [(text, item.origin) for item in short for text in (item.text, item.pair) if text]
    found = tokenizer.encode([text for text, _ in texts]) if texts else []
    counts = [int(np.count_nonzero(ids == unknown)) if unknown is not None else 0 for ids in found]
    rows = [origin for (_, origin), count in zip(texts, counts, strict=True) if count]
    return Cost(
        texts=len(texts),
        words=sum(len(list(words(text))) for text, _ in texts),
        signs=sum(len(text) - sum(map(str.isspace, text)) for text, _ in texts),
        pieces=sum(map(len, found)),
        unknown=sum(counts),
        rows=tuple(dict.fromkeys(rows))[:3],
        broken=_broken(tokenizer, [text for text, _ in texts]),
    )


def _broken(tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Return the share of words in several pieces, if the vocabulary is of one language."""
    if tokenizer.backend.get_vocab_size() not in OF_ONE_LANGUAGE:
        return 0.0
    ends = np.cumsum([0, *map(len, texts)])
    some = texts[: int(np.searchsorted(ends, MOST_OF_ALL))]
    return fertility.broken_share(some, tokenizer)


def finding(tokenizer: Tokenizer, found: Cost) -> Finding | None:
    """Warn where many pieces are unknown, or words are written in several; else None."""
    place = Path(tokenizer.place)
    name = place.parent.name if place.name == "model" else place.name
    if found.unknown and found.unknown >= MUCH * found.pieces:
        message = (
            f"{found.unknown_share:.0%} of the pieces of {found.texts:,} texts are unknown to the "
            f"tokenizer of {name}: what they mean cannot be learned; name an encoder that knows "
            f"this script with --base (for many languages {OTHERS}), make one from plain text of "
            "this language with `textune pretrain`, or add its words with `textune adapt "
            "--add-words`"
        )
        return Finding("unknown", "warning", message, found.unknown, found.rows)
    if found.is_spelled:
        message = (
            f"a word takes {found.pieces_per_word:.1f} pieces of the tokenizer of {name} in the "
            "mean, nearly a piece a letter: it hardly knows this language or script, and learning "
            f"suffers; name an encoder that does with --base (for many languages {OTHERS}), or "
            "make one from plain text of this language with `textune pretrain`"
        )
        return Finding("unknown", "warning", message, found.pieces)
    if not found.is_foreign:
        return None
    message = (
        f"{found.broken:.0%} of the words are written in several pieces of the tokenizer of "
        f"{name}, as are those of a language that it was not made for: its encoder may hardly know "
        "them; one that has read this language, by --base, may do much better (for many languages "
        f"{OTHERS})"
    )
    return Finding("unknown", "warning", message, found.pieces)


class Counter:
    """Counts in each text the pieces that stand for what a tokenizer does not know, once."""

    def __init__(
        self, opened: Callable[[], Tokenizer], known: Mapping[str, int] | None = None
    ) -> None:
        """Begin to count.

        Args:
            opened: Returns the tokenizer; it is not asked where all counts are known.
            known: Counts of texts, by each text.
        """
        self._opened = opened
        self.known = dict(known or {})

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Return the count of each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known |= zip(new, counts(self._opened(), new), strict=True)
        return [self.known[text] for text in texts]


def counts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Count in each text the pieces that stand for what a tokenizer does not know."""
    unknown = tokenizer.unknown_id()
    if unknown is None or not texts:
        return [0] * len(texts)
    return [int(np.count_nonzero(ids == unknown)) for ids in tokenizer.encode(texts)]
