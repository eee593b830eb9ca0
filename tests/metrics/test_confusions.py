"""Each entity is counted once, as right or as one kind of mistake."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.metrics import confusions, entities

TAGS = st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), min_size=6, max_size=6)


@pytest.mark.parametrize(
    ("truth", "found", "kind"),
    [
        (["B-A", "I-A", "O"], ["B-A", "I-A", "O"], "correct"),
        (["B-A", "I-A", "O"], ["B-B", "I-B", "O"], "type"),
        (["B-A", "I-A", "O"], ["B-A", "O", "O"], "boundary"),
        (["O", "B-A", "O"], ["B-B", "I-B", "O"], "boundary_and_type"),
        (["O", "B-A", "O"], ["O", "O", "O"], "missed"),
        (["O", "O", "O"], ["O", "B-A", "O"], "spurious"),
    ],
)
def test_each_kind_of_mistake(truth, found, kind):
    counts = confusions.count([truth], [found])
    assert {name: counts[name] for name in confusions.KINDS if counts[name]} == {kind: 1}
    assert counts["pairs"] == ([["A", "B", 1]] if "type" in kind else [])


def test_an_entity_that_is_cut_in_two_is_one_wrong_border_and_one_spurious():
    counts = confusions.count([["B-A", "I-A", "I-A"]], [["B-A", "O", "B-A"]])
    assert (counts["boundary"], counts["spurious"], counts["missed"]) == (1, 1, 0)


@settings(deadline=None)
@given(st.lists(st.tuples(TAGS, TAGS), max_size=5))
def test_all_entities_are_counted_once(pairs):
    truth, found = [one for one, _ in pairs], [other for _, other in pairs]
    counts = confusions.count(truth, found)
    both = sum(counts[kind] for kind in confusions.KINDS[:4])
    assert both + counts["missed"] == sum(len(entities.entities(tags)) for tags in truth)
    assert both + counts["spurious"] == sum(len(entities.entities(tags)) for tags in found)
