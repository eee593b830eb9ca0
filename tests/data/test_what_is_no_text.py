"""Columns that say something of a text in a word are not taken for the text that is missing."""

import csv
import json
import random

import pytest

from made_tables import WORDS, checked, read_as
from textune.errors import DataError


def written(folder, names, rows):
    file = folder / "made.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([names, *rows])
    return file


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("has_repeated_text", ["True", "False"]),
        ("lang", ["fi", "en", "sv"]),
        ("country", [f"land{n}" for n in range(40)]),
        ("kind", ["a", "b", "c"]),
        ("tag_hash", [f"{n:040x}" for n in range(1 << 60, (1 << 60) + 30)]),
    ],
)
def test_flags_languages_and_a_few_words_are_no_text(tmp_path, name, cells):
    rows = [(n * 7 + 1, cells[n % len(cells)], "pn"[n // 2 % 2]) for n in range(80)]
    with pytest.raises(DataError, match="no column looks like text"):
        checked(written(tmp_path, ("status_id", name, "label"), rows))


def test_single_words_of_which_few_come_back_are_a_text(tmp_path):
    rows = [(WORDS[n % 29] + WORDS[n % 31], "pn"[n // 2 % 2]) for n in range(80)]
    assert read_as(checked(written(tmp_path, ("word", "label"), rows)))[1] == "word"


def test_what_a_platform_of_crowd_workers_adds_is_no_label(tmp_path):
    names = ("_unit_id", "_golden", "_trusted_judgments", "tone", "tone:confidence", "text")
    rows = [
        (n, n % 5 == 0, 3 + n % 3, "ab"[n % 2], 0.67, f"{WORDS[n % 30]} {WORDS[n % 7]} at {n}")
        for n in range(60)
    ]
    assert read_as(checked(written(tmp_path, names, rows)))[1:3] == ("text", "tone")


def test_what_is_counted_of_posts_is_no_label(tmp_path):
    rows = [
        (f"{WORDS[n % 30]} {WORDS[n % 7]} at {n}", f"['#{WORDS[n % 3]}']" if n % 4 else "[]", n % 3)
        for n in range(60)
    ]
    assert read_as(checked(written(tmp_path, ("text", "hashtags", "replies"), rows)))[0] == "plain"


def test_flags_of_a_program_that_hardly_change_are_no_labels(tmp_path):
    rows = [
        (f"{WORDS[n % 30]} {WORDS[n % 7]} at {n}", n % 5 + 1, "N", "Y" if n == 9 else "N", "N", "N")
        for n in range(400)
    ]
    names = ("contents", "point", "isMy", "isBlock", "isEditable", "isMyLike")
    assert read_as(checked(written(tmp_path, names, rows)))[:3] == ("single", "contents", "point")


def test_a_text_behind_white_space_of_any_length_is_one(tmp_path):
    file = tmp_path / "a.csv"
    rows = [f'"{" " * 700}the soup was {n} days old",{"ab"[n % 2]}' for n in range(20)]
    file.write_text("text,label\n" + "\n".join(rows) + "\n")
    assert read_as(checked(file)) == ("single", "text", "label", 20)


def test_what_is_the_same_in_each_row_of_a_table_is_no_text(tmp_path):
    columns = ["document_type", "document_id", "start_index", "end_index", "label"]
    rows = [
        ["nursing", n // 3, 30 * n, 30 * n + 9, ("PRESENT", "ABSENT")[n % 2]] for n in range(60)
    ]
    with pytest.raises(DataError, match=r"no column looks like text .*'document_type' is constant"):
        checked(written(tmp_path, columns, rows))


def test_the_words_of_the_text_beside_them_are_no_labels(tmp_path):
    draw = random.Random(0)
    texts = [" ".join(draw.sample(WORDS, 9)) for _ in range(60)]
    rows = [[text, json.dumps(text.split()), "ab"[n % 2]] for n, text in enumerate(texts)]
    assert read_as(checked(written(tmp_path, ["text", "words", "kind"], rows)))[2] == "kind"
    alone = checked(written(tmp_path, ["text", "pieces"], [cells[:2] for cells in rows]))
    assert not alone.labels


def test_a_list_that_holds_a_list_behind_a_name_is_a_record(tmp_path):
    rows = [
        [
            " ".join(WORDS[n % 5 : n % 5 + 9]) + str(n),
            json.dumps(["he", [n % 4, n % 4 + 1], ["he"]]),
        ]
        for n in range(60)
    ]
    assert not checked(written(tmp_path, ["text", "mention"], rows)).labels
