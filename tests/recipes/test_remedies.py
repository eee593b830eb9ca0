"""What remedies for rare labels do is measured in cross-validation, taken and said."""

import json
import random
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

import textune
from conftest import WORDS
from textune.doors import cli
from textune.errors import SettingsError
from textune.probing import remedies
from textune.recipes.selection import affording, out_of_fold, remedied, selecting
from textune.tasks import focused

pytestmark = pytest.mark.usefixtures("auto_recipe")


def written(file, rows):
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def rare(tmp_path):
    """Return a file of 400 texts of two rare labels, whose words are more often there without."""
    draw = random.Random(0)
    rows = ["comment,seldom,rarely"]
    for _ in range(400):
        words, marks = [draw.choice(WORDS[13:]) for _ in range(4)], []
        for kind in (WORDS[:2], WORDS[5:7]):
            is_there = draw.random() < 0.24
            words += [draw.choice(kind) for _ in range(2 * is_there)]
            marks.append(int(is_there and draw.random() < 0.36))
        draw.shuffle(words)
        rows.append(f"{' '.join(words)},{','.join(map(str, marks))}")
    return written(tmp_path / "rare.csv", rows)


@pytest.fixture
def noise(tmp_path):
    """Return a file of 120 texts, 10 of them of a class that nothing tells."""
    draw = random.Random(1)
    rows = [
        f"{' '.join(draw.choices(WORDS, k=6))},{'odd' if n % 12 == 0 else 'usual'}"
        for n in range(120)
    ]
    return written(tmp_path / "noise.csv", ["text,label", *rows])


@pytest.fixture
def hasty(monkeypatch):
    """Search for few heads, and for those of focal loss briefly, where none need be good."""
    monkeypatch.setattr(focused, "STEPS", 10)
    monkeypatch.setattr(affording, "HEAD_FOLDS", 3)


@pytest.fixture
def trained(tiny_base, tmp_path):
    """Return a function that trains by typed words; what was printed, and the run's folder."""

    def run(source, *words, out="run"):
        place = tmp_path / out
        asked = ["train", source, "--base", tiny_base, "--out", place, "--device", "cpu", *words]
        done = CliRunner().invoke(cli.app, list(map(str, asked)))
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split()), place

    return run


def numbers_of(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_a_remedy_that_helps_is_taken_said_and_kept(trained, rare):
    said, run = trained(rare, "--effort", "quick", "--set", "decision.calibrate=false")
    found = numbers_of(run)
    (told,) = found["remedies"]
    assert told["metrics"] == ["roc_auc", "macro_f1"]
    names = [one["name"] for one in told["tried"]]
    assert names == [remedies.NOTHING, *remedies.SETTINGS, remedies.THRESHOLDS]
    taken = next(one for one in told["tried"] if one["name"] == told["taken"])
    assert told["taken"] != remedies.NOTHING
    assert any(one["low"] > 0 for one in taken["metrics"].values())
    assert all(one["gain"] == 0 for one in told["tried"][0]["metrics"].values())
    named = remedied.HEEDED.get(told["taken"], told["taken"])
    assert f"{named} helps the linear head on the frozen encoder" in said
    (candidate,) = found["valid"]["cross_validation"]["candidates"]
    assert candidate["remedy"] == told["taken"]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Rare labels: what helps" in page
    assert "square-root sampling" in page


@pytest.mark.usefixtures("hasty")
def test_thresholds_that_are_fitted_anyway_are_no_remedy(trained, rare):
    _, run = trained(rare, "--effort", "quick")
    found = numbers_of(run)
    names = [one["name"] for one in found["remedies"][0]["tried"]]
    assert names == [remedies.NOTHING, *remedies.SETTINGS]
    decision = json.loads((run / "model" / "decision.json").read_text("utf-8"))["decision"]
    assert decision["aim"] == "f1"
    assert set(decision["thresholds"].values()) != {0.5}


@pytest.mark.usefixtures("hasty")
def test_thresholds_that_are_taken_decide_what_is_predicted(trained, rare, monkeypatch):
    monkeypatch.setattr(remedies.Measured, "taken", property(lambda _: remedies.THRESHOLDS))
    _, run = trained(rare, "--effort", "quick", "--set", "decision.calibrate=false")
    decision = json.loads((run / "model" / "decision.json").read_text("utf-8"))["decision"]
    assert decision["fitted"]
    assert set(decision["thresholds"].values()) != {0.5}
    valid = numbers_of(run)["valid"]
    assert "each text was decided by a rule fitted on the other" in valid["decided"]
    assert valid["macro_f1"] > valid["cross_validation"]["candidates"][0]["macro_f1"]
    plain = textune.evaluate(run, rare, threshold=0.5)
    assert textune.evaluate(run, rare)["macro_f1"] > plain["macro_f1"]


@pytest.mark.usefixtures("hasty")
def test_no_remedy_helps_where_nothing_tells_the_rare_class(trained, noise):
    said, run = trained(noise, "--effort", "quick")
    (told,) = numbers_of(run)["remedies"]
    assert told["taken"] == remedies.NOTHING
    assert "rare labels: no remedy helped the linear head on the frozen encoder" in said
    names = [one["name"] for one in told["tried"]]
    assert "asymmetric loss" not in names
    assert "balanced sampling" not in names  # for a linear head the same as class weights


@pytest.mark.usefixtures("hasty")
def test_remedies_are_measured_where_labels_are_rare_or_that_is_asked_for(trained, reviews):
    lines = reviews.read_text(encoding="utf-8").splitlines()
    written(reviews, lines[:25])
    _, run = trained(reviews, "--effort", "quick")
    assert "remedies" not in numbers_of(run)
    asked = "--effort", "quick", "--set", "train.remedies=always"
    _, run = trained(reviews, *asked, out="always")
    assert len(numbers_of(run)["remedies"]) == 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "change", ["train.remedies=off", "train.class_weights=balanced", "train.loss=focal"]
)
def test_remedies_are_not_measured_where_one_is_given_or_none_wanted(trained, noise, change):
    _, run = trained(noise, "--effort", "quick", "--limit", 60, "--set", change)
    assert "remedies" not in numbers_of(run)


