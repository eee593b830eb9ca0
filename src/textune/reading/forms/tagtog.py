"""Annotations of tagtog, which hold no text, become the refusal that says where it stands."""

from collections.abc import Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Form, Values, are_objects


def _recognise(values: Sequence[Any]) -> bool:
    """Recognise annotations of tagtog, whose texts stand in pages of HTML."""
    return are_objects(values, "annotatable", "anncomplete", "entities")


def _converter(values: Values) -> Converter:
    del values
    raise ValueError(
        "annotations of tagtog, of texts that stand in other files (.plain.html); write a row for "
        "each text, with a list of its spans: "
        '{"text": "…", "label": [[start, end, "type"], …]}'
    )


FORM = Form("annotations of tagtog", _recognise, _converter)
