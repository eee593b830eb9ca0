"""Differences of groups, pairs of labels, words of errors: beside independent formulas."""

import numpy as np
import pytest
from scipy import stats

from textune.metrics import apart, confused, intervals, telling_words


def test_a_gap_of_shares_is_newcombes():
    """Newcombe (1998), table II, 56/70 and 48/80: 0.0524 to 0.3339 from Wilson's intervals."""
    one, other = intervals.wilson(56, 70), intervals.wilson(48, 80)
    found = apart.gap(56 / 70, one, 48 / 80, other)
    assert found.interval == pytest.approx([0.0524, 0.3339], abs=5e-5)
    assert 0.005 < found.p < 0.01


def test_equal_groups_are_not_told_apart_and_certain_ones_are():
    assert apart.gap(0.5, [0.4, 0.6], 0.5, [0.4, 0.6]).p == 1.0
    assert apart.gap(1.0, [0.96, 1.0], 0.2, [0.1, 0.3]).p < 1e-9


def test_one_in_twenty_gaps_of_equal_groups_is_shown():
    draw = np.random.default_rng(0)
    shown = 0
    for _ in range(1000):
        one, other = draw.binomial(40, 0.8), draw.binomial(200, 0.8)
        spans = intervals.wilson(one, 40), intervals.wilson(other, 200)
        shown += apart.gap(one / 40, spans[0], other / 200, spans[1]).p < 0.05
    assert 25 <= shown <= 75


def test_words_are_tested_as_fishers_test_does():
    draw = np.random.default_rng(1)
    words = [set(draw.choice(list("abcdefgh"), size=3, replace=False)) for _ in range(80)]
    wrong = draw.random(80) < np.where([("a" in held) for held in words], 0.8, 0.2)
    found = {one["word"]: one for one in telling_words.over(words, wrong)}
    assert set(found) == set("abcdefgh")
    for word, one in found.items():
        has = np.array([word in held for held in words])
        table = [[(has & wrong).sum(), (has & ~wrong).sum()]]
        table.append([(~has & wrong).sum(), (~has & ~wrong).sum()])
        expected = stats.fisher_exact(table, alternative="greater").pvalue
        if one["p"] < 1:
            assert one["p"] == pytest.approx(expected, rel=1e-9)
        else:
            assert expected > 0.4
    assert found["a"]["p"] < 1e-4


def test_false_discoveries_are_held_as_scipy_does():
    values = np.random.default_rng(2).random(40) ** 3
    expected = stats.false_discovery_control(values)
    assert telling_words.benjamini_hochberg(values.tolist()) == pytest.approx(expected)


def test_words_that_mean_nothing_are_rarely_told():
    draw, told = np.random.default_rng(3), 0
    for _ in range(60):
        words = [set(draw.integers(200, size=8).tolist()) for _ in range(200)]
        found = telling_words.over(words, draw.random(200) < 0.3)
        told += min(telling_words.benjamini_hochberg([one["p"] for one in found])) <= 0.05
    assert told <= 6


def test_a_trend_is_spearmans():
    draw = np.random.default_rng(4)
    values, errors = draw.integers(1, 20, 100) * 1.0, (draw.random(100) < 0.3) * 1.0
    expected = stats.spearmanr(values, errors)
    rho, p = telling_words.trend(values, errors)
    assert (rho, p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue, abs=0.01))
    assert telling_words.trend(np.ones(9), errors[:9]) == (0.0, 1.0)


def test_pairs_of_classes_leave_out_what_is_right_or_unknown():
    truth, given = np.array([0, 0, 1, -1, 2]), np.array([1, 1, 1, 0, 0])
    assert confused.of_classes(truth, given, ("a", "b", "c")) == [
        {"truth": "a", "given": "b", "n": 2, "of": 2},
        {"truth": "c", "given": "a", "n": 1, "of": 1},
    ]


def test_pairs_of_several_labels_say_what_was_given_instead():
    truth = np.array([[1, 0, 0], [1, 0, 1], [0, 0, np.nan], [1, 1, 0]], dtype=float)
    given = np.array([[0, 1, 0], [1, 0, 0], [0, 1, 1], [1, 1, 0]])
    assert confused.of_marks(truth, given, ("a", "b", "c")) == [
        {"truth": None, "given": "b", "n": 1, "of": None},
        {"truth": "a", "given": "b", "n": 1, "of": 3},
        {"truth": "c", "given": None, "n": 1, "of": 1},
    ]


def test_a_class_of_a_column_is_taken_for_one_of_that_column_alone():
    labels = ("mood: bad", "mood: good", "size: long", "size: short")
    truth = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, np.nan, np.nan]], dtype=float)
    given = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]])
    columns = [np.array([0, 1]), np.array([2, 3])]
    assert confused.of_marks(truth, given, labels, columns) == [
        {"truth": "mood: good", "given": "mood: bad", "n": 2, "of": 2},
        {"truth": "size: long", "given": "size: short", "n": 1, "of": 1},
        {"truth": "size: short", "given": "size: long", "n": 1, "of": 1},
    ]


def test_pairs_of_entities_are_of_those_that_overlap():
    truth = [["B-PER", "I-PER", "O", "B-LOC", "O"]]
    given = [["B-ORG", "O", "O", "O", "B-LOC"]]
    assert confused.of_entities(truth, given) == [
        {"truth": None, "given": "LOC", "n": 1, "of": None},
        {"truth": "LOC", "given": None, "n": 1, "of": 1},
        {"truth": "PER", "given": "ORG", "n": 1, "of": 1},
    ]
