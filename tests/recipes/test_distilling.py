"""A run is distilled into fewer layers: what comes of it, what is said, what is refused."""

import json
import shutil
import tomllib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner

import textune
from made_requests import end_after
from textune.corpora import taught
from textune.doors import api, cli
from textune.encoder import shorter
from textune.errors import RunError, SettingsError
from textune.recipes import distilling
from textune.records import Example

LINES = [f"{'good fine' if n % 2 else 'bad dull'} film {n},{n % 2}" for n in range(80)]
GIVEN = {"epochs": 2, "batch_size": 16, "lr": 0.01, "device": "cpu", "precision": "fp32"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with labelled texts, held-out texts and texts without labels."""
    found = tmp_path_factory.mktemp("distilling")
    for name, lines in (("train", LINES[:60]), ("valid", LINES[60:])):
        (found / f"{name}.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    more = [f"{'fine good' if n % 2 else 'dull bad'} book {n}" for n in range(40)]
    more += [more[0], LINES[0].split(",")[0], LINES[70].split(",")[0]]
    (found / "more.csv").write_text("\n".join(["text", *more]) + "\n")
    return found


@pytest.fixture(scope="module")
def run(folder, tiny_base):
    """Return a finished run."""
    valid = folder / "valid.csv"
    out = folder / "run"
    textune.train(folder / "train.csv", valid=valid, base=str(tiny_base), out=out, **GIVEN)
    return out


@pytest.fixture(scope="module")
def smaller(run, folder):
    """Return what was distilled by the command line, and what it printed."""
    words = ["distill", str(run), "--to", "1x16", "--text", str(folder / "more.csv")]
    width = json.loads((run / "model" / "config.json").read_text())["hidden_size"]
    words[3] = f"1x{width}"
    found = CliRunner().invoke(cli.app, [*words, "--epochs", "3", "--lr", "0.01"])
    assert found.exit_code == 0, found.output
    return folder / "run-distilled", found.output


def test_the_smaller_model_is_an_ordinary_run_that_plain_transformers_loads(smaller, run):
    out, _ = smaller
    model = AutoModelForSequenceClassification.from_pretrained(out / "model")
    assert model.config.num_hidden_layers == 1
    first, last = (load_file(place / "model" / "model.safetensors") for place in (run, out))
    assert last.keys() < first.keys()
    labels = [one.labels for one in textune.Predictor.load(out)(["good fine film", "bad dull"])]
    assert labels == [("1",), ("0",)]
    assert (out / "report.html").is_file()
    assert not (out / ".student").exists()


def test_it_says_what_was_lost_and_gained(smaller, run):
    out, said = smaller
    found = json.loads((out / "metrics.json").read_text())["distilled"]
    assert found["bytes"][1] < found["bytes"][0]
    assert found["texts"] == 20
    assert found["scores"]["accuracy"]["interval"][0] <= found["scores"]["accuracy"]["gain"]
    assert said.count("times as fast") == 1
    assert "on 20 validation texts" in said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "What was lost and gained" in page
    assert f"textune distill {run} --to 1 --text " in page
    told = tomllib.loads((out / "config.toml").read_text(encoding="utf-8"))["run"]["distilled"]
    assert (told["run"], told["layers"], told["temperature"]) == (str(run), 1, 1.0)


def test_texts_that_are_known_or_held_out_are_not_learned_from(smaller):
    out, said = smaller
    assert "40 texts without labels; 3 more are known already, or come twice" in said
    assert json.loads((out / "data_card.json").read_text())["splits"]["train"] == 100


@pytest.mark.exhaustive
def test_without_more_texts_it_says_what_it_learns_from(run, folder, tmp_path):
    one = tmp_path / "one.csv"
    one.write_text("\n".join(["text", "an odd film", "an odd film"]) + "\n")
    words = ["distill", str(run), "--to", "1", "--epochs", "1", "--out", str(tmp_path / "a")]
    said = CliRunner().invoke(cli.app, words).output
    assert "no texts without labels were given (--text FILE): it learns from those of the" in said
    assert "texts without labels;" not in said
    words[-1] = str(tmp_path / "b")
    said = CliRunner().invoke(cli.app, [*words, "--text", str(one)]).output
    assert "1 text without labels; 1 more is known already, or comes twice" in said


def test_targets_are_what_the_run_says(run, folder):
    from textune.corpora import corpus
    from textune.settings.config import Settings
    from textune.text import tokenizers

    steps = corpus.gather(
        folder / "train.csv",
        Settings(),
        tokenizers.load(str(run / "model")),
        valid=folder / "valid.csv",
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            known = end.value
            break
    texts = [Example("dull book", "more:1"), Example("fine book", "more:2")]
    logits = np.tile(np.float32([0.0, np.log(4)]), (62, 1))
    for temperature, second in ((1.0, 0.8), (2.0, 2 / 3)):
        lesson = taught.Lesson(lambda asked: logits[: len(asked)], temperature, cache=False)
        found = taught.extended(known, texts, lesson)
        assert found.shares[-2:] == pytest.approx(np.float32([[1 - second, second]] * 2), abs=1e-6)
        row = int(known.split.train[0])
        label = int(known.targets[row])
        assert found.shares[row, label] == pytest.approx((1 + (second, 1 - second)[1 - label]) / 2)
        held = int(known.split.valid[0])
        assert found.shares[held].max() == 1
        assert [item.label for item in found.part("train")[-2:]] == ["1", "1"]


def test_a_run_that_was_killed_goes_on_to_the_same_weights(run, folder, tmp_path):
    given = {"to": "1", "unlabelled": folder / "more.csv", "epochs": 2, "precision": "fp32"}
    given["settings"] = "train.validate_every=2"

    def learn(out, *, last=None, **more):
        end_after(api.events_of(textune.distill, run, out=out, **given, **more), last)

    learn(tmp_path / "whole")
    learn(tmp_path / "killed", last=5)
    assert not (tmp_path / "killed" / "model").exists()
    learn(tmp_path / "killed", resume=True)
    whole, killed = (
        load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "killed")
    )
    assert all(torch.equal(weight, killed[name]) for name, weight in whole.items())


@pytest.mark.parametrize(
    ("layers", "count", "wanted"), [(6, 3, (0, 2, 5)), (12, 4, (0, 4, 7, 11)), (6, 1, (0,))]
)
def test_layers_are_kept_evenly(layers, count, wanted):
    assert shorter.kept(layers, count) == wanted


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("three", "expected how many layers, and how wide they are, as 3x384 or 3"),
        ("1x7", "one made of its layers is as wide"),
        ("2", "the encoder of the run has 2 layers; allowed: 1 to 1"),
    ],
)
def test_another_size_is_refused(to, said, run, tmp_path):
    with pytest.raises(SettingsError, match=said):
        textune.distill(run, to=to, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_changed_since_are_refused(run, folder, tmp_path):
    valid = folder / "valid.csv"
    before = valid.read_text()
    valid.write_text(before + "a good new film,1\n")
    try:
        with pytest.raises(RunError, match="other valid texts than it held out"):
            textune.distill(run, to="1", out=tmp_path / "out")
    finally:
        valid.write_text(before)


def test_a_run_without_held_out_texts_or_of_numbers_is_refused(folder, tiny_base, tmp_path):
    one = {**GIVEN, "base": str(tiny_base), "epochs": 1}
    textune.train(folder / "train.csv", valid="none", out=tmp_path / "all", **one)
    with pytest.raises(RunError, match="held no texts out by which a smaller encoder"):
        textune.distill(tmp_path / "all", to="1", out=tmp_path / "out")
    textune.train(
        folder / "train.csv", out=tmp_path / "numbers", task="number", valid="none", **one
    )
    with pytest.raises(SettingsError, match="what can be distilled is one label a text"):
        textune.distill(tmp_path / "numbers", to="1", out=tmp_path / "out")


def test_that_nothing_was_held_out_is_said_before_anything_is_read(
    folder, tiny_base, tmp_path, monkeypatch
):
    quick = {"base": str(tiny_base), "effort": "quick", "recipe": "auto"}
    textune.train(folder / "train.csv", out=tmp_path / "crossed", **quick)
    (tmp_path / "all").mkdir()
    shutil.copytree(tmp_path / "crossed" / "model", tmp_path / "all" / "model")
    shutil.copy(tmp_path / "crossed" / "config.toml", tmp_path / "all")
    monkeypatch.setattr(distilling.Predictor, "load", None)
    monkeypatch.setattr(distilling.corpus, "gather", None)
    out = "train it anew with --valid FILE or --set data.valid_share=0.1, then distil that"
    for name, why in (
        ("crossed", "its scores are those of cross-validation, and its model learned from all"),
        ("all", "its model learned from all of them"),
    ):
        with pytest.raises(RunError, match="held no texts out by which a smaller") as caught:
            textune.distill(tmp_path / name, to="1", out=tmp_path / "out", unlabelled="absent.csv")
        assert why in str(caught.value)
        assert str(caught.value).endswith(out)
        assert not (tmp_path / "out").exists()


def test_several_labels_are_distilled_too(folder, tiny_base, tmp_path):
    rows = [f"{'good' if n % 2 else 'bad'} film {n},{n % 2},{n % 3 == 0:d}" for n in range(60)]
    file = tmp_path / "several.csv"
    file.write_text("\n".join(["text,good,third", *rows]) + "\n")
    given = {**GIVEN, "base": str(tiny_base), "label": "good,third", "out": tmp_path / "run"}
    textune.train(file, settings="data.valid_share=0.2", **given)
    found = textune.distill(
        tmp_path / "run", to="1", unlabelled=folder / "more.csv", epochs=1, temperature=2.0
    )
    assert found.metrics["distilled"]["main"] == "roc_auc"
