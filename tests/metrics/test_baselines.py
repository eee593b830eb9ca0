import time
from pathlib import Path

import numpy as np
import pytest

from textune.metrics import baselines, metrics
from textune.metrics.baselines import majority, tfidf
from textune.records import Example, Scores
from textune.tasks import labels

COLA = Path(__file__).parents[2] / "../shared/data/cola"


def reviews(n, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    words = np.array([["dull", "poor", "weak"], ["fine", "great", "lovely"]])
    return [f"a {rng.choice(words[k])} film {rng.integers(9)}" for k in truth], truth


def read_cola(name):
    lines = (COLA / name).read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    return [cell[3] for cell in cells], np.array([int(cell[1]) for cell in cells])


def test_majority_gives_the_most_frequent_class_of_training_not_of_the_judged_texts():
    found = majority(np.array([0] * 7 + [1] * 3), np.array([0] * 2 + [1] * 8), ["a", "b"])
    assert found["accuracy"] == pytest.approx(0.2)
    assert (found["mcc"], found["roc_auc"]) == (0.0, 0.5)
    assert found["trained_on"] == 10


def test_majority_of_several_labels_gives_those_that_most_texts_have():
    train = np.array([[1.0, 0], [1, 1], [0, np.nan], [np.nan, np.nan]])
    found = majority(train, np.array([[1.0, 0], [1, 1]]), ["a", "b"])
    assert found["labels"]["a"]["predicted"] == 2
    assert found["labels"]["b"]["predicted"] == 2  # one of two scored: half is enough
    assert found["accuracy"] == 0.5


def test_tfidf_learns_words_that_decide():
    (train, train_truth), (texts, truth) = reviews(200), reviews(50, seed=1)
    found = tfidf(train, train_truth, texts, truth, labels=["bad", "good"])
    assert found["accuracy"] == 1.0
    assert found["trained_on"] == 200


def test_tfidf_learns_several_labels_and_leaves_out_what_is_not_scored():
    (train, classes), (texts, judged) = reviews(200), reviews(50, seed=1)
    train_truth = np.stack([classes, 1 - classes, np.zeros(200)], axis=1).astype(float)
    train_truth[100:, 0] = np.nan
    truth = np.stack([judged, 1 - judged, np.zeros(50)], axis=1).astype(float)
    found = tfidf(train, train_truth, texts, truth, labels=["good", "bad", "never"])
    assert found["accuracy"] == 1.0
    assert found["labels"]["never"]["predicted"] == 0


def test_large_training_parts_are_sampled_by_the_seed(monkeypatch):
    monkeypatch.setattr(baselines, "MOST_TEXTS", 20)
    (train, train_truth), (texts, truth) = reviews(300), reviews(100, seed=1)
    runs = [
        tfidf(train, train_truth, texts, truth, labels=["bad", "good"], seed=seed)
        for seed in (1, 1, 2)
    ]
    assert runs[0]["trained_on"] == 20
    assert runs[0] == runs[1]
    assert runs[0]["log_loss"] != runs[2]["log_loss"]


@pytest.mark.parametrize("texts", [["", " "], ["!", "?"], ["好", "坏"], ["a", "b"]])
def test_texts_without_words_are_no_obstacle(texts):
    found = tfidf(texts * 5, np.array([0, 1] * 5), texts, np.array([0, 1]), labels=["a", "b"])
    assert found["accuracy"] == (0.5 if texts[0] == "" else 1.0)


def test_a_class_that_training_lacks_is_never_given():
    truth = np.array([0, 1, 2])
    found = tfidf(["x", "y"], np.array([0, 1]), ["x", "y", "z"], truth, labels=["a", "b", "c"])
    assert found["labels"]["c"]["predicted"] == 0
    one = tfidf(["x", "y"], np.array([1, 1]), ["x", "y", "z"], truth, labels=["a", "b", "c"])
    assert one["labels"]["b"]["predicted"] == 3


def test_no_text_to_judge_gives_nothing_with_the_reason():
    found = tfidf(["x", "y"], np.array([0, 1]), [], np.zeros(0, int), labels=["a", "b"])
    assert set(metrics.headline(found).values()) == {None}


@pytest.mark.skipif(not COLA.is_dir(), reason="shared/data/cola is not beside the checkout")
def test_cola_takes_seconds_and_beats_the_majority():
    (train, train_truth), (texts, truth) = (
        read_cola("in_domain_train.tsv"),
        read_cola("in_domain_dev.tsv"),
    )
    began = time.process_time()
    found = tfidf(train, train_truth, texts, truth, labels=["0", "1"])
    assert time.process_time() - began < 10
    assert found["trained_on"] == len(train) == 8551
    assert 0.05 < found["mcc"] < 0.3
    assert majority(train_truth, truth, ["0", "1"])["mcc"] == 0.0


def folds(n, count):
    places = np.arange(n)
    return [(places[places % count != k], places[places % count == k]) for k in range(count)]


def test_a_majority_vote_of_folds_says_the_same_of_all_texts():
    truth = np.array([0] * 9 + [1] * 9)
    texts = [Example("a text", "1", label=("a", "b")[k]) for k in truth]
    scores = Scores(np.zeros((18, 2)), np.full((18, 2), 0.5), np.zeros(18), truth)
    given = {"scores": scores, "examples": texts, "parts": folds(18, 4)}
    found = labels.baselines(("a", "b"), truth, texts, **given)["majority"]
    assert (found["roc_auc"], found["mcc"], found["accuracy"]) == (0.5, 0.0, 0.5)
    assert found["pr_auc"] == pytest.approx(0.5)
