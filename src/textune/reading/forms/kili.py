"""Kili's exports of texts: "content" is a text, the responses of its labels hold one of each job.

A label of type PREDICTION, INFERENCE or AUTOSAVE is no annotation; a REVIEW settles the others.
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
    span,
)

GUESSED, UNSAVED, REVIEW = ("PREDICTION", "INFERENCE"), "AUTOSAVE", "REVIEW"
LISTS = ("labels", "latestLabel")  # all labels of a text, or the last one


def _recognise(values: Sequence[Any]) -> bool:
    if not are_objects(values, "content"):
        return False
    lists = [_labels(value) for value in values]
    labels = [label for held in lists for label in held or ()]
    are_texts = all(isinstance(value["content"], str) for value in values) and None not in lists
    return are_texts and are_objects(labels, "jsonResponse") and all(map(_is_response, labels))


def _is_response(label: Mapping[str, Any]) -> bool:
    return isinstance(label["jsonResponse"], Mapping)


def _labels(value: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """List the labels of a text; None where what stands there are none."""
    key = next((key for key in LISTS if key in value), "")
    held = value.get(key)
    found = held if isinstance(held, list) else [held] if isinstance(held, Mapping) else []
    return found if key and all(isinstance(one, Mapping) for one in found) else None


def _done(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List what people have saved, the last of each, a review first."""
    labels = _labels(value) or []
    kept = [
        label
        for label in labels
        if label.get("labelType") not in (*GUESSED, UNSAVED)
        and label.get("isLatestLabelForUser") is not False
    ]
    return sorted(kept, key=lambda label: label.get("labelType") != REVIEW)


def _converter(values: Values) -> Converter:
    spans: dict[str, bool] = {}  # jobs → whether they mark spans
    several: set[str] = set()  # jobs in which a text has more than one class
    guessed = 0
    for value in values():
        labels = (_labels(value) if isinstance(value, Mapping) else None) or []
        guessed += any(label.get("labelType") in GUESSED for label in labels)
        for label in _done(value) if labels else ():
            for job, said in label["jsonResponse"].items():
                if isinstance(said, Mapping) and ("annotations" in said or "categories" in said):
                    spans[job] = spans.get(job, False) or "annotations" in said
                    several |= {job} if len(said.get("categories") or ()) > 1 else set()

    def convert(value: Any) -> Iterator[Made]:
        text, labels = member(value, "content", str), _done(value)
        if not labels:
            yield LeftOut("has no label that somebody saved", {"text": text})
            return
        votes = [
            {
                job: _held(label["jsonResponse"].get(job), is_spans=marked, is_list=job in several)
                for job, marked in spans.items()
            }
            for label in labels
        ]
        is_settled = labels[0].get("labelType") == REVIEW
        yield Judged({"text": text}, tuple(votes), is_settled=is_settled)

    listed = ", ".join(map(repr, spans)) or "none"
    findings = left_out({"texts with predictions of a model": guessed})
    return Converter(convert, ("'content' is the text", f"jobs: {listed}"), findings)


def _held(said: Any, *, is_spans: bool, is_list: bool) -> object:
    """Take what one job says of a text."""
    said = said if isinstance(said, Mapping) else {}
    if not is_spans:
        names = _names(said)
        return names if is_list else next(iter(names), None)
    return [
        span(start, start + len(content), name, content)
        for one in said.get("annotations") or ()
        for start, content in [(member(one, "beginOffset", int), member(one, "content", str))]
        for name in _names(one)
    ]


def _names(said: Mapping[str, Any]) -> list[Any]:
    return [one.get("name") for one in said.get("categories") or ()]


FORM = Form("an export of Kili", _recognise, _converter)
