"""Lists of aspects in JSON become a column for each aspect."""

import json
import random

import pytest

from made_tables import WORDS, count_tokens
from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

ASPECTS = ("food", "price", "service")


def values(key="aspects", names=("aspect", "polarity"), count=60):
    draw = random.Random(0)
    found = []
    for number in range(count):
        chosen = draw.sample(ASPECTS, draw.randint(0, 3))
        said = [{names[0]: one, names[1]: draw.choice(("good", "bad"))} for one in chosen]
        text = f"{' '.join(draw.choices(WORDS, k=9))} {number}"
        found.append({"id": number, "text": text, key: said})
    return found


def written(folder, lines, name="data.jsonl"):
    file = folder / name
    held = json.dumps(lines) if name.endswith(".json") else "\n".join(map(json.dumps, lines))
    file.write_text(held, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["data.jsonl", "data.json"])
@pytest.mark.parametrize("names", [("aspect", "polarity"), ("category", "sentiment")])
def test_each_aspect_has_a_column_of_what_is_said_of_it(tmp_path, name, names):
    lines = values("opinions", names)
    table = sources.read(written(tmp_path, lines, name))
    assert table.columns == ("id", "text", *ASPECTS)
    for row, line in zip(table.rows(), lines, strict=True):
        said = {item[names[0]]: item[names[1]] for item in line["opinions"]}
        assert row.cells[2:] == tuple(said.get(aspect, "none") for aspect in ASPECTS)
    found = survey.check(table.path, count_tokens=count_tokens)
    assert (found.contract.task, found.contract.label) == ("aspects", ASPECTS)
    assert any("or 'none' where a text does not name it" in said for said in table.reasons)


def test_several_things_said_of_one_aspect_are_a_conflict(tmp_path):
    lines = values()
    lines[3]["aspects"] = [{"aspect": "food", "polarity": said} for said in ("good", "bad")]
    rows = list(sources.read(written(tmp_path, lines)).rows())
    assert rows[3].cells[2:] == ("conflict", "none", "none")


def test_an_item_without_what_is_said_is_named_with_its_line(tmp_path):
    lines = values(count=400)
    lines[300]["aspects"] = [{"aspect": "food", "polarity": None}]
    with pytest.raises(DataError, match=r"an aspect is .*'food'.* allowed: a name, and what is"):
        list(sources.read(written(tmp_path, lines)).rows())


def test_a_short_text_behind_the_first_rows_is_a_row_as_any_other(tmp_path):
    lines = values(count=400)
    lines[300] |= {"text": "Fine", "aspects": [{"aspect": "food", "polarity": "good"}]}
    rows = list(sources.read(written(tmp_path, lines)).rows())
    assert rows[300].cells[1:] == ("Fine", "good", "none", "none")


def test_phrases_of_the_texts_are_no_columns(tmp_path):
    lines = values()
    for number, line in enumerate(lines):
        line["aspects"] = [{"aspect": f"the dish {number}", "polarity": "good"}]
    assert "the dish 1" not in sources.read(written(tmp_path, lines)).columns


def test_terms_with_opinions_are_named_and_no_plain_text(tmp_path):
    said = {"opinion": "slow", "polarity": "negative", "category": "NULL"}
    lines = [
        {"text": f"the waiter number {n} is slow .", "labels": [{"aspect": f"waiter {n}", **said}]}
        for n in range(60)
    ]
    with pytest.raises(DataError, match=r"lists of a term, an opinion and a polarity.*a row for"):
        sources.read(written(tmp_path, lines))
    few = [line | {"labels": [{"aspect": ASPECTS[n % 3], **said}]} for n, line in enumerate(lines)]
    assert sources.read(written(tmp_path, few)).columns[1:] == ASPECTS
