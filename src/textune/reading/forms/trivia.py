"""Questions of TriviaQA, which hold no passage, become the refusal that says where these stand."""

from collections.abc import Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Form, Values, are_objects

KEYS = frozenset(
    [
        *("Answer", "EntityPages", "Question", "QuestionId", "QuestionSource", "SearchResults"),
        *("QuestionPartOfVerifiedEval", "QuestionVerifiedEvalAttempt"),
    ]
)
"""What its authors wrote: who adds passages or labels of their own knows what to do with them."""


def _recognise(values: Sequence[Any]) -> bool:
    """Recognise questions with the pages, or with the names that their answers go by."""
    is_trivia = are_objects(values, "Question", "QuestionId") and all(map(_is_of_these, values))
    return is_trivia and all(value.keys() <= KEYS for value in values)


def _is_of_these(value: Mapping[str, Any]) -> bool:
    answer = value.get("Answer")
    is_named = isinstance(answer, Mapping) and "NormalizedAliases" in answer
    return is_named or isinstance(value.get("EntityPages"), list)


def _converter(values: Values) -> Converter:
    del values
    raise ValueError(
        "questions of TriviaQA, whose passages stand in other files ('EntityPages' and "
        "'SearchResults' name them); its authors' program writes both to one file in the form of "
        "SQuAD (utils/convert_to_squad_format.py): read that"
    )


FORM = Form("questions of TriviaQA", _recognise, _converter)
