"""Callbacks of the user's own hear of a run, stop it, and change its learning rate."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import textune
from textune.errors import CheckpointError, SettingsError

EXAMPLE = Path(__file__).parents[2] / "examples" / "callbacks.py"


class Listening:
    def __init__(self):
        self.heard = []

    def on_start(self, run):
        self.heard.append(("start", run.step, run.steps))

    def on_step(self, run, step):
        self.heard.append(("step", step.number, run.lr))

    def on_epoch_end(self, run, epoch, numbers):
        self.heard.append(("epoch", epoch, numbers.get("accuracy")))

    def on_end(self, run):
        self.heard.append(("end", run.step, run.folder.name))


class Halving:
    def on_epoch_end(self, run, epoch, numbers):
        run.scale_lr(0.5)


class Stopping:
    def on_step(self, run, step):
        if step.number == 2:
            run.stop("two are enough")


class Failing:
    def __init__(self, at=3):
        self.at = at

    def on_step(self, run, step):
        if step.number == self.at:
            raise ZeroDivisionError("nobody is there")


@pytest.fixture
def learn(reviews, tiny_base, tmp_path):
    """Return a function that trains for two epochs of five updates."""

    def train(name, *callbacks, **options):
        given = {"base": tiny_base, "epochs": 2, "valid": reviews, "out": tmp_path / name}
        return textune.train(reviews, callbacks=callbacks, **(given | options))

    return train


def weights(run):
    return load_file(run.path / "model" / "model.safetensors")


def rates(run):
    lines = (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [one["lr"] for one in map(json.loads, lines) if "lr" in one]


def test_callbacks_hear_of_everything_in_order_and_change_nothing(learn):
    listening = Listening()
    default, heard = learn("default"), learn("heard", listening)
    assert all(torch.equal(weights(heard)[name], value) for name, value in weights(default).items())
    kinds = [one[0] for one in listening.heard]
    assert kinds == ["start", *["step"] * 5, "epoch", *["step"] * 5, "epoch", "end"]
    assert listening.heard[0] == ("start", 0, 10)
    assert listening.heard[-1] == ("end", 10, "heard")
    last = [one for one in listening.heard if one[0] == "epoch"][-1]
    assert last[1] == 2
    assert 0 <= last[2] <= 1


@pytest.mark.exhaustive
def test_a_rate_that_was_changed_holds_for_all_that_comes_and_after_a_stop(learn):
    settings = ["train.keep_checkpoints=true", "train.schedule=constant", "train.warmup_steps=2"]
    whole = learn("whole", Halving(), settings=settings)
    learn("parted", Halving(), settings=settings, epochs=1)
    parted = learn("parted", Halving(), settings=settings, resume=True)
    assert rates(whole)[4] == pytest.approx(2 * rates(whole)[5])
    assert rates(whole)[5] == rates(whole)[9] == rates(parted)[9]
    assert all(torch.equal(weights(parted)[name], value) for name, value in weights(whole).items())


def test_a_callback_stops_training_and_the_step_is_judged(learn):
    run = learn("run", Stopping())
    assert run.metrics["best"]["step"] == 2
    assert len(rates(run)) == 2


@pytest.mark.exhaustive
def test_a_failing_callback_leaves_a_run_that_goes_on_once_it_is_mended(learn):
    words = "Failing failed in on_step after step 3: ZeroDivisionError: nobody is there; the state"
    with pytest.raises(SettingsError, match=words):
        learn("run", Failing())
    run = learn("run", Failing(at=99), resume=True, accept_changes=True)
    assert len(rates(run)) == 10
    whole = learn("whole")
    assert all(torch.equal(weights(run)[name], value) for name, value in weights(whole).items())


def test_a_run_without_the_callbacks_that_it_began_with_is_another_one(learn):
    with pytest.raises(SettingsError):
        learn("run", Failing())
    with pytest.raises(CheckpointError, match="the callbacks"):
        learn("run", resume=True)


def test_the_example_stops_when_it_is_good_enough(learn):
    run = learn("run", plugin=EXAMPLE, epochs=30, lr=3e-3)
    assert run.metrics["valid"]["accuracy"] > 0.99
    assert len(rates(run)) < 150


@pytest.mark.parametrize("wrong", [Stopping, 3, object()], ids=["class", "number", "object"])
def test_what_hears_of_nothing_is_refused(learn, wrong):
    with pytest.raises(SettingsError, match="expected an object with one of on_start"):
        learn("run", wrong)
