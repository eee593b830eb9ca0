import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from textune.metrics import catalogue, metrics, numbers
from thinning import spare


def draw(n=200, targets=1, seed=0, rounded=False):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, targets)) * 10.0 ** rng.integers(-3, 4, targets)
    values = truth + np.abs(truth).mean(axis=0) * rng.normal(size=(n, targets))
    return (truth.round(1), values.round(1)) if rounded else (truth, values)


def reference(truth, values):
    return {
        "pearson": stats.pearsonr(truth, values).statistic,
        "spearman": stats.spearmanr(truth, values).statistic,
        "rmse": sk.root_mean_squared_error(truth, values),
        "mae": sk.mean_absolute_error(truth, values),
    }


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(5, 300), st.booleans())
def test_one_target_equals_scipy_and_scikit_learn(seed, n, rounded):
    truth, values = draw(n, seed=seed, rounded=rounded)
    truth[:2, 0], values[:2, 0] = [1, 2], [2, 1]
    found = numbers.judge(truth, values, ["score"])
    assert metrics.headline(found) == pytest.approx(reference(truth[:, 0], values[:, 0]))
    assert (found["n"], found["undefined"]) == (n, {})
    assert "labels" not in found


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_of_several_targets_the_mean_stands_at_the_top(seed, targets):
    truth, values = draw(50, targets, seed)
    names = [f"t{number}" for number in range(targets)]
    found = numbers.judge(truth, values, names)
    expected = [reference(truth[:, t], values[:, t]) for t in range(targets)]
    assert list(found["labels"]) == names
    for name, table in zip(names, expected, strict=True):
        assert found["labels"][name] == pytest.approx(table)
    for key in numbers.KEYS:
        assert found[key] == pytest.approx(np.mean([table[key] for table in expected]))


def test_a_small_case_is_as_computed_by_hand():
    truth, values = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[2.0], [2.0], [2.0], [6.0]])
    found = numbers.judge(truth, values, ["score"])
    assert found["mae"] == 1.0  # 1, 0, 1, 2
    assert found["rmse"] == pytest.approx(1.5**0.5)
    assert found["pearson"] == pytest.approx(6 / (5 * 12) ** 0.5)
    assert found["spearman"] == pytest.approx(3 / (5 * 3) ** 0.5)  # ranks 2, 2, 2, 4


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_large_and_small_units_change_no_correlation(scale, shift):
    truth, values = draw()
    plain = numbers.judge(truth, values, ["score"])
    found = numbers.judge((truth + shift) * scale, (values + shift) * scale, ["score"])
    assert found["pearson"] == pytest.approx(plain["pearson"], abs=1e-6)
    assert found["spearman"] == pytest.approx(plain["spearman"], abs=1e-6)
    assert found["rmse"] == pytest.approx(plain["rmse"] * scale)
    assert found["mae"] == pytest.approx(plain["mae"] * scale)


CASES = {
    "the truth is the same number": ([3, 3, 3], [1, 2, 3], 2),
    "the same number was predicted": ([1, 2, 3], [0.1, 0.1, 0.1 + 1e-17], 2),
    "there is one text only": ([3], [1], 2),
    "there is no text": ([], [], 4),
    "1 of 3 predicted numbers are not finite": ([1, 2, 3], [1, np.nan, 3], 4),
    "2 of 3 predicted numbers are not finite": ([1, 2, 3], [1, np.inf, -np.inf], 4),
}


@pytest.mark.parametrize("reason", CASES)
def test_what_is_undefined_is_none_and_says_why(reason):
    truth, values, missing = CASES[reason]
    truth, values = (np.array(column, dtype=float)[:, None] for column in (truth, values))
    found = numbers.judge(truth, values, ["score"])
    assert set(found["undefined"]) == {key for key in numbers.KEYS if found[key] is None}
    assert len(found["undefined"]) == missing
    assert all(said.startswith(reason) for said in found["undefined"].values())
    assert set(numbers.intervals(truth, values)) <= set(numbers.KEYS) - set(found["undefined"])
    json.dumps(found, allow_nan=False)