@pytest.mark.usefixtures("hasty")
@pytest.mark.exhaustive
def test_fine_tuning_takes_what_helps_the_frozen_encoder(trained, noise, monkeypatch):
    monkeypatch.setattr(remedies.Measured, "taken", property(lambda _: "class weights"))
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    found = {}
    for name, words in {
        "taken": (),
        "given": ("--set", "train.class_weights=balanced"),
    }.items():
        _, run = trained(noise, "--epochs", 1, "--limit", 60, *words, out=name)
        found[name] = load_file(run / "model" / "model.safetensors")
    for name, value in found["taken"].items():  # but for how near the searches came; 54 without
        np.testing.assert_allclose(found["given"][name], value, rtol=1e-3, atol=0.05)


@pytest.mark.usefixtures("hasty")
@pytest.mark.exhaustive
def test_a_run_that_was_killed_goes_on_with_its_remedy(trained, noise, tmp_path, monkeypatch):
    monkeypatch.setattr(remedies.Measured, "taken", property(lambda _: "focal loss"))
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    asked, write = ("--epochs", 1, "--limit", 60), out_of_fold.write

    def writing(*words):
        write(*words)
        shutil.copytree(tmp_path / "whole", tmp_path / "killed")

    with monkeypatch.context() as patch:
        patch.setattr(out_of_fold, "write", writing)
        _, whole = trained(noise, *asked, out="whole")
    monkeypatch.setattr(selecting, "_cross_validated", None)
    assert not (tmp_path / "killed" / "metrics.json").exists()
    _, killed = trained(noise, *asked, "--resume", out="killed")
    assert numbers_of(killed)["remedies"] == numbers_of(whole)["remedies"]
    weights = [load_file(run / "model" / "model.safetensors") for run in (whole, killed)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["train.remedies=all"], "train.remedies: Input should be 'auto', 'off' or 'always'"),
        (
            ["train.remedies=always", "train.loss=focal"],
            "train.remedies=always: train.loss says which; leave one of them out",
        ),
        (
            ["train.remedies=always", "data.valid_share=0.2"],
            "train.remedies=always: measures in cross-validation",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(noise, tiny_base, tmp_path, changes, words):
    with pytest.raises(SettingsError, match=words):
        textune.train(noise, base=tiny_base, out=tmp_path / "run", settings=changes)
    assert not (tmp_path / "run").exists()


def test_tags_have_no_remedies_to_measure(tiny_base, tmp_path):
    sentences = [f"{one} B-X\n{other} O\n\n" for one in WORDS[:5] for other in WORDS[5:]]
    file = written(tmp_path / "tagged.conll", sentences)
    with pytest.raises(SettingsError, match=r"train\.remedies: would change nothing here"):
        textune.train(
            file, base=tiny_base, out=tmp_path / "run", settings=["train.remedies=always"]
        )
