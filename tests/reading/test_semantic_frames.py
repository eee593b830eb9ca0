"""Frames of intents and slots in a cell are a class of the text, and spans in it."""

import json

import pytest

from textune.reading import sources
from textune.survey import survey

ROWS = [
    ("wake me at {} Bo", "[IN:CREATE_ALARM wake me [SL:DATE_TIME at {} ] Bo ]"),
    ("any messages from {}", "[IN:GET_MESSAGE any messages from [SL:CONTACT {} ] ]"),
    ("how far is {}", "[IN:GET_DISTANCE how far is [SL:TO [IN:GET_HOME [SL:AT {} ] ] ] ]"),
]
APART = [(text, f"{frame.partition(' ')[0]} [SL:CONTACT {{}} ] ]") for text, frame in ROWS]


def written(folder, rows, header="utterance\tsemantic_parse\n"):
    file = folder / "made.tsv"
    lines = ["\t".join(rows[n % 3]).replace("{}", f"w{n}") for n in range(30)]
    file.write_text(header + "\n".join(lines))
    return file


@pytest.mark.parametrize("header", ["utterance\tsemantic_parse\n", ""])
def test_slots_are_spans_where_the_words_are_those_of_the_text(tmp_path, header):
    file = written(tmp_path, ROWS, header)
    first, *_ = sources.read(file).rows()
    assert first.cells[:2] == ("wake me at w0 Bo", "CREATE_ALARM")
    assert json.loads(first.cells[2]) == [{"start": 8, "end": 13, "label": "DATE_TIME"}]
    found = survey.check(file)
    assert (found.contract.task, found.contract.label) == ("tags", ("slots",))


def test_of_a_frame_with_other_words_the_intent_is_taken(tmp_path):
    found = survey.check(written(tmp_path, APART))
    agreed = found.contract
    assert (agreed.task, agreed.text, agreed.label) == ("single", ("utterance",), ("intent",))
    assert {*found.labels} == {"CREATE_ALARM", "GET_MESSAGE", "GET_DISTANCE"}


def test_a_few_frames_in_texts_are_left_as_they_are(tmp_path):
    file = written(tmp_path, [*ROWS[:2], ("how far is {}", "so far {}")])
    assert sources.read(file).columns == ("utterance", "semantic_parse")
