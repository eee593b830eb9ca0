from collections.abc import Sequence
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.records import Contract, Example, Row, Table
from textune.tasks import examples
from textune.tasks.contract import understand

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
MARKS = Contract("multi", ("text",), ("toxic", "threat"), "columns")
NAME = Contract("single", ("text",), ("label",), "name")
LIST = Contract("multi", ("text",), ("tags",), "list", ";")


def table(columns: Sequence[str], *rows: Sequence[str], headed: bool = True) -> Table:
    return Table(
        "made.csv",
        None,
        "csv",
        tuple(columns),
        headed,
        ",",
        (),
        lambda: iter([Row(tuple(cells), f"made.csv:{n}") for n, cells in enumerate(rows, start=2)]),
    )


def test_a_row_becomes_an_example():
    given = table(("label", "text"), ("pos", " Good. "))
    assert list(examples.read(given, NAME)) == [Example(" Good. ", "made.csv:2", label="pos")]


@pytest.mark.parametrize("name", ["01", "1", "1.0", "NA", "None", "nan", "null", "True", "-1"])
def test_labels_stay_as_they_are_written(name):
    given = table(("text", "label"), ("x", f" {name}\t"))
    assert next(examples.read(given, NAME)).label == name


@pytest.mark.parametrize(
    ("cells", "label", "unscored"),
    [
        (("1", "0"), ("toxic",), ()),
        (("0", "0"), (), ()),
        (("1.0", "TRUE"), ("toxic", "threat"), ()),
        (("no", "Yes"), ("threat",), ()),
        (("-1", "1"), ("threat",), ("toxic",)),
        (("-1", "-1"), None, ("toxic", "threat")),
    ],
)
def test_0_1_columns_become_the_labels_that_apply(cells, label, unscored):
    found = next(examples.read(table(("text", "toxic", "threat"), ("x", *cells)), MARKS))
    assert (found.label, found.unscored) == (label, unscored)


@pytest.mark.parametrize(
    ("cell", "label"), [("a;b", ("a", "b")), ("a;a", ("a",)), (" a ; b;", ("a", "b")), ("", ())]
)
def test_lists_become_labels_once_each(cell, label):
    assert next(examples.read(table(("text", "tags"), ("x", cell)), LIST)).label == label


def test_exclusive_columns_become_one_label():
    contract = Contract("single", ("text",), ("toxic", "threat"), "columns")
    given = table(("text", "toxic", "threat"), ("x", "0", "1"))
    assert next(examples.read(given, contract)).label == "threat"


def test_pairs_and_groups_travel_along():
    contract = Contract("single", ("a", "b"), ("label",), "name", group="who")
    given = table(("who", "b", "a", "label"), ("me", "second", "first", "x"))
    expected = Example("first", "made.csv:2", pair="second", label="x", group="me")
    assert list(examples.read(given, contract)) == [expected]


def test_an_empty_text_is_still_an_example():
    assert next(examples.read(table(("text", "label"), ("", "x")), NAME)).text == ""


def test_prediction_needs_no_label_columns():
    contract = Contract("multi", ("text",), ("toxic",), "columns", group="who")
    given = table(("text",), ("x",))
    assert list(examples.read(given, contract, labelled=False)) == [Example("x", "made.csv:2")]


def test_text_without_labels_has_none():
    contract = Contract("plain", ("text",), (), "none")
    assert list(examples.read(table(("text",), ("x",)), contract)) == [Example("x", "made.csv:2")]


@pytest.mark.parametrize(
    ("contract", "columns", "cells", "message"),
    [
        (NAME, ("text", "label"), ("x", " "), "made.csv:2: column 'label' is blank"),
        (
            MARKS,
            ("text", "toxic", "threat"),
            ("x", "0", "2"),
            "made.csv:2: column 'threat' holds '2'; allowed: 0 or 1 .* or -1 for not scored",
        ),
        (MARKS, ("text", "toxic", "threat"), ("x", "", "1"), "made.csv:2: column 'toxic' is blank"),
        (
            Contract("multi", ("text",), ("tags",), "list", "json"),
            ("text", "tags"),
            ("x", "[a"),
            r"made.csv:2: column 'tags' holds '\[a'; allowed: a list in brackets",
        ),
        (
            Contract("multi", ("text",), ("tags",), "list", "vector"),
            ("text", "tags"),
            ("x", "[2, 3]"),
            "allowed: a row of 0 and 1",
        ),
        (
            Contract("single", ("text",), ("a", "b"), "columns"),
            ("text", "a", "b"),
            ("x", "1", "1"),
            r"made.csv:2: 2 columns are 1 \(a, b\), but one label a text was expected",
        ),
        (
            Contract("number", ("text",), ("score",), "name"),
            ("text", "score"),
            ("x", "good"),
            "made.csv:2: column 'score' holds 'good'; allowed: a number",
        ),
    ],
)
def test_a_label_that_cannot_be_read_names_row_and_column(contract, columns, cells, message):
    with pytest.raises(DataError, match=message) as caught:
        list(examples.read(table(columns, cells), contract))
    assert "correct these rows or take them out of the file" in str(caught.value)


def test_problems_are_collected_and_counted():
    rows = [("x", "") if n % 2 else ("x", "pos") for n in range(100)]
    found = []
    with pytest.raises(DataError, match=r"made.csv: 50 problems(.|\n)*and 30 more") as caught:
        found.extend(examples.read(table(("text", "label"), *rows), NAME))
    assert str(caught.value).count("is blank") == 20


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ("txt", "label"),
            "made.csv: there is no column 'text', which holds the text .*did you mean",
        ),
        (("text", "lable"), "no column 'label', which holds the label by the contract.*'lable'"),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(columns, message):
    with pytest.raises(DataError, match=message):
        list(examples.read(table(columns, ("a", "b")), NAME))


def test_a_missing_label_is_named_with_the_option_that_names_it():
    message = "'lable'.*; name it with --label, rename the column, or choose another file"
    given = table(("text", "lable"), ("a", "b"))
    with pytest.raises(DataError, match=message):
        examples.require_labels(given, NAME, option="--label")
    examples.require_labels(table(("text", "label"), ("a", "b")), NAME, option="--label")


def test_a_missing_column_without_header_says_so():
    with pytest.raises(DataError, match="read without names in its first line; rename the column"):
        list(examples.read(table(("1", "2"), ("a", "b"), headed=False), NAME))


@pytest.mark.parametrize(
    ("contract", "labels", "names"),
    [
        (NAME, ["pos", "neg", "pos"], ("neg", "pos")),
        (NAME, ["10", "9", "1"], ("1", "9", "10")),
        (NAME, ["10", "9", "x"], ("10", "9", "x")),
        (LIST, [("b", "a"), (), ("c",)], ("a", "b", "c")),
        (MARKS, [("threat",)], ("toxic", "threat")),
        (NAME, [], ()),
    ],
)
def test_label_names_have_one_order(contract, labels, names):
    given = [Example("x", "", label=label) for label in labels]
    assert examples.label_names(contract, given) == names


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_reads_every_label_of_goemotions():
    source = sources.read(DATA / "goemotions/dev.tsv")
    contract = understand(source).contract
    names = examples.label_names(contract, examples.read(source, contract))
    assert names == tuple(map(str, range(28)))
