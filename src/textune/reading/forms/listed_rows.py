"""Rows that are lists of values: [["a text", "label"], …], with or without a row of names."""

from collections.abc import Iterator, Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Form, Made, Values, is_prose
from textune.reading.header import is_header
from textune.reading.jsonlines import cell

HEAD = 200


def _recognise(values: Sequence[Any]) -> bool:
    are_lists = bool(values) and all(isinstance(value, list) for value in values)
    if not are_lists or len({len(value) for value in values}) != 1 or len(values[0]) < 2:
        return False
    return all(not isinstance(held, dict) for value in values for held in value) and any(
        is_prose(held) for value in values[-5:] for held in value
    )


def _converter(values: Values) -> Converter:
    stream = values()
    head = [row for row, _ in zip(stream, range(HEAD), strict=False) if isinstance(row, list)]
    first = [cell(held) for held in head[0]] if head else []
    body = [[cell(held) for held in row] for row in head[1:]]
    named, why = is_header(first, body, text_only=False) if body else (False, "")
    named = named and len(set(first)) == len(first) and all(first)
    names = first if named else [str(place + 1) for place in range(len(first))]
    skip = iter((True,)) if named else iter(())

    def convert(value: object) -> Iterator[Made]:
        if not isinstance(value, list) or len(value) != len(names):
            raise ValueError(f"expected a list of {len(names)} values, found {value!r:.60}")
        if named and [cell(held) for held in value] == first:
            next(skip, None)
            return
        yield dict(zip(names, value, strict=True))

    return Converter(convert, ("each row is a list", why), has_header=named)


FORM = Form("rows as lists", _recognise, _converter)
