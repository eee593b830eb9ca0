"""What was settled is learned, not the votes beside it; without it all columns are looked at."""

import random

import pytest

from made_tables import prose, table
from textune.tasks.contract import understand


def votes(names, classes):
    """Write a text, three votes, and that of most."""
    draw = random.Random(3)
    rows = []
    for number in range(200):
        true = draw.choice(classes)
        said = [true if draw.random() < 0.8 else draw.choice(classes) for _ in range(3)]
        rows.append([prose()(number, draw), *said, max(said, key=said.count)])
    return table(("text", *names), rows)


@pytest.mark.parametrize(
    "classes", [("0", "1"), ("0", "1", "2"), ("-1", "0", "1"), ("a", "b", "c")]
)
@pytest.mark.parametrize(
    "names",
    [
        ("label_1", "label_2", "label_3", "label"),
        ("label1", "label2", "label3", "majority_label"),
        ("label_lf1", "label_lf2", "label_lf3", "Label"),
        ("ann1", "ann2", "ann3", "gold"),
        ("hate_A1", "hate_A2", "hate_A3", "hate_final"),
    ],
)
def test_what_was_settled_is_the_label_beside_votes(names, classes):
    found = understand(votes(names, classes)).contract
    assert (found.task, found.label) == ("single", names[-1:])
    assert any("hold what several said" in one for one in found.doubts)
    asked = understand(votes(names, classes), label=names[:-1]).contract
    assert asked.label == names[:-1]


@pytest.mark.parametrize(
    "names", [("label_1", "label_2", "label_3", "joy"), ("a", "b", "c", "label")]
)
def test_columns_of_other_names_are_looked_at_as_before(names):
    found = understand(votes(names, ("0", "1"))).contract
    assert not any("hold what several said" in one for one in found.doubts)


def test_further_labels_of_a_text_are_no_votes():
    draw = random.Random(3)
    rows = []
    for number in range(200):
        said = draw.sample(["joy", "fear", "anger", "love"], 3)
        rows.append([prose()(number, draw), *said])
    found = understand(table(("text", "label", "label_2", "label_3"), rows)).contract
    assert not any("hold what several said" in one for one in found.doubts)
