"""Questions about dialogues are named for what they are, with the way out."""

import json

import pytest

from made_tables import checked
from textune.errors import DataError

TURNS = ["W: Where were you?", "M: At the market, with Ann."]


@pytest.mark.parametrize("place", ["dev.json", "."])
def test_dialogues_with_answers_to_choose_from_are_named(tmp_path, place):
    asked = {"question": "Where was he?", "choice": ["Home", "Work"], "answer": "Home"}
    (tmp_path / "dev.json").write_text(json.dumps([[TURNS, [asked], f"14-{n}"] for n in range(9)]))
    with pytest.raises(DataError, match=r"dialogues with questions .* a row for each answer: the"):
        checked(tmp_path / place)


def dialogue(key, answer):
    turns = [{"uid": n, "speakers": ["Ann"], "utterance": said} for n, said in enumerate(TURNS)]
    asked = {"id": "s01", "question": "Where was he?", "answers": [answer]}
    article = {"title": "s01", "paragraphs": [{key: turns, "qas": [asked]}]}
    return json.dumps({"data": [article, article]})


PLACE = {"utterance_id": 1, "inner_start": 1, "inner_end": 2, "is_speaker": False}


@pytest.mark.parametrize("key", ["utterances", "utterances:"])
@pytest.mark.parametrize(
    ("more", "text", "start"),
    [({}, " ".join(TURNS[1].split()[1:3]), None), ({"is_speaker": True}, "Ann", 0)],
    ids=["words of a turn", "who speaks"],
)
def test_answers_in_turns_are_those_of_a_passage(tmp_path, key, more, text, start):
    file = tmp_path / "dev.json"
    file.write_text(dialogue(key, {**PLACE, "answer_text": text, **more}))
    found = checked(file)
    assert found.contract.task == "answers"
    row = next(found.table.rows())
    passage, (answer,) = row.cells[3], json.loads(row.cells[4])
    assert passage == "\n".join(f"Ann: {said}" for said in TURNS)
    line = len(f"Ann: {TURNS[0]}") + 1
    first = line + (start if start is not None else passage[line:].index(text))
    assert answer == {"text": text, "start": first}
    assert passage[first:].startswith(text)


@pytest.mark.parametrize(
    "more", [{"inner_end": 99}, {"utterance_id": 7}, {"inner_start": "x"}, {"utterance_id": None}]
)
def test_answers_that_stand_in_no_turn_have_their_place(tmp_path, more):
    file = tmp_path / "dev.json"
    file.write_text(dialogue("utterances", {**PLACE, **more}))
    said = r"article 1, paragraph 1: these are questions about dialogues.* write the turns as one"
    with pytest.raises(DataError, match=said):
        checked(file)
