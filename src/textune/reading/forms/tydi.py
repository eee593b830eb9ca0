"""TyDi QA: a page with a question, and the minimal answers in it by places that count bytes.

What is answered by yes or no has no words of the page, and is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Form,
    LeftOut,
    Made,
    always,
    are_objects,
    member,
    whole,
)

PLACES = ("plaintext_start_byte", "plaintext_end_byte")


def _recognise(values: Sequence[object]) -> bool:
    return are_objects(values, "document_plaintext", "question_text", "passage_answer_candidates")


def _convert(value: Any) -> Iterator[Made]:
    page = member(value, "document_plaintext", str)
    row: dict[str, Any] = {
        "id": value.get("example_id"),
        "question": member(value, "question_text", str),
        "context": page,
        "language": value.get("language"),
    }
    if value.get("annotations") is None:  # to be answered
        yield row
        return
    annotations = _each(member(value, "annotations", (list, dict)))
    held = page.encode()
    texts, starts = [], []
    for annotation in annotations:
        start, end = (whole(member(annotation, "minimal_answer", dict).get(key)) for key in PLACES)
        if start == end == -1:
            continue
        if not 0 <= start < end <= len(held):
            raise ValueError(f"an answer of the bytes {start} to {end} of a page of {len(held):,}")
        texts.append(held[start:end].decode())
        starts.append(len(held[:start].decode()))
    said = {str(one.get("yes_no_answer")) for one in annotations}
    if not texts and said & {"YES", "NO"}:
        yield LeftOut("is answered by yes or no, without words of the page", row)
        return
    yield row | {"answers": {"text": texts, "answer_start": starts}}


def _each(annotations: Any) -> list[Any]:
    """Take annotations one by one, from lists of their parts, too, as the Hub has them."""
    if isinstance(annotations, list):
        return annotations
    starts, ends, said = (
        member(annotations, key, list)
        for key in ("minimal_answers_start_byte", "minimal_answers_end_byte", "yes_no_answer")
    )
    return [
        {
            "minimal_answer": dict(zip(PLACES, (start, end), strict=True)),
            "yes_no_answer": answer,
        }
        for start, end, answer in zip(starts, ends, said, strict=True)
    ]


FORM = Form(
    "TyDi QA",
    _recognise,
    always(_convert, "answers count bytes of a page; the minimal ones are read"),
)
