"""Several columns of classes are recognised where they are one thing, and asked about elsewhere."""

import pytest

from made_tables import count_tokens, made, mark, number, one_of, prose
from textune.errors import DataError
from textune.survey import survey
from textune.tasks import contract

POLARITY = one_of("-1", "0", "1")
WORDS = one_of("positive", "negative", "neutral", "not named")


def understood(columns, rows=200, **cells):
    options = cells.pop("options", {})
    return contract.understand(made(columns, rows, **cells), **options).contract


@pytest.mark.parametrize(
    "cells",
    [
        POLARITY,
        one_of("-2", "-1", "0", "1"),
        WORDS,
        one_of("positive", "negative", ""),
        one_of("1", "2", "3", "4", "5"),
    ],
    ids=["polarity", "and not named", "words", "blank where not named", "scales"],
)
def test_columns_of_the_same_classes_are_one_thing(cells):
    names = ("id", "review", "food", "price", "service")
    found = understood(names, i=lambda n, _: str(n), t=prose(), a=cells, b=cells, c=cells)
    assert (found.task, found.text, found.label) == ("aspects", ("review",), names[2:])
    assert found.form == "classes"
    assert any("only label: `--label food`" in doubt for doubt in found.doubts)


def test_columns_of_numbers_with_blanks_have_the_classes_of_those_without():
    whole, torn = one_of("-1", "0", "1"), one_of("-1.0", "0.0", "1.0", "")
    found = understood(("text", "food", "price"), t=prose(), a=whole, b=torn)
    assert (found.task, found.label) == ("aspects", ("food", "price"))


def test_columns_of_0_and_1_stay_several_labels():
    found = understood(("text", "food", "price"), t=prose(), a=mark(0.4), b=mark(0.3))
    assert found.task == "multi"
    found = understood(
        ("text", "food", "price"), t=prose(), a=mark(0.4, "yes", "no"), b=mark(0.4, "yes", "no")
    )
    assert found.task == "multi"


def test_a_column_that_is_named_as_the_label_stays_the_label():
    found = understood(("text", "sentiment", "food", "price"), t=prose(), s=WORDS, a=WORDS, b=WORDS)
    assert (found.task, found.label) == ("single", ("sentiment",))
    together = "`--task aspects --label sentiment,food,price` would learn all 3 columns"
    assert any(together in doubt for doubt in found.doubts)


def test_many_columns_of_polarity_outweigh_stars():
    names = ("text", "star", *(f"aspect {n}" for n in range(6)))
    cells = {f"c{n}": one_of("-2", "-1", "0", "1") for n in range(6)}
    found = understood(names, t=prose(), s=one_of("1", "2", "3", "4", "5"), **cells)
    assert (found.task, found.label) == ("aspects", names[2:])
    assert any("'star'" in doubt for doubt in found.doubts)


def test_two_annotations_that_are_as_likely_are_said_with_both_readings():
    intents, topics = one_of("ask", "order", "complain"), one_of("food", "travel", "money", "news")
    found = understood(("text", "intent", "topic"), t=prose(), a=intents, b=topics)
    assert (found.task, found.label) == ("single", ("intent",))
    doubts = " ".join(found.doubts)
    assert "`--label topic` selects the other" in doubts
    assert "`--task aspects --label intent,topic` would learn all 2 columns" in doubts
    options = {"task": "aspects", "label": ("intent", "topic")}
    found = understood(("text", "intent", "topic"), t=prose(), a=intents, b=topics, options=options)
    assert (found.task, found.label) == ("aspects", ("intent", "topic"))


def test_columns_of_names_that_are_named_need_no_task():
    intents, topics = one_of("ask", "order", "complain"), one_of("food", "travel", "money", "news")
    options = {"label": ("intent", "topic")}
    found = understood(("text", "intent", "topic"), t=prose(), a=intents, b=topics, options=options)
    assert found.task == "aspects"


