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


@pytest.mark.parametrize("key", ["utterances", "utterances:"])
def test_answers_in_turns_are_named(tmp_path, key):
    turns = [{"uid": n, "speakers": ["Ann"], "utterance": said} for n, said in enumerate(TURNS)]
    answer = {"answer_text": "the market", "utterance_id": 1, "inner_start": 1, "inner_end": 2}
    asked = {"id": "s01", "question": "Where was he?", "answers": [answer]}
    article = {"title": "s01", "paragraphs": [{key: turns, "qas": [asked]}]}
    file = tmp_path / "dev.json"
    file.write_text(json.dumps({"data": [article, article]}))
    with pytest.raises(DataError, match=r"questions about dialogues.* write the turns as one text"):
        checked(file)
