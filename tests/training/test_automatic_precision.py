"""What `auto` chose as the number format belongs to the run and to its model."""

import json
import os
import signal
import tomllib

import pytest
from safetensors.torch import load_file

import textune
from made_texts import give_head
from textune.encoder import formats
from textune.errors import CheckpointError, StoppedError
from textune.recipes import labelled_text, requests
from textune.records import Message, Step
from textune.settings import config
from textune.settings.config import Settings
from textune.training import scaling

OTHER = {"fp32": "bf16", "bf16": "fp32", "fp16": "fp32"}


def request(source, base, out, *, resume=False, precision="auto"):
    given = {"base": str(base), "train.epochs": 1, "train.batch_size": 16, "train.lr": 2e-3}
    settings = config.resolve(
        Settings, None, (), given | {"train.precision": precision, "device": "cpu"}
    )
    return requests.TrainRequest(str(source), settings, out, resume=resume)


def stopped(source, base, out):
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(request(source, base, out)):
            if isinstance(event, Step) and event.number == 4:
                os.kill(os.getpid(), signal.SIGTERM)


def logged(run):
    """Return the numbers of each update, and whether it was left out."""
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    names = ("step", "loss", "norm", "scale", "left_out")
    return [[line.get(name) for name in names] for line in lines if line["kind"] == "step"]


@pytest.mark.parametrize("first", ["fp32", "bf16", "fp16"])
@pytest.mark.first(2)
def test_a_resumed_run_keeps_the_format_that_it_began_with(
    reviews, tiny_base, tmp_path, monkeypatch, first
):
    monkeypatch.setattr(scaling, "START", 2.0**20)  # of fp16: updates are left out before the stop
    monkeypatch.setattr(scaling, "EVERY", 2)  # and it has grown
    monkeypatch.setenv(formats.FORCED, first)
    list(labelled_text.learn(request(reviews, tiny_base, tmp_path / "whole")))
    stopped(reviews, tiny_base, tmp_path / "parted")
    monkeypatch.setenv(formats.FORCED, OTHER[first])
    again = request(reviews, tiny_base, tmp_path / "parted", resume=True)
    said = [event.text for event in labelled_text.learn(again) if isinstance(event, Message)]
    assert any(f"numbers: {first} (as this run began)" in text for text in said)
    one, other = (
        load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "parted")
    )
    assert all(one[name].equal(other[name]) for name in one)
    card = json.loads((tmp_path / "parted" / "model" / "decision.json").read_text("utf-8"))
    assert card["precision"] == first
    steps = logged(tmp_path / "whole")
    assert logged(tmp_path / "parted") == steps
    left_out = sum(bool(step[-1]) for step in steps)
    assert (left_out > 1) == (first == "fp16")
    for name in ("whole", "parted"):
        numbers = json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8"))
        assert numbers.get("left_out", 0) == left_out
    if left_out:
        wanted = f"{left_out} updates left out: their gradients were not finite at the scale"
        assert any(text.startswith(wanted) for text in said)
        assert len({step[3] for step in steps}) > 1  # it was halved, and has grown


def test_another_format_is_refused_on_resume(reviews, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setenv(formats.FORCED, "bf16")
    stopped(reviews, tiny_base, tmp_path / "run")
    again = request(reviews, tiny_base, tmp_path / "run", resume=True, precision="fp32")
    with pytest.raises(CheckpointError, match=r"the number format \(train\.precision\) changed"):
        list(labelled_text.learn(again))


@pytest.mark.parametrize("first", ["fp32", "bf16"])
def test_a_run_and_its_model_say_the_format(reviews, tiny_base, tmp_path, monkeypatch, first):
    monkeypatch.setenv(formats.FORCED, first)
    run = tmp_path / "run"
    list(labelled_text.learn(request(reviews, tiny_base, run)))
    assert tomllib.loads((run / "config.toml").read_text())["train"]["precision"] == first
    assert json.loads((run / "model" / "decision.json").read_text())["precision"] == first
    texts = ["a good film", "bad cold meal", "the very day"]
    answers = textune.Predictor.load(run)(texts)
    monkeypatch.setenv(formats.FORCED, OTHER[first])  # of no weight: nothing is measured anew
    assert textune.Predictor.load(run)(texts) == answers
    has_bf16 = formats.of_model("auto", "bf16", textune.Predictor.load(run).encoder.device)
    same = textune.Predictor.load(run, precision=first if has_bf16 == "bf16" else "fp32")
    assert same(texts) == answers


def test_a_language_run_keeps_its_format(tiny_base, tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"the film was good and day {n}" for n in range(60)))
    monkeypatch.setenv(formats.FORCED, "bf16")
    base = give_head(tiny_base, tmp_path / "base")
    run = textune.adapt(text, base=base, out=tmp_path / "run", epochs=1, batch_size=8)
    assert tomllib.loads((run.path / "config.toml").read_text())["train"]["precision"] == "bf16"
    assert json.loads((run.path / "capsule.json").read_text())["precision"] == "bf16"
