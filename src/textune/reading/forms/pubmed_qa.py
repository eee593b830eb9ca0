"""PubMedQA becomes rows: a question, the passages about it as one text, and the final decision.

Its own JSON names them QUESTION, CONTEXTS and final_decision; on the hub they are `question`,
`context` with `contexts` in it, and `final_decision`. The long answer, which is written with the
decision in mind, is a column that nothing is learned from.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, plain

GUESSES = ("reasoning_required_pred", "reasoning_free_pred")  # of people, before they decided
WORDS = (
    "the passages of a question are one text, 'passage'; what people guessed before they decided "
    "(reasoning_required_pred, reasoning_free_pred) is left out"
)


def _passages(value: Mapping[str, Any]) -> Any:
    held = value.get("CONTEXTS", value.get("context"))
    return held.get("contexts") if isinstance(held, Mapping) else held


def _is_one(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    passages, asked = _passages(value), value.get("QUESTION", value.get("question"))
    return (
        "final_decision" in value
        and isinstance(asked, str)
        and isinstance(passages, list)
        and all(isinstance(one, str) for one in passages)
    )


def _recognise(values: Sequence[Any]) -> bool:
    return bool(values) and all(map(_is_one, values))


def _convert(value: Any) -> Iterator[Made]:
    if not _is_one(value):
        raise ValueError("expected QUESTION, CONTEXTS (a list of texts) and final_decision")
    long = value.get("LONG_ANSWER", value.get("long_answer"))
    read = ("QUESTION", "question", "LONG_ANSWER", "long_answer", "final_decision")
    yield {
        **plain(value, *read, *GUESSES),
        "question": value.get("QUESTION", value.get("question")),
        "passage": "\n".join(_passages(value)),
        "answer written": long,
        "final_decision": value["final_decision"],
    }


FORM = Form("PubMedQA", _recognise, always(_convert, WORDS))
