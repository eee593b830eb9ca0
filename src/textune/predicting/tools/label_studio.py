"""Predictions become tasks of Label Studio with pre-annotations, and the labelling config for them.

See https://labelstud.io/guide/predictions: a task has its texts under "data", and under
"predictions" the model's version, a score and results by the names of the config's controls. Places
count characters (code points), and each span says the text that stands there.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from textune.predicting.tools.interface import Item, Model, Tool, Write, answer
from textune.storage import atomic

CONTROL = "label"  # of the config, where the model has one
ANSWER = "answer"
NUMBER = "Number"  # the control; results of it have this type in lower case
ONE, SEVERAL = ' choice="single"', ' choice="multiple"'  # how many choices it takes


@contextmanager
def _writing(path: Path, model: Model, overwrite: bool) -> Iterator[Write]:  # as all
    with atomic.writing(path, overwrite=overwrite) as file:
        begun = False

        def write(items: Sequence[Item]) -> None:
            nonlocal begun
            for item in items:
                task = json.dumps(_task(item, model), ensure_ascii=False)
                file.write(f"{',' if begun else '['}\n{task}".encode())
                begun = True

        yield write
        file.write(b"\n]\n" if begun else b"[]\n")


def _task(item: Item, model: Model) -> dict[str, Any]:
    texts = dict(zip(model.texts, (item.text, item.pair), strict=False))
    others = {
        name if name not in texts else f"{name} (input)": v for name, v in item.others.items()
    }
    results = [
        {"id": f"r{number}", **result} for number, result in enumerate(_results(item, model), 1)
    ]
    said: dict[str, Any] = {"model_version": model.version, "result": results}
    scores = [one["score"] for one in results if "score" in one]
    if model.is_class and model.several:
        chances = item.said.scores.items()
        scores = [p if label in item.said.labels else 1 - p for label, p in chances]
    if scores:
        said["score"] = min(scores)
    return {"data": texts | others, "predictions": [said]}


def _results(item: Item, model: Model) -> Iterator[dict[str, Any]]:
    said, text = item.said, model.texts[0]
    if model.asks == "words":
        for one in said.entities:
            span = (one.start, one.end, one.text)
            yield _span(CONTROL, text, span, one.label) | {"score": one.score}
    elif model.asks == "texts":
        for name, value in said.columns.items():
            chance = said.scores[f"{name}: {value}"]
            yield _result(name, text, "choices", [value]) | {"score": chance}
        for name, number in said.numbers.items():
            yield _result(name, text, NUMBER.lower(), number)
        if model.is_class and said.labels:
            found = _result(CONTROL, text, "choices", list(said.labels))
            yield found | {"score": min(said.scores[label] for label in said.labels)}
    elif found_answer := answer(said):
        *place, score = found_answer
        yield _span(ANSWER, model.texts[1], place, ANSWER) | {"score": score}


def _result(name: str, to: str, kind: str, value: object) -> dict[str, Any]:
    return {"from_name": name, "to_name": to, "type": kind, "value": {kind: value}}


def _span(name: str, to: str, place: Sequence[Any], label: str) -> dict[str, Any]:
    start, end, text = place
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"from_name": name, "to_name": to, "type": "labels", "value": value}


def _settings(model: Model) -> Iterator[str]:
    """Yield the lines of the labelling config."""
    yield "<View>"
    for name in model.texts:
        yield f"  <Text name={quoteattr(name)} value={quoteattr(f'${name}')}/>"
    if model.asks == "words":
        yield from _control("Labels", "Label", CONTROL, model.texts[0], model.labels)
    elif model.asks != "texts":
        yield from _control("Labels", "Label", ANSWER, model.texts[1], [ANSWER])
    for name in model.numbers:
        yield f"  <{NUMBER} name={quoteattr(name)} toName={quoteattr(model.texts[0])}/>"
    for name, classes in model.columns.items():
        yield from _control("Choices", "Choice", name, model.texts[0], classes, ONE)
    if model.is_class:
        how = SEVERAL if model.several else ONE
        yield from _control("Choices", "Choice", CONTROL, model.texts[0], model.labels, how)
    yield "</View>"


def _control(
    kind: str, part: str, name: str, to: str, values: Sequence[str], more: str = ""
) -> Iterator[str]:
    yield f"  <{kind} name={quoteattr(name)} toName={quoteattr(to)}{more}>"
    yield from (f"    <{part} value={quoteattr(value)}/>" for value in values)
    yield f"  </{kind}>"


TOOL = Tool(
    name="label-studio",
    endings=(".json",),
    fits=lambda model: model.asks != "words" or model.marks_entities,
    what="classes, numbers, entities and answers",
    writing=_writing,
    settings=_settings,
)
