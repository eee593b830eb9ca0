"""An aim is read as it is written, and what is none is refused with what would be one."""

import pytest

from textune.decisions import aims
from textune.errors import SettingsError


@pytest.mark.parametrize(
    "text",
    [
        *("f1", "mcc", "likeliest", "fbeta=2", "precision>=0.9", "recall>=0.8", "cost=a b.csv"),
        *("top=3", "precision(not spam)>=0.95"),
    ],
)
def test_an_aim_is_written_as_it_is_read(text):
    assert str(aims.read(text)) == text
    assert aims.read(f" {text} ") == aims.read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f2", "allowed: 'likeliest', 'f1'"),
        ("precision", "written as f1, fbeta=NUMBER"),
        ("recall", "or likeliest (a shell wants quotes around it: 'recall>=0.9')"),
        ("precision=0.9", "precision>=SHARE"),
        ("precision>=90", "'90' is not a share between 0 and 1"),
        ("fbeta=x", "'x' is not a number above 0"),
        ("fbeta=-1", "is not a number above 0"),
        ("top=1.5", "'1.5' is not 1, 2, 3"),
        ("top=inf", "'inf' is not 1, 2, 3"),
        ("top=nan", "'nan' is not 1, 2, 3"),
        ("f1=3", "an aim is written as"),
        ("mcc(a)", "only precision and recall are of one label"),
        ("", "allowed"),
    ],
)
def test_what_is_no_aim_is_refused(text, words):
    with pytest.raises(SettingsError) as caught:
        aims.read(text)
    assert words in str(caught.value)
