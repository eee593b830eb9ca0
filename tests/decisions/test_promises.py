"""What is promised of held-out texts holds of fresh ones, and what cannot be promised is said."""

import numpy as np
import pytest
from scipy import special

from textune.decisions import abstaining, aims, promises, thresholds

DRAWS = 100


def texts(count, seed, *, odds=-1.5):
    draw = np.random.default_rng(seed)
    logits = draw.normal(odds, 2.5, count)
    return draw.random(count) < special.expit(logits), special.expit(logits)


@pytest.mark.parametrize(("count", "asked"), [(400, 0.7), (2000, 0.85)])
def test_precision_and_recall_hold_on_fresh_texts(count, asked):
    held = {"precision": 0, "recall": 0}
    sure = {"precision": 0, "recall": 0}
    for seed in range(DRAWS):
        fresh, chances = texts(5000, 1000 + seed)
        for kind, tell in (
            ("precision", promises.of_those_above),
            ("recall", promises.of_those_found),
        ):
            bar, is_sure = tell(*texts(count, seed), asked)
            given = chances >= bar
            share = fresh[given].mean() if kind == "precision" else given[fresh].mean()
            sure[kind] += is_sure
            held[kind] += not is_sure or share >= asked
    assert min(held.values()) >= 95
    assert min(sure.values()) >= 90


def test_what_so_few_texts_cannot_promise_is_said():
    is_right, chances = texts(30, 0)
    assert not promises.of_those_above(is_right, chances, 0.95)[1]
    assert not promises.of_those_found(is_right, chances, 0.95)[1]
    assert promises.of_those_above(np.empty(0, bool), np.empty(0), 0.9) == (1.0, False)
    assert promises.of_those_found(np.zeros(5, bool), np.ones(5), 0.9) == (0.0, False)


def test_where_no_precision_can_be_promised_few_texts_get_the_label():
    draw = np.random.default_rng(0)
    logits = draw.normal(-6, 1, 4000)
    is_right = draw.random(4000) < special.expit(logits)
    bar, is_sure = promises.of_those_above(is_right, special.expit(logits), 0.9)
    given = special.expit(logits) >= bar
    assert not is_sure
    assert given.mean() < 0.3
    assert is_right[given].mean() > 2 * is_right.mean()


def test_equal_texts_are_decided_alike():
    chances = np.array([0.9] * 300 + [0.1] * 300)
    bar, is_sure = promises.of_those_above(chances > 0.5, chances, 0.9)
    assert is_sure
    assert 0.1 < bar <= 0.9
    assert promises.of_those_found(chances > 0.5, chances, 0.9)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95])
def test_sets_hold_the_right_class_as_often_as_was_asked(share):
    covered = []
    for seed in range(DRAWS):
        draw = np.random.default_rng(seed)
        logits = draw.normal(0, 2, (1500, 6))
        chances = special.softmax(logits, axis=1)
        truth = (draw.random((1500, 1)) < special.softmax(logits / 3, axis=1).cumsum(1)).argmax(1)
        member = abstaining.member(truth[:500], chances[:500], share)
        covered.append((chances[500:] >= member)[np.arange(1000), truth[500:]].mean())
    assert np.mean(covered) == pytest.approx(share, abs=0.01)


def test_f1_is_highest_at_the_threshold_and_rare_labels_follow_the_common_one():
    truth, chances = texts(3000, 3)
    marks, both = np.stack([truth, truth], 1).astype(float), np.stack([chances, chances], 1)
    marks[:, 1] = 0
    marks[np.flatnonzero(truth)[0], 1] = 1  # one text has it, somewhere
    found = thresholds.fit(marks, both, aims.read("f1"))
    given = chances[:, None] >= np.linspace(0.02, 0.98, 97)
    f1 = 2 * (given & truth[:, None]).sum(0) / (given.sum(0) + truth.sum())
    own = chances >= found.values[0]
    assert 2 * (own & truth).sum() / (own.sum() + truth.sum()) >= f1.max() - 0.003
    assert abs(special.logit(found.values[1]) - special.logit(found.values[0])) < 1.5


@pytest.mark.parametrize("aim", ["precision>=0.9", "recall>=0.8"])
def test_of_a_label_that_no_text_has_nothing_is_promised_and_no_text_gets_it_for_that(aim):
    truth, chances = texts(3000, 3)
    marks = np.stack([truth, np.zeros(3000)], axis=1).astype(float)
    found = thresholds.fit(marks, np.stack([chances, 0.4 * chances], axis=1), aims.read(aim))
    assert found.is_met.tolist() == [True, False]
    assert found.values[1] == 0.5


@pytest.mark.parametrize("calibrated", [1.0, 0.05])
def test_a_precision_that_is_out_of_reach_gives_no_text_a_label_that_is_mostly_wrong(calibrated):
    chances = np.linspace(0.4, 0.0, 800)
    truth = np.zeros(800)
    truth[[90, 120, 127]] = 1  # of the likeliest 128 texts 3 have the label
    found = thresholds.fit(
        truth[:, None], calibrated * chances[:, None], aims.read("precision>=0.9")
    )
    assert not found.is_met[0]
    assert found.values[0] == 0.5


def test_a_precision_out_of_reach_keeps_texts_that_are_mostly_right():
    chances = np.linspace(0.4, 0.0, 800)
    found = thresholds.fit(
        (chances > 0.396)[:, None] * 1.0, chances[:, None], aims.read("precision>=0.9")
    )
    assert not found.is_met[0]
    assert 0.38 < found.values[0] < 0.397
