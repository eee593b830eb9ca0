"""spaCy's training data: [text, {"entities": [[start, end, label]]}], or {"cats": {label: 1}}."""

from collections.abc import Iterator
from typing import Any

from textune.reading.forms.interface import Converter, Form, LeftOut, Made, Values, always, member

MOST = 0.9  # share of values that are so, below which they are something else


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
        if not _is_pair(value):
            raise ValueError('expected [text, {"entities": [[start, end, label], …]}]')
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


def _is_document(value: Any) -> bool:
    held = value.get("paragraphs") if isinstance(value, dict) else None
    return isinstance(held, list) and all(
        isinstance(part, dict) and isinstance(part.get("sentences"), list) for part in held
    )


def _sentences(value: Any) -> Iterator[Made]:
    """Make a row of each sentence of a document, as spaCy 2 wrote them."""
    for part in member(value, "paragraphs", list):
        for sentence in member(part, "sentences", list):
            tokens = member(sentence, "tokens", list)
            yield {
                "words": [member(token, "orth", str) for token in tokens],
                "tags": [str(token.get("ner", token.get("tag", "O"))) for token in tokens],
            }


FORMS = (
    Form(
        "spaCy's training data",
        lambda values: any(values) and sum(map(_is_pair, values)) >= MOST * len(values),
        _converter,
    ),
    Form(
        "documents of spaCy 2",
        lambda values: bool(values) and all(map(_is_document, values)),
        always(_sentences, "a row for each sentence; 'ner' of its tokens is the label"),
    ),
)
