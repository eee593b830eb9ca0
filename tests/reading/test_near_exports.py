"""Files that have some keys of an annotation tool's export, and are none, keep their labels."""

import json

import pytest

from textune.reading import sources
from textune.survey.agreement import agree

TEXTS = [f"the train number {n} was late again" for n in range(12)]


def written(path, values):
    path.write_text("\n".join(map(json.dumps, values)), encoding="utf-8")
    return path


def labels(table):
    """List what stands in the columns of the label."""
    places = [table.columns.index(name) for name in agree(table).contract.label]
    return [tuple(row.cells[at] for at in places) for row in table.rows()]


@pytest.mark.parametrize("is_nested", [False, True])
@pytest.mark.parametrize("answer", [None, "I am sorry to hear of it"])
def test_a_label_beside_a_chat_is_learned(tmp_path, is_nested, answer):
    values = []
    for number, text in enumerate(TEXTS):
        said = [("user", text), ("assistant", answer and f"{answer} {number}")]
        messages = [{"role": role, "content": held} for role, held in said if held]
        chat = {"messages": messages}
        label = ("toxic", "fine")[number % 2]
        values.append({**({"conversation": chat} if is_nested else chat), "label": label})
    table = sources.read(written(tmp_path / "a.jsonl", values))
    assert agree(table).contract.label == ("label",)
    assert set(labels(table)) == {("toxic",), ("fine",)}


def test_messages_in_what_is_said_of_a_row_are_not_its_text(tmp_path):
    chat = {"messages": [{"role": "user", "content": "write a short text of the mood"}]}
    values = [{"text": "late", "mood": "sad", "source": chat}, {"text": "good", "source": chat}]
    assert "late" in next(iter(sources.read(written(tmp_path / "a.jsonl", values)).rows())).cells


@pytest.mark.parametrize(
    "entities", [[[0, 3, "X"]], [{"start": 0, "end": 3, "label": "X"}], "X", [{"labels": "X"}]]
)
def test_entities_of_another_form_are_kept_as_they_are(tmp_path, entities):
    values = [{"content": text, "annotations": [{"entities": entities}]} for text in TEXTS]
    table = sources.read(written(tmp_path / "a.jsonl", values))
    assert table.columns == ("content", "annotations")


def test_items_that_have_slots_are_no_annotations_of_v7(tmp_path):
    values = [
        {"item": {"name": text, "slots": n % 3}, "annotations": ["a"]}
        for n, text in enumerate(TEXTS)
    ]
    assert "item.name" in sources.read(written(tmp_path / "a.jsonl", values)).columns


def test_a_sign_and_its_class_above_each_sentence_are_a_word(tmp_path):
    file = tmp_path / "a.conll"
    file.write_text("#\t#\nfun\tNOUN\nday\tNOUN\n\n#\t#\ngo\tVERB\nhome\tADV\n\n" * 6)
    first = next(iter(sources.read(file).rows()))
    assert [json.loads(cell)[0] for cell in first.cells] == ["#", "#"]


@pytest.mark.parametrize(
    "tags", [("2:det", "3:nsubj", "0:root", "*"), ("3:det", "3:amod", "*", "*"), ("1", "1:a", "*")]
)
def test_words_and_the_numbers_of_their_heads_are_no_expressions(tmp_path, tags):
    file = tmp_path / "a.conll"
    words = ["The", "dog", "ran", "."]
    lines = [f"{word}\tX\t{tag}" for word, tag in zip(words, tags, strict=False)]
    file.write_text("\n".join([*lines, "", *lines, "", *lines, ""]))
    first = next(iter(sources.read(file).rows()))
    assert json.loads(first.cells[-1]) == list(tags)
