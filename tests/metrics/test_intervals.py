import time

import numpy as np
import pytest
from sklearn import metrics as sk

from textune.metrics import metrics
from textune.metrics.intervals import BOUNDS, bootstrap, wilson
from textune.metrics.plausible import Unseen
from thinning import but, spare


def draw_single(rng, n, c=2):
    truth = rng.choice(c, n, p=np.arange(1, c + 1) / np.arange(1, c + 1).sum())
    probabilities = rng.random((n, c))
    probabilities[np.arange(n), truth] += 0.5 * rng.random(n)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return truth, probabilities, probabilities.argmax(axis=1)


def draw_multi(rng, n, c=3):
    hidden = rng.random((n, 1))  # makes the labels of a text depend on each other
    truth = ((rng.random((n, c)) + hidden) / 2 > 0.6).astype(float)
    probabilities = np.clip(0.6 * rng.random((n, c)) + 0.4 * truth * rng.random((n, c)), 0, 1)
    return truth, probabilities, (probabilities > 0.4).astype(int)


def judge(case):
    names = [str(k) for k in range(case[1].shape[1])]
    return (metrics.single if case[0].ndim == 1 else metrics.multi)(*case, names)


@pytest.mark.parametrize("case", [draw_single, draw_multi])
def test_every_interval_belongs_to_a_headline_number_and_holds_it(case):
    drawn = case(np.random.default_rng(0), 400)
    numbers = metrics.headline(judge(drawn))
    found = bootstrap(*drawn)
    assert set(found) == set(numbers) - {"pr_auc", "micro_roc_auc"}
    for name, (low, high) in found.items():
        assert low < numbers[name] < high, name


def macro_f1(truth, probabilities, decisions):
    return sk.f1_score(truth, decisions, average="macro")


def binary_area(truth, probabilities, decisions):
    return sk.roc_auc_score(truth, probabilities[:, 1])


@pytest.mark.parametrize(
    ("case", "name", "reference"),
    [
        (draw_single, "mcc", lambda truth, _, given: sk.matthews_corrcoef(truth, given)),
        (draw_single, "macro_f1", macro_f1),
        spare((draw_single, "balanced_accuracy", lambda t, _, d: sk.balanced_accuracy_score(t, d))),
        (draw_single, "roc_auc", binary_area),
        spare((draw_single, "log_loss", lambda truth, scores, _: sk.log_loss(truth, scores))),
        (draw_multi, "macro_f1", macro_f1),
        spare((draw_multi, "hamming_loss", lambda truth, _, given: sk.hamming_loss(truth, given))),
        spare((draw_multi, "roc_auc", lambda truth, scores, _: sk.roc_auc_score(truth, scores))),
    ],
)
def test_intervals_are_those_of_drawing_the_rows_again_and_again(case, name, reference):
    rng = np.random.default_rng(0)
    truth, probabilities, decisions = case(rng, 300)
    low, high = bootstrap(truth, probabilities, decisions)[name]
    values = []
    for _ in range(200):
        rows = rng.integers(0, 300, 300)
        values.append(reference(truth[rows], probabilities[rows], decisions[rows]))
    assert np.quantile(values, 0.025) == pytest.approx(low, abs=0.3 * (high - low))
    assert np.quantile(values, 0.975) == pytest.approx(high, abs=0.3 * (high - low))


@pytest.mark.exhaustive
def test_intervals_hold_the_number_of_the_population_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    truth, probabilities, decisions = draw_multi(rng, 100_000)
    population = sk.roc_auc_score(truth, probabilities)
    f1 = sk.f1_score(truth, decisions, average="macro")
    hits = {"roc_auc": 0, "macro_f1": 0}
    for start in range(0, 60_000, 300):
        rows = slice(start, start + 300)
        found = bootstrap(truth[rows], probabilities[rows], decisions[rows])
        hits["roc_auc"] += found["roc_auc"][0] <= population <= found["roc_auc"][1]
        hits["macro_f1"] += found["macro_f1"][0] <= f1 <= found["macro_f1"][1]
    assert 180 <= hits["roc_auc"] <= 198
    assert 180 <= hits["macro_f1"] <= 198


def test_more_texts_give_narrower_intervals_and_the_seed_decides():
    few, many = (draw_single(np.random.default_rng(0), n) for n in (100, 10_000))
    wide, narrow = bootstrap(*few), bootstrap(*many)
    assert all(wide[k][1] - wide[k][0] > 3 * (narrow[k][1] - narrow[k][0]) for k in wide)
    assert bootstrap(*few, seed=1) == bootstrap(*few, seed=1) != bootstrap(*few, seed=2)


def test_higher_confidence_gives_wider_intervals():
    case = draw_multi(np.random.default_rng(0), 300)
    sure, unsure = bootstrap(*case, confidence=0.99), bootstrap(*case, confidence=0.8)
    assert all(sure[k][0] < unsure[k][0] < unsure[k][1] < sure[k][1] for k in sure)


