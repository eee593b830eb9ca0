"""Names of columns are read in the languages that people write them in."""

import re

import pytest

from made_tables import made, number, one_of, prose
from textune.data import names
from textune.tasks.contract import understand


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Cümle", "S\u0131n\u0131f"),
        ("yorum", "Duygu"),
        ("النص", "التصنيف"),
        ("文本", "标签"),
        ("문장", "라벨"),
        ("comentario", "sentimiento"),
        ("Comentário", "Rótulo"),
        ("ulasan", "kategori"),
    ],
)
def test_a_score_beside_a_named_label_is_not_taken(text, label):
    columns = {
        text: prose(),
        label: one_of("Pozitif", "Negatif"),
        "Sentiment Score": number(-4, 3, 3),
        "Tahmin": one_of("Pozitif", "Negatif", "Nötr"),
    }
    found = understand(made((*columns,), **columns)).contract
    assert (found.text, found.label) == ((text,), (label,))


def test_a_department_is_taken_before_a_priority_in_german_too():
    columns = {
        "Beschreibung": prose(),
        "Priorität": one_of("1", "2", "3"),
        "Abteilung": one_of("IT", "HR", "Einkauf", "Lager"),
    }
    found = understand(made((*columns,), **columns)).contract
    assert (found.text, found.label) == (("Beschreibung",), ("Abteilung",))


def test_a_sentiment_is_taken_before_the_category_of_a_product():
    columns = {
        "review": prose(),
        "category": one_of("Honey", "Tuna", "Bread"),
        "sentiment": one_of("-2", "-1", "0", "1", "2"),
    }
    assert understand(made((*columns,), **columns)).contract.label == ("sentiment",)


def test_the_word_test_says_nothing_against_a_text():
    templates = ("I hate all of these people", "They are my best friends ever", "You go home now")
    columns = {
        "id": lambda n, _: str(n),
        "test_case": prose(),
        "case_templ": lambda n, _: templates[n % 3],
        "label_gold": one_of("hateful", "non-hateful"),
    }
    found = understand(made((*columns,), **columns)).contract
    assert (found.text, found.label) == (("test_case",), ("label_gold",))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (("annotator1", "annotator2", "annotator3"), "named as people.*`--annotators majority`"),
        (("Hateful (Expert 1)", "Hateful (Expert 2)"), "named as people"),
        (("hate_1", "hate_2", "hate_3"), "one name and a number.*--annotators majority"),
        (("hate_G1", "hate_G2"), "one name and a number"),
        (("hate_1", "irony_1", "irony_2"), "one name and a number"),
        (("anger", "joy"), None),
    ],
)
def test_columns_of_several_people_are_said_to_be_perhaps_one_label(columns, said):
    held = {"text": prose()} | {name: one_of("0", "1") for name in columns}
    doubts = " ".join(understand(made((*held,), **held)).contract.doubts)
    assert bool(re.search(said or "people", doubts)) is (said is not None)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("S\u0131n\u0131f", ["s\u0131n\u0131f"]),
        ("textÖlçü", ["text", "ölçü"]),
        ("Nhãn", ["nhãn"]),
        ("reviewText", ["review", "text"]),
        ("HTMLBody", ["html", "body"]),
        ("annId", ["ann", "id"]),
    ],
)
def test_names_are_parted_at_large_letters(name, parts):
    assert names.parts(name) == parts


@pytest.mark.parametrize("name", ["views", "Shares", "claps", "karma", "post_reactions", "likes"])
def test_what_a_platform_counts_is_no_label_though_it_stands_alone(name):
    columns = {"text": prose(), name: one_of("0", "1", "2", "3")}
    assert understand(made((*columns,), **columns)).contract.label == ()


@pytest.mark.parametrize("name", ["n_comments", "downloads", "clicks", "comments", "word_count"])
def test_counts_are_no_label_though_they_stand_alone(name):
    columns = {"text": prose(), name: one_of("0", "1", "2", "5")}
    found = understand(made((*columns,), **columns)).contract
    assert found.label == ()
    assert any(f"--label {name}` makes it so" in one for one in found.doubts)


@pytest.mark.parametrize(("name", "is_label"), [("reply_count", False), ("label_num", True)])
def test_a_count_of_zeros_and_ones_is_no_label_but_a_number_of_a_class_is(name, is_label):
    columns = {"text": prose(), name: one_of("0", "1")}
    assert (understand(made((*columns,), **columns)).contract.label == (name,)) is is_label


@pytest.mark.parametrize(("name", "cells"), [("reactions", "joy anger"), ("points", "0 1 2 3")])
def test_names_of_classes_and_points_stay_labels(name, cells):
    columns = {"text": prose(), name: one_of(*cells.split())}
    assert understand(made((*columns,), **columns)).contract.label == (name,)
