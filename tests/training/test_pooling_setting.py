"""`train.pooling` decides what a head reads of a text, on the way that a run takes."""

import json
import os
import shutil
import signal
import tomllib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import textune
from conftest import write_reviews
from made_paths import write_rows
from made_texts import own_cache, write_lines
from textune.doors import api
from textune.errors import CheckpointError, SettingsError, StoppedError
from textune.recipes import labelled_text, requests
from textune.records import Message, Validated
from textune.runs.events import drained
from textune.settings import config
from textune.settings.config import Settings
from textune.training import fingerprints

OPTIONS = {"recipe": "auto", "epochs": 2, "lr": 2e-3, "seed": 5, "batch_size": 16}
AUTO = "train.recipe=auto"
HELD_OUT = "data.valid_share=0.1"  # without cross-validation
TEXTS = ["a good film", "the bad song was dull", "warm day"]


@pytest.fixture(scope="module")
def sentence_base(tiny_base, tmp_path_factory):
    """Return a base of which sentence-transformers says that its mean is read."""
    folder = shutil.copytree(tiny_base, tmp_path_factory.mktemp("sentences") / "base")
    (folder / "1_Pooling").mkdir()
    says = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(says), encoding="utf-8")
    return folder


def train(reviews, base, out, *settings, **more):
    return told(textune.train, reviews, base=base, out=out, settings=settings, **OPTIONS | more)[0]


def told(function, *given, **options):
    """Make a run; return it, and what was said."""
    lines = []
    events = api.events_of(function, *given, **options)
    run = drained(events, lambda event: lines.append(getattr(event, "text", "")))
    return run, "\n".join(lines)


def configuration(run):
    return json.loads((run.path / "model" / "config.json").read_text(encoding="utf-8"))


def weights(run):
    return load_file(run.path / "model" / "model.safetensors")


@pytest.mark.covering(1)
def test_a_sentence_encoder_learns_by_its_mean_in_every_number_format(
    either_format, products, reviews, sentence_base, tmp_path
):
    options = OPTIONS | {"lr": 5e-3, "epochs": 4, "settings": HELD_OUT}
    run, said = told(textune.train, reviews, base=sentence_base, out=tmp_path / "run", **options)
    assert run.metrics["valid"]["mcc"] > 0.5
    assert "pooling: the mean of a text's tokens, by one more layer (the base's 1_Pool" in said
    stored = configuration(run)
    assert (stored["num_hidden_layers"], stored["textune_pooling"]) == (3, "mean")
    last = {name: value for name, value in weights(run).items() if ".layer.2." in name}
    for part in ("attention.self.query", "attention.self.key", "intermediate.dense"):
        assert not last[f"bert.encoder.layer.2.{part}.weight"].any()
    assert "appended for that" in (run.path / "model" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def by_mean(sentence_base, tmp_path_factory, _kernels):
    """Return a run by the mean, chosen by cross-validation."""
    with own_cache(tmp_path_factory.mktemp("made"), _kernels) as folder:
        yield train(write_reviews(folder / "reviews.csv"), sentence_base, folder / "run", lr=5e-3)


def test_a_sentence_encoder_that_is_cross_validated_learns_by_its_mean(by_mean):
    assert by_mean.metrics["valid"]["cross_validation"]["folds"] > 1
    assert by_mean.metrics["valid"]["mcc"] > 0.5
    assert configuration(by_mean)["textune_pooling"] == "mean"


def test_what_a_run_answers_plain_transformers_answers(by_mean):
    run, folder = by_mean, by_mean.path / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        logits = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits
    card = json.loads((folder / "decision.json").read_text(encoding="utf-8"))
    if (found := card["decision"]["calibration"]) is not None:
        logits = logits * torch.tensor(found["scale"]) + torch.tensor(found["shift"])
    wanted = logits.softmax(dim=1).numpy()
    for count in (1, len(TEXTS)):
        found = textune.Predictor.load(run.path).predict(TEXTS[:count])
        shares = [[one.scores[label] for label in ("bad", "good")] for one in found]
        assert np.allclose(shares, wanted[:count], atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "layers", "recipe"), [("first", 2, "auto"), ("mean", 3, "classic")]
)
def test_the_setting_comes_before_the_folder_and_the_recipe(
    reviews, sentence_base, tmp_path, setting, layers, recipe
):
    base = sentence_base
    asked = (f"train.pooling={setting}", HELD_OUT)
    run = train(reviews, base, tmp_path / "run", *asked, recipe=recipe, epochs=1)
    assert configuration(run)["num_hidden_layers"] == layers
    found = tomllib.loads((run.path / "config.toml").read_text(encoding="utf-8"))
    assert found["train"]["pooling"] == setting


