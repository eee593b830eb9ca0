"""Places of characters without a name beside a text are spans, not labels of the text."""

import json

import pytest

from made_tables import checked, read_as

RUDE = ["fool", "old goat", "ass"]


def rows():
    for n in range(60):
        word = RUDE[n % 3]
        text = f"day {n}: you {word}, what did you say of my town?"
        start = text.index(word)
        yield text, list(range(start, start + len(word))) if n % 5 else []


def written(folder, name: str, lists: list[tuple[str, object]]):
    file = folder / name
    if name.endswith(".jsonl"):
        held = [json.dumps({"marks": marks, "text": text}) for text, marks in lists]
    else:
        held = ["marks,text", *(f'"{marks}","{text}"' for text, marks in lists)]
    file.write_text("".join(f"{line}\n" for line in held))
    return file


@pytest.mark.parametrize("name", ["spans.csv", "spans.jsonl"])
def test_a_list_of_all_marked_characters_is_spans(tmp_path, name):
    found = checked(written(tmp_path, name, list(rows())))
    assert read_as(found) == ("tags", "text", "marks", 60)
    assert dict(found.labels) == {"marks": 48}
    assert any("without a name: each stretch is a span" in why for why in found.table.reasons)


@pytest.mark.parametrize("more", [0, 1])
def test_pairs_of_a_start_and_an_end_are_spans(tmp_path, more):
    pairs = [(text, [[at[0], at[-1] + more]] if at else []) for text, at in rows()]
    found = checked(written(tmp_path, "spans.csv", pairs))
    assert read_as(found) == ("tags", "text", "marks", 60)
    assert dict(found.labels) == {"marks": 48}
    assert found.contract.offsets == ("characters" if more else "characters, last")


def test_two_stretches_of_one_text_are_two_spans(tmp_path):
    text = "a fool and an ass"
    places = [*range(2, 6), *range(14, 17)]
    found = checked(written(tmp_path, "spans.csv", [(f"{text} {n}", places) for n in range(30)]))
    assert dict(found.labels) == {"marks": 60}


def test_lists_of_codes_of_labels_stay_labels(tmp_path):
    codes = [[n % 4, n % 4 + 1, n % 4 + 2] if n % 2 else [n % 6] for n in range(60)]
    texts = [(f"what people of the town said on day {n} of the year", codes[n]) for n in range(60)]
    found = checked(written(tmp_path, "emotions.csv", texts))
    assert read_as(found) == ("multi", "text", "marks", 60)
    assert set(found.labels) == set("012345")


def test_numbers_of_thousands_of_digits_in_brackets_are_no_places(tmp_path):
    lists = [(text, f"[{'1' * 5000}]" if n % 2 else "[2]") for n, (text, _) in enumerate(rows())]
    found = checked(written(tmp_path, "spans.csv", lists))
    assert not any("without a name" in why for why in found.table.reasons)
