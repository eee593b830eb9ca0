"""A keyword that there is not, standard input and texts in place of a file have a way out."""

import pytest
from typer.testing import CliRunner

import textune
from textune.doors.cli import app
from textune.errors import DataError

FUNCTIONS = [
    name
    for name in textune.__all__
    if callable(getattr(textune, name)) and not isinstance(getattr(textune, name), type)
]


def test_all_functions_are_tried():
    assert len(FUNCTIONS) == 23


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_unknown_keyword_is_named_with_those_that_there_are(name):
    with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'nope'"):
        getattr(textune, name)(*("x", "y", "z") if name == "correct" else "x", nope=1)


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("train", "epoch", "epochs"),
        ("evaluate", "lable", "label"),
        ("check", "delimeter", "delimiter"),
        ("compare", "metrics", "metric"),
        ("export", "too", "to"),
        ("correct", "lable", "label"),
    ],
)
def test_the_nearest_keyword_is_guessed(name, wrong, right):
    with pytest.raises(TypeError, match=f"'{wrong}'; did you mean '{right}'"):
        getattr(textune, name)(*("x", "y", "z") if name == "correct" else "x", **{wrong: 1})


@pytest.mark.parametrize(
    "words", [("check", "-"), ("train", "-"), ("suspects", "-"), ("table", "-")]
)
def test_standard_input_is_named(words):
    found = CliRunner().invoke(app, [*words], input="text,label\na,1\n")
    said = " ".join(str(found.exception).split())
    assert "standard input is not read, for a file is read more than once" in said
    assert "write it to a file first" in said


def test_texts_in_place_of_files_are_told_how_to_be_given():
    with pytest.raises(DataError, match=r"or texts alone, as \{'text': \[text, …\]\}"):
        textune.check(["a fine film", "a dull plot"])
