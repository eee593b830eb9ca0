import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.metrics import metrics, spans

RECORDED = json.loads(Path(__file__).with_name("recorded_answers.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  ", ""),
        ("Rome", "rome"),
        ("The Rome", "rome"),
        ("a an the A AN THE", ""),
        ("theatre, another, analysis", "theatre another analysis"),
        ("The  Beatles'\n(first)\talbum", "beatles first album"),
        ("U.S.A.", "usa"),
        ("a.b", "ab"),
        ("a-b", "ab"),  # punctuation goes first, so nothing is left of an article
        ("A. Einstein", "einstein"),
        ("the-end", "theend"),
        ("don't", "dont"),
        ("$5.00", "500"),
        ("100%", "100"),
        ("1,969", "1969"),
        ("...", ""),
        ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", ""),
        ("“The” – end…", "“ ” – end…"),  # only ASCII punctuation goes
        ("l\u2019a the", "l\u2019"),
        ("ÉLAN", "élan"),
        ("Straße", "straße"),
        ("東京", "東京"),
        ("東京the", "東京the"),
        ("new\u00a0york", "new york"),
        ("snake_case the_end", "snakecase theend"),
    ],
)
def test_answers_are_compared_without_what_does_not_matter(text, expected):
    assert spans.normalise(text) == expected


@pytest.mark.parametrize(
    ("found", "references", "exact", "f1"),
    [
        ("Rome", ["Rome"], 1, 1),
        ("rome.", ["The Rome!"], 1, 1),
        ("Paris", ["Rome"], 0, 0),
        ("Paris", ["Rome", "paris"], 1, 1),
        ("in Rome", ["Rome"], 0, 2 / 3),
        ("the Rome", ["in the city of Rome"], 0, 2 / 5),
        ("the old city", ["old city of Rome"], 0, 2 / 3),
        ("city old", ["old city"], 0, 1),
        ("Rome Rome", ["Rome"], 0, 2 / 3),
        ("Rome Rome", ["Rome Rome Rome"], 0, 4 / 5),
        ("one two three", ["one", "two three four five"], 0, 4 / 7),
        ("1969", ["1,969"], 1, 1),
        ("19 69", ["1969"], 0, 0),
        ("", [], 1, 1),
        ("Rome", [], 0, 0),
        ("the", [], 1, 1),  # nothing is left of it
        ("", ["Rome"], 0, 0),
        ("the", ["Rome"], 0, 0),
        ("", ["the"], 1, 1),  # a reference of which nothing is left is no answer
        ("...", ["!"], 1, 1),
        ("the", ["Rome", "the"], 0, 0),  # beside others it is left out
        ("Rome", ["Rome", "..."], 1, 1),
        ("東京", ["東京"], 1, 1),
        ("東京 都", ["東京"], 0, 2 / 3),
        ("\u2018Rome\u2019", ["Rome"], 0, 0),
        ("STRASSE", ["Straße"], 0, 0),
    ],
)
def test_hand_checked_cases(found, references, exact, f1):
    assert spans.exact(found, references) == exact
    assert spans.overlap_f1(found, references) == pytest.approx(f1)


def test_recorded_cases_score_as_by_the_official_script():
    assert len(RECORDED) == 200
    wrong = [
        case
        for case in RECORDED
        if spans.exact(case[0], case[1]) != case[2]
        or abs(spans.overlap_f1(case[0], case[1]) - case[3]) > 1e-9
    ]
    assert not wrong


def test_all_recorded_cases_together_give_the_means_of_each_kind():
    found = spans.judge([case[0] for case in RECORDED], [case[1] for case in RECORDED])
    some, none = ([case for case in RECORDED if bool(case[1]) is kind] for kind in (True, False))
    for report, cases in (
        (found, RECORDED),
        (found["has_answer"], some),
        (found["no_answer"], none),
    ):
        assert report["n"] == len(cases) > 0
        assert report["exact_match"] == pytest.approx(np.mean([case[2] for case in cases]))
        assert report["f1"] == pytest.approx(np.mean([case[3] for case in cases]))
    assert found["undefined"] == {}
    assert found["no_answer"]["f1"] == found["no_answer"]["exact_match"]


words = st.lists(
    st.sampled_from(["the", "Rome", "rome.", "—", "old", "a", "city", "!"]), max_size=5
)
texts = words.map(" ".join)


@settings(deadline=None)
@given(texts, st.lists(texts, max_size=3))
def test_f1_is_one_where_the_answer_is_exact_and_more_references_never_hurt(found, references):
    exact, f1 = spans.exact(found, references), spans.overlap_f1(found, references)
    assert 0 <= exact <= f1 <= 1
    if any(spans.normalise(text) for text in references):
        assert spans.overlap_f1(found, [*references, "Rome"]) >= f1
    for text in references:
        assert spans.exact(text, [text]) == 1
    if len(references) == 1 and spans.normalise(references[0]) and spans.normalise(found):
        assert f1 == pytest.approx(spans.overlap_f1(references[0], [found]))


@settings(deadline=None)
@given(texts, texts)
def test_f1_counts_words_that_can_be_paired(one, other):
    first, second = spans.normalise(one).split(), spans.normalise(other).split()
    if first and second:
        left = Counter(second)
        left.subtract(first)
        common = len(second) - sum(count for count in left.values() if count > 0)
        expected = 2 * common / (len(first) + len(second))
        assert spans.overlap_f1(one, [other]) == pytest.approx(expected)


