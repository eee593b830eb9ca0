"""The words of a training file become the way in which plain text is cut for its model.

Text is first parted at white space and into runs of letters and digits and single signs; a cut says
which of these belong together in words of the file: mail addresses, "U.S.", "O'Neill", "#topic",
"http://…" where they do, "do" and "n't" where they are parted. It is a list of rules, each a text:

    inside SIGNS aa    signs between letters stay in the word (00 between digits, a0 and 0a between)
    begin SIGN         a sign before letters or digits begins their word
    end SIGN           a sign after them ends it
    run SIGNS          signs that are one word
    clitic 's          an end that is a word of its own
    word U.S.          a word as it stands
    whole url          what looks like an address (url, mail, initials), or unspaced script
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from textune.data.words import UNSPACED, Word, words_of
from textune.errors import excerpt
from textune.records import Example, Finding

Cut = tuple[str, ...]
MOST_WORDS = 500  # words that are kept as they stand, the most frequent
MOST_COUNTED = 100_000  # different words with signs in them that are counted
MOST_COMPARED = 1_000_000  # words that are compared with those of plain text
WORTH = 0.02  # share of words cut otherwise, from which it is a warning
KEPT = 0.1  # signs inside words / the same signs apart, from which they stay inside
_KINDS = {
    "url": re.compile(r"(?:https?|ftp)://\S+|www\.\S+"),
    "mail": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "initials": re.compile(r"(?:[^\W\d_]\.){2,}"),
}
_AFTER = re.compile(
    r"[.,;:!?)\]}'\"\u00bb\u201d\u2019]+\Z"
)  # what follows an address in running text
_CLITIC = re.compile(r"['\u2019]\w{1,3}|n['\u2019]t", re.IGNORECASE)
_SIGNS = re.compile(r"[^\w\s]+")
_INNER = re.compile(r"(?<=\w)[^\w\s]+(?=\w)")


class CutCensus:
    """Counts where the signs of words stand, while the sentences of a file pass by."""

    def __init__(self) -> None:
        self._inside: Counter[tuple[str, str]] = Counter()  # signs, and what is around them
        self._apart: Counter[tuple[str, str]] = Counter()  # the same as words between others
        self._begin: Counter[str] = Counter()
        self._end: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._clitics: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._words: Counter[str] = Counter()  # that hold signs and letters
        self._unspaced = [0, 0]  # words of one such sign, of several

    def add(self, words: Sequence[str]) -> None:
        """Take a sentence into account."""
        for place, word in enumerate(words):
            if word.isalnum() and word.isascii():
                continue
            if not _SIGNS.search(word):
                signs = len(UNSPACED.findall(word))
                self._unspaced[signs > 1] += signs > 0
            elif _SIGNS.fullmatch(word):
                self._alone[word] += 1
                if 0 < place < len(words) - 1:
                    around = _around(words[place - 1][-1:], words[place + 1][:1])
                    self._apart[word, around] += 1
            elif _CLITIC.fullmatch(word) and place > 0:
                self._clitics[word.lower()] += 1
            elif " " not in word:
                self._add_mixed(word)

    def cut(self) -> Cut:
        """Give the rules by which the words are cut."""
        inside = [
            f"inside {signs} {around}"
            for (signs, around), count in self._inside.items()
            if count >= KEPT * self._apart[signs, around]
        ]
        begin = [f"begin {sign}" for sign, n in self._begin.items() if n > self._alone[sign]]
        end = [f"end {sign}" for sign, n in self._end.items() if n > self._alone[sign]]
        runs = [f"run {signs}" for signs, n in self._alone.items() if len(signs) > 1 and n > 1]
        clitics = [f"clitic {word}" for word in self._clitics]
        kinds = [f"whole {kind}" for kind in self._kinds]
        kinds += ["whole unspaced"] if self._unspaced[1] > self._unspaced[0] else []
        rules = tuple(sorted([*inside, *begin, *end, *runs, *clitics, *kinds]))
        cutter = Cutter.of(rules)
        odd = [
            word for word, _ in self._words.most_common(20 * MOST_WORDS) if len(cutter(word)) > 1
        ]
        return (*rules, *(f"word {word}" for word in odd[:MOST_WORDS]))

    def _add_mixed(self, word: str) -> None:
        kind = next((kind for kind, form in _KINDS.items() if form.fullmatch(word)), None)
        if kind is not None:
            self._kinds[kind] += 1
            return
        if word in self._words or len(self._words) < MOST_COUNTED:
            self._words[word] += 1
        for found in _INNER.finditer(word):
            around = _around(word[found.start() - 1], word[found.end()])
            self._inside[found[0], around] += 1
        if len(word) > 1 and not _is_letter(word[0]) and _is_letter(word[1]):
            self._begin[word[0]] += 1
        if len(word) > 1 and not _is_letter(word[-1]) and _is_letter(word[-2]):
            self._end[word[-1]] += 1


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts text by rules; without any, as `words_of` does."""

    rules: frozenset[str]
    runs: tuple[str, ...]  # the longest first
    clitics: tuple[str, ...]  # the longest first
    kinds: tuple[str, ...]

    @staticmethod
    @lru_cache(maxsize=64)
    def of(cut: Cut) -> "Cutter":
        """Prepare the rules of a cut."""

        def named(kind: str) -> tuple[str, ...]:
            found = [rule.partition(" ")[2] for rule in cut if rule.startswith(f"{kind} ")]
            return tuple(sorted(found, key=lambda rule: (-len(rule), rule)))

        return Cutter(frozenset(cut), named("run"), named("clitic"), named("whole"))

    def __call__(self, text: str) -> tuple[Word, ...]:
        r"""Find the words of a text.

        Returns:
            The first character of each word and the one after its last, ascending.

        Example:
            >>> cutter = Cutter.of(("whole mail", "inside - aa"))
            >>> [text[a:b] for text in ["ask a@b.org, well-known"] for a, b in cutter(text)]
            ['ask', 'a@b.org', ',', 'well-known']
        """
        pieces = words_of(text)
        if not self.rules:
            return pieces
        found: list[Word] = []
        for chunk in _chunks(pieces):
            start, end = chunk[0][0], chunk[-1][1]
            if len(chunk) == 1 and not self.clitics:
                found += chunk
            elif f"word {text[start:end]}" in self.rules or text[start:end].lower() in self.clitics:
                found.append((start, end))
            else:
                found += self._chunk(text, chunk)
        return tuple(found)

    def _chunk(self, text: str, pieces: Sequence[Word]) -> Iterator[Word]:
        """Cut what stands between white space."""
        start, end = pieces[0][0], pieces[-1][1]
        whole = self._whole(text[start:end])
        at = 0
        if whole is not None:
            first, after = start + whole[0], start + whole[1]
            inner = [piece for piece in pieces if first <= piece[0] < after]
            yield from self._merged(text, [piece for piece in pieces if piece[1] <= first])
            yield (first, inner[-1][1])
            at = len([piece for piece in pieces if piece[0] < inner[-1][1]])
        yield from self._merged(text, pieces[at:])

    def _whole(self, chunk: str) -> tuple[int, int] | None:
        """Find an address or initials in a chunk."""
        for kind in self.kinds:
            form = _KINDS.get(kind)
            match = form.search(chunk) if form else None
            if match and (match.start() == 0 or not _is_letter(chunk[match.start() - 1])):
                tail = _AFTER.search(match[0]) if kind != "initials" else None
                return match.start(), match.end() - (len(tail[0]) if tail else 0)
        return None

    def _merged(self, text: str, pieces: Sequence[Word]) -> Iterator[Word]:
        """Put the pieces together that the rules keep in one word."""
        if not pieces:
            return
        joins = self._joins(text, pieces)
        start = pieces[0][0]
        for place, (_, end) in enumerate(pieces):
            if not joins[place]:
                yield from self._parted(text, (start, end))
                start = end

    def _joins(self, text: str, pieces: Sequence[Word]) -> list[bool]:
        """Tell for each piece whether the next one goes on with its word."""
        are_letters = [_is_letter(text[start]) for start, _ in pieces]
        joins = [False] * len(pieces)
        for is_letter, group in groupby(range(len(pieces)), key=are_letters.__getitem__):
            places = [*group]
            first, last = places[0], places[-1]
            if is_letter:  # side by side only in scripts that are written without spaces
                joins[first:last] = ["unspaced" in self.kinds] * (last - first)
                continue
            signs = text[pieces[first][0] : pieces[last][1]]
            has_before, has_after = first > 0, last + 1 < len(pieces)
            if has_before and has_after:
                around = _around(text[pieces[first][0] - 1], text[pieces[last][1]])
                ending = text[pieces[first - 1][1] - 1 : pieces[last + 1][1]].lower()
                is_clitic = any(clitic in self.clitics for clitic in (ending, ending[1:]))
                if is_clitic or f"inside {signs} {around}" in self.rules:
                    joins[first - 1 : last + 1] = [True] * (last - first + 2)
                    continue
            elif has_before and f"end {signs[0]}" in self.rules:
                joins[first - 1] = True
            if has_after and f"begin {signs[-1]}" in self.rules:
                joins[last] = True
            self._join_run(text, pieces, joins, (first, last))
        return joins

    def _join_run(
        self, text: str, pieces: Sequence[Word], joins: list[bool], group: tuple[int, int]
    ) -> None:
        """Put the signs of a group together that are one word."""
        at, last = group
        while at <= last:
            start = pieces[at][0]
            ends = {pieces[place][1]: place for place in range(at, last + 1)}
            run = next(
                (r for r in self.runs if text.startswith(r, start) and start + len(r) in ends), ""
            )
            end = ends[start + len(run)] if run else at
            joins[at:end] = [True] * (end - at)
            at = end + 1

    def _parted(self, text: str, word: Word) -> Iterator[Word]:
        """Part the clitic from the end of a word."""
        written = text[word[0] : word[1]].lower()
        for clitic in self.clitics:
            if written.endswith(clitic) and len(written) > len(clitic):
                yield (word[0], word[1] - len(clitic))
                yield (word[1] - len(clitic), word[1])
                return
        yield word


