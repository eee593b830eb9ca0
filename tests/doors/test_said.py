"""What a run says of itself: before the first update, of its samples, its curves and its files."""

import json
import random

import pytest
from test_cli import textune

from conftest import WORDS
from made_runs import make_run

__all__ = ["textune"]  # the fixture

TRAIN = ["--batch-size", "16", "--device", "cpu", "--set", "data.valid_share=0.2"]


@pytest.fixture
def noise(tmp_path):
    """Return a table whose labels no word tells."""
    draw = random.Random(2)
    rows = [f"{' '.join(draw.choices(WORDS, k=6))},{draw.choice(['a', 'b'])}" for _ in range(120)]
    file = tmp_path / "noise.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def test_samples_first_answers_curves_and_files(
    textune, comments, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setenv("TEXTUNE_PICTURES", "1")
    run = tmp_path / "run"
    options = ["--set", "data.unlabelled=10", "--epochs", 2, "--lr", 0.002, "--out", run]
    code, out, err = textune("train", comments, "--base", tiny_base, *TRAIN, *options)
    assert code == 0
    card = json.loads((run / "data_card.json").read_text(encoding="utf-8"))
    kept = card["splits"]["train"]
    assert f"sampled: {kept} of 128 training texts are kept; 10 without a label; " in err
    assert "before training: '" in err
    assert "log loss of 32 texts" in err
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    curves = [line["roc_auc"] for line in lines if line["kind"] == "validation"]
    assert [set(one) for one in curves] == [{"warm", "cold", "film"}] * 2
    assert "Validation ROC-AUC of each label" in (run / "report.html").read_text(encoding="utf-8")
    assert f"{run}/model/ (" in out
    assert "model.safetensors" in out
    assert "metrics.json" in out


def test_a_held_out_loss_that_rises_is_told_once(textune, noise, tiny_base, tmp_path):
    options = ["--epochs", 12, "--lr", 0.005, "--out", tmp_path / "run"]
    code, _, err = textune("train", noise, "--base", tiny_base, *TRAIN, *options)
    assert code == 0
    assert err.count("while training goes on") == 1
    assert "held-out log loss rose from" in err


@pytest.mark.exhaustive
def test_several_seeds_are_drawn(textune, reviews, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUNE_PICTURES", "1")
    run = tmp_path / "run"
    options = ["--seeds", 2, "--epochs", 1, "--lr", 0.002, "--out", run]
    code, _, _ = textune("train", reviews, "--base", tiny_base, *TRAIN, *options)
    assert code == 0
    assert "of each seed, mean and deviation" in (run / "report.html").read_text(encoding="utf-8")


def test_a_run_that_is_trained_further_says_what_its_schedule_does(
    textune, reviews, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setenv("TEXTUNE_PROGRESS_SECONDS", "0.001")  # an update takes some
    base = make_run(tmp_path / "first", tiny_base, "single", ["bad", "good"])
    words = ["train", reviews, "--base", base, *TRAIN, "--epochs", 1, "--out", tmp_path / "run"]
    code, _, err = textune(*words)
    assert code == 0
    assert "is trained further, and the schedule of the learning rate begins anew" in err
    assert " left" in err  # a line of progress, of those that come every so many seconds
    _, out, _ = textune("evaluate", tmp_path / "run", reviews)
    assert "texts/s, with reading the file and loading the model" in out
    monkeypatch.setenv("TEXTUNE_PROGRESS_SECONDS", "often")
    code, _, err = textune(*words, "--overwrite")
    assert code == 2
    assert "TEXTUNE_PROGRESS_SECONDS='often': expected seconds" in err
