"""The threshold that decides a text was fitted without it."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef

from textune.decisions import aims
from textune.decisions.wishes import Wish
from textune.evaluation import fitting
from textune.records import Answer, Example, Scores
from textune.tasks import deciding, registry

COUNT = 60


def questions(seed=0):
    """Make questions about passages of three words, half of them without an answer."""
    draw = np.random.default_rng(seed)
    task = registry.make("answers", (), {"may_be_none": True})
    borders = np.arange(COUNT + 1) * 4
    spans = np.tile([(0, 0), (0, 3), (4, 7), (8, 11)], (COUNT, 1)).astype(np.int32)
    logits = draw.normal(0, 2, (4 * COUNT, 2)).astype(np.float32)
    examples = [
        Example("q", "x", pair=f"one two {n:03}", answers=(Answer("one", 0),) if n % 2 else ())
        for n in range(COUNT)
    ]
    probabilities = task.probabilities(logits, borders)
    decided = task.decide(probabilities, task.default_decision(), borders)
    fulls = np.full(COUNT, 9, dtype=np.int32)
    return task, Scores(logits, probabilities, decided, None, borders, spans, fulls), examples


def test_no_text_has_a_say_in_its_own_decision():
    task, scores, examples = questions()
    fitted = fitting.decide(task, scores, examples)
    rule, found, how = fitted.rule, fitted.scores, fitted.how
    assert rule == task.decision(scores, examples)
    assert "fitted on the other 4 of 5 parts" in how
    for number in range(0, COUNT, 7):
        changed = list(examples)
        mine = examples[number]
        changed[number] = replace(mine, answers=() if mine.answers else (Answer("one", 0),))
        other = fitting.decide(task, scores, changed).scores
        assert (other.decisions[number] == found.decisions[number]).all()


@pytest.mark.exhaustive
def test_fitted_on_themselves_texts_of_chance_seem_better_than_they_are():
    gains = []
    for seed in range(20):
        task, scores, examples = questions(seed)
        fitted = fitting.decide(task, scores, examples)
        rule, found = fitted.rule, fitted.scores
        decided = task.decide(scores.probabilities, rule, scores.borders)
        naive = task.judge(replace(scores, decisions=decided), examples)["f1"]
        gains.append(naive - task.judge(found, examples)["f1"])
    assert np.mean(gains) > 0.01


def test_too_few_texts_are_marked():
    task, scores, examples = questions()
    few = [replace(item, pair="one two 000") for item in examples]
    assert "their scores flatter it" in fitting.decide(task, scores, few).how


@pytest.mark.parametrize(
    ("passages", "said"), [(2, "the other part of two"), (3, "the other 2 of 3 parts")]
)
def test_as_many_parts_are_said_as_there_are(passages, said):
    task, scores, examples = questions()
    few = [replace(item, pair=f"one two {n % passages:03}") for n, item in enumerate(examples)]
    how = fitting.decide(task, scores, few).how
    assert how == f"each text was decided by a rule fitted on {said}"


def test_a_task_without_a_threshold_decides_as_ever():
    task = registry.make("single", ("a", "b"))
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    scores = Scores(np.log(probabilities), probabilities, np.array([1, 1]), np.array([0, 1]))
    found = fitting.decide(task, scores, [Example("x", "f:1"), Example("y", "f:2")])
    assert (found.rule.kind, found.how) == ("argmax", "")
    assert found.scores.decisions.tolist() == [0, 1]


def weak(seed=0, count=400):
    """Make texts of two classes, 70 % of the second, and logits that hardly know them."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(count) < 0.7).astype(np.int64)
    odds = draw.normal(0.3 * truth, 1.5)  # (N,)
    task = registry.make("single", ("a", "b"))
    logits = np.stack([np.zeros(count), odds], axis=1).astype(np.float32)
    chances = task.probabilities(logits)
    decided = task.decide(chances, task.default_decision())
    scores = Scores(logits, chances, decided, truth, fulls=np.full(count, 9, dtype=np.int32))
    return (
        task,
        scores,
        [Example(f"text {n}", f"f:{n}", label="ab"[truth[n]]) for n in range(count)],
    )


def test_a_calibration_that_would_decide_worse_moves_no_decision():
    moved = 0
    for seed in range(4):
        task, scores, examples = weak(seed)
        found = fitting.decide(task, scores, examples, Wish(calibrates=True))
        mine, plain = (task.judge(one, examples)["mcc"] for one in (found.scores, scores))
        assert mine >= plain
        if "without: probabilities are calibrated by what moves no decision" in found.how:
            moved += 1
            assert found.rule.calibration.kind == "temperature"
            assert (found.scores.decisions == scores.decisions).all()
    assert moved


SCORES = {"mcc": matthews_corrcoef, "f1": partial(f1_score, average="macro")}


@pytest.mark.parametrize("aim", SCORES)
def test_a_rule_that_decides_worse_than_the_likeliest_class_is_not_taken(aim):
    kept = 0
    for seed in range(5):
        task, scores, examples = weak(seed, 60)
        found = fitting.decide(task, scores, examples, Wish(aims.read(aim), calibrates=True))
        mine, plain = (SCORES[aim](scores.truth, one.decisions) for one in (found.scores, scores))
        if found.rule.kind == "argmax":
            kept += 1
            assert f"and {plain:.3f} by the likeliest class, which is kept" in found.how
        else:
            assert mine >= plain
    assert kept


@pytest.mark.parametrize("aim", ["f1", "mcc"])
def test_a_threshold_for_two_classes_is_worth_as_much_on_other_texts(aim):
    gains = []
    for seed in range(20):
        task, scores, _ = weak(seed, 300)
        _, fresh, _ = weak(seed + 100, 3000)
        own = aims.read(aim)
        rule = deciding.of_classes(task.labels, scores.truth, scores.probabilities, own)
        fitted = task.decide(fresh.probabilities, rule)
        gains.append(
            deciding.worth(task.labels, fresh.truth, fitted, own)
            - deciding.worth(task.labels, fresh.truth, fresh.decisions, own)
        )
    assert np.mean(gains) > -0.005


@pytest.mark.parametrize("aim", ["f1", "mcc", "fbeta=2", "precision(a)>=0.9", "recall(b)>=0.9"])
@pytest.mark.parametrize("only", [0, 1])
def test_texts_of_one_class_of_two_fit_no_threshold(aim, only):
    chances = np.linspace(0.6, 0.99, 40)[:, None] * [1, -1] + [0, 1]
    truth = np.full(40, only)
    rule = deciding.of_classes(("a", "b"), truth, chances, aims.read(aim))
    assert rule.thresholds == {"a": 0.5, "b": 0.5}
    assert (rule.fitted, rule.unmet) == (False, ("ba"[only],))


def test_several_labels_keep_one_half_where_thresholds_are_worse():
    draw, task = np.random.default_rng(0), registry.make("multi", ("a", "b"))
    truth = (draw.random((60, 2)) < 0.5).astype(np.float64)
    logits = draw.normal(truth - 0.5, 0.6).astype(np.float32)
    chances = task.probabilities(logits)
    fulls = np.full(60, 9, dtype=np.int32)
    decided = task.decide(chances, task.default_decision())
    scores = Scores(logits, chances, decided, truth, fulls=fulls)
    examples = [Example(f"text {n}", f"f:{n}", label=()) for n in range(60)]
    found = fitting.decide(task, scores, examples, Wish(aims.read("mcc"), calibrates=True))
    assert "by 0.5 for each label, which is kept" in found.how
    assert set(found.rule.thresholds.values()) == {0.5}
