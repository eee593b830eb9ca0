"""Prodigy's annotations: tasks with an "answer" of accept, reject or ignore."""

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
)

ANSWERS = ("accept", "reject", "ignore")
OWN = ("answer", "priority", "score", "label")


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "text", "answer") and all(v["answer"] in ANSWERS for v in values)


def _converter(values: Values) -> Converter:
    names: set[str] = set()
    people: set[object] = set()
    has_spans = has_choice = several = False
    are_marked = 0  # tasks with a span, which one of a label alone does not need
    relations = 0
    for value in values():
        if not isinstance(value, Mapping):
            continue
        has_spans = has_spans or isinstance(value.get("spans"), list)
        are_marked += bool(value.get("spans"))
        accepted = value.get("accept")
        has_choice = has_choice or isinstance(accepted, list)
        several = several or (isinstance(accepted, list) and len(accepted) > 1)
        people.add(_who(value))
        held = value.get("relations")
        relations += len(held) if isinstance(held, list) else 0
        names |= {value["label"]} if isinstance(value.get("label"), str) else set()
    has_spans = has_spans and (are_marked > 0 or not names)
    is_binary = len(names) == 1 and not has_spans and not has_choice

    def convert(value: Any) -> Iterator[Made]:
        answer = value.get("answer")
        row = {key: held for key, held in plain(value, *OWN).items() if not key.startswith("_")}
        if answer == "ignore" or (answer == "reject" and not is_binary):
            meant = "skipped" if answer == "ignore" else "its label does not hold"
            yield LeftOut(f"has the answer {answer!r} ({meant})", row)
            return
        if has_choice and not (has_spans or several or value.get("accept")):
            yield LeftOut("has no chosen option", row)
            return
        row |= {"annotator": _who(value)} if len(people) > 1 else {}
        yield row | _label(value, is_spans=has_spans, is_choice=has_choice, is_list=several)

    reasons = ["Prodigy's own keys (hashes, tokens, options, times) are left out"]
    if is_binary:
        name = next(iter(names))
        reasons.append(f"one label only: rejected texts are 'not {name}'")
    return Converter(convert, tuple(reasons), left_out({"relations between spans": relations}))


def _who(value: Mapping[str, Any]) -> object:
    """Name who annotated a task, where somebody is named."""
    return value.get("_annotator_id") or value.get("_session_id")


def _label(
    value: Mapping[str, Any], *, is_spans: bool, is_choice: bool, is_list: bool
) -> dict[str, object]:
    if is_spans:
        return {"spans": value.get("spans") or []}
    if is_choice:
        names = {item["id"]: item.get("text") for item in _options(value)}
        chosen = [_option(names, one) for one in value.get("accept") or []]
        return {"label": chosen if is_list else next(iter(chosen), None)}
    if not isinstance(value.get("label"), str):
        return {}
    return {"label": value["label"] if value["answer"] == "accept" else f"not {value['label']}"}


def _options(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    held = value.get("options")
    items = held if isinstance(held, list) else []
    return [item for item in items if isinstance(item, Mapping) and "id" in item]


def _option(names: Mapping[Any, Any], chosen: Any) -> Any:
    """Name an option: by its text, where its id is a number."""
    text = names.get(chosen)
    is_number = not isinstance(chosen, str) or chosen.isdecimal()
    return text if is_number and isinstance(text, str) else chosen


FORM = Form("annotations of Prodigy", _recognise, _converter)
