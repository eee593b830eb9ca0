"""Several labels of a text in columns of their own are told from aspects and from people."""

import csv

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

LABELS = [["food"], ["service", "food"], ["price"], ["food", "price", "service"], ["service"]]
SAID = "seem to be several labels of a text"


def checked(tmp_path, header, rows):
    file = tmp_path / "data.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([*([header] if header else []), *rows])
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    return [one.message for one in found.findings if SAID in one.message]


def texts(count: int) -> list[str]:
    return [f"we came by at {n} and were told to sit" for n in range(count)]


@pytest.mark.parametrize("stem", ["label", "tag_", "category "])
def test_columns_filled_from_the_left_are_told(tmp_path, stem):
    header = ("text", *(f"{stem}{n}" for n in (1, 2, 3)))
    rows = [(text, *(LABELS[n % 5] + ["", ""])[:3]) for n, text in enumerate(texts(40))]
    (message,) = checked(tmp_path, header, rows)
    assert message.startswith(f"'{stem}1', '{stem}2', '{stem}3' are filled from the left")
    assert "into one column, as 'service;food'" in message


@pytest.mark.parametrize(
    "labels",
    [
        [["a", "b", ""], ["b", "b", "a"], ["a", "", ""]],  # people, who agree
        [["a", "b", "c"], ["b", "c", "a"]],  # full
        [["a", "", "b"], ["b", "", ""]],  # not from the left
        [["a", "x", ""], ["b", "y", "z"], ["a", "", ""]],  # levels of a hierarchy
    ],
)
def test_aspects_people_and_levels_are_not(tmp_path, labels):
    header = ("text", "label1", "label2", "label3")
    rows = [(text, *labels[n % len(labels)]) for n, text in enumerate(texts(40))]
    assert not checked(tmp_path, header, rows)


def test_labels_in_cells_too_many_are_one_way_out(tmp_path):
    file = tmp_path / "data.csv"
    rows = [(text, *LABELS[n % 5]) for n, text in enumerate(texts(40))]
    with file.open("w", newline="") as opened:
        csv.writer(opened, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    with pytest.raises(DataError, match="several labels of a text go into one cell, as a;b"):
        list(sources.read(file).rows())
