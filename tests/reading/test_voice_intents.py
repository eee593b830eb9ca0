"""Exports of voice assistants are read by their intents and what users say."""

import json

import pytest

from made_tables import checked, read_as


def test_what_users_say_in_dialogflow_is_put_together(tmp_path):
    def said(n):
        pieces = [{"text": f"flight {n} to "}, {"text": "Oslo", "alias": "city", "meta": "@x"}]
        return {"id": str(n), "data": pieces, "isTemplate": False, "count": 0}

    file = tmp_path / "flight_usersays_en.json"
    file.write_text(json.dumps([said(n) for n in range(30)]))
    found = checked(file)
    assert read_as(found) == ("tags", "text", "entities", 30)
    assert dict(found.labels) == {"city": 30}


@pytest.mark.parametrize(
    ("holders", "texts"),
    [(("interactionModel", "languageModel"), "samples"), (("resource",), "sampleUtterances")],
)
def test_models_of_voice_assistants_hold_intents_with_their_texts(tmp_path, holders, texts):
    names = ("order", "leave")
    intents = [
        {"name": name, "slots": [], texts: [f"i want to {name} {n} times" for n in range(10)]}
        for name in names
    ]
    held = {"intents": [*intents, {"name": "stop", texts: []}]}
    for key in reversed(holders):
        held = {key: held, "version": "1"}
    file = tmp_path / "model.json"
    file.write_text(json.dumps(held))
    found = checked(file)
    assert read_as(found) == ("single", "text", "intent", 20)
