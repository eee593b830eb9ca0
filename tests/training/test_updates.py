"""Clipping and AdamW by kernels equal torch's, and continue where they were."""

import pytest
import torch
from torch import nn

from textune.fast import build, calls
from textune.fast.matrices import Half
from textune.training import checkpoint, optim

SIZES = [(40, 33), (7,), (130, 140), (1,)]
SETTINGS = {"lr": 1e-2, "betas": (0.9, 0.98), "eps": 1e-8}


def parameters():
    draw = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(size, generator=draw)) for size in SIZES]


def gradients(step):
    draw = torch.Generator().manual_seed(step)
    return [torch.randn(size, generator=draw) * step for size in SIZES]


def groups_of(items):
    return [
        {"params": items[:2], "weight_decay": 0.1},
        {"params": items[2:], "weight_decay": 0.0},
    ]


def give(items, step):
    for item, gradient in zip(items, gradients(step), strict=True):
        item.grad = gradient


def update(optimizer, items, steps, *, clip=1.0):
    norms = []
    for step in steps:
        give(items, step)
        norms.append(float(optimizer.clip(clip)))
        optimizer.step()
        optimizer.zero_grad()
    return norms


@pytest.fixture(params=["kernel", "torch"])
def way(request, fresh_kernels, monkeypatch):
    """Update by kernels, and by torch's operations."""
    monkeypatch.setenv("TEXTUNE_KERNELS", "1" if request.param == "kernel" else "0")
    if request.param == "kernel" and not calls.available():
        pytest.skip(f"no kernels here: {calls.why()}")
    return request.param


@pytest.mark.parametrize("clip", [1.0, 100.0, None])
@pytest.mark.covering(1)
def test_fifty_updates_equal_torchs(way, clip):
    ours, theirs = parameters(), parameters()
    optimizer = optim.AdamW(groups_of(ours), **SETTINGS)
    assert optimizer._by_kernel == (way == "kernel")
    reference = torch.optim.AdamW(groups_of(theirs), foreach=False, fused=False, **SETTINGS)
    norms = update(optimizer, ours, range(1, 51), clip=clip)
    for step, norm in zip(range(1, 51), norms, strict=True):
        give(theirs, step)
        wanted = nn.utils.clip_grad_norm_(theirs, clip or float("inf"))
        assert norm == pytest.approx(wanted.item(), rel=1e-5)
        reference.step()
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-6)
        assert one.grad is None


def test_small_gradients_are_not_clipped(way):
    found = []
    for clip in (1.0, None):
        parameter = nn.Parameter(torch.zeros(2))
        optimizer = optim.AdamW([{"params": [parameter]}], lr=0.1, betas=(0.9, 0.98), eps=1.0)
        parameter.grad = torch.tensor([0.1, 0.2])
        assert float(optimizer.clip(clip)) == pytest.approx(0.05**0.5)
        optimizer.step()
        found.append(parameter.detach().clone())
    assert torch.equal(*found)
    assert found[0].tolist() != [0.0, 0.0]


def test_clipping_does_not_outlast_its_update(way):
    found = []
    for clips in ((1.0, None), (None, None)):
        parameter = nn.Parameter(torch.zeros(2))
        optimizer = optim.AdamW([{"params": [parameter]}], lr=0.1, betas=(0.0, 0.0), eps=1.0)
        for clip in clips:
            with torch.no_grad():
                parameter.zero_()
            parameter.grad = torch.tensor([30.0, -40.0])
            optimizer.clip(clip)
            optimizer.step()
        found.append(parameter.detach().clone())
    assert torch.equal(*found)


def test_a_norm_that_is_not_finite_is_seen(way):
    items = parameters()
    optimizer = optim.AdamW(groups_of(items), **SETTINGS)
    for value in (float("inf"), float("nan")):
        give(items, 1)
        items[2].grad[3, 4] = value
        assert not optimizer.clip(1.0).isfinite()


def test_its_state_continues_to_the_same_bytes(way):
    whole, parted = parameters(), parameters()
    update(optim.AdamW(groups_of(whole), **SETTINGS), whole, range(1, 21))
    first = optim.AdamW(groups_of(parted), **SETTINGS)
    update(first, parted, range(1, 8))
    second = optim.AdamW(groups_of(parted), **SETTINGS)
    second.load_state_dict(first.state_dict())
    update(second, parted, range(8, 13))
    third = optim.AdamW(groups_of(parted), **SETTINGS)
    checkpoint.restore_optimizer(third, checkpoint.optimizer_tensors(second))
    update(third, parted, range(13, 21))
    assert all(torch.equal(one, other) for one, other in zip(whole, parted, strict=True))


def test_parameters_without_gradient_are_left_alone(way):
    items = parameters()
    before = [item.detach().clone() for item in items]
    optimizer = optim.AdamW(groups_of(items), **SETTINGS)
    give(items, 1)
    items[0].grad = items[3].grad = None
    optimizer.clip(1.0)
    optimizer.step()
    kept = [torch.equal(one, other) for one, other in zip(items, before, strict=True)]
    assert kept == [True, False, False, True]
    optimizer.zero_grad()
    optimizer.clip(1.0)
    optimizer.step()
    assert torch.equal(items[0], before[0])


def test_a_parameter_that_joins_late_is_updated_as_torch_does(way):
    ours, theirs = parameters(), parameters()
    optimizer = optim.AdamW(groups_of(ours), **SETTINGS)
    reference = torch.optim.AdamW(groups_of(theirs), foreach=False, fused=False, **SETTINGS)
    for step in range(1, 9):
        for items in (ours, theirs):
            give(items, step)
            if step < 4 or step == 6:
                items[1].grad = None
        optimizer.clip(None)
        optimizer.step()
        reference.step()
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6)


def test_gradients_in_bf16_are_read_and_copies_written(kernels):
    ours, theirs = parameters(), parameters()
    halves = {item: Half(item.detach().bfloat16()) for item in ours[::2]}
    optimizer = optim.AdamW(groups_of(ours), halves=halves, **SETTINGS)
    reference = torch.optim.AdamW(groups_of(theirs), foreach=False, fused=False, **SETTINGS)
    for step in range(1, 11):
        give(ours, step)
        give(theirs, step)
        for item, half in halves.items():
            half.gradient, item.grad = item.grad.bfloat16(), None
        for item in theirs[::2]:
            item.grad = item.grad.bfloat16().float()
        norm = optimizer.clip(1.0)
        wanted = nn.utils.clip_grad_norm_(theirs, 1.0)
        assert float(norm) == pytest.approx(wanted.item(), rel=1e-5)
        optimizer.step()
        reference.step()
        optimizer.zero_grad()
        assert all(half.gradient is None for half in halves.values())
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6)
    assert all(torch.equal(half.copy, item.bfloat16()) for item, half in halves.items())


def test_parameters_that_kernels_cannot_read_are_left_to_torch(kernels):
    assert build.library()[0] is not None
    for strange in (torch.zeros(3, dtype=torch.float64), torch.zeros(4, 3).t()):
        optimizer = optim.AdamW([{"params": [nn.Parameter(strange)]}], **SETTINGS)
        assert not optimizer._by_kernel
