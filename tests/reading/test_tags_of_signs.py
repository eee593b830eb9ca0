"""A tag for each sign of a text without spaces is read; tags are never taken for text."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

SIGNED = "flight\t去北京{}\to b-city i-city o\nmovie\t看 电影{}\to b-cat i-cat o\n"


def test_tags_of_signs_fit_a_text_without_spaces(tmp_path):
    file = tmp_path / "slots.tsv"
    file.write_text("".join(SIGNED.format(sign, sign) for sign in "一二三四五六七八九"))
    table = sources.read(file)
    cells = next(table.rows()).cells
    assert (json.loads(cells[1]), json.loads(cells[2])) == (
        ["去", "北", "京", "一"],
        ["o", "b-city", "i-city", "o"],
    )
    assert any("a tag for each sign of '2'" in reason for reason in table.reasons)
    found = survey.check(file)
    assert (found.contract.task, found.contract.label) == ("tags", ("3",))
    assert found.labels == {"city": 9, "cat": 9}


def test_tags_that_fit_no_text_are_not_taken_for_one(tmp_path):
    file = tmp_path / "slots.tsv"
    words = ["wake", "me", "up", "at", "nine", "please", "and", "play", "some", "slow", "music"]
    lines = [
        f"{'ab'[n % 2]}\t{' '.join(words[n % 5 :])}\t{'o b-time ' * (n + 3)}" for n in range(30)
    ]
    file.write_text("\n".join(lines))
    found = survey.check(file)
    assert (found.contract.task, found.contract.text, found.contract.label) == (
        "single",
        ("2",),
        ("1",),
    )


def test_tags_with_a_zero_for_no_entity_are_read_and_rows_that_differ_named(tmp_path):
    file = tmp_path / "orders.csv"
    rows = [f"send {n} red cups to Rome,0 B-NUM 0 B-ITEM 0 B-LOC" for n in range(9)]
    file.write_text("\n".join(["words,label", *rows]))
    found = survey.check(file)
    assert (found.contract.task, found.labels) == ("tags", {"ITEM": 9, "LOC": 9, "NUM": 9})
    file.write_text("\n".join(["words,label", *rows, "send 9 cups,0 B-NUM 0 B-ITEM"]))
    with pytest.raises(DataError, match=r"orders.csv:11: 3 words but 4 tags"):
        survey.check(file)