def test_the_mean_is_over_the_targets_that_have_a_number():
    truth, values = draw(100, 3)
    truth[:, 1] = 7
    values[0, 2] = np.nan
    found = numbers.judge(truth, values, ["a", "b", "c"])
    assert found["pearson"] == found["labels"]["a"]["pearson"]
    assert found["mae"] == np.mean([found["labels"][name]["mae"] for name in "ab"])
    pairs = {f"labels.b.{key}" for key in ("pearson", "spearman")}
    assert set(found["undefined"]) == pairs | {f"labels.c.{key}" for key in numbers.KEYS}
    low, high = numbers.intervals(truth, values)["pearson"]
    assert low < found["pearson"] < high


def test_where_no_target_has_a_number_the_top_says_so():
    found = numbers.judge(np.ones((3, 2)), np.ones((3, 2)), ["a", "b"])
    assert found["spearman"] is None
    assert found["undefined"]["spearman"].startswith("no target has one: the truth is the same")
    assert found["mae"] == 0.0


@pytest.mark.parametrize("judge", [numbers.intervals, lambda *case: numbers.judge(*case, ["a"])])
def test_shapes_must_agree_and_the_truth_be_finite(judge):
    with pytest.raises(ValueError, match=r"expected \(N, T\) twice, got \(3, 1\) and \(2, 1\)"):
        judge(np.ones((3, 1)), np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"expected \(N, T\) twice, got \(3,\) and \(3,\)"):
        judge(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="a true number is not finite"):
        judge(np.full((3, 1), np.nan), np.ones((3, 1)))


def test_every_target_has_a_name():
    with pytest.raises(ValueError, match="1 names for 2 targets"):
        numbers.judge(np.ones((3, 2)), np.ones((3, 2)), ["a"])


@pytest.mark.parametrize("targets", [1, 3])
def test_intervals_are_those_of_drawing_the_texts_again_and_again(targets, monkeypatch):
    monkeypatch.setattr(numbers, "_with_an_outlier", lambda *_: {})
    truth, values = draw(80, targets, rounded=targets == 1)
    names = [str(number) for number in range(targets)]
    judged, found = numbers.judge(truth, values, names), numbers.intervals(truth, values)
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, 80, 80) for _ in range(500)]
    drawn = [numbers.judge(truth[some], values[some], names) for some in rows]
    assert set(found) == set(numbers.KEYS)
    for key, (low, high) in found.items():
        assert low < judged[key] < high
        ends = np.quantile([sample[key] for sample in drawn], [0.025, 0.975])
        assert ends == pytest.approx([low, high], abs=0.2 * (high - low)), key


