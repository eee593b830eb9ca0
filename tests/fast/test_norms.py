"""The norm of a head learns as torch's does, with the same bits whatever the threads."""

import pytest
import torch
from torch import nn

from textune.fast import norms


def learned(norm, states, given):
    states = states.clone().requires_grad_()
    norm.zero_grad()
    norm(states).backward(given)
    return states.grad, norm.weight.grad, norm.bias.grad


@pytest.fixture
def norm():
    torch.manual_seed(0)
    found = nn.LayerNorm(48, eps=1e-5)
    nn.init.normal_(found.weight)
    nn.init.normal_(found.bias)
    return found


@pytest.mark.parametrize("shape", [(1, 48), (7, 48), (3, 5, 48), (0, 48)])
def test_it_computes_and_learns_as_torch_does(norm, shape):
    states, given = torch.randn(shape), torch.randn(shape)
    expected, before = learned(norm, states, given), norm(states)
    norm.__class__ = norms.Norm
    assert norm(states).equal(before)
    for found, right in zip(learned(norm, states, given), expected, strict=True):
        torch.testing.assert_close(found, right, atol=2e-5, rtol=1e-4)


def test_its_gradient_has_the_same_bits_with_any_number_of_threads(norm):
    norm.__class__ = norms.Norm
    states, given = torch.randn(4000, 48), torch.randn(4000, 48)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(learned(norm, states, given))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(one.equal(two) for one, two in zip(found[0], other, strict=True))


def test_only_norms_of_the_head_are_replaced(tiny_base):
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(tiny_base)
    norms.replace(model)
    kinds = {name for name, part in model.named_modules() if isinstance(part, norms.Norm)}
    assert kinds == {"cls.predictions.transform.LayerNorm"}
