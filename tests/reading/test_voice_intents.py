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


CITIES = ["Oslo", "Rome", "Lima", "Paris"]


def phrase(n, key):
    city = CITIES[n % 4]
    own = {"auto": True, "parameterId": "city"} if key == "parameterId" else {"alias": "city"}
    return {"id": "", "parts": [{"text": f"flight {n} to "}, {"text": city, **own}, {"text": "!"}]}


def text(n):
    said = f"flight {n} to {CITIES[n % 4]}!"
    place = {"begin": said.index("to ") + 3, "end": len(said) - 1, "name": "city"}
    return {"text": said, "entities": [{**place, "value": CITIES[n % 4]}]}


@pytest.mark.parametrize(
    ("key", "made"),
    [
        ("trainingPhrases", lambda n: phrase(n, "parameterId")),
        ("training_phrases", lambda n: phrase(n, "alias")),
        ("trainingData", text),
    ],
)
@pytest.mark.parametrize("name", ["displayName", "name", None])
def test_training_phrases_of_intents_are_texts_with_their_entities(tmp_path, name, key, made):
    groups = [{key: [made(n) for n in range(15)]}, {key: [made(n) for n in range(15, 30)]}]
    if name:
        groups = [
            {name: f"intent {n}", "reply": "i see you", **group} for n, group in enumerate(groups)
        ]
    file = tmp_path / "agent.json"
    held = [*groups, {"name": "fallback", "reply": "what did you say"}]
    file.write_text(json.dumps({"intents": held} if name == "name" else groups))
    found = checked(file)
    assert read_as(found) == ("tags", "text", "entities", 30)
    assert dict(found.labels) == {"city": 30}
    if name:
        assert dict(checked(file, label="intent", task="single").labels) == {
            "intent 0": 15,
            "intent 1": 15,
        }


def test_utterances_that_are_uploaded_to_luis_have_inclusive_ends(tmp_path):
    def said(n):
        place = {"entityName": "City", "startCharIndex": 10, "endCharIndex": 9 + len(CITIES[n % 4])}
        text = f"flight to {CITIES[n % 4]} {n}"
        return {"text": text, "intentName": "ab"[n % 2], "entityLabels": [place] * (n != 3)}

    file = tmp_path / "batch.json"
    file.write_text(json.dumps([said(n) for n in range(30)]))
    found = checked(file)
    assert read_as(found) == ("tags", "text", "entities", 30)
    assert dict(found.labels) == {"City": 29}
    assert not [one for one in found.findings if "widened" in one.message]


@pytest.mark.parametrize("more", [{}, {"name": "my set", "version": 1}, {"test_data": []}])
def test_labelled_rows_under_training_data_are_no_phrases_of_an_intent(tmp_path, more):
    rows = [{"text": f"flight {n} to Oslo", "label": "ab"[n % 2]} for n in range(30)]
    file = tmp_path / "set.json"
    file.write_text(json.dumps({**more, "training_data": rows}))
    found = checked(file)
    assert read_as(found) == ("single", "text", "label", 30)
    assert dict(found.labels) == {"a": 15, "b": 15}


def test_training_data_whose_entities_are_counted_are_rows_of_their_own(tmp_path):
    rows = [{"text": f"flight {n} to {CITIES[n % 4]}", "entities": n % 3} for n in range(30)]
    file = tmp_path / "set.json"
    file.write_text(
        json.dumps([{"intent": f"i{n % 2}", "trainingData": [row]} for n, row in enumerate(rows)])
    )
    assert dict(checked(file, label="intent").labels) == {"i0": 15, "i1": 15}
