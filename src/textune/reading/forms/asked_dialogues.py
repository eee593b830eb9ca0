"""Dialogues with questions and answers to choose from become the refusal that says so.

DREAM has [["W: …", "M: …"], [{"question": "…", "choice": ["…", …], "answer": "…"}], "14-349"].
"""

from collections.abc import Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Form, Values, are_objects

TURNS, ASKED = 0, 1  # places of a dialogue's parts


def _recognise(values: Sequence[Any]) -> bool:
    return bool(values) and all(map(_is_asked, values))


def _is_asked(value: object) -> bool:
    if not isinstance(value, list) or len(value) < ASKED + 1:
        return False
    turns, asked = value[TURNS], value[ASKED]
    if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
        return False
    return isinstance(asked, list) and are_objects(asked, "question", "choice", "answer")


def _converter(values: Values) -> Converter:
    del values
    raise ValueError(
        "dialogues with questions and answers to choose from, as DREAM has them (multiple choice), "
        "which is no task of textune's; write a row for each answer: the turns as one text, the "
        "question with the answer as the other, and whether it is the right one as the label"
    )


FORM = Form("dialogues with questions", _recognise, _converter)
