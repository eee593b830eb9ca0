"""PubMedQA and utterances with slots are read as those who publish them mean them."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions
from textune.tasks import contract

ANSWERS = ("yes", "no", "maybe")


def own(number):
    return {
        "QUESTION": f"Do mitochondria play a role in the leaves of plant {number}?",
        "CONTEXTS": [f"Programmed cell death is regulated {number}.", "This paper shows how."],
        "LABELS": ["BACKGROUND", "RESULTS"],
        "YEAR": "2011",
        "reasoning_required_pred": ANSWERS[number % 2],
        "reasoning_free_pred": ANSWERS[(number + 1) % 3],
        "final_decision": ANSWERS[number % 3],
        "LONG_ANSWER": f"Results depicted the dynamics as it progresses {number}, so they do.",
    }


def of_hub(number):
    value = own(number)
    return {
        "pubid": number,
        "question": value["QUESTION"],
        "context": {"contexts": value["CONTEXTS"], "labels": value["LABELS"]},
        "long_answer": value["LONG_ANSWER"],
        "final_decision": value["final_decision"],
    }


def written(path, value):
    lines = path.suffix == ".jsonl"
    path.write_text("\n".join(map(json.dumps, value)) if lines else json.dumps(value, indent=4))
    return path


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("ori_pqal.json", {str(21_645_374 + number): own(number) for number in range(30)}),
        ("train.jsonl", [of_hub(number) for number in range(30)]),
    ],
)
def test_a_question_goes_with_its_passages_not_with_the_answer(tmp_path, name, rows):
    table = sources.read(written(tmp_path / name, rows))
    agreed = contract.understand(table).contract
    assert (agreed.task, agreed.label) == ("single", ("final_decision",))
    assert agreed.text == ("question", "passage")
    held = dict(zip(table.columns, next(iter(table.rows())).cells, strict=True))
    assert held["passage"] == "\n".join(own(0)["CONTEXTS"])
    assert held["answer written"] == own(0)["LONG_ANSWER"]


def slots(text, *marked):
    labels = []
    for slot, words in marked:
        start = text.index(words)
        place = {"startIndex": start, "endIndex": start + len(words)}
        labels.append({"slot": slot, "valueSpan": place if start else {"endIndex": len(words)}})
    return {"userInput": {"text": text}, "context": {"requestedSlots": ["time"]}, "labels": labels}


def test_slots_of_an_utterance_are_spans(tmp_path):
    values = [
        slots("a table for 4 at 7pm", ("people", "4"), ("time", "7pm")),
        slots("7pm please", ("time", "7pm")),
        {"userInput": {"text": "thank you"}},
    ]
    table = sources.read(written(tmp_path / "train_0.json", values * 9))
    agreed = contract.understand(table).contract
    assert (agreed.task, agreed.form, agreed.text) == ("tags", "spans", ("text",))
    rows = [json.loads(row.cells[1]) for row in list(table.rows())[:3]]
    assert rows == [
        [
            {"start": 12, "end": 13, "label": "people"},
            {"start": 17, "end": 20, "label": "time"},
        ],
        [{"start": 0, "end": 3, "label": "time"}],
        [],
    ]
    values[1]["labels"][0]["valueSpan"] = {}
    with pytest.raises(DataError, match=r"a\.json:\d+: the key 'endIndex' is missing"):
        list(sources.read(written(tmp_path / "a.json", [*values[::2] * 14, values[1]])).rows())
    skip = ReadOptions(faulty="skip")
    table = sources.read(tmp_path / "a.json", skip)
    assert (len(list(table.rows())), len(table.faults)) == (28, 1)


GUIDED = {
    "dialogue_id": "1_00",
    "services": ["Tables"],
    "turns": [
        {
            "speaker": "USER",
            "utterance": "a table at 7pm",
            "frames": [{"slots": [{"slot": "time", "start": 11, "exclusive_end": 14}]}],
        },
        {"speaker": "SYSTEM", "utterance": "for how many?", "frames": [{"slots": []}]},
    ],
}
SEGMENTED = {
    "conversation_id": "dlg-1",
    "utterances": [
        {
            "speaker": "USER",
            "text": "a table at 7pm",
            "segments": [{"start_index": 11, "end_index": 14, "annotations": [{"name": "time"}]}],
        },
        {"speaker": "ASSISTANT", "text": "for how many?"},
    ],
}


@pytest.mark.parametrize("dialogue", [GUIDED, SEGMENTED], ids=["slots", "segments"])
@pytest.mark.parametrize("dialogues", [1, 9])
def test_slots_of_the_turns_of_a_dialogue_are_spans(tmp_path, dialogue, dialogues):
    file = tmp_path / "dialogues.json"
    file.write_text(json.dumps([dialogue] * dialogues if dialogues > 1 else dialogue))
    table = sources.read(file)
    agreed = contract.understand(table).contract
    assert (agreed.task, agreed.form, agreed.text) == ("tags", "spans", ("text",))
    rows = [dict(zip(table.columns, row.cells, strict=True)) for row in table.rows()]
    assert len(rows) == 2 * dialogues
    assert json.loads(rows[0]["label"]) == [{"start": 11, "end": 14, "label": "time"}]
    assert (rows[1]["text"], json.loads(rows[1]["label"])) == ("for how many?", [])
    assert {"1_00", "dlg-1"} & set(rows[1].values())
