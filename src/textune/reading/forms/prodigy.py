"""Prodigy's annotations: tasks with an "answer" of accept, reject or ignore."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textune.reading.forms import prodigy_spans
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


@dataclass(slots=True)
class _Seen:
    """What the tasks of a file hold."""

    names: set[str] = field(default_factory=set)  # labels of tasks of a label alone
    people: set[object] = field(default_factory=set)
    has_spans: bool = False
    has_choice: bool = False
    several: bool = False  # whether a task has more than one choice
    are_marked: int = 0  # tasks with a span, which one of a label alone does not need
    relations: int = 0
    joined: prodigy_spans.Accepted = field(default_factory=dict)

    @property
    def is_binary(self) -> bool:
        """Tell whether the one label of all tasks holds or does not."""
        return len(self.names) == 1 and not self.has_spans and not self.has_choice

    def add(self, value: Mapping[str, Any]) -> None:
        self.has_spans = self.has_spans or isinstance(value.get("spans"), list)
        self.are_marked += bool(value.get("spans"))
        accepted = value.get("accept")
        self.has_choice = self.has_choice or isinstance(accepted, list)
        self.several = self.several or (isinstance(accepted, list) and len(accepted) > 1)
        self.people.add(_who(value))
        held = value.get("relations")
        self.relations += len(held) if isinstance(held, list) else 0
        self.names |= {value["label"]} if isinstance(value.get("label"), str) else set()


def _converter(values: Values) -> Converter:
    seen = _Seen()
    for value in values():
        if isinstance(value, Mapping):
            seen.add(value)
    seen.has_spans = seen.has_spans and (seen.are_marked > 0 or not seen.names)
    seen.joined = prodigy_spans.accepted(values) if seen.has_spans else {}

    def convert(value: Any) -> Iterator[Made]:
        yield _made(value, seen)

    reasons = ["Prodigy's own keys (hashes, tokens, options, times) are left out"]
    if seen.is_binary:
        name = next(iter(seen.names))
        reasons.append(f"one label only: rejected texts are 'not {name}'")
    findings = left_out({"relations between spans": seen.relations})
    return Converter(convert, tuple(reasons), findings)


def _made(value: Any, seen: _Seen) -> Made:
    """Make a row of a task, unless nobody accepted what it says."""
    answer = value.get("answer")
    row = {key: held for key, held in plain(value, *OWN).items() if not key.startswith("_")}
    if answer == "ignore" or (answer == "reject" and not seen.is_binary):
        meant = "skipped" if answer == "ignore" else "its label does not hold"
        return LeftOut(f"has the answer {answer!r} ({meant})", row)
    if seen.has_choice and not (seen.has_spans or seen.several or value.get("accept")):
        return LeftOut("has no chosen option", row)
    row |= {"annotator": _who(value)} if len(seen.people) > 1 else {}
    if seen.has_spans:
        spans = prodigy_spans.spans_of(value, seen.joined)
        return LeftOut(prodigy_spans.JOINED, row) if spans is None else row | {"spans": spans}
    return row | _label(value, is_choice=seen.has_choice, is_list=seen.several)


def _who(value: Mapping[str, Any]) -> object:
    """Name who annotated a task, where somebody is named."""
    return value.get("_annotator_id") or value.get("_session_id")


def _label(value: Mapping[str, Any], *, is_choice: bool, is_list: bool) -> dict[str, object]:
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