def test_cells_that_are_not_scored_change_nothing():
    truth, probabilities, decisions = draw_multi(np.random.default_rng(0), 300)
    truth[200:] = np.nan
    truth[:50, 1] = np.nan
    hidden = np.isnan(truth)
    one = bootstrap(truth, probabilities, decisions)
    other = bootstrap(
        truth, np.where(hidden, np.nan, probabilities), np.where(hidden, 1 - decisions, decisions)
    )
    assert one == other
    numbers = metrics.headline(judge((truth, probabilities, decisions)))
    assert all(low < numbers[name] < high for name, (low, high) in one.items())


def test_a_label_that_is_scored_nowhere_changes_neither_a_number_nor_its_interval():
    truth, probabilities, decisions = draw_multi(np.random.default_rng(0), 300)
    alone, spans = (
        judge((truth, probabilities, decisions)),
        bootstrap(truth, probabilities, decisions),
    )
    wide = [np.insert(array, 3, fill, axis=1) for array, fill in
            ((truth, np.nan), (probabilities, 0.9), (decisions, 1))]  # fmt: skip
    assert metrics.headline(judge(wide)) == metrics.headline(alone)
    assert bootstrap(*wide)["macro_f1"] == pytest.approx(spans["macro_f1"], abs=0.02)


def test_numbers_that_are_undefined_have_no_interval():
    none = np.zeros((20, 2))
    found = bootstrap(none, np.full((20, 2), 0.1), none.astype(int))
    assert "mcc" not in found
    assert "macro_mcc" not in found
    assert "roc_auc" not in found
    assert "mcc" not in bootstrap(np.zeros(9, int), np.full((9, 2), 0.5), np.zeros(9, int))
    assert bootstrap(np.zeros(0, int), np.zeros((0, 2)), np.zeros(0, int)) == {}
    assert bootstrap(np.full((3, 2), np.nan), none[:3], none[:3].astype(int)) == {}


def test_probabilities_that_are_not_finite_leave_the_decisions_intervals():
    truth, probabilities, decisions = draw_single(np.random.default_rng(0), 100)
    probabilities[3, 0] = np.nan
    found = bootstrap(truth, probabilities, decisions)
    assert "mcc" in found
    assert "roc_auc" not in found
    assert "log_loss" not in found


def test_all_right_is_not_taken_for_certainty():
    truth = np.array([0, 1] * 10)
    assert bootstrap(truth, np.eye(2)[truth], truth)["accuracy"] == pytest.approx(
        [0.839, 1], abs=1e-3
    )


@pytest.mark.parametrize("truth", [[0, 1], [0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]])
def test_no_interval_of_few_wrong_answers_reaches_beyond_what_a_number_can_be(truth):
    decided = 1 - np.array(truth)
    probabilities = np.where(decided[:, None] == [0, 1], 0.9, 0.1)
    for name, (low, high) in bootstrap(np.array(truth), probabilities, decided).items():
        least, most = BOUNDS.get(name, (0.0, 1.0))
        assert least <= low <= high <= most, name


@pytest.mark.parametrize("several", [False, True])
def test_few_texts_without_a_mistake_leave_room_for_one(several):
    truth = np.array([0, 1] * 8)
    marks = np.eye(2)[truth]
    found = bootstrap(marks, marks, marks) if several else bootstrap(truth, marks, truth)
    assert found["accuracy"] == pytest.approx(wilson(16, 16))
    for name in ("mcc", "macro_f1", "roc_auc"):
        low, high = found[name]
        assert 0.3 < low < 0.95, name
        assert high > 0.98, name


@pytest.mark.parametrize("texts", but([16, 32, 64], 32))
@pytest.mark.first(1)
def test_intervals_of_few_texts_hold_the_number_of_the_population(texts):
    rng = np.random.default_rng(2)
    truth, probabilities, decisions = draw_single(rng, 100_000, 3)
    whole = metrics.headline(judge((truth, probabilities, decisions)))
    names = ("mcc", "macro_f1", "accuracy", "log_loss")
    hits = dict.fromkeys(names, 0)
    for start in range(0, 150 * texts, texts):
        rows = slice(start, start + texts)
        found = bootstrap(truth[rows], probabilities[rows], decisions[rows])
        for name in names:
            hits[name] += found[name][0] <= whole[name] <= found[name][1]
    assert all(hits[name] / 150 >= 0.87 for name in names), hits


@pytest.mark.parametrize(
    ("right", "total", "expected"), [(0, 10, (0.0, 0.2775)), (81, 263, (0.2553, 0.3662))]
)
def test_wilson_gives_the_published_values(right, total, expected):
    assert wilson(right, total) == pytest.approx(expected, abs=1e-4)  # Newcombe 1998, table I


@pytest.mark.parametrize("case", [draw_single, draw_multi])
def test_many_texts_take_less_than_three_seconds(case):
    drawn = case(np.random.default_rng(0), 25_000)
    began = time.process_time()
    bootstrap(*drawn)
    assert time.process_time() - began < 3


def test_draws_as_small_as_a_number_can_be_stay_numbers():
    """Two labels of few mistakes have such draws now and then; a quotient of them was infinite."""
    drawn = Unseen(np.ones((2, 2)), np.ones((2, 2)), np.array([[1e-310, 3e-310], [1.0, 3.0]]))
    assert drawn.part(0.5).wrong == pytest.approx(np.array([[0.25, 0.75]] * 2), rel=1e-3)
