"""Words with tags become what is doubtful: none is marked, letters, sentences, no borders."""

import re
from collections.abc import Iterator

from textune.records import OUTSIDE, Example, Finding

MOSTLY = 0.9  # share of words that are one letter, or hold spaces, from which the cut is at fault
SPACED = 0.2
LONG = 200  # words a sentence on average, above which the borders are missing
LEAST = 20  # words below which nothing is said of their kind
_LETTER = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


class WordCensus:
    """Counts what words and tags look like, while sentences pass by."""

    def __init__(self, *, marks_entities: bool, are_sentences: bool = True) -> None:
        self._are_sentences = are_sentences  # or texts of any length, in which spans are marked
        self._marks_entities = marks_entities
        self._sentences = self._words = self._letters = self._spaced = self._marked = 0
        self._longest = 0
        self._tags: set[str] = set()  # the first few
        self._first = ""

    def add(self, example: Example) -> None:
        """Take a sentence into account."""
        if example.words is None:
            return
        self._first = self._first or example.origin
        self._sentences += 1
        self._words += len(example.words)
        self._longest = max(self._longest, len(example.words))
        self._marked += any(tag != OUTSIDE for tag in example.label or ())
        if len(self._tags) < 2:
            self._tags.update(example.label or ())
        for start, end in example.words:
            word = example.text[start:end]
            self._spaced += len(word.split()) > 2
            is_letter = len(word) == 1 and _LETTER.match(word) and not _UNSPACED.match(word)
            self._letters += bool(is_letter)
            self._words -= not word.strip()  # a space where each character is a word

    def findings(self) -> Iterator[Finding]:
        """Say what is doubtful, the gravest first."""
        words = self._words
        if self._sentences and self._marks_entities and not self._marked:
            message = (
                f"every tag is O: no entity is marked in {words:,} words of {self._sentences:,} "
                "texts, so that nothing can be learned; export the layer that holds the entities, "
                "or name another column with --label"
            )
            yield Finding("class", "error", message, self._sentences, (self._first,))
        if len(self._tags) == 1 and not self._marks_entities:
            message = (
                f"every tag is {next(iter(self._tags))!r}: there is nothing to tell apart in "
                f"{words:,} words; export the layer with the tags, or name another column with "
                "--label"
            )
            yield Finding("class", "error", message, self._sentences, (self._first,))
        if words >= LEAST and self._letters >= MOSTLY * words:
            message = (
                f"{self._letters / words:.0%} of the words are single letters: the text was cut "
                "into characters, and a model of letters reads whole words when it predicts; "
                "export words instead"
            )
            yield Finding("words", "warning", message, self._letters, (self._first,))
        if words and self._spaced >= SPACED * words:
            message = (
                f"{self._spaced / words:.0%} of the words hold several words themselves: whole "
                "sentences stand where one word is expected; write one word a line"
            )
            yield Finding("words", "warning", message, self._spaced, (self._first,))
        if self._are_sentences and self._sentences and words > LONG * self._sentences:
            message = (
                f"{words:,} words are {self._sentences:,} sentence"
                f"{'s' if self._sentences > 1 else ''}, the longest of {self._longest:,} words: "
                "blank lines between sentences seem to be missing"
            )
            yield Finding("words", "warning", message, self._sentences, (self._first,))
