"""Annotations of tagtog, which hold no text, become the refusal that says where it stands."""

from collections.abc import Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Form, Values, are_objects


def _recognise(values: Sequence[Any]) -> bool:
    """Recognise annotations of tagtog, whose texts stand in pages of HTML."""
    is_tagtog = are_objects(values, "annotatable", "anncomplete", "entities")
    return is_tagtog and not any(isinstance(value.get("text"), str) for value in values)


def _converter(values: Values) -> Converter:
    del values
    raise ValueError(
        "annotations of tagtog, of texts that stand in other files (.plain.html); name the folder "
        "or the archive of its export, which holds both, or write a row for each text, with a list "
        "of its spans: "
        '{"text": "…", "label": [[start, end, "type"], …]}'
    )


FORM = Form("annotations of tagtog", _recognise, _converter)
