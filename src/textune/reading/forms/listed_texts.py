"""A list of texts, ["a text", "another"], becomes rows of one column."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, is_prose

MOSTLY = 0.5


def _recognise(values: Sequence[Any]) -> bool:
    texts = [value for value in values if isinstance(value, str)]
    prose = sum(map(is_prose, texts))
    return len(texts) == len(values) > 0 and prose > MOSTLY * len(values)


def _convert(value: object) -> Iterator[Made]:
    if not isinstance(value, str):
        raise ValueError("no text")
    if value.startswith("{") and _is_object(value):
        raise ValueError(
            "a JSON object that was written into a text, so that it is packed twice; unpack it: "
            "jq -c 'if type == \"string\" then fromjson else . end' FILE > rows.jsonl"
        )
    yield {"text": value}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), Mapping)
    except (ValueError, RecursionError):
        return False


FORM = Form("a list of texts", _recognise, always(_convert))