class CutDifference:
    """Counts the words of sentences that plain text would be cut into otherwise."""

    def __init__(self, cut: Cut) -> None:
        self.words = self.otherwise = 0
        self.entities = self.torn = 0  # of which a word is cut otherwise
        self.first = ""
        self._cutter = Cutter.of(cut)

    def add(self, example: Example) -> None:
        """Take a sentence with its own words into account, up to as many as are worth it."""
        words = example.words or ()
        if not words or self.words > MOST_COMPARED:
            return
        cut = {*self._cutter(example.text)}
        are_alike = [word in cut for word in words]
        self.words += len(words)
        self.otherwise += are_alike.count(False)
        tags = example.label if isinstance(example.label, tuple) else ()
        begun = [place for place, tag in enumerate(tags) if tag == "B" or tag.startswith("B-")]
        for start in begun:
            after = next(
                (n for n in range(start + 1, len(tags)) if not re.match("I(-|$)", tags[n])),
                len(tags),
            )
            self.entities += 1
            self.torn += not all(are_alike[start:after])
        if not self.first and not all(are_alike):
            start, end = words[are_alike.index(False)]
            self.first = f"{example.origin}: {excerpt(example.text[start:end])}"

    def finding(self) -> Finding | None:
        """Say what share would be cut otherwise; None where all are cut alike."""
        if not self.otherwise:
            return None
        share = self.otherwise / self.words
        marked = f" and {self.torn / self.entities:.1%} of the entities" if self.torn else ""
        message = (
            f"given as plain text, {share:.1%} of the words{marked} would be cut otherwise than in "
            f"the file (first: {self.first}): evaluate reports the scores on plain text too, and "
            "predict --input takes words as they stand in such a file"
        )
        severity = "warning" if share >= WORTH else "note"
        return Finding("cut", severity, message, self.otherwise)


def _chunks(pieces: Sequence[Word]) -> Iterator[list[Word]]:
    """Part pieces where something stands between them."""
    held: list[Word] = []
    for piece in pieces:
        if held and held[-1][1] != piece[0]:
            yield held
            held = []
        held.append(piece)
    if held:
        yield held


def _around(before: str, after: str) -> str:
    """Say whether letters (a) or digits (0) stand before and after a place."""
    return "".join("0" if sign.isdigit() else "a" for sign in (before, after))


def _is_letter(sign: str) -> bool:
    return sign.isalnum() or sign == "_"