def test_the_papers_recipe_takes_what_the_bases_model_has(reviews, sentence_base, tmp_path):
    options = OPTIONS | {"recipe": "classic", "epochs": 1}
    run, said = told(textune.train, reviews, base=sentence_base, out=tmp_path / "run", **options)
    assert configuration(run)["num_hidden_layers"] == 2
    assert "pooling" not in said


@pytest.mark.exhaustive
def test_a_run_by_the_mean_is_a_base_for_every_task(reviews, by_mean, tmp_path):
    options = OPTIONS | {"epochs": 1, "settings": HELD_OUT}
    given = {"base": by_mean.path, "out": tmp_path / "again", "limit": 60}
    again, said = told(textune.train, reviews, **given, **options)
    assert configuration(again)["num_hidden_layers"] == 3
    assert "pooling: the mean of a text's tokens (as the base has it)" in said
    tags = write_rows(tmp_path, "tags")
    lines = write_lines(tmp_path / "lines.txt", 30)
    runs = (
        told(textune.train, tags, **given | {"out": tmp_path / "tags"}, **options),
        told(textune.adapt, lines, **given | {"out": tmp_path / "lm"}, epochs=1),
    )
    for run, said in runs:
        stored = configuration(run)
        assert stored["num_hidden_layers"] == 2
        assert "textune_pooling" not in stored
        assert "which only gives the mean of a text's tokens, is left out" in said


def test_a_mean_is_refused_where_no_text_is_read_as_a_whole(sentence_base, tmp_path):
    tags = tmp_path / "tags.conll"
    tags.write_text("good\tB-X\nfilm\tO\n\nday\tO\n" * 9, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"train\.pooling: would change nothing here"):
        train(tags, sentence_base, tmp_path / "run", "train.pooling=mean")
    with pytest.raises(SettingsError, match="pooling can be set for labelled text only"):
        lines = write_lines(tmp_path / "lines.txt", 30)
        textune.adapt(lines, base=sentence_base, out=tmp_path / "lm", settings="train.pooling=mean")


def request(file, base, out, *changes, resume=False):
    """Ask for a run by the recipe, or by another one where the changes name it."""
    given = {f"train.{name}": OPTIONS[name] for name in ("epochs", "lr", "batch_size")}
    given["data.valid_share"] = 0.1  # by which it can be stopped at a judgement
    settings = config.resolve(Settings, None, changes, {"base": str(base), **given})
    return requests.TrainRequest(str(file), settings, out, resume=resume)


def stop(asked, step):
    """Run until the judgement after a step, and stop there as a person does."""
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(asked):
            if isinstance(event, Validated) and event.step == step:
                os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.exhaustive
def test_a_stopped_run_goes_on_to_the_same_weights(reviews, sentence_base, tmp_path):
    stop(request(reviews, sentence_base, tmp_path / "one", AUTO), 9)
    list(labelled_text.learn(request(reviews, sentence_base, tmp_path / "one", AUTO, resume=True)))
    list(labelled_text.learn(request(reviews, sentence_base, tmp_path / "two", AUTO)))
    one, two = (
        load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two")
    )
    assert len(one) == len(two)
    assert all(one[name].equal(value) for name, value in two.items())


def test_another_pooling_is_another_run(reviews, sentence_base, tmp_path):
    stop(request(reviews, sentence_base, tmp_path / "run", AUTO), 9)
    other = request(reviews, sentence_base, tmp_path / "run", "train.pooling=first", resume=True)
    with pytest.raises(CheckpointError, match=r"train\.pooling: auto → first"):
        list(labelled_text.learn(other))


@pytest.mark.exhaustive
def test_a_run_from_before_there_was_a_choice_goes_on_by_the_first_token(
    reviews, sentence_base, tmp_path, monkeypatch
):
    out, make = tmp_path / "run", fingerprints.make

    def of_before(*given, **more):
        found = make(*given, **more)
        found.values[fingerprints.SETTINGS].pop("train.pooling")
        found.values.pop(fingerprints.CHOICES)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "make", of_before)
        stop(request(reviews, sentence_base, out, "train.recipe=classic"), 9)
    again = request(reviews, sentence_base, out, resume=True)
    said = [event.text for event in labelled_text.learn(again) if isinstance(event, Message)]
    assert not any("pooling" in line for line in said)
    stored = json.loads((out / "model" / "config.json").read_text(encoding="utf-8"))
    assert stored["num_hidden_layers"] == 2
