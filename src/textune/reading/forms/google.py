"""Google's training data of texts: JSONL of Vertex AI, and of AutoML before it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Form,
    Made,
    always,
    are_objects,
    member,
    span,
)

SEGMENTS, SENTIMENT = "textSegmentAnnotations", "sentimentAnnotation"
CLASS, CLASSES = "classificationAnnotation", "classificationAnnotations"


def _is_vertex(values: Sequence[Any]) -> bool:
    kinds = {SEGMENTS, CLASS, CLASSES, SENTIMENT}
    return bool(values) and all(
        isinstance(value, Mapping)
        and {"textContent", "textGcsUri"} & value.keys()
        and kinds & value.keys()
        for value in values
    )


def _vertex(value: Any) -> Iterator[Made]:
    row: dict[str, Any] = {"text": _text(value, "textContent")}
    if SEGMENTS in value:
        row["label"] = [
            span(item.get("startOffset", 0), item.get("endOffset"), item.get("displayName"))
            for item in member(value, SEGMENTS, list)
        ]
    elif CLASS in value:
        row["label"] = member(value[CLASS], "displayName", str)
    elif CLASSES in value:
        row["label"] = [member(item, "displayName", str) for item in member(value, CLASSES, list)]
    else:
        row["label"] = member(value[SENTIMENT], "sentiment", int)
    part = (value.get("dataItemResourceLabels") or {}).get("aiplatform.googleapis.com/ml_use")
    yield row | ({"ml_use": part} if part else {})


def _text(value: Any, key: str) -> str:
    """Take the text of a line.

    Raises:
        ValueError: It stands elsewhere.
    """
    if not isinstance(value.get(key), str):
        raise ValueError(f"its text stands in another file; put it into the line as {key!r}")
    return str(value[key])


def _is_automl(values: Sequence[Any]) -> bool:
    return are_objects(values, "annotations", "text_snippet") and all(
        isinstance(value["text_snippet"], Mapping) for value in values
    )


def _automl(value: Any) -> Iterator[Made]:
    found = []
    for item in member(value, "annotations", list):
        place = member(member(item, "text_extraction", Mapping), "text_segment", Mapping)
        end, name = place.get("end_offset"), item.get("display_name")
        found.append(span(place.get("start_offset", 0), end, name))
    yield {"text": _text(value["text_snippet"], "content"), "label": found}


FORMS = (
    Form("training data of Vertex AI", _is_vertex, always(_vertex, "'textContent' is the text")),
    Form("training data of AutoML", _is_automl, always(_automl, "the text is its snippet")),
)
