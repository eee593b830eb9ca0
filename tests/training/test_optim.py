"""Groups, schedules and freezing do what their names say."""

from itertools import pairwise

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from families import tiny_config
from textune.encoder import freezing
from textune.training import optim, schedules


@pytest.fixture
def model():
    return AutoModelForSequenceClassification.from_config(tiny_config("bert"))


def rates(name, warmup, total, lr=1.0):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=lr)
    schedule = schedules.by_steps(optimizer, name, warmup=warmup, total=total)
    found = []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found, optimizer.param_groups[0]["lr"]


def test_biases_and_norms_do_not_decay(model):
    decayed, plain = optim.groups(model, 0.1)
    names = {id(value): name for name, value in model.named_parameters()}
    assert decayed["weight_decay"] == 0.1
    assert plain["weight_decay"] == 0.0
    assert all("LayerNorm" not in names[id(item)] for item in decayed["params"])
    assert all(names[id(item)].endswith("weight") for item in decayed["params"])
    assert all(
        names[id(item)].endswith("bias") or "LayerNorm" in names[id(item)]
        for item in plain["params"]
    )
    assert len(decayed["params"]) + len(plain["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_the_rate_rises_and_falls_to_zero_after_the_last_step(name):
    found, end = rates(name, 4, 20)
    assert found[:5] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert all(one > other for one, other in pairwise(found[4:]))
    assert end == pytest.approx(0, abs=1e-9)


def test_linear_equals_transformers():
    from transformers import get_linear_schedule_with_warmup

    parameter = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.AdamW([parameter], lr=1.0)
    schedule = get_linear_schedule_with_warmup(theirs, 3, 17)
    ours, _ = rates("linear", 3, 17)
    for rate in ours:
        assert theirs.param_groups[0]["lr"] == pytest.approx(rate)
        theirs.step()
        schedule.step()


def test_constant_stays():
    found, _ = rates("constant", 2, 6)
    assert found == pytest.approx([0, 0.5, 1, 1, 1, 1])


def test_one_cycle_begins_low_peaks_and_ends_near_nothing():
    found, end = rates("one-cycle", 6, 20)
    assert found[0] == pytest.approx(0.04)
    assert max(found) == pytest.approx(1.0)
    assert found.index(max(found)) == 6
    assert end == pytest.approx(1e-5)


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        ({}, 10),
        ({"share": 0.25}, 25),
        ({"steps": 7}, 7),
        ({"epochs": 1 / 3}, 8),
        ({"steps": 999}, 100),
        ({"share": 0.0}, 0),
    ],
)
def test_warm_up_in_steps_share_or_epochs(given, steps):
    assert schedules.warmup_steps(100, 25, **given) == steps


def test_a_schedule_moves_to_where_it_was():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=3e-4)
    schedule = schedules.by_steps(optimizer, "linear", warmup=3, total=30)
    schedules.move(schedule, 11)
    expected, _ = rates("linear", 3, 30, lr=3e-4)
    for rate in expected[11:]:
        assert optimizer.param_groups[0]["lr"] == pytest.approx(rate)
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize(
    ("layers", "frozen"),
    [
        (0, set()),
        (1, {"embeddings", "layer.0"}),
        (-1, {"embeddings", "layer.0", "layer.1", "pooler"}),
    ],
)
def test_freezing_takes_the_lowest_layers(model, layers, frozen):
    freezing.freeze(model, layers)
    still = {name for name, value in model.named_parameters() if not value.requires_grad}
    for name, _ in model.named_parameters():
        assert (name in still) == any(f".{part}." in name for part in frozen)
    assert all(value.requires_grad for value in model.classifier.parameters())
