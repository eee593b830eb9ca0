"""Losses and draws for rare labels, through whole runs."""

import json
import math
import random

import numpy as np
import pytest
from safetensors.torch import load_file

import textune
from conftest import WORDS
from made_requests import end_after
from textune.errors import SettingsError
from textune.predicting.predictor import Predictor
from textune.recipes import labelled_text, requests
from textune.records import Step
from textune.settings import config
from textune.settings.config import Settings

QUICK = {"batch_size": 200, "epochs": 1, "lr": 1e-12, "precision": "fp32", "device": "cpu"}


@pytest.fixture
def rare(tmp_path):
    """Return a file of 80 texts, 8 of them of the class "rare"."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=5)) for _ in range(80)]
    rows = [f"{text},{'rare' if n % 10 == 0 else 'usual'}" for n, text in enumerate(texts)]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def first_loss(run):
    lines = (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return next(line["loss"] for line in map(json.loads, lines) if line.get("loss") is not None)


def focal(chance):
    return (1 - chance) ** 2 * -math.log(chance)


def test_a_run_by_focal_loss_learns_from_the_paper_s(rare, tiny_base, tmp_path):
    settings = ["train.loss=focal", "train.dropout=0"]
    run = textune.train(
        rare, valid=rare, base=tiny_base, out=tmp_path / "run", settings=settings, **QUICK
    )
    rows = [line.split(",") for line in rare.read_text(encoding="utf-8").splitlines()[1:]]
    answers = Predictor.load(run.path).predict([text for text, _ in rows])
    losses = [focal(one.scores[label]) for one, (_, label) in zip(answers, rows, strict=True)]
    assert first_loss(run) == pytest.approx(np.mean(losses), rel=1e-3)


def test_a_run_by_asymmetric_loss_learns_from_the_paper_s(comments, tiny_base, tmp_path):
    settings = ["train.loss=asymmetric", "train.dropout=0"]
    run = textune.train(
        comments, valid=comments, base=tiny_base, out=tmp_path / "run", settings=settings, **QUICK
    )
    lines = comments.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")[2:]
    losses = []
    rows = [line.split(",") for line in lines[1:]]
    for one, row in zip(Predictor.load(run.path).predict([r[1] for r in rows]), rows, strict=True):
        for name, mark in zip(names, row[2:], strict=True):
            chance = one.scores[name]
            low = max(chance - 0.05, 0.0)
            yes, no = (1 - chance) * -math.log(chance), low**4 * -math.log(1 - low)
            losses.append(yes if mark == "1" else no)
    assert first_loss(run) == pytest.approx(np.mean(losses), rel=1e-3)


GIVEN = {"train.epochs": 2, "train.batch_size": 16, "train.lr": 2e-3, "train.precision": "fp32"}


def asked(file, base, out, *, resume=False):
    settings = config.resolve(
        Settings, None, ["train.sampling=balanced"], {"base": str(base), **GIVEN}
    )
    return requests.TrainRequest(str(file), settings, out, valid=str(file), resume=resume)


def test_drawn_texts_make_as_many_updates_and_go_on_to_the_same_bits(rare, tiny_base, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    steps = [e for e in labelled_text.learn(asked(rare, tiny_base, whole)) if isinstance(e, Step)]
    assert [step.texts for step in steps] == [16] * 10
    end_after(labelled_text.learn(asked(rare, tiny_base, broken)), 7)
    list(labelled_text.learn(asked(rare, tiny_base, broken, resume=True)))
    one, other = (load_file(run / "model" / "model.safetensors") for run in (whole, broken))
    assert all(one[name].equal(other[name]) for name in one)


@pytest.mark.exhaustive
def test_drawn_texts_are_answered_as_if_classes_were_equally_frequent(rare, tiny_base, tmp_path):
    shares = {}
    for how in ("none", "balanced"):
        run = textune.train(
            rare,
            valid=rare,
            base=tiny_base,
            out=tmp_path / how,
            settings=[f"train.sampling={how}", "train.dropout=0"],
            **QUICK | {"epochs": 10, "lr": 2e-3, "batch_size": 16},
        )
        answers = Predictor.load(run.path).predict(WORDS)
        shares[how] = np.mean([one.scores["rare"] for one in answers])
    assert shares["none"] < 0.25 < shares["balanced"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["train.loss=asymmetric"], r"asymmetric: would change .* several labels a text \(multi\)"),
        (["train.loss=hinge"], "train.loss: Input should be 'cross-entropy', 'focal' or 'asym"),
        (["train.sampling=all"], "train.sampling: Input should be 'none', 'balanced' or 'square"),
    ],
)
def test_what_does_not_fit_is_refused(rare, tiny_base, tmp_path, changes, words):
    with pytest.raises(SettingsError, match=words):
        textune.train(rare, base=tiny_base, out=tmp_path / "run", settings=changes)
    assert not (tmp_path / "run").exists()


def test_numbers_and_tags_refuse_what_they_have_no_use_for(tiny_base, tmp_path):
    numbers = {"text": WORDS, "score": [n / 7 for n in range(len(WORDS))]}
    for setting in ("train.loss=focal", "train.sampling=balanced"):
        with pytest.raises(SettingsError, match="would change nothing here"):
            textune.train(
                numbers, task="number", base=tiny_base, out=tmp_path / "run", settings=[setting]
            )
    tagged = tmp_path / "tagged.conll"
    sentences = [f"{one} B-X\n{other} O\n\n" for one in WORDS[:5] for other in WORDS[5:]]
    tagged.write_text("".join(sentences), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"train\.sampling: would change nothing here"):
        textune.train(
            tagged, base=tiny_base, out=tmp_path / "run", settings=["train.sampling=balanced"]
        )


def test_the_head_that_a_run_begins_with_heeds_weights_and_loss(rare, tiny_base, tmp_path):
    """A head was fitted without the class weights of its run."""
    found = {}
    for change in (
        "train.class_weights=none",
        "train.class_weights=balanced",
        "train.sampling=balanced",
        "train.loss=focal",
    ):
        settings = ["train.probe=true", change]
        run = textune.train(
            rare,
            valid=rare,
            base=tiny_base,
            out=tmp_path / change,
            settings=settings,
            **QUICK | {"epochs": 0},
        )
        found[change] = load_file(run.path / "model" / "model.safetensors")["classifier.weight"]
    plain, weighed, drawn, focused = found.values()
    assert not np.allclose(plain, weighed, atol=1e-3)
    assert np.allclose(drawn, weighed, atol=1e-3)
    assert not np.allclose(plain, focused, atol=1e-3)
