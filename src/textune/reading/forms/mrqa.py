"""MRQA: a line for each passage with its questions; answers with inclusive places of characters."""

from collections.abc import Iterator, Mapping, Sequence

from textune.reading.forms.interface import Form, LeftOut, Made, always, member, whole


def _recognise(values: Sequence[object]) -> bool:
    passages = [value for value in values if not _is_header(value)]
    return bool(passages) and all(map(_is_passage, passages))


def _is_header(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"header"}


def _is_passage(value: object) -> bool:
    if not isinstance(value, Mapping) or not {"context", "qas"} <= value.keys():
        return False
    asked = value["qas"]
    return isinstance(asked, list) and all(
        isinstance(item, Mapping) and {"question", "detected_answers"} <= item.keys()
        for item in asked
    )


def _convert(value: object) -> Iterator[Made]:
    if _is_header(value):
        yield LeftOut("is the header, no passage")
        return
    context = member(value, "context", str)
    for asked in member(value, "qas", list):
        texts, starts = [], []
        for answer in member(asked, "detected_answers", list):
            for start, last in member(answer, "char_spans", list):
                texts.append(context[whole(start) : whole(last) + 1])
                starts.append(start)
        yield {
            "id": asked.get("qid") or asked.get("id"),
            "question": member(asked, "question", str),
            "context": context,
            "answers": {"text": texts, "answer_start": starts},
        }


FORM = Form(
    "MRQA",
    _recognise,
    always(_convert, "a row for each question; ends of answers are inclusive"),
)
