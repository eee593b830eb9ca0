"""The page shows how far probabilities can be trusted, and how texts were decided."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import log_loss

import textune
from textune.metrics import decided, reliability
from textune.report import mistakes, reliable, report

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"


@pytest.mark.parametrize("task", ["single", "multi", "pairs"])
@pytest.mark.first(1)
def test_the_page_has_the_picture_and_says_how_texts_were_decided(tmp_path, task):
    shutil.copytree(RUNS / task, tmp_path / task)
    if task == "multi":
        textune.decide(tmp_path / task, aim="recall>=0.99")
    page = report.write(tmp_path / task).read_text(encoding="utf-8")
    table = mistakes.read(tmp_path / task / "predictions" / "valid.parquet")
    assert (reliable.TITLE in page) == (len(table) * (3 if task == "multi" else 1) >= 30)
    if task == "multi":
        assert "How it was decided" in page
        assert "cannot be promised" in page


def test_labels_that_nothing_can_be_promised_for_are_all_counted():
    unmet = [f"l{n}" for n in range(25)]
    rule = {"kind": "argmax", "aim": "recall>=0.8", "unmet": unmet}
    (line,) = decided.lines({"rule": rule})
    assert line.endswith("or such scores, for: " + ", ".join(unmet[:12]) + " and 13 more")


def test_the_numbers_of_calibration_are_those_of_the_kept_answers(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(RUNS / "single", run)
    file = run / "predictions" / "valid.parquet"
    kept = pq.read_table(file).to_pydict()
    labels = json.loads((run / "model" / "decision.json").read_text("utf-8"))["labels"]
    for label in labels:  # a model that is far too sure
        kept[f"logit({label})"] = [9 * value for value in kept[f"logit({label})"]]
    kept = {name: column * 8 for name, column in kept.items()}
    for row in range(0, len(kept["truth"]), 5):
        kept["truth"][row] = labels[labels.index(kept["truth"][row]) - 1]
    kept["text"] = [f"{text} {row}" for row, text in enumerate(kept["text"])]
    pq.write_table(pa.table(kept), file)
    found = textune.decide(run).metrics["valid"]
    made = pq.read_table(file).to_pydict()
    chances = list(zip(*(made[f"p({label})"] for label in labels), strict=True))
    by_hand = log_loss(made["truth"], chances, labels=labels)
    assert found["calibration"]["after"]["log_loss"] == pytest.approx(by_hand)
    assert found["log_loss"] == pytest.approx(by_hand)
    assert by_hand < found["calibration"]["before"]["log_loss"]
    lines = list(decided.lines(found))
    assert lines[0].startswith("probabilities are calibrated (by ")
    assert f"→ {by_hand:.3f}" in lines[0]


def test_bins_hold_every_answer_once():
    draw = np.random.default_rng(0)
    chances = draw.random(101)
    found = reliability.curve(np.ones(101), chances, bins=10)
    assert sum(each["n"] for each in found) == 101
    assert [each["share"] for each in found] == [1.0] * 10
    assert reliability.error(np.ones(101), chances, bins=10) == pytest.approx(1 - chances.mean())
    assert reliability.error(np.empty(0), np.empty(0)) is None


@pytest.mark.parametrize(("texts", "is_said"), [(30, True), (76, True), (77, False)])
def test_few_errors_are_said_to_show_no_rare_kind(texts, is_said):
    found = {"n": texts, "intervals": {"rmse": [0.1, 0.2]}}
    said = " ".join(decided.lines(found))
    assert ("of outliers that 1 text in 20 has" in said) == is_said
    assert ("21% of such samples hold none" in said) == (texts == 30)
    assert not list(decided.lines({"n": 30, "intervals": {"mcc": [0.1, 0.2]}}))
