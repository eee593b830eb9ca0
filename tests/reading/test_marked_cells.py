"""A text that stands beside itself with marks around its entities is a text with spans."""

import json

from made_tables import checked, read_as

TIMES = ["nine am", "noon", "half past six"]


def saved(folder, rows: list[dict[str, object]]):
    file = folder / "utterances.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def utterances(intent: bool = True):
    for n in range(60):
        time = TIMES[n % 3]
        bare, marked = (
            f"wake {n} of us at {time} please",
            f"wake {n} of us at [time : {time}] please",
        )
        if n % 4 == 0:
            bare = marked = f"tell {n} jokes to the two of us"
        row = {"id": n, "utt": bare, "annot_utt": marked}
        yield row | ({"intent": ["alarm", "jokes"][n % 4 == 0]} if intent else {})


def test_the_text_without_the_marks_is_the_text(tmp_path):
    found = checked(saved(tmp_path, list(utterances())))
    assert read_as(found) == ("tags", "utt", "annot_utt", 60)
    assert dict(found.labels) == {"time": 45}
    assert any("'intent'" in doubt and "--task single" in doubt for doubt in found.contract.doubts)


def test_the_intent_is_learned_from_the_text_without_the_marks(tmp_path):
    found = checked(saved(tmp_path, list(utterances())), label="intent")
    assert read_as(found) == ("single", "utt", "intent", 60)


def test_brackets_of_running_text_are_no_marks(tmp_path):
    rows = [{"a": f"a note [sic] of day {n}", "b": f"a note of day {n}"} for n in range(40)]
    assert checked(saved(tmp_path, rows)).contract.task == "plain"