def test_the_task_alone_finds_its_columns():
    intents, flag = one_of("ask", "order", "complain"), mark(0.3, "yes", "no")
    options = {"task": "aspects"}
    found = understood(("text", "intent", "urgent"), t=prose(), a=intents, b=flag, options=options)
    assert found.label == ("intent", "urgent")


def test_columns_of_decimals_that_are_named_stay_numbers():
    names = ("text", "content", "style")
    options = {"label": names[1:]}
    found = understood(names, t=prose(), a=number(0, 5), b=number(0, 5), options=options)
    assert found.task == "number"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (number(0, 5), "'b' is no column of classes .number"),
        (prose(), "'b' is no column of classes .text"),
        ("same", "'b' has nothing to tell apart .every cell is same.; leave it out .`--label a`"),
        (one_of("x;y", "y", "z;x"), "'b' is no column of classes .list"),
    ],
    ids=["numbers", "texts", "one value", "lists"],
)
def test_a_column_without_classes_is_refused_with_the_way_out(cells, words):
    options = {"task": "aspects", "label": ("a", "b")}
    with pytest.raises(DataError, match=words):
        understood(("text", "a", "b"), t=prose(), x=one_of("p", "q"), y=cells, options=options)


def test_one_column_alone_is_no_aspects():
    options = {"task": "aspects", "label": ("a",)}
    with pytest.raises(DataError, match="choose --task single, or name several columns"):
        understood(("text", "a"), t=prose(), x=one_of("p", "q"), options=options)


def test_names_that_cannot_be_told_apart_are_refused():
    names = ("text", "price", "price: usd")
    options = {"task": "aspects", "label": names[1:]}
    with pytest.raises(DataError, match=r"cannot be told apart .* rename one of them"):
        understood(names, t=prose(), x=one_of("p", "q"), y=one_of("p", "q"), options=options)


def test_check_counts_the_classes_of_each_column_and_names_the_command():
    table = made(("text", "food", "price: usd"), t=prose(), a=WORDS, b=POLARITY)
    found = survey._survey(
        table,
        contract.understand(table, task="aspects", label=("food", "price: usd")),
        None,
        count_tokens,
        command="",
    )
    assert list(found.labels) == [
        *(f"food: {value}" for value in ("negative", "neutral", "not named", "positive")),
        *(f"price: usd: {value}" for value in ("-1", "0", "1")),
    ]
    assert sum(found.labels.values()) == 400


def test_a_second_annotation_of_any_name_is_one_that_may_be_learned_too():
    cells = {"a": one_of("ask", "order", "pay"), "b": one_of("food", "money", "news")}
    found = understood(("text", "intent", "domain"), t=prose(), **cells)
    assert (found.task, found.label) == ("single", ("intent",))
    assert any("`--task aspects --label intent,domain`" in doubt for doubt in found.doubts)


@pytest.mark.parametrize("names", [("rater1", "rater2"), ("annotator_1", "annotator_2")])
def test_what_several_people_said_is_a_class_of_each_and_asked_about(names):
    scale = one_of("1", "2", "3", "4", "5")
    found = understood(("text", *names), t=prose(), a=scale, b=scale)
    assert (found.task, found.label) == ("aspects", names)
    assert any("they are named as people" in doubt for doubt in found.doubts)
    found = understood(("text", *names, "score"), t=prose(), a=scale, b=scale, c=scale)
    assert (found.task, found.label) == ("single", ("score",))


def test_part_of_a_name_does_not_make_one_aspect_the_label():
    names = ("review", "Place#Traffic", "Service#Queue", "Price#Level")
    cells = one_of("-2", "-1", "0", "1")
    found = understood(names, t=prose(), a=cells, b=cells, c=cells)
    assert (found.task, found.label) == ("aspects", names[1:])


def test_one_column_of_polarity_among_marks_is_asked_about():
    found = understood(("text", "a", "b", "c"), t=prose(), x=mark(0.4), y=mark(0.3), z=POLARITY)
    assert found.task == "multi"
    assert any("-1 is as frequent as 0 and 1 in 'c'" in doubt for doubt in found.doubts)
