"""Texts whose numbers another column names are answers to choose from, and no pair."""

import pytest

from made_tables import WORDS, checked, read_as
from textune.errors import DataError


def said(n):
    return " ".join(WORDS[(n * k) % len(WORDS)] for k in range(1, 7)) + f" {n}"


def written(folder, names, right):
    rows = [[said(n), said(n + 40), said(n + 80), right[n % 2]] for n in range(40)]
    file = folder / "made.tsv"
    file.write_text("\n".join("\t".join(row) for row in [names, *rows]))
    return file


@pytest.mark.parametrize(
    ("names", "right"),
    [
        (["p", "a1", "a2", "most-plausible-alternative"], "12"),
        (["reason", "warrant0", "warrant1", "correctLabel"], "01"),
    ],
)
def test_texts_of_which_a_number_says_the_right_one_are_refused(tmp_path, names, right):
    with pytest.raises(DataError, match=f"{names[1]!r}, {names[2]!r} look like answers to choose"):
        checked(written(tmp_path, names, right))


def test_a_pair_beside_another_text_stays_one(tmp_path):
    file = written(tmp_path, ["note", "sentence1", "sentence2", "label"], "01")
    assert read_as(checked(file)) == ("single", "sentence1|sentence2", "label", 40)
    file = written(tmp_path, ["note", "sentence1", "sentence2", "fold"], "12")
    assert read_as(checked(file))[1] == "sentence1|sentence2"
