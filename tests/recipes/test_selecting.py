"""Few texts are judged by cross-validation, and all of them are learned from."""

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

import textune
from conftest import WORDS, write_reviews
from made_texts import own_cache
from textune.doors import cli
from textune.errors import SettingsError
from textune.evaluation import preferring
from textune.recipes.selection import averaged, contrasting, out_of_fold, selecting
from textune.settings import choosing
from textune.settings.choosing import Facts
from textune.settings.config import Settings
from thinning import spare

pytestmark = pytest.mark.usefixtures("auto_recipe")
NAMES_OF_WAYS = {
    "fine-tuning": "fine-tuned",
    "fine-tuning with a contrastive loss": "contrasted",
}
PLAIN = ("--set", "train.refit=false", "--set", "train.contrast=0")


def typed(*words):
    """Train by typed words; return what was printed."""
    done = CliRunner().invoke(cli.app, ["train", *map(str, words), "--device", "cpu"])
    assert done.exit_code == 0, done.output
    return done.output.replace("\n  ", " ")


@pytest.fixture
def trained(few, tiny_base, tmp_path):
    """Return a function that trains by typed words; what was printed, and the run's folder."""

    def run(*words, source=few, out="run"):
        place = tmp_path / out
        return typed(source, "--base", tiny_base, "--out", place, *words), place

    return run


@dataclass(frozen=True)
class Whole:
    """A finished run, which is only read, and its folder as a kill after the folds leaves it."""

    asked: tuple[object, ...]
    said: str
    run: Path
    killed: Path


