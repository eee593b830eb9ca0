"""A text becomes its words: runs of letters, and every other sign by itself."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

Word = tuple[int, int]  # its first character, and the one after its last
RULE = (
    "runs of letters and digits, each other sign by itself, each sign of scripts without spaces "
    "by itself"
)

UNSPACED = re.compile(  # scripts written without spaces: Thai, Lao, Burmese, Khmer, Kana, Chinese
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]"
)
_WORD = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})\w)+|[^\w\s]")
_SPACED = re.compile(r"\w+|[^\w\s]")  # the same words, of a text without those scripts; faster
_JOINER = "\u200d"  # joins signs to one, as the people of a family
_NON_JOINER = "\u200c"  # parts letters within a word, in Persian


def joined(words: Sequence[str]) -> tuple[str, tuple[Word, ...]]:
    """Make a text of words, a space between any two, and say where each of them stands.

    Example:
        >>> joined(["It", "'s"])
        ("It 's", ((0, 2), (3, 5)))
    """
    ends = accumulate(len(word) + 1 for word in words)
    places = tuple((end - 1 - len(word), end - 1) for word, end in zip(words, ends, strict=True))
    return " ".join(words), places


def words_of(text: str) -> tuple[Word, ...]:
    r"""Find the words of a text: its signs that are no white space, each in one word.

    A word is a run of letters, digits and underscores with the marks on them; every other sign is a
    word, and so is each sign of a script that is written without spaces (Chinese, Thai, …).

    Returns:
        The first character of each word and the one after its last, ascending.

    Example:
        >>> [text[a:b] for text in ["It's 5 €!"] for a, b in words_of(text)]
        ['It', "'", 's', '5', '€', '!']
    """
    if text.isascii():
        return tuple(match.span() for match in _SPACED.finditer(text))
    found = [match.span() for match in _WORD.finditer(text)]
    words: list[Word] = []
    joins = False  # whether the next word goes on with the last, if nothing is between them
    for start, end in found:
        sign = text[start]
        is_mark = sign in (_JOINER, _NON_JOINER) or unicodedata.category(sign)[0] == "M"
        touches = bool(words) and words[-1][1] == start
        if touches and (is_mark or (joins and _goes_on(text, words[-1], sign))):
            words[-1] = (words[-1][0], end)
        else:
            words.append((start, end))
        joins = is_mark
    return tuple(words)


def different_words(text: str) -> set[str]:
    """Return the different words of a text, in small letters."""
    if text.isascii():
        return {*_SPACED.findall(text.lower())}
    return {text[start:end].lower() for start, end in words_of(text)}


def _goes_on(text: str, word: Word, sign: str) -> bool:
    """Tell whether a sign after a mark belongs to the word that the mark ends."""
    if text[word[1] - 1] == _JOINER:
        return True
    is_letter = sign.isalnum() or sign == "_"
    first = text[word[0]]
    begins = first.isalnum() or first == "_"
    return is_letter and begins and not UNSPACED.match(sign) and not UNSPACED.match(first)
