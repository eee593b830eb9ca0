"""GLiNER's training data: words, and spans of words whose ends are inclusive."""

from collections.abc import Iterator, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, member, plain, whole


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "tokenized_text", "ner")


def _convert(value: Any) -> Iterator[Made]:
    words = member(value, "tokenized_text", list)
    tags = ["O"] * len(words)
    for start, last, kind in member(value, "ner", list):
        if not 0 <= whole(start) <= whole(last) < len(words):
            raise ValueError(f"the span {start}–{last} ({kind}) does not lie in {len(words)} words")
        if any(tag != "O" for tag in tags[start : last + 1]):
            raise ValueError(f"the span {start}–{last} ({kind}) overlaps another one")
        tags[start : last + 1] = [f"B-{kind}"] + [f"I-{kind}"] * (last - start)
    yield {**plain(value), "words": words, "tags": tags}


FORM = Form(
    "training data of GLiNER",
    _recognise,
    always(_convert, "'ner' holds spans of words; their ends are inclusive"),
)