@pytest.fixture(scope="module")
def whole(tiny_base, tmp_path_factory, _kernels):
    with (
        own_cache(tmp_path_factory.mktemp("whole"), _kernels) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("TEXTUNE_RECIPE")
        patch.setattr(selecting.preferring, "is_better", lambda *_: True)
        patch.setattr(contrasting, "FEWEST", 40)
        lines = write_reviews(folder / "few.csv").read_text(encoding="utf-8").splitlines()
        (folder / "few.csv").write_text("\n".join(lines[:41]) + "\n", encoding="utf-8")
        run, killed, write = folder / "run", folder / "killed", out_of_fold.write

        def writing(*words):
            write(*words)
            shutil.copytree(run, killed)

        patch.setattr(out_of_fold, "write", writing)
        asked = (folder / "few.csv", "--base", tiny_base, "--epochs", 1)
        return Whole(asked, typed(*asked, "--out", run), run, killed)


def numbers_of(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_few_texts_are_all_learned_from_and_all_judged(whole):
    said, run = whole.said, whole.run
    assert "split: 40 train, judged by cross-validation, 0 test" in said
    assert "what you get without fine-tuning" in said
    assert "cross-validation of fine-tuning with a contrastive loss: fold 8 of 8" in said
    assert "cross-validation of fine-tuning: fold 2 of 8" in said
    assert "cross-validation of fine-tuning: fold 3 of 8" not in said
    assert re.search(r"with it, .* without, by 10 texts that were held out: it is kept", said)
    assert "fine-tuning with a contrastive loss learns from all 40 texts" in said
    valid = numbers_of(run)["valid"]
    assert valid["n"] == 40
    told = valid["cross_validation"]
    assert told["folds"] == 8
    assert [one["name"] for one in told["candidates"]] == ["frozen", "contrasted"]
    table = pq.read_table(run / "predictions" / "valid.parquet")
    assert len(set(table["origin"].to_pylist())) == 40
    splits = json.loads((run / "splits.json").read_text(encoding="utf-8"))
    assert (len(splits["train"]), splits["valid"]) == (40, [])
    assert "8-fold cross-validation" in (run / "report.html").read_text(encoding="utf-8")
    assert "8-fold cross-validation of 40 texts" in said
    assert not (run / "checkpoints").exists()


@pytest.mark.exhaustive
def test_from_six_hundred_texts_on_three_folds_are_enough(trained, tmp_path):
    file = tmp_path / "many.csv"
    lines = [f"{WORDS[n % 20]} {n},{'yes' if n % 3 else 'no'}\n" for n in range(600)]
    file.write_text("text,label\n" + "".join(lines))
    said, run = trained(
        "--epochs", 1, "--batch-size", 64, "--set", "train.probe=false", source=file
    )
    assert "cross-validation of fine-tuning: fold 3 of 3" in said
    assert numbers_of(run)["valid"]["n"] == 600


class _Seen:
    """Keeps a weight of each layer as it is after each update."""

    def __init__(self):
        self.weights = []

    def on_step(self, control, step):
        layers = control.model.base_model.encoder.layer
        self.weights.append([layer.output.dense.weight.detach().clone() for layer in layers])


@pytest.mark.parametrize("numbers", ["fp32", "bf16"])
@pytest.mark.first(1)
def test_each_update_after_the_folds_changes_every_layer(few, tiny_base, tmp_path, numbers):
    seen, out = _Seen(), tmp_path / "run"
    train = {"precision": numbers, "probe": "false", "epochs": 2, "warmup_share": 0.0}
    settings = [f"train.{name}={value}" for name, value in train.items()]
    textune.train(few, base=tiny_base, out=out, settings=settings, device="cpu", callbacks=[seen])
    assert len(seen.weights) > 3
    for before, after in zip(seen.weights[:-2], seen.weights[1:-1], strict=True):  # the last: lr 0
        for one, other in zip(before, after, strict=True):
            assert not torch.equal(one, other)


def test_the_frozen_encoder_is_saved_where_fine_tuning_does_not_beat_it(trained, tiny_base):
    said, run = trained("--epochs", 2, "--lr", 0.3, "--set", "train.retry=false")
    assert "fine-tuning is not better; the frozen encoder with the linear head" in said
    found = numbers_of(run)
    assert found["valid"]["cross_validation"]["chosen"] == "frozen"
    assert found["best"]["step"] == 0
    page = (run / "model" / "README.md").read_text(encoding="utf-8")
    assert "all 40 texts; the scores of its run are those of cross-validation. The encoder" in page
    before, after = (
        load_file(tiny_base / "model.safetensors"),
        load_file(run / "model" / "model.safetensors"),
    )
    name = "encoder.layer.0.attention.self.query.weight"
    assert np.array_equal(before[name], after[f"bert.{name}"])


@pytest.mark.exhaustive
def test_the_weights_are_the_mean_of_fine_tuning_on_all_texts_and_of_the_folds(
    trained, monkeypatch
):
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    folds, last = [], []
    add, blend = averaged.Mean.add, averaged.blend

    def adding(self, encoder):
        folds.append(encoder.model.state_dict()["classifier.weight"].clone())
        add(self, encoder)

    def blending(encoder, mean, share=0.5):
        last[:] = [encoder.model.state_dict()["classifier.weight"].clone()]
        blend(encoder, mean, share)

    monkeypatch.setattr(averaged.Mean, "add", adding)
    monkeypatch.setattr(averaged, "blend", blending)
    said, run = trained("--epochs", 2, "--batch-size", 16, *PLAIN)
    assert "fine-tuning learns from all 40 texts, and its weights become the mean" in said
    one, other = numbers_of(run)["valid"]["cross_validation"]["candidates"]
    assert ("fine-tuning is not clearly worse" in said) is (other["mcc"] < one["mcc"])
    found = numbers_of(run)
    assert found["best"]["step"] == 6
    assert found["valid"]["cross_validation"]["chosen"] == "fine-tuned"
    assert len(folds) == 8
    weight = load_file(run / "model" / "model.safetensors")["classifier.weight"]
    mean = torch.stack(folds).mean(dim=0)
    assert torch.allclose(weight, (last[0] + mean) / 2, atol=1e-6)
    assert not torch.allclose(weight, last[0], atol=1e-6)


@pytest.mark.exhaustive
def test_a_mean_that_answers_worse_than_the_folds_models_is_not_taken(trained, monkeypatch):
    monkeypatch.setattr(selecting, "_best", lambda *_: 1)
    weights, blend, shares = averaged.Mean.weights, averaged.blend, []

    def against(self):  # models of which each says of a text what the other does not
        return {n: -one if n.startswith("classifier") else one for n, one in weights(self).items()}

    def blending(encoder, mean, share=0.5):
        shares.append(share)
        blend(encoder, mean, share)

    monkeypatch.setattr(averaged.Mean, "weights", against)
    monkeypatch.setattr(averaged, "blend", blending)
    said, run = trained("--epochs", 4, "--lr", "1e-3", *PLAIN)
    assert "these are its weights: the mean of the folds' answers worse than they do" in said
    assert "mean of these" not in said
    assert shares == [1.0]  # to judge it, and never into what is saved
    assert (run / "model" / "model.safetensors").is_file()


def test_the_models_of_tags_are_not_averaged():
    facts = Facts(rows=128, classes=13, tokens=30, width=384, layers=6, asks="words", averages=True)
    chosen = choosing.choose(Settings(), facts)
    assert not chosen.settings.train.average
    assert "no mean of the folds' models: a head on words" in chosen.words
    assert chosen.settings.train.epochs == 20
    others = choosing.choose(Settings(), replace(facts, asks="texts"))
    assert others.settings.train.average
    assert not any("mean of" in line for line in others.words)


@pytest.mark.exhaustive
def test_no_mean_is_made_where_none_is_wanted(trained, monkeypatch):
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    monkeypatch.setattr(averaged, "write", None)  # it is not called
    monkeypatch.setattr(averaged, "blend", None)
    said, run = trained("--epochs", 1, "--set", "train.average=false", *PLAIN)
    assert "fine-tuning learns from all 40 texts" in said
    assert "mean of these" not in said
    assert (run / "model" / "model.safetensors").is_file()


def test_no_text_is_judged_by_a_model_that_learned_from_it(trained, tmp_path):
    lines = ["text,label"]
    rng = np.random.default_rng(0)
    for _ in range(40):  # every text twice, and nothing to learn but texts by heart
        words = " ".join(rng.choice(["good", "bad", "film", "song", "day"], 8))
        lines += [f"{words},{'ab'[int(rng.integers(2))]}"] * 2
    file = tmp_path / "by_heart.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, run = trained("--effort", "quick", source=file)
    assert numbers_of(run)["valid"]["accuracy"] < 0.75


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_run_that_was_killed_reads_what_cross_validation_found(
    whole, tmp_path, monkeypatch, is_damaged
):
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    monkeypatch.setattr(contrasting, "FEWEST", 40)
    run = shutil.copytree(whole.killed, tmp_path / "run")
    if is_damaged:
        content = bytearray((run / averaged.FILE).read_bytes())
        content[-1] ^= 1
        (run / averaged.FILE).write_bytes(content)
    else:
        monkeypatch.setattr(selecting, "_cross_validated", None)  # it is not called
    said = typed(*whole.asked, "--out", run, "--resume")
    is_repeated = "cross-validation: finished before, not repeated" not in said
    assert is_repeated is is_damaged
    weights = [load_file(one / "model" / "model.safetensors") for one in (whole.run, run)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize(
    "words",
    [
        ("--recipe", "classic", "--epochs", 1),
        ("--set", "data.valid_share=0.2", "--epochs", 1),
        ("--set", "train.patience=1", "--epochs", 1),
    ],
)
def test_texts_are_held_out_where_that_is_asked_for(trained, words):
    said, run = trained(*words)
    assert "judged by cross-validation" not in said
    assert "cross_validation" not in numbers_of(run)["valid"]


def test_from_python_too(few, tiny_base, tmp_path):
    run = textune.train(
        few, base=tiny_base, out=tmp_path / "run", device="cpu", effort="quick", epochs=1
    )
    told = run.metrics["valid"]["cross_validation"]
    assert [one["name"] for one in told["candidates"]] == ["frozen"]
    assert told["folds"] == 10  # heads are cheap, and learn from nearly all of 40 texts so


@pytest.mark.parametrize("kind", ["tagged", "numbers", "comments"])
@pytest.mark.first(1)
def test_several_labels_numbers_and_tags_are_cross_validated(trained, kind, request):
    _, run = trained("--epochs", 1, "--limit", 24, source=request.getfixturevalue(kind))
    valid = numbers_of(run)["valid"]
    assert valid["cross_validation"]["folds"] == 8
    assert len(pq.read_table(run / "predictions" / "valid.parquet")) == 24


@pytest.mark.parametrize("is_wanted", [True, False])
@pytest.mark.parametrize("kind", ["few", "rare", spare("comments")])
@pytest.mark.covering(1)
def test_texts_are_contrasted_where_that_measures_better(
    trained, request, monkeypatch, kind, is_wanted
):
    """The likelier way answers all texts, the other some; where these are better, all as well."""
    usual = {
        "few": preferring.OF_CONTRAST,
        "rare": preferring.OF_CONTRAST_ELSE,
        "comments": preferring.OF_CONTRAST_FOR_SEVERAL,
    }[kind]
    compared = []

    def is_better(*given):
        if given[-1] != usual:
            return True
        compared.append(given)
        return is_wanted

    monkeypatch.setattr(preferring, "is_better", is_better)
    monkeypatch.setattr(contrasting, "FEWEST", 40)
    settings = ("--set", "train.remedies=off", "--batch-size", 32, "--limit", 40)
    source = request.getfixturevalue("comments" if kind == "comments" else "few")
    if kind == "rare":
        lines = [f"{WORDS[n % 20]} {n},{'yes' if n % 4 else 'no'}\n" for n in range(40)]
        source.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    said, run = trained("--epochs", 1, *settings, source=source)
    told = numbers_of(run)["valid"]["cross_validation"]
    is_likely = is_wanted is (kind == "few")
    assert len(compared) == (1 if is_likely else 2)
    assert told["chosen"] == ("contrasted" if is_wanted else "fine-tuned")
    names = [one["name"] for one in told["candidates"]]
    if is_likely:
        assert names == ["frozen", told["chosen"]]
        assert f"held out: {'it is kept' if is_wanted else 'it is left out'}" in said
    else:
        assert names == ["frozen", "fine-tuned", "contrasted"]
        how = "with" if is_wanted else "without"
        assert f"so the other folds are fine-tuned {how} it, too" in said
    for way in ("fine-tuning", "fine-tuning with a contrastive loss"):
        assert said.count(f"cross-validation of {way}: fold 1 of 8") == 1
        is_whole = NAMES_OF_WAYS[way] in names
        assert (f"cross-validation of {way}: fold 8 of 8" in said) is is_whole


@pytest.mark.exhaustive
def test_a_tie_costs_no_further_folds(trained, monkeypatch):
    contrast = {preferring.OF_CONTRAST, (-preferring.OF_CONTRAST[0], preferring.OF_CONTRAST[1])}
    monkeypatch.setattr(
        preferring,
        "is_better",
        lambda *given: not (isinstance(given[-1], tuple) and given[-1] in contrast),
    )
    monkeypatch.setattr(contrasting, "FEWEST", 40)
    said, run = trained("--epochs", 1, "--batch-size", 32)
    told = numbers_of(run)["valid"]["cross_validation"]
    assert [one["name"] for one in told["candidates"]] == ["frozen", "contrasted"]
    assert "cross-validation of fine-tuning: fold 3 of 8" not in said


def test_a_label_s_only_text_is_learned_from_and_not_judged(trained, few):
    lines = few.read_text(encoding="utf-8").splitlines()
    few.write_text("\n".join([*lines[:21], "a very warm song,odd"]) + "\n", encoding="utf-8")
    said, run = trained("--effort", "quick", "--set", "train.remedies=off")
    assert "1 text is not judged" in said
    assert "'odd'" in said
    assert numbers_of(run)["valid"]["n"] == 20


@pytest.mark.exhaustive
def test_effort_best_means_three_seeds(trained):
    asked = ("--effort", "best", "--limit", 20, "--set", "train.contrast=0")
    said, run = trained("--epochs", 1, *asked)
    told = numbers_of(run)["valid"]["cross_validation"]
    assert [one["name"] for one in told["candidates"]] == ["frozen", "fine-tuned"]
    assert numbers_of(run)["valid"]["n"] == 20
    assert "cross-validation of fine-tuning with seed 44: fold 8 of 8" in said


def test_effort_quick_with_validation_texts_judges_the_head_by_them(trained, few):
    _, run = trained("--effort", "quick", "--valid", few)
    found = numbers_of(run)
    assert found["best"]["step"] == 0
    assert found["valid"]["n"] == 40
    assert found["valid"]["accuracy"] > 0.7


def test_effort_quick_is_refused_where_no_linear_head_can_answer(tiny_base, tmp_path):
    file = tmp_path / "squad.json"
    asked = {"id": "1", "question": "how was it", "answers": [{"text": "good", "answer_start": 0}]}
    paragraphs = [{"context": f"good {word} film", "qas": [asked]} for word in WORDS]
    file.write_text(json.dumps({"data": [{"title": "a", "paragraphs": paragraphs}]}), "utf-8")
    with pytest.raises(SettingsError, match=r"--effort quick: .*no linear head"):
        textune.train(file, base=tiny_base, out=tmp_path / "run", effort="quick", device="cpu")
