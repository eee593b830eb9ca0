"""A paragraph becomes its sentences, by the rules of its language."""

from collections.abc import Callable
from itertools import accumulate, pairwise

import sentencex

# sentencex fails on a capital, a blank of several bytes and a full stop, as in "A\u3000.": its rule
# for initials takes every blank for one byte. Such blanks are shown to it as blanks of one.
PLAIN = {ord(sign): " " for sign in map(chr, range(0x80, 0x3001)) if sign.isspace()}
PLAIN |= {ord(sign): "\n" for sign in "\x85\u2028\u2029"}


def splitter(language: str) -> Callable[[str], list[str]]:
    """Return what parts a text of a language into sentences; nothing but blanks between is lost.

    Args:
        language: ISO 639 code, for example "en"; one without rules of its own takes those of the
            nearest language that has some.
    """

    def split(text: str) -> list[str]:
        shown = text if text.isascii() else text.translate(PLAIN)
        found = sentencex.segment(language, shown)
        ends = [0, *accumulate(map(len, found))]
        parts = (text[first:end] for first, end in pairwise(ends))
        return [sentence for sentence in parts if sentence.strip()]

    return split
