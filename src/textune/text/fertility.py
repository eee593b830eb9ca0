"""Texts and a tokenizer become what it costs to write them in its pieces.

A word is what the tokenizer's own pre-tokenization parts from its neighbours, if it has a letter.
It is taken as it stands inside a text, after a space. Its form is the tokenizer's: in lower case
where that knows no other. All sums are exact; of the words themselves the frequent ones are kept
(those seen once are the first to go), so that any amount of text fits into memory.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from tokenizers import Encoding
from tokenizers import Tokenizer as Backend

from textune.errors import DataError
from textune.text import wordpiece
from textune.text.tokenizers import Tokenizer

MOST_WORDS = 1_000_000  # that are kept
SHOWN = 20  # words that cost most
NUMBERS = (100, 500, 1000, 5000)  # of added words for which savings are counted
LEAST_OCCURRENCES = 3  # of a word that is worth adding
TOGETHER = 8192  # stretches encoded in one call


@dataclass(frozen=True, slots=True)
class Broken:
    """A word that is written in several pieces."""

    word: str
    occurrences: int
    pieces: float  # per occurrence; no whole number where it depends on what stands before
    saved: int  # tokens that one piece for it would save


@dataclass(frozen=True, slots=True)
class Saving:
    """What the most valuable words would save, if each were one piece."""

    words: int
    tokens: int
    share: float  # of all tokens


@dataclass(frozen=True, slots=True)
class Fertility:
    """What texts cost in the pieces of a tokenizer; `dataclasses.asdict` makes JSON of it."""

    words: int
    tokens: int  # all pieces, punctuation included, special ones around a text not
    pieces_per_word: float
    one_piece_share: float  # of the words
    unknown_share: float  # of the tokens
    broken: tuple[Broken, ...]  # the SHOWN that cost most, dearest first
    candidates: int  # words that are worth adding, see `propose`
    savings: tuple[Saving, ...]  # for each of NUMBERS that there are candidates for


def measure(texts: Iterable[str], tokenizer: Tokenizer) -> Fertility:
    """Read texts once and count what they cost.

    Raises:
        DataError: There is no word in the texts.
    """
    tally = _read(texts, tokenizer)
    dearest = sorted(tally.extra, key=tally.rank)
    worth = [tally.extra[word] for word in dearest if tally.is_candidate(word)]
    return Fertility(
        words=tally.words,
        tokens=tally.tokens,
        pieces_per_word=tally.pieces / tally.words,
        one_piece_share=tally.whole / tally.words,
        unknown_share=tally.unknown / tally.tokens,
        broken=tuple(map(tally.broken, dearest[:SHOWN])),
        candidates=len(worth),
        savings=tuple(
            Saving(number, sum(worth[:number]), sum(worth[:number]) / tally.tokens)
            for number in NUMBERS
            if number <= len(worth)
        ),
    )


def broken_share(texts: Iterable[str], tokenizer: Tokenizer) -> float:
    """Return the share of words that are written in several pieces; 0 where there is no word."""
    tally = _tally(texts, tokenizer)
    return sum(tally.occurrences.values()) / max(1, tally.words)


def propose(texts: Iterable[str], tokenizer: Tokenizer, number: int) -> list[str]:
    """Choose the words to add to a vocabulary: those that would save most tokens.

    A candidate has two pieces and LEAST_OCCURRENCES occurrences or more, and more than
    half of its signs are letters.

    Returns:
        The words, best first; of equal value in the order of the alphabet.

    Raises:
        DataError: There is no word in the texts.
    """
    tally = _read(texts, tokenizer)
    return sorted(filter(tally.is_candidate, tally.extra), key=tally.rank)[:number]


def form(word: str, backend: Backend) -> str:
    """Return a word as the tokenizer sees it, without the sign that stands for a space."""
    if backend.normalizer is not None:
        word = backend.normalizer.normalize_str(word)
    return word.strip().strip("▁")


@dataclass(slots=True)
class _Tally:
    words: int = 0
    tokens: int = 0
    pieces: int = 0  # of words
    whole: int = 0  # words in one piece that is known
    unknown: int = 0  # tokens
    occurrences: Counter[str] = field(default_factory=Counter)  # of words in several pieces
    extra: Counter[str] = field(default_factory=Counter)  # pieces beyond the first of each

    def add(self, word: str, pieces: int, unknown: int, count: int) -> None:
        self.tokens += pieces * count
        self.unknown += unknown * count
        if not any(map(str.isalpha, word)):
            return
        self.words += count
        self.pieces += pieces * count
        if pieces == 1:
            self.whole += 0 if unknown else count
        else:
            self.occurrences[word] += count
            self.extra[word] += (pieces - 1) * count

    def prune(self) -> None:
        wordpiece.prune(self.occurrences, MOST_WORDS)
        if len(self.occurrences) < len(self.extra):
            self.extra = Counter({word: self.extra[word] for word in self.occurrences})

    def rank(self, word: str) -> tuple[int, str]:
        return -self.extra[word], word

    def is_candidate(self, word: str) -> bool:
        letters = sum(unicodedata.category(sign)[0] in "LM" for sign in word)
        return self.occurrences[word] >= LEAST_OCCURRENCES and 2 * letters > len(word)

    def broken(self, word: str) -> Broken:
        count, saved = self.occurrences[word], self.extra[word]
        return Broken(word, occurrences=count, pieces=saved / count + 1, saved=saved)


def _read(texts: Iterable[str], tokenizer: Tokenizer) -> _Tally:
    tally = _tally(texts, tokenizer)
    if not tally.words:
        raise DataError(
            f"the text holds no word that could be measured with the tokenizer of "
            f"{tokenizer.place}; give files with text"
        )
    return tally


def _tally(texts: Iterable[str], tokenizer: Tokenizer) -> _Tally:
    backend, tally = tokenizer.backend, _Tally()
    unknown = tokenizer.unknown_id()
    for stretches in wordpiece.counts(texts):
        for (word, pieces, strange), count in _words(stretches, backend, unknown).items():
            tally.add(form(word, backend), pieces, strange, count)
        tally.prune()
    return tally


def _words(
    stretches: Counter[str], backend: Backend, unknown: int | None
) -> Counter[tuple[str, int, int]]:
    """Count words as they are written, each with its number of pieces and of unknown ones."""
    found: Counter[tuple[str, int, int]] = Counter()
    different = [f" {stretch}" for stretch in stretches]
    numbers = list(stretches.values())
    for start in range(0, len(different), TOGETHER):
        some = slice(start, start + TOGETHER)
        encodings = backend.encode_batch(different[some], add_special_tokens=False)
        for stretch, encoding, count in zip(different[some], encodings, numbers[some], strict=True):
            for part in _parts(stretch, encoding, unknown):
                found[part] += count
    return found


def _parts(stretch: str, encoding: Encoding, unknown: int | None) -> Iterator[tuple[str, int, int]]:
    ids, offsets = encoding.ids, encoding.offsets
    for _, places in groupby(range(len(ids)), key=encoding.word_ids.__getitem__):
        inside = list(places)
        word = stretch[offsets[inside[0]][0] : offsets[inside[-1]][1]]
        yield word, len(inside), sum(ids[place] == unknown for place in inside)
