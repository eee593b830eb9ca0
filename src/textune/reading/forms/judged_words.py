"""Texts as lists of words, with what each of several people said of them, as HateXplain has them.

{"post_tokens": ["a", "text"], "annotators": [{"label": …, "annotator_id": …, "target": […]}]}
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.metrics.votes import Judged
from textune.reading.forms.interface import Converter, Form, LeftOut, Made, Values, plain

PEOPLE, IDS = "annotators", ("annotator_id", "annotator", "worker", "user")
WORDS = ("post_tokens", "tokens", "words")


def _words(value: object) -> list[str] | None:
    """Find the words of a text that people judged; None for anything else."""
    held = value if isinstance(value, Mapping) else {}
    people = held.get(PEOPLE)
    if not isinstance(people, list) or not all(map(_is_person, people)):
        return None
    found = next((held[key] for key in WORDS if isinstance(held.get(key), list)), None)
    is_text = found and all(isinstance(word, str) for word in found)
    return found if is_text else None


def _is_person(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("label"), str)


def _recognise(values: Sequence[Any]) -> bool:
    return bool(values) and all(_words(value) is not None for value in values)


def _converter(values: Values) -> Converter:
    del values

    def convert(value: Any) -> Iterator[Made]:
        words = _words(value)
        if words is None:
            raise ValueError("expected the words of a text and its annotators, each with a label")
        row = {"text": " ".join(words), **plain(value)}
        said = [{key: held for key, held in one.items() if key not in IDS} for one in value[PEOPLE]]
        yield Judged(row, tuple(said)) if said else LeftOut("has no annotation", row)

    return Converter(convert, ("the text is its words, with spaces between them",))


FORM = Form("words and what people said of them (HateXplain)", _recognise, _converter)
