"""A loss of the user's own, in one file or as a function."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import SettingsError

EXAMPLES = Path(__file__).parents[2] / "examples"


def weights(run):
    return load_file(run.path / "model" / "model.safetensors")


def plain(logits, targets):
    return functional.cross_entropy(logits, targets, reduction="none")


def several(logits, targets):
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


@pytest.fixture
def learn(reviews, tiny_base, tmp_path):
    """Return a function that trains for an epoch."""

    def train(name, source=reviews, **options):
        given = {"base": tiny_base, "epochs": 1, "valid": source, "out": tmp_path / name}
        return textune.train(source, **(given | options))

    return train


@pytest.mark.first(1)
def test_focal_loss_without_focus_is_the_default_bit_by_bit(
    learn, monkeypatch, tmp_path, either_format
):
    text = (EXAMPLES / "focal_loss.py").read_text(encoding="utf-8")
    (tmp_path / "flat.py").write_text(text.replace("GAMMA = 2.0", "GAMMA = 0.0"), encoding="utf-8")
    default, flat = learn("default"), learn("flat", plugin=tmp_path / "flat.py")
    focal = learn("focal", plugin=EXAMPLES / "focal_loss.py")
    own, other = weights(default), weights(focal)
    assert all(torch.equal(own[name], value) for name, value in weights(flat).items())
    assert not all(torch.equal(own[name], other[name]) for name in own)


@pytest.mark.exhaustive
def test_micro_batches_do_not_change_what_a_loss_gives(learn):
    whole, parted = (
        weights(learn(name, loss=plain, settings=[f"train.micro_tokens={most}", "train.dropout=0"]))
        for name, most in (("whole", 4096), ("parted", 32))
    )
    for name, value in whole.items():
        torch.testing.assert_close(parted[name], value, rtol=0, atol=2e-6)


def test_cells_that_are_not_scored_and_weights_of_texts_are_heeded(learn, comments, tmp_path):
    lines = comments.read_text(encoding="utf-8").splitlines()
    lines = [f"{line},{number % 3 + 1}" for number, line in enumerate(lines)]
    lines[0] = "id,comment,warm,cold,film,often"
    lines[3] = "c2,a very bad film,-1,1,-1,2"
    file = tmp_path / "weighed.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = {"text": "comment", "label": "warm,cold,film", "weight": "often"}
    default = learn("default", file, **options)
    own = learn("own", file, loss=several, **options)
    other = weights(own)
    for name, value in weights(default).items():
        torch.testing.assert_close(other[name], value, rtol=0, atol=1e-6)


def test_a_mean_instead_of_losses_is_refused(learn):
    with pytest.raises(
        SettingsError, match=r"one loss for each target, found the shape .*reduction"
    ):
        learn("mean", loss=functional.cross_entropy)


@pytest.mark.parametrize(
    ("setting", "words"),
    [("train.label_smoothing=0.1", "label_smoothing"), ("train.probe=true", "probe")],
)
def test_what_a_loss_takes_the_place_of_is_refused(learn, setting, words):
    with pytest.raises(SettingsError, match=f"train.{words}: is not possible beside a loss"):
        learn("run", loss=plain, settings=setting)


def test_the_command_line_takes_a_file(reviews, tiny_base, tmp_path):
    command = ["train", reviews, "--base", tiny_base, "--out", tmp_path / "run", "--epochs", 1]
    command += ["--valid", reviews, "--plugin", EXAMPLES / "focal_loss.py"]
    done = CliRunner().invoke(cli.app, list(map(str, command)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "of your own: loss (focal_loss.py:loss)" in done.output
    assert "off, for they need textune's head and loss: linear probing" in done.output


def test_metrics_are_judged_with_intervals_and_select(learn):
    run = learn("run", plugin=EXAMPLES / "own_metrics.py", settings="train.metric=costs", epochs=2)
    found = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    valid, best = found["valid"], found["best"]
    low, high = valid["intervals"]["kappa"]
    assert low <= valid["kappa"] <= high
    assert best["metric"] == "costs"
    assert best["value"] == valid["costs"]
    lines = (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    costs = [one["metrics"]["costs"] for one in map(json.loads, lines) if "metrics" in one]
    assert len(costs) == 2
    assert min(costs) == best["value"]


def accuracy(truth, decisions):
    return 1.0


def fails(truth, decisions):
    raise ZeroDivisionError("nobody is there")


def alone(truth):
    return 1.0


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (accuracy, "textune has 'accuracy' already"),
        (fails, "the metric of your own 'fails' failed: ZeroDivisionError: nobody is there"),
        (alone, r"alone: expected a function of \(truth, decisions\)"),
    ],
)
def test_a_metric_that_cannot_be_one_is_refused(learn, metric, words):
    with pytest.raises(SettingsError, match=words):
        learn("run", metrics=[metric])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1 / 0\n", r"bad.py:1: ZeroDivisionError: division by zero"),
        ("def los(a, b): pass\n", r"defines none of head, loss, .*did you mean 'loss'"),
        ("import sys\nsys.exit(3)\n", "ends the program while it is imported"),
        ("loss = 3\n", "loss: expected a function or a class, found 3"),
    ],
)
def test_a_file_that_is_no_plugin_is_refused(learn, tmp_path, text, words):
    (tmp_path / "bad.py").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=words):
        learn("run", plugin=tmp_path / "bad.py")


def test_a_plugin_that_is_not_there_is_refused(learn, tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.py: no such file"):
        learn("run", plugin=tmp_path / "absent.py")


def hits(truth, decisions):
    """Return how many are right: their intervals take no time, where kappa's take seconds."""
    return int((truth == decisions).sum())


def none(truth, decisions):
    return 0.0


@pytest.mark.exhaustive
def test_folds_and_seeds_learn_by_the_same_loss_and_are_judged_by_the_same_metric(
    learn, few, tiny_base, tmp_path
):
    run = learn("seeds", few, metrics=[hits, none], loss=plain, seeds=2)
    assert set(run.metrics["seeds"]["valid"]) >= {"hits", "none"}
    found = textune.cross_validate(
        few,
        folds=2,
        base=tiny_base,
        epochs=1,
        out=tmp_path / "folds",
        metrics=[hits, none],
        loss=plain,
    )
    assert {"hits", "none"} <= set(found.numbers["metrics"])
