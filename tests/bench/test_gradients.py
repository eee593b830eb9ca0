import torch
from torch import nn

from bench import gradients


def test_both_ways_give_the_same_gradients() -> None:
    torch.manual_seed(0)
    maps = [nn.Linear(8, 12)]
    states = torch.randn(5, 8, requires_grad=True)
    found = {}
    for name, way in gradients.ways(maps, states).items():
        for _ in range(2):
            (way(0) ** 2).sum().backward()
        weight = maps[0].weight
        assert weight.grad is not None
        assert states.grad is not None
        found[name] = (weight.grad.clone(), states.grad.clone())
        weight.grad = states.grad = None
    assert sorted(found) == ["kept", "returned"]
    for one, other in zip(*found.values(), strict=True):
        torch.testing.assert_close(one, other)