def test_a_file_whose_questions_all_have_answers_is_not_parted():
    found = spans.judge(["Rome", "in Rome"], [["Rome"], ["Rome", "Paris"]])
    assert found == {"n": 2, "exact_match": 0.5, "f1": pytest.approx(5 / 6), "undefined": {}}


def test_a_file_without_answers_says_what_is_missing():
    found = spans.judge(["", "Rome"], [[], []])
    assert found["no_answer"] == {"n": 2, "exact_match": 0.5, "f1": 0.5}
    assert found["has_answer"] == {"n": 0, "exact_match": None, "f1": None}
    assert set(found["undefined"]) == {"has_answer.exact_match", "has_answer.f1"}


def test_without_questions_nothing_is_defined():
    found = spans.judge([], [])
    assert found["exact_match"] is found["f1"] is None
    assert found["undefined"]["f1"] == "there is no question"
    assert spans.intervals([], []) == {}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("judge", [spans.judge, spans.intervals])
def test_every_question_needs_an_answer(judge):
    with pytest.raises(ValueError, match="1 answers for 2 questions"):
        judge(["Rome"], [["Rome"], []])


def test_intervals_are_those_of_drawing_the_questions_again_and_again():
    case = [case[0] for case in RECORDED], [case[1] for case in RECORDED]
    found, numbers = spans.intervals(*case), metrics.headline(spans.judge(*case))
    assert set(found) == set(numbers) == {"exact_match", "f1"}
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 200, (4000, 200))
    for key, place in (("exact_match", 2), ("f1", 3)):
        low, high = found[key]
        drawn = np.array([case[place] for case in RECORDED])[rows].mean(axis=1)
        assert low < numbers[key] < high
        assert np.quantile(drawn, 0.025) == pytest.approx(low, abs=0.15 * (high - low))
        assert np.quantile(drawn, 0.975) == pytest.approx(high, abs=0.15 * (high - low))
    assert found == spans.intervals(*case, seed=0) != spans.intervals(*case, seed=1)
    low, high = spans.intervals(["Rome"], [["Rome"]])["f1"]  # one question shows little
    assert (low < 0.5, high) == (True, 1.0)


def f1_at(threshold, scores, f1, has_answer):
    return float(np.mean(np.where(scores > threshold, ~has_answer, f1)))


@settings(deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 30), st.booleans())
def test_no_threshold_is_better_than_the_one_found(seed, n, tied):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 3, n).astype(float) if tied else rng.normal(size=n)
    has_answer = rng.random(n) < 0.6
    f1 = np.where(has_answer, rng.choice([0.0, 0.5, 1.0], n), rng.random(n) < 0.1)
    threshold, best = spans.best_threshold(scores, f1, has_answer)
    assert f1_at(threshold, scores, f1, has_answer) == pytest.approx(best)
    tried = [f1_at(bar, scores, f1, has_answer) for bar in [-99.0, *scores]]
    assert best == pytest.approx(max(tried))
    if not tied:  # the first of equals, as in the official sweep
        firsts = sorted([-99.0, *scores])
        kept = next(bar for bar in firsts if f1_at(bar, scores, f1, has_answer) > best - 1e-9)
        assert ((scores > threshold) == (scores > kept)).all()


@pytest.mark.parametrize(
    ("scores", "f1", "has_answer", "threshold", "best"),
    [
        ([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0], 2.5, 1.0),
        ([1, 2, 3, 4], [0, 1, 1, 0], [0, 1, 1, 0], 3.5, 0.75),
        ([3, 1, 2], [0, 0, 0], [0, 0, 0], 0.0, 1.0),  # nothing is to be answered
        ([3, 1, 2], [1, 1, 1], [1, 1, 1], 4.0, 1.0),  # everything is
        ([1, 1, 2], [1, 0, 1], [1, 0, 1], 3.0, 2 / 3),  # equal scores go together
        ([5], [0.5], [1], 6.0, 0.5),
        ([1, np.nextafter(1, 2)], [1, 0], [1, 0], 1.0, 1.0),  # nothing lies between
        ([1e300, 2e300], [0, 0], [0, 0], np.nextafter(1e300, 0), 1.0),
    ],
)
def test_thresholds_by_hand(scores, f1, has_answer, threshold, best):
    found = spans.best_threshold(np.array(scores), np.array(f1), np.array(has_answer, dtype=bool))
    assert found == (threshold, pytest.approx(best))


@pytest.mark.parametrize(
    ("scores", "f1", "has_answer", "message"),
    [
        ([], [], [], "N above 0"),
        ([1.0], [1.0, 0.0], [True], r"got \(1,\), \(2,\) and \(1,\)"),
        ([np.nan], [1.0], [True], "not finite"),
        ([1.0], [np.inf], [True], "not finite"),
    ],
)
def test_a_threshold_needs_questions_with_scores(scores, f1, has_answer, message):
    with pytest.raises(ValueError, match=message):
        spans.best_threshold(np.array(scores), np.array(f1), np.array(has_answer, dtype=bool))
