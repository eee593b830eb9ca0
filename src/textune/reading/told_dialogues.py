"""Questions about a dialogue become questions about a passage: a line for each turn, who said it.

FriendsQA holds {"utterances:": [{"uid", "speakers", "utterance"}], "qas": [{"question", "answers":
[{"answer_text", "utterance_id", "inner_start", "inner_end", "is_speaker"}]}]}: an answer is the
words from one number to another of a turn, both inclusive, or who said it.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from textune.errors import DataError
from textune.reading.forms.interface import member

_TURNS = ("utterances", "turns", "dialogue", "dialog")
_WORD = re.compile(r"\S+")
BETWEEN = ": "  # who speaks, and what is said


def passage(paragraph: object, at: str) -> object:
    """Return a paragraph with its turns as a passage; what has no turns as it is.

    Args:
        paragraph: Of a file as SQuAD's.
        at: Where it stands.

    Raises:
        DataError: The turns, or the answers in them, are written otherwise.
    """
    if not isinstance(paragraph, dict) or "context" in paragraph:
        return paragraph
    key = next((name for name in paragraph if name.strip(" :").lower() in _TURNS), None)
    turns = paragraph[key] if key is not None else None
    if not isinstance(turns, list):
        return paragraph
    try:
        lines = [_line(turn) for turn in turns]
        begins = [0, *accumulate(len(who) + len(said) + 1 for who, said in lines)]
        asked = [
            _asked(one, lines, begins) for one in member({"qas": [], **paragraph}, "qas", list)
        ]
    except ValueError as error:
        raise DataError(
            f"{at}: these are questions about dialogues, whose {key!r} holds turns, and they are "
            f"not written as those of FriendsQA ({error}); write the turns as one text to "
            "'context', and to each answer its words in that as 'text' and where these begin as "
            "'answer_start', in characters"
        ) from error
    return {"context": "\n".join(who + said for who, said in lines), "qas": asked}


def _line(turn: object) -> tuple[str, str]:
    """Write who speaks, and what is said.

    Raises:
        ValueError: A part of it is not there, or something else is.
    """
    said, speakers = member(turn, "utterance", str), member(turn, "speakers", list)
    if not all(isinstance(one, str) for one in speakers):
        raise ValueError(f"speakers are {speakers!r:.40}")
    who = ", ".join(speakers)
    return (f"{who}{BETWEEN}" if who else ""), said


def _asked(
    asked: Mapping[str, Any], lines: Sequence[tuple[str, str]], begins: Sequence[int]
) -> dict[str, Any]:
    """Place the answers of a question in the passage, whose lines begin at these places.

    Raises:
        ValueError: An answer has no place there.
    """
    found = []
    if not isinstance(asked, Mapping):
        raise ValueError(f"a question is {asked!r:.40}")
    for answer in member({"answers": [], **asked}, "answers", list):
        number = member(answer, "utterance_id", int)
        if not 0 <= number < len(lines):
            raise ValueError(f"there is no turn {number}")
        start, text = _within(answer, *lines[number])
        found.append({"text": text, "answer_start": begins[number] + start})
    return {**asked, "answers": found}


def _within(answer: Mapping[str, Any], who: str, said: str) -> tuple[int, str]:
    """Find an answer in the line of a turn: where it begins, and its words.

    Raises:
        ValueError: It is not there.
    """
    if answer.get("is_speaker"):
        text = member(answer, "answer_text", str)
        if text not in who:
            raise ValueError(f"{text!r:.40} does not speak in its turn")
        return who.index(text), text
    words = list(_WORD.finditer(said))
    first, last = (member(answer, key, int) for key in ("inner_start", "inner_end"))
    if not 0 <= first <= last < len(words):
        raise ValueError(f"the words {first} to {last} are not those of a turn of {len(words)}")
    start, end = words[first].start(), words[last].end()
    return len(who) + start, said[start:end]
