"""spaCy's training data: [text, {"entities": [[start, end, label]]}], or {"cats": {label: 1}}."""

from collections.abc import Iterator
from typing import Any

from textune.reading.forms.interface import Converter, Form, LeftOut, Made, Values, member


def _is_pair(value: Any) -> bool:
    if value is None:  # as the online annotator writes what was passed over
        return True
    is_pair = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    return is_pair and isinstance(value[1], dict) and bool({"entities", "cats"} & value[1].keys())


def _converter(values: Values) -> Converter:
    exclusive = True
    held = set()
    for value in values():
        if _is_pair(value) and value:
            held |= value[1].keys() & {"entities", "cats"}
            cats = value[1].get("cats") or {}
            exclusive = exclusive and (not cats or sum(map(_applies, cats.values())) == 1)

    def convert(value: Any) -> Iterator[Made]:
        if value is None:
            yield LeftOut("is null, passed over in annotation")
            return
        text, marked = value[0], value[1]
        row: dict[str, Any] = {"text": text}
        if "entities" in held:
            row["entities"] = member(marked, "entities", (list, type(None))) or []
        if "cats" in held:
            applied = [name for name, mark in (marked.get("cats") or {}).items() if _applies(mark)]
            row["label"] = (applied or [""])[0] if exclusive else applied
        yield row

    return Converter(convert, ('each row is [text, {"entities" or "cats": …}], as spaCy has it',))


def _applies(mark: object) -> bool:
    return isinstance(mark, int | float) and mark >= 0.5


FORM = Form(
    "spaCy's training data",
    lambda values: any(values) and all(map(_is_pair, values)),
    _converter,
)
