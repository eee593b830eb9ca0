"""A paragraph becomes its sentences, by the rules of its language."""

from collections.abc import Callable

import sentencex


def splitter(language: str) -> Callable[[str], list[str]]:
    """Return what parts a text of a language into sentences; nothing but blanks between is lost.

    Args:
        language: ISO 639 code, for example "en"; one without rules of its own takes those of the
            nearest language that has some.
    """

    def split(text: str) -> list[str]:
        return [sentence for sentence in sentencex.segment(language, text) if sentence.strip()]

    return split
