"""The threshold that decides a text was fitted without it."""

from dataclasses import replace

import numpy as np

from textune.evaluation import fitting
from textune.records import Answer, Example, Scores
from textune.tasks import registry

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


def test_a_task_without_a_threshold_decides_as_ever():
    task = registry.make("single", ("a", "b"))
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    scores = Scores(np.log(probabilities), probabilities, np.array([1, 1]), np.array([0, 1]))
    found = fitting.decide(task, scores, [Example("x", "f:1"), Example("y", "f:2")])
    assert (found.rule.kind, found.how) == ("argmax", "")
    assert found.scores.decisions.tolist() == [0, 1]
