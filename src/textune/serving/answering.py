"""Predictions become the body of an answer, in the form in which they were asked for."""

import json
from collections.abc import Sequence
from typing import Any

from textune.predicting import telling
from textune.records import PASSAGES, Prediction
from textune.serving.models import Model
from textune.serving.reading import Asked

Told = dict[str, Any]


def write(asked: Asked, found: Sequence[Prediction], whys: Sequence[Told] = ()) -> bytes:
    """Write what a model says of texts.

    Args:
        asked: The request.
        found: One prediction a text.
        whys: One explanation a text, where they were asked for.
    """
    if asked.form == "own":
        told = [telling.to_json(one, asked.model.predictor.task.name) for one in found]
        if whys:
            told = [one | why for one, why in zip(told, whys, strict=True)]
        return to_bytes({"model": asked.model.name, "predictions": told})
    listed = [_as_pipeline(asked, one) for one in found]
    is_classes = asked.model.predictor.task.asks == "texts"
    if asked.form == "hub" and is_classes:
        return to_bytes(listed)  # a list a text, of one text as well: as InferenceClient reads it
    return to_bytes(listed[0] if asked.is_single else listed)


def to_bytes(values: object) -> bytes:
    """Write JSON as `predict --json` does."""
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode()


def _as_pipeline(asked: Asked, found: Prediction) -> Any:
    """Write a prediction as the pipeline of transformers for its task would."""
    asks = asked.model.predictor.task.asks
    if asks == "words":
        return _entities(found, asked.ignored)
    if asks == PASSAGES:
        answers = _answers(found)
        return answers[: asked.top] if (asked.top or 1) > 1 else answers[0]
    return _ranked(asked.model, found)[: asked.top]


def _ranked(model: Model, found: Prediction) -> list[Told]:
    """Write labels with their probabilities, the likeliest first; of numbers, numbers."""
    if found.numbers:
        return [{"label": name, "score": value} for name, value in found.numbers.items()]
    ranked = sorted(found.scores.items(), key=lambda pair: -pair[1])
    return [{"label": name, "score": score} for name, score in ranked]


def _entities(found: Prediction, ignored: Sequence[str]) -> list[Told]:
    return [
        {
            "entity_group": one.label,
            "score": one.score,
            "word": one.text,
            "start": one.start,
            "end": one.end,
        }
        for one in found.entities
        if one.label not in ignored
    ]


def _answers(found: Prediction) -> list[Told]:
    """Write answers, the one that was decided on first; no answer is the empty text at 0."""
    told = [
        {"answer": one.text, "score": one.score, "start": one.start, "end": one.end}
        for one in found.entities
    ]
    decided = next(iter(found.labels), "")
    if not decided:
        score = next(iter(found.scores.values()), 0.0)  # of there being none
        return [{"answer": "", "score": score, "start": 0, "end": 0}, *told]
    return sorted(told, key=lambda one: one["answer"] != decided)
