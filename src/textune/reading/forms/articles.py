"""Articles or passages of SQuAD, without the object around them, become a row for each question."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading import squad
from textune.reading.forms.interface import Form, Made, always, are_objects, member
from textune.reading.jsonlines import cell


def _recognise(values: Sequence[Any]) -> bool:
    if are_objects(values, "paragraphs"):
        inside = [one for value in values for one in value["paragraphs"] or ()]
        return bool(inside) and _are_passages(inside)
    return _are_passages(values)


def _are_passages(values: Sequence[Any]) -> bool:
    if not (are_objects(values, "context", "qas") or are_objects(values, "context_text", "qas")):
        return False
    asked = [one for value in values for one in value["qas"] or ()]
    is_asked = are_objects(asked, "question") or are_objects(asked, "query_text")
    return is_asked and not any("detected_answers" in one for one in asked)


def _convert(value: Any) -> Iterator[Made]:
    passages = value.get("paragraphs", [value])
    for passage in passages:
        context = member(passage, "context" if "context" in passage else "context_text", str)
        for number, asked in enumerate(member(passage, "qas", list), start=1):
            if not isinstance(asked, Mapping):
                raise ValueError(f"question {number} is no object")
            yield {
                "id": asked.get("id") or asked.get("query_id"),
                "title": value.get("title"),
                "question": member(asked, "question" if "question" in asked else "query_text", str),
                "context": context,
                "answers": _answers(asked, number),
            }


def _answers(asked: Mapping[str, Any], number: int) -> Any:
    """Take answers with their places, or, as CMRC has them, their texts alone."""
    given = asked.get("answers")
    if (
        isinstance(given, list)
        and given
        and all(isinstance(one, str | int | float) for one in given)
    ):
        return [cell(one) for one in given]
    return squad.answers(dict(asked), f"question {number}")


FORM = Form(
    "passages of SQuAD", _recognise, always(_convert, "a row for each question of a passage")
)
