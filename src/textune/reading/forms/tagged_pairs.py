"""Sentences as lists of [word, tag]: [[["EU", "B-ORG"], ["rejects", "O"]], …]."""

from collections.abc import Iterator, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always


def _recognise(values: Sequence[Any]) -> bool:
    return (
        bool(values)
        and all(isinstance(value, list) and all(map(_is_pair, value)) for value in values)
        and any(values)
    )


def _is_pair(item: Any) -> bool:
    is_some = isinstance(item, list) and 2 <= len(item) <= 4
    return is_some and all(isinstance(held, str) for held in item)


def _convert(value: Any) -> Iterator[Made]:
    if not isinstance(value, list) or not all(map(_is_pair, value)):
        raise ValueError(f"expected a list of [word, tag], found {value!r:.60}")
    yield {"words": [item[0] for item in value], "tags": [item[-1] for item in value]}


FORM = Form(
    "sentences as lists of [word, tag]",
    _recognise,
    always(_convert, "each row is a list of [word, tag]"),
)
