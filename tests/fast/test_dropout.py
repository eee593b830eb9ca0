"""Cheap dropout masks have the configured rate, keep the mean, and follow the seed."""

import pytest
import torch
from torch import nn

from families import random_texts, tiny_config
from textune.encoder import load
from textune.fast import dropout
from textune.text import batches

MANY = torch.Size((1000, 1001))


@pytest.mark.parametrize("rate", [0.001, 0.1, 0.37, 0.5, 0.9])
def test_elements_are_zero_at_the_rate_and_scaled_otherwise(rate):
    torch.manual_seed(0)
    found = dropout.mask(MANY, rate, torch.zeros(()))
    zeros = (found == 0).float().mean().item()
    spread = (rate * (1 - rate) / MANY.numel()) ** 0.5
    assert zeros == pytest.approx(rate, abs=5 * spread)
    assert found[found != 0].unique().tolist() == pytest.approx([1 / (1 - rate)])


def test_a_rate_finer_than_the_bits_is_kept_on_average():
    torch.manual_seed(0)
    like = torch.zeros(())
    rate = 0.25 / dropout.LANES
    dropped = sum(int((dropout.mask(MANY, rate, like) == 0).sum()) for _ in range(40))
    assert 60 < dropped < 260  # about 153 in forty million elements


def test_neighbours_are_independent():
    torch.manual_seed(1)
    found = (dropout.mask(MANY, 0.5, torch.zeros(())) == 0).float().flatten() - 0.5
    for apart in (1, 2, 3, 4, 1001):
        together = (found[:-apart] * found[apart:]).mean().item() * 4
        assert abs(together) < 0.006


def test_masks_follow_the_seed():
    masks = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        masks.append(dropout.mask(torch.Size((7, 13)), 0.5, torch.zeros(())))
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def test_dropping_keeps_the_mean_and_its_gradient_is_the_mask():
    torch.manual_seed(0)
    states = torch.ones(400, 400, requires_grad=True)
    found = dropout.drop(states, 0.2)
    found.sum().backward()
    assert found.mean().item() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(states.grad, found.detach())


def test_dropping_before_a_residual_leaves_the_residual_whole():
    torch.manual_seed(0)
    found = dropout.drop_and_add(torch.ones(50, 50), 0.5, torch.full((50, 50), 10.0))
    assert sorted(found.unique().tolist()) == [10.0, 12.0]


def test_at_rate_zero_nothing_is_drawn():
    states = torch.ones(3)
    before = torch.get_rng_state()
    assert dropout.drop(states, 0.0) is states
    assert dropout.drop_and_add(states, 0.0, states).tolist() == [2.0] * 3
    assert torch.equal(before, torch.get_rng_state())


def test_a_module_drops_in_training_only():
    module = nn.Sequential(nn.Dropout(0.5))
    dropout.replace(module)
    assert torch.equal(module.eval()(torch.ones(99)), torch.ones(99))
    assert (module.train()(torch.ones(99)) == 0).any()


@pytest.mark.parametrize("kind", ["bert", "distilbert", "modernbert"])
def test_encoders_drop_in_training_and_not_in_evaluation(kind):
    encoder = load.build(
        tiny_config(kind, dropout=0.3), model_class="AutoModelForSequenceClassification", seed=1
    )
    batch = batches.pack_ids(random_texts([5, 9]), [5, 9])
    with torch.no_grad():
        assert not torch.equal(encoder.train()(batch), encoder(batch))
        assert torch.equal(encoder.eval()(batch), encoder(batch))
