"""Training in fp16: losses are scaled, and an update whose gradient is not finite is left out."""

import math

import pytest
import torch

from made_paths import Path, choose, learner_of, make_base, write_rows
from textune.encoder import formats
from textune.errors import NumericsError, SettingsError
from textune.settings import config
from textune.settings.config import Settings
from textune.training import checkpoint, loop, own_optimizers, scaling, schedules

OVER = 2.0**40  # as a scale: gradients overflow


@pytest.fixture(scope="module")
def base(tiny_base, tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"), tiny_base, Path("fp16", False), 0.0)


@pytest.fixture
def make(base, tmp_path):
    """Return a function that makes what a run in a number format learns with."""

    def made(numbers="fp16"):
        source = write_rows(tmp_path, "single")
        return learner_of("single", Path(numbers, False), base, source, tmp_path)

    return made


def state_of(learner):
    """Return copies of all weights and moments."""
    found = learner.encoder.state_dict() | checkpoint.optimizer_tensors(learner.optimizer)
    return {name: item.clone() for name, item in found.items()}


def are_same(one, other):
    return one.keys() == other.keys() and all(item.equal(other[name]) for name, item in one.items())


def gradient_of(learner, factor):
    """Return the gradient of the first update, of a loss that is so many times as large."""
    learner.model.set_dropout(False)
    work = next(learner.work())
    loop.accumulate(
        learner.model, lambda output, batch: factor * learner.objective.loss(output, batch), work
    )
    scale = 1.0 if learner.model.scale is None else learner.model.scale
    parts = [item for _, item in learner.optimizer.gradients() if item is not None]
    return torch.cat([item.flatten() for item in parts]) / scale / factor


def test_unscaled_gradients_are_those_of_fp32_and_small_ones_are_not_lost(make, monkeypatch):
    exact = gradient_of(make("fp32"), 1.0)
    for factor in (1.0, 1e-5):
        assert (gradient_of(make(), factor) - exact).norm() < 0.01 * exact.norm()
    monkeypatch.setattr(scaling, "START", 1.0)
    assert (gradient_of(make(), 1e-5) - exact).norm() > 0.1 * exact.norm()


@pytest.mark.parametrize("way", ["kernel", "torch", "own"])
def test_an_overflow_changes_nothing_but_the_scale_and_training_goes_on(
    make, monkeypatch, fresh_kernels, way
):
    choose(Path("fp16", way == "kernel"), monkeypatch)
    learner = make()
    if way == "own":
        given = learner.encoder.model, learner.settings
        learner.optimizer = own_optimizers.build(
            lambda named, lr: torch.optim.NAdam([item for _, item in named], lr=lr),
            *given,
            halves={},
            loss_scale=learner.loss_scale,
        )
        learner.schedule = schedules.by_steps(learner.optimizer, "constant", warmup=0, total=12)
    steps = learner.updates(learner.objective.loss, learner.work())
    first = next(steps)
    before = state_of(learner)
    learner.loss_scale.factor.fill_(OVER)
    left_out = next(steps)
    assert (left_out.is_left_out(), left_out.factor()) == (True, OVER)
    assert are_same(state_of(learner), before)
    assert float(learner.loss_scale.factor) == OVER / 2
    learner.loss_scale.factor.fill_(scaling.START)
    counts = next(steps)
    assert not counts.is_left_out()
    assert counts.numbers()[1] < 10 * first.numbers()[1]  # of the loss itself
    assert not are_same(state_of(learner), before)
    list(steps)
    assert learner.progress.left_out == 1


def test_what_no_scale_helps_ends_the_run_with_the_weights_before(make, monkeypatch):
    monkeypatch.setattr(scaling, "START", 4.0)
    learner = make()
    started = state_of(learner)
    works = list(learner.work())

    def loss(output, batch):
        return learner.objective.loss(output, batch) * math.nan

    with pytest.raises(
        NumericsError,
        match=r"step 3: the gradient is not finite \(loss nan\), though its loss was no longer "
        r"scaled; .* as they were after step 2; a lower --lr or --set train.precision=fp32",
    ):
        list(learner.updates(loss, works))
    assert are_same(learner.encoder.state_dict(), started)
    assert learner.progress.left_out == 2


def test_the_scale_grows_after_updates_in_a_row(monkeypatch):
    monkeypatch.setattr(scaling, "EVERY", 3)
    scale = scaling.LossScale(torch.device("cpu"))
    for found in (0, 0, 1, 0, 0):
        scale.update(torch.tensor(float(found)))
    assert scale.state() == {"factor": scaling.START / 2, "finite": 2}
    again = scaling.LossScale(torch.device("cpu"))
    scaling.take(again, scale.state())
    again.update(torch.zeros(()))
    assert again.state() == {"factor": scaling.START, "finite": 0}


def test_auto_takes_fp16_on_a_card_without_bf16_alone(monkeypatch):
    monkeypatch.delenv(formats.FORCED)
    card = torch.device("cuda", 0)
    for has_bf16, version, wanted in (
        (True, (8, 0), "bf16"),
        (False, (7, 5), "fp16"),
        (False, (6, 1), "fp32"),
    ):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has_bf16, **_: has)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _, found=version: found)
        assert formats.choose("auto", card, width=32)[0] == wanted
    assert formats.of_model("auto", "fp16", card) == "fp16"
    assert formats.of_model("auto", "fp16", torch.device("cpu")) == "fp32"
    assert formats.of_model("fp16", "fp32", torch.device("cpu")) == "fp16"


def test_where_it_cannot_be_had_it_is_refused_with_a_way_out():
    with pytest.raises(SettingsError, match=r"not on mps; take --precision fp32"):
        formats.choose("fp16", torch.device("mps"), width=32)
    with pytest.raises(SettingsError, match=r"in fp32; leave out precision=fp16"):
        config.resolve(Settings, None, ("train.precision=fp16", "train.shard=true"))
