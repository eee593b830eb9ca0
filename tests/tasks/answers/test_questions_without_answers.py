"""A model that learned only questions with answers says so where others judge it."""

import numpy as np
import pytest

from textune.evaluation import judged
from textune.metrics import decided
from textune.records import Answer, Example, Scores
from textune.tasks.answers.answer import AnswerSpan

PASSAGE = "Ada met Bo."
FULLS = np.full(10, 9, np.int32)


def report(answers, *, may_be_none):
    """Judge a model that answers each question with the first word."""
    texts = [
        Example(f"question {number}", f"q.json:{number}", pair=PASSAGE, answers=each)
        for number, each in enumerate(answers)
    ]
    places = np.asarray([[[0, 0], [0, 3], [4, 7], [8, 10]]] * len(texts)).reshape(-1, 2)
    logits = np.tile(np.asarray([[0, 0], [9, 9], [0, 0], [0, 0]], np.float32), (len(texts), 1))
    borders = np.arange(0, len(logits) + 1, 4)
    task = AnswerSpan(("start", "end"), may_be_none=may_be_none)
    chances = task.probabilities(logits, borders)
    chosen = task.decide(chances, task.default_decision(), borders)
    scores = Scores(
        logits, chances, chosen, None, borders=borders, spans=places, fulls=FULLS[: len(texts)]
    )
    return judged.judge(task, scores, texts)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([()] * 10, "10 of the 10 questions here have none, and count as wrong"),
        ([(), (Answer("Ada", 0),)], "1 of the 2 questions here has none, and counts as wrong"),
    ],
    ids=["none", "one of two"],
)
def test_that_it_always_answers_is_said(answers, said):
    found = report(answers, may_be_none=False)
    assert found["no_answer"]["f1"] == 0
    (line,) = [each for each in decided.lines(found) if "without an answer" in each]
    assert line.startswith("training had no question without an answer, so the model always gives")
    assert said in line
    assert "train with such questions, too" in line


@pytest.mark.parametrize(
    ("answers", "may_be_none"),
    [([(Answer("Ada", 0),)] * 2, False), ([()] * 2, True), ([(), (Answer("Ada", 0),)], True)],
)
def test_where_it_may_say_none_or_all_have_one_nothing_is_said(answers, may_be_none):
    found = report(answers, may_be_none=may_be_none)
    assert not [each for each in decided.lines(found) if "without an answer" in each]