def with_an_outlier(truth, values, rng):
    """Draw 80 texts and one more of random weight, off by Pareto's law from the largest error."""

    def beyond(errors):
        ranked = np.sort(np.abs(errors))[::-1]
        hill = np.log(ranked[:8] / ranked[8]).mean()
        return ranked[0] * (1 + rng.pareto(1 / min(0.75 * hill, 0.45)))

    rows, one = rng.integers(0, 80, 80), rng.integers(80)
    weights = np.append(np.ones(80), rng.exponential())
    off = np.append(np.abs(values - truth)[rows], beyond(values - truth))
    line = np.polyval(np.polyfit(values, truth, 1), values)
    x = np.append(values[rows], values[one])
    y = np.append(truth[rows], line[one] + rng.choice([-1, 1]) * beyond(truth - line))
    table = np.cov(x, y, aweights=weights)
    return {
        "pearson": table[0, 1] / np.sqrt(table[0, 0] * table[1, 1]),
        "rmse": np.sqrt(np.average(off**2, weights=weights)),
        "mae": np.average(off, weights=weights),
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize("targets", [spare(1), 3])
def test_errors_above_and_pearson_below_have_room_for_an_outlier(targets, monkeypatch):
    truth, values = draw(80, targets, rounded=targets == 1)
    found = numbers.intervals(truth, values)
    rng = np.random.default_rng(1)
    drawn = [
        [with_an_outlier(truth[:, t], values[:, t], rng) for t in range(targets)]
        for _ in range(1_500)
    ]
    monkeypatch.setattr(numbers, "_with_an_outlier", lambda *_: {})
    plain = numbers.intervals(truth, values)
    assert found["spearman"] == plain["spearman"]
    for key in ("pearson", "rmse", "mae"):
        samples = [np.mean([one[key] for one in each]) for each in drawn]
        least, most = np.quantile(samples, [0.025, 0.975])
        low, high = plain[key]
        if key == "pearson":
            assert least < low
            expected = [least, high]
        else:
            assert most > high
            expected = [low, most]
        width = expected[1] - expected[0]
        assert found[key] == pytest.approx(expected, abs=0.1 * width), key


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_counting_texts_is_the_same_as_repeating_them(seed):
    truth, values = (column[:, 0] for column in draw(12, seed=seed, rounded=True))
    rows = np.random.default_rng(seed).integers(0, 12, 12)
    truth[rows[0]], values[rows[0]] = 90.0, 90.0  # so that every resample varies
    rows[-1] = (rows[0] + 1) % 12
    weights = np.bincount(rows, minlength=12)[None].astype(float)
    found = numbers._numbers(weights, truth, values)
    for key, expected in reference(truth[rows], values[rows]).items():
        assert found[key][0] == pytest.approx(expected), key


def test_a_number_that_most_resamples_lack_has_no_interval():
    truth, values = np.zeros((50, 3)), np.random.default_rng(0).normal(size=(50, 3))
    truth[[0, 1, 2], [0, 1, 2]] = 1  # all three are drawn in a quarter of the resamples
    assert numbers.judge(truth, values, ["a", "b", "c"])["pearson"] is not None
    assert set(numbers.intervals(truth, values)) == {"rmse", "mae"}
    assert set(numbers.intervals(truth[:, :1], values[:, :1])) == set(numbers.KEYS)


def test_the_seed_and_the_confidence_select_the_interval():
    case = draw()
    one, other = numbers.intervals(*case, seed=1), numbers.intervals(*case, seed=1)
    assert one == other != numbers.intervals(*case, seed=2)
    low, high = numbers.intervals(*case, seed=1, confidence=0.5)["mae"]
    assert one["mae"][0] < low < high < one["mae"][1]


@pytest.mark.exhaustive
def test_intervals_hold_the_number_of_the_population_about_as_often_as_they_say():
    truth, values = draw(40_000)
    population = numbers.judge(truth, values, ["score"])
    hits = 0
    for start in range(0, 12_000, 100):
        low, high = numbers.intervals(truth[start : start + 100], values[start : start + 100])[
            "mae"
        ]
        hits += low <= population["mae"] <= high
    assert 0.87 <= hits / 120 <= 0.99


@pytest.mark.exhaustive
def test_many_texts_take_seconds_and_little_memory():
    truth, values = draw(40_000)
    before = time.monotonic()
    low, high = numbers.intervals(truth, values)["spearman"]
    assert time.monotonic() - before < 60
    assert 0 < high - low < 0.03
    sizes = [block.shape for block in numbers._draws(40_000, np.random.default_rng(0))]
    assert sum(rows for rows, _ in sizes) == 250
    assert all(rows * texts <= numbers.BLOCK for rows, texts in sizes)


def test_the_baseline_predicts_the_mean_of_training():
    train, truth = np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[2.0, 21.0], [4.0, 19.0]])
    found = numbers.baseline(train, truth, ["a", "b"])
    assert found["labels"]["a"]["mae"] == 1.0
    assert found["labels"]["a"]["rmse"] == pytest.approx(2**0.5)
    assert found["labels"]["b"]["rmse"] == 1.0
    assert (found["pearson"], found["spearman"], found["trained_on"]) == (None, None, 2)
    assert "the same number was predicted" in found["undefined"]["pearson"]


def test_a_baseline_needs_training_texts():
    with pytest.raises(ValueError, match="there is no training text"):
        numbers.baseline(np.ones((0, 1)), np.ones((3, 1)), ["a"])


def test_every_number_has_a_direction():
    assert [catalogue.is_better_higher(key) for key in numbers.KEYS] == [True, True, False, False]
    assert metrics.better("rmse", 0.1, 0.2)
    assert metrics.better("labels.a.pearson", 0.2, 0.1)
