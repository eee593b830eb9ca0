"""Judged by length: the parts are judged as they would be alone."""

import numpy as np
import pytest

from textune.evaluation import by_length
from textune.records import Answer, Example, Scores
from textune.tasks import registry as tasks

FULLS = np.array([512, 3, 64, 513, 65, 9, 70, 2000], dtype=np.int32)
SHORT, MIDDLE, LONG = [1, 2, 5], [4, 6], [3, 7]  # rows of FULLS up to 64, up to 128, over 512


def judged(task, scores, examples):
    whole = task.judge(scores, examples) | {"intervals": task.intervals(scores, examples)}
    return by_length.judge(task, scores, examples, whole)


def classes():
    """Make classes of which short texts are all right, long ones all wrong."""
    truth = np.array([0, 1, 0, 1, 1, 1, 0, 0])
    decided = truth.copy()
    decided[[3, 7, 6]] = 1 - decided[[3, 7, 6]]
    probabilities = np.where(decided[:, None] == [0, 1], 0.9, 0.1)
    examples = [Example("x", f"f:{n}", label="ab"[n]) for n in truth]
    logits = np.log(probabilities).astype(np.float32)
    return Scores(logits, probabilities, decided, truth, fulls=FULLS), examples


def test_each_range_that_occurs_has_its_number():
    scores, examples = classes()
    found = judged(tasks.make("single", ("a", "b")), scores, examples)
    ends = [(item["above"], item["up_to"], item["n"]) for item in found]
    assert ends == [(None, 64, 3), (64, 128, 2), (256, 512, 1), (512, None, 2)]
    assert [item["mcc"] for item in found] == [1.0, 0.0, None, -1.0]
    assert found[2]["interval"] is None
    assert [bool(item.get("why")) for item in found] == [False, False, True, False]
    assert "MCC" in found[2]["why"] or "class" in found[2]["why"]


def test_texts_of_one_length_are_judged_as_a_whole():
    scores, examples = classes()
    alike = np.full(8, 64, dtype=np.int32)
    task = tasks.make("single", ("a", "b"))
    whole = {"mcc": 0.125, "intervals": {"mcc": [0.0, 0.5]}}
    scores = Scores(
        scores.logits, scores.probabilities, scores.decisions, scores.truth, fulls=alike
    )
    (found,) = by_length.judge(task, scores, examples, whole)
    assert found == {"above": None, "up_to": 64, "n": 8, "mcc": 0.125, "interval": [0.0, 0.5]}


def test_numbers_are_judged_by_their_own_errors():
    truth = np.arange(8.0)[:, None]
    values = truth + np.array([9, 1, -1, 3, 2, 1, -2, -3.0])[:, None]
    examples = [Example("x", f"f:{n}", label=str(n)) for n in range(8)]
    scores = Scores(values.astype(np.float32), values, values, truth, fulls=FULLS)
    task = tasks.make("number", ("score",))
    found = judged(task, scores, examples)
    expected = {"rmse": [1, 2, 9, 3], "spearman": [0.5, -1, None, -1]}[task.main_metric]
    assert [item[task.main_metric] for item in found] == pytest.approx(expected)


def test_words_stay_with_their_texts():
    """Text n has n + 1 words; long texts are tagged wrongly, so a slip would show."""
    labels = ("O", "B-X", "I-X")
    sizes = np.arange(1, 9)
    borders = np.concatenate([[0], np.cumsum(sizes)])
    truth = [[1] + [0] * (size - 1) for size in sizes]
    given = [
        [0] * size if n in LONG else tags
        for n, (size, tags) in enumerate(zip(sizes, truth, strict=True))
    ]
    decided, right = np.concatenate(given), np.concatenate(truth)
    probabilities = np.where(decided[:, None] == np.arange(3), 0.8, 0.1)
    examples = [
        Example("w " * size, "f:1", label=tuple(labels[tag] for tag in tags))
        for size, tags in zip(sizes, truth, strict=True)
    ]
    scores = Scores(
        np.log(probabilities).astype(np.float32), probabilities, decided, right,
        borders=borders, fulls=FULLS,
    )  # fmt: skip
    found = judged(tasks.make("tags", labels), scores, examples)
    assert [item["f1"] for item in found] == [1.0, 1.0, 1.0, 0.0]


def test_answers_stay_with_their_passages():
    """Passage n has n + 2 words; the answer is its last word, and short ones are answered so."""
    examples, spans, decided = [], [], []
    for n in range(8):
        words = [f"w{n}x{place}" for place in range(n + 2)]
        passage = " ".join(words)
        start = passage.rindex(words[-1])
        examples.append(Example("who", "f:1", pair=passage, answers=(Answer(words[-1], start),)))
        starts = np.cumsum([0] + [len(word) + 1 for word in words])[:-1]
        ends = starts + [len(word) for word in words]
        spans.append(np.concatenate([[[0, 0]], np.stack([starts, ends], axis=1)]))
        decided.append([1, 1] if n in LONG else [n + 2, n + 2])
    sizes = [len(part) for part in spans]
    scores = Scores(
        np.zeros((sum(sizes), 2), dtype=np.float32),
        np.zeros((sum(sizes), 2)),
        np.array(decided),
        np.zeros((8, 2), dtype=np.int64),
        borders=np.concatenate([[0], np.cumsum(sizes)]),
        spans=np.concatenate(spans).astype(np.int32),
        fulls=FULLS,
    )
    found = judged(tasks.make("answers", ()), scores, examples)
    assert [item["f1"] for item in found] == [1.0, 1.0, 1.0, 0.0]
    assert [item["n"] for item in found] == [len(SHORT), len(MIDDLE), 1, len(LONG)]


def test_unknown_lengths_are_refused():
    scores, examples = classes()
    bare = Scores(scores.logits, scores.probabilities, scores.decisions, scores.truth)
    with pytest.raises(ValueError, match="lengths of the texts are not known"):
        judged(tasks.make("single", ("a", "b")), bare, examples)
