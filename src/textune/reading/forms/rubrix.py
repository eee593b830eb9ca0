"""Records of Rubrix, and of Argilla before version 2, one annotation each, become rows.

A record has "annotation" (a label, a list of labels, spans) and "prediction", its text as "text" or
as "inputs", and a "status": what was discarded, or changed and not saved, is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    left_out,
    plain,
    span,
)

OPEN = ("Discarded", "Edited")  # what nobody has confirmed
STATES = ("Default", "Validated", *OPEN)
OWN = (
    *("annotation", "prediction", "annotation_agent", "prediction_agent", "status", "multi_label"),
    *("explanation", "event_timestamp", "search_keywords"),
)


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "annotation", "status") and all(
        value["status"] in STATES and (isinstance(value.get("text"), str) or _inputs(value))
        for value in values
    )


def _inputs(value: Mapping[str, Any]) -> dict[str, str]:
    """Take the texts of a record that has several."""
    held = value.get("inputs")
    held = {"text": held} if isinstance(held, str) else held
    texts = held if isinstance(held, Mapping) else {}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _converter(values: Values) -> Converter:
    guessed = 0
    for value in values():
        guessed += bool(value.get("prediction")) if isinstance(value, Mapping) else 0

    def convert(value: Any) -> Iterator[Made]:
        texts = _inputs(value) or {"text": value.get("text")}
        row = {**plain(value, *OWN, "text"), **texts}
        if value.get("annotation") is None:
            yield LeftOut("has no annotation", row)
        elif value.get("status") in OPEN:
            yield LeftOut(f"is {value['status'].lower()}", row)
        else:
            yield {**row, "label": _label(value["annotation"])}

    findings = left_out({"records with predictions of a model": guessed})
    return Converter(convert, ("'annotation' is the label",), findings)


def _label(held: Any) -> Any:
    """Take an annotation; spans are objects, or lists of a label and two places."""
    if not isinstance(held, list):
        return held
    return [
        span(one[1], one[2], one[0]) if isinstance(one, list) and len(one) > 2 else one
        for one in held
    ]


FORM = Form("records of Rubrix, or of Argilla 1", _recognise, _converter)
