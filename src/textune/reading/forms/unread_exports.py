"""Exports without texts, or with labels of any layer, become the refusal that names them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from textune.reading.forms import aspect_lists
from textune.reading.forms.interface import Form, Values, are_objects

ROWS = '{"text": "…", "label": [[start, end, "type"], …]}'


def _is_darwin(values: Sequence[Any]) -> bool:
    return are_objects(values, "item", "annotations") and all(
        isinstance(value["item"], Mapping) and isinstance(value["item"].get("slots"), list)
        for value in values
    )


def _is_web(values: Sequence[Any]) -> bool:
    """Recognise the W3C's web annotations, whose targets name places in another document."""
    return are_objects(values, "target") and all(
        "Annotation" in (value.get("type"), value.get("@type")) for value in values
    )


def _has_quadruples(values: Sequence[Any]) -> bool:
    """Recognise lists of a term, an opinion and a polarity, whose terms are no columns."""
    if not are_objects(values) or aspect_lists.FORM.recognise(values):
        return False
    items = [item for value in values for item in _listed(value)]
    return bool(items) and all(
        isinstance(item, Mapping) and item.keys() >= {"aspect", "opinion", "polarity"}
        for item in items
    )


def _listed(value: Mapping[str, Any]) -> list[Any]:
    return [item for held in value.values() if isinstance(held, list) for item in held]


def _refusal(why: str) -> Callable[[Values], NoReturn]:
    def converter(values: Values) -> NoReturn:
        del values
        raise ValueError(why)

    return converter


FORMS = (
    Form(
        "quadruples of aspects",
        _has_quadruples,
        _refusal(
            "lists of a term, an opinion and a polarity, which no task of textune's learns "
            "together; write a row for each term with its polarity as the label, or the spans of "
            f"the terms: {ROWS}"
        ),
    ),
    Form(
        "web annotations (JSON-LD)",
        _is_web,
        _refusal(
            "web annotations (JSON-LD), of texts that stand in other files ('target' names them); "
            "write a row for each text, with a list of its spans from 'start' and 'end' of each "
            f"TextPositionSelector and 'value' of its body: {ROWS}"
        ),
    ),
    Form(
        "annotations of V7",
        _is_darwin,
        _refusal(
            "annotations of V7 (Darwin), of texts or pictures that stand in other files; write a "
            f"row for each text, with a list of its spans: {ROWS}"
        ),
    ),
)
