"""Natural Questions: a page with a question, answers by the numbers of the page's words.

The simplified form holds the page as a text whose words are parted by single spaces, the whole one
a list of its words. What is answered by yes or no has no words of the page, and is left out.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from textune.errors import excerpt
from textune.reading.forms.interface import (
    Form,
    LeftOut,
    Made,
    always,
    are_objects,
    member,
    whole,
)

CANDIDATES = "long_answer_candidates"  # which pages have whose questions nobody has answered


def _recognise(values: Sequence[object]) -> bool:
    is_page = are_objects(values, "question_text", "annotations") and all(map(_is_page, values))
    return is_page and any(map(_is_of_these, values))


def _is_page(value: Any) -> bool:
    said = value["annotations"]
    is_held = "document_text" in value or "document_tokens" in value
    return is_held and isinstance(said, list) and (not said or are_objects(said, "short_answers"))


def _is_of_these(value: Any) -> bool:
    return CANDIDATES in value or bool(value["annotations"])


def _convert(value: Any) -> Iterator[Made]:
    words = _words(value)
    ends = [0, *accumulate(len(word) + 1 for word in words)]
    context, texts, starts = " ".join(words), [], []
    said = {str(one.get("yes_no_answer")) for one in member(value, "annotations", list)}
    for annotation in member(value, "annotations", list):
        for answer in member(annotation, "short_answers", list):
            first, last = whole(answer.get("start_token")), whole(answer.get("end_token"))
            if not 0 <= first < last <= len(words):
                place = f"{first} to {last}"
                raise ValueError(f"an answer of the words {place} of a page of {len(words):,}")
            starts.append(ends[first])
            texts.append(context[ends[first] : ends[last] - 1])
    if not texts and said & {"YES", "NO"}:
        yield LeftOut("is answered by yes or no, without words of the page")
        return
    yield {
        "id": value.get("example_id"),
        "question": member(value, "question_text", str),
        "context": context,
        "answers": {"text": texts, "answer_start": starts},
    }


def _words(value: Any) -> list[str]:
    if "document_tokens" in value:
        return [member(word, "token", str) for word in member(value, "document_tokens", list)]
    text = member(value, "document_text", str)
    if not text.strip():
        raise ValueError(f"a page without a word: {excerpt(repr(text))}")
    return text.split(" ")


FORM = Form(
    "Natural Questions",
    _recognise,
    always(_convert, "answers count the words of a page; the short ones are read"),
)
