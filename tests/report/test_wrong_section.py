"""The section of a page on errors: slices, words and labels, with a user's texts escaped."""

from pathlib import Path

from textune.report import sections, where_wrong
from textune.report.pages import Files
from textune.report.section import EVALUATION, Part, Subject
from textune.runs.written import DataCard

SLICE = {"kind": "value", "rest": 0.8, "difference": -0.2, "difference_interval": [-0.3, -0.1]}
WRONG = {
    "of": "texts",
    "said": ["words that go with errors: '<b>'"],
    "words": [{"word": "<b>", "n": 20, "wrong": 9, "share": 0.45, "other_share": 0.1, "q": 1e-4}],
    "confused": [{"truth": "a&b", "given": None, "n": 7, "of": 20}],
}
BY = {
    "<source>": {
        "metric": "mcc",
        "words": ["<source>: fewer than 30 texts"],
        "slices": [
            SLICE
            | {"value": "<i>web", "n": 1200, "mcc": 0.6, "interval": [0.5, 0.7], "p": 0.0001}
            | {"is_small": False, "is_shown": True},
            {"value": "x", "n": 3, "mcc": None, "interval": None, "difference": None, "p": None}
            | {"is_small": True, "is_shown": False, "why": "one class"},
        ],
    }
}


def subject(found, name="valid"):
    files = Files.__new__(Files)
    parts = (Part(name, "Validation", found, None),) if found else ()
    return Subject(Path("run"), files, DataCard(), parts, name="run")


def test_errors_are_shown_and_texts_escaped():
    made = where_wrong.wrong(subject({"wrong": WRONG, "by": BY}))
    assert (made.anchor, made.title) == ("wrong", "Where it is wrong")
    body = str(made.body)
    assert "By &lt;source&gt;" in body
    assert "&lt;i&gt;web" in body
    assert "<i>" not in body
    assert "<b>" not in body
    assert "200</td>" in body
    assert "differs" in body
    assert "few texts; one class" in body
    assert "a&amp;b" in body
    assert "nothing" in body
    assert body.count("<caption") == 3


def test_without_errors_there_is_no_section():
    assert where_wrong.wrong(subject({"n": 3})) is None
    assert where_wrong.wrong(subject(None)) is None


def test_the_page_of_another_file_has_it_too():
    assert where_wrong.wrong(subject({"by": BY}, EVALUATION)).anchor == "wrong"
    assert where_wrong.wrong in sections.LABELLED
    assert where_wrong.wrong in sections.EVALUATED
