"""With thousands of classes work, memory and files grow with texts times classes."""

import json
import random
import tracemalloc

import numpy as np
import pytest
from sklearn import metrics as sk

import textune
from conftest import WORDS
from textune.metrics import baselines, intervals, metrics

TEXTS = 300


def scored(classes):
    draw = np.random.default_rng(classes)
    truth = draw.integers(0, classes, TEXTS)
    probabilities = draw.random((TEXTS, classes))
    probabilities[np.arange(TEXTS), truth] += 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return truth, probabilities, probabilities.argmax(axis=1)


@pytest.mark.exhaustive
def test_reports_of_3000_classes_are_small_and_right():
    sizes = {}
    for classes in (1500, 3000):
        truth, probabilities, decisions = scored(classes)
        labels = [f"c{number}" for number in range(classes)]
        tracemalloc.start()
        found = metrics.single(truth, probabilities, decisions, labels)
        found["intervals"] = intervals.bootstrap(truth, probabilities, decisions)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        sizes[classes] = len(json.dumps(found, indent=2)), peak
    assert sizes[3000][0] < 2.2 * sizes[1500][0] < 3_000_000
    assert sizes[3000][1] < 2.2 * sizes[1500][1]
    assert "confusion" not in found
    cells = np.array(found["confusion_cells"])
    assert cells[:, 2].sum() == TEXTS
    assert cells[cells[:, 0] == cells[:, 1], 2].sum() == found["accuracy"] * TEXTS
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(truth, decisions))
    wanted = sk.f1_score(truth, decisions, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(wanted)
    low, high = found["intervals"]["mcc"]
    assert low < found["mcc"] < high


def test_the_simple_rule_for_many_classes_finds_what_words_say():
    truth = np.arange(600) % 300
    texts = [f"word{number} and more of {row}" for row, number in enumerate(truth)]
    labels = [f"c{number}" for number in range(300)]
    found = baselines.centroid(texts, truth, texts, truth, labels=labels)
    assert found["accuracy"] > 0.95
    assert found["trained_on"] == 600


def test_training_on_more_classes_than_half_the_rows_warns_of_nothing(tiny_base, tmp_path):
    """Warnings are errors here; scikit-learn's of many classes would end the run."""
    draw = random.Random(0)
    rows = [f"{' '.join(draw.choices(WORDS, k=5))},class{n % 205}" for n in range(220)]
    file = tmp_path / "many.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    out = tmp_path / "run"
    run = textune.train(file, valid=file, base=tiny_base, out=out, epochs=0, label="label")
    assert set(run.metrics["baselines"]) == {"part", "majority", "centroid"}
    assert "nearest class" in (out / "report.html").read_text(encoding="utf-8")
    small = tmp_path / "small.csv"
    small.write_text("\n".join(["text,label", *rows[:80], *rows[:20]]) + "\n", encoding="utf-8")
    again = tmp_path / "small"
    run = textune.train(small, valid=small, base=tiny_base, out=again, epochs=0, label="label")
    assert run.metrics["baselines"]["tfidf"]["accuracy"] > 0
