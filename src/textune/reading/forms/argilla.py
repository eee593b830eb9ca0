"""Argilla's records: fields, and for each question the responses of several people.

Version 2 holds {"fields": …, "responses": {question: [{"value": …, "user_id": …}]}}, flat or not;
version 1 holds "responses" as a list, one of a person, with "values" for each question.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.metrics.votes import Judged
from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    left_out,
    member,
    plain,
)

SUBMITTED = (None, "submitted")
FLAT, STATUS = ".responses", ".responses.status"
GUESSES = "records with suggestions of a model"


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "fields", "responses") and all(
        isinstance(value["fields"], Mapping) and isinstance(value["responses"], Mapping | list)
        for value in values
    )


def _votes(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what each person answered to the questions, without drafts and what was discarded."""
    by_user: dict[str, dict[str, Any]] = {}
    held = value["responses"]
    if isinstance(held, Mapping):
        for question, answers in held.items():
            for number, answer in enumerate(answers or ()):
                if answer.get("status") in SUBMITTED:
                    user = str(answer.get("user_id", number))
                    by_user.setdefault(user, {})[question] = answer.get("value")
    else:
        for number, response in enumerate(held or ()):
            said = response.get("values") or {}
            if response.get("status") in SUBMITTED and said:
                user = f"{number} {response.get('user_id')}"
                by_user[user] = {name: answer.get("value") for name, answer in said.items()}
    return list(by_user.values())


def _converter(values: Values) -> Converter:
    questions: dict[str, None] = {}
    guessed = 0
    for value in values():
        if _recognise([value]):
            guessed += bool(value.get("suggestions"))
            for vote in _votes(value):
                questions.update(dict.fromkeys(vote))

    def convert(value: Any) -> Iterator[Made]:
        row = dict(plain(member(value, "fields", Mapping)))
        votes = _votes(value)
        if not votes:
            yield LeftOut("has no submitted response", row)
            return
        names = {name: f"{name} (annotated)" if name in row else name for name in questions}
        said = [{names[name]: vote.get(name) for name in questions} for vote in votes]
        yield Judged(row, tuple(said))

    listed = ", ".join(map(repr, questions)) or "none"
    return Converter(
        convert,
        (f"questions: {listed}",),
        left_out({GUESSES: guessed}),
    )


def _is_flat(values: Sequence[Any]) -> bool:
    return bool(values) and all(
        isinstance(value, Mapping)
        and any(
            key.endswith(FLAT) and isinstance(held, list | type(None))
            for key, held in value.items()
        )
        for value in values
    )


def _flat(values: Values) -> Converter:
    guessed = 0
    for value in values():
        if isinstance(value, Mapping):
            guessed += any(k.endswith(".suggestion") and h is not None for k, h in value.items())

    def convert(value: Any) -> Iterator[Made]:
        answers = {
            key.removesuffix(FLAT): _submitted(value, key)
            for key, held in value.items()
            if key.endswith(FLAT) and held is not None
        }
        row = {key: held for key, held in plain(value).items() if "." not in key}
        count = max(map(len, answers.values()), default=0)
        if not count:
            yield LeftOut("has no submitted response", row)
            return
        votes = (
            {name: said[place] for name, said in answers.items() if place < len(said)}
            for place in range(count)
        )
        yield Judged(row, tuple(votes))

    return Converter(
        convert,
        ("a question is a key that ends in .responses",),
        left_out({GUESSES: guessed}),
    )


def _submitted(value: Mapping[str, Any], key: str) -> list[Any]:
    """List the answers to a question, without drafts and what was discarded.

    Raises:
        ValueError: There is not one status for each answer.
    """
    answers, place = member(value, key, list), key.removesuffix(FLAT) + STATUS
    status = value.get(place) or [None] * len(answers)
    if not isinstance(status, list) or len(status) != len(answers):
        raise ValueError(f"{place!r} does not hold one status for each of {len(answers)} answers")
    return [answer for answer, said in zip(answers, status, strict=True) if said in SUBMITTED]


FORMS = (
    Form("records of Argilla", _recognise, _converter),
    Form("records of Argilla, flat", _is_flat, _flat),
)
