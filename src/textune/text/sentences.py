"""A paragraph becomes its sentences, by the rules of its language."""

from collections.abc import Callable
from itertools import accumulate, pairwise
from unicodedata import ucd_3_2_0

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
        ends = [0, *(end for end in accumulate(map(len, found)) if _may_end(text, end))]
        parts = (text[first:end] for first, end in pairwise(ends))
        return [sentence for sentence in parts if sentence.strip()]

    return split


def _may_end(text: str, end: int) -> bool:
    """Tell whether a sentence may end here: no tokenizer makes one word of what is on both sides.

    Where no blank is between, a sign must be before the end that every tokenizer takes for
    punctuation; theirs is an older Unicode than that of the rules for sentences.
    """
    around = text[end - 1 : end + 1]
    has_blank = len(around) < 2 or any(map(_is_blank, around))
    return has_blank or ucd_3_2_0.category(around[0]).startswith("P")


def _is_blank(sign: str) -> bool:
    """Tell whether every tokenizer takes a sign for a blank: BERT's drops controls such as NEL."""
    return sign.isspace() and (sign in "\t\n\r" or ucd_3_2_0.category(sign) != "Cc")
