"""Dropout masks have the configured rate, follow the seed, resemble nothing, and bind backward."""

import pytest
import torch
from torch.nn import functional

from made_tensors import assert_near, drawn, exact
from textune.fast import calls
from textune.fast.calls import NO_DROP, Drop

pytestmark = pytest.mark.usefixtures("kernels")
RATES = [0.1, 0.37, 0.5]


def close_mask(drop, rows=1024, width=1024):
    """Read the mask of `close`: ones are dropped from, nothing is added."""
    product, nothing = torch.ones(rows, width), torch.zeros(width)
    norm = torch.nn.LayerNorm(width).requires_grad_(False)
    calls.add_norm_forward(product, nothing, torch.zeros(rows, width), norm, drop)
    return product


def embed_mask(drop, rows=1024, width=1024):
    """Read the mask of `embed`: the norm's shift alone is dropped from."""
    norm = torch.nn.LayerNorm(width).requires_grad_(False)
    norm.weight.zero_()
    norm.bias.fill_(1.0)
    ids = torch.zeros(rows, dtype=torch.int64)
    return calls.embed_forward([drawn(1, width)] * 3, [ids] * 3, norm, drop, torch.float32)[1]


def attention_mask(drop, texts=64, heads=4, length=64):
    """Read the mask of attention: all scores are equal, and values name the keys."""
    states = torch.zeros(texts, length, 3, heads, length)
    states[:, :, 2] = torch.eye(length)[None, :, None]
    borders = torch.arange(texts + 1) * length
    qkv = states.view(texts * length, -1)
    out, _ = calls.attend_forward(
        qkv, torch.zeros(qkv.shape[1]), borders, heads, 1.0, drop, with_stats=False
    )
    return out.view(texts * length * heads, length) * length


def firsts_mask(drop, texts=2048, heads=8, length=64):
    """Read the mask of the first tokens' attention, in the same way."""
    states, asked = torch.eye(length).repeat(texts, 1), torch.zeros(texts, heads, length)
    borders = torch.arange(texts + 1) * length
    mixed, masses, _ = calls.first_tokens_forward(states, asked, borders, 1.0, drop)
    assert torch.allclose(masses, mixed.sum(-1), rtol=1e-5)
    return mixed.view(texts * heads, length) * length


MASKS = {
    "close": close_mask,
    "embed": embed_mask,
    "attention": attention_mask,
    "firsts": firsts_mask,
}
every_mask = pytest.mark.parametrize("read", MASKS.values(), ids=MASKS)


@every_mask
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.covering(1)
def test_masks_have_the_rate_and_neighbours_are_unrelated(read, rate):
    found = read(Drop(12345, rate))
    dropped = found == 0
    assert found.numel() >= 10**6
    scale = torch.tensor(1.0, dtype=torch.float32) * (1.0 / (1.0 - rate))
    assert found[~dropped].unique().tolist() == pytest.approx([scale.item()], rel=2e-7)
    spread = (rate * (1 - rate) / found.numel()) ** 0.5
    assert abs(dropped.double().mean().item() - rate) < 4 * spread
    apart = dropped.double() - rate
    for one, other in ((apart[:, :-1], apart[:, 1:]), (apart[:-1], apart[1:])):
        related = (one * other).mean().item() / (rate * (1 - rate))
        assert abs(related) < 4 / one.numel() ** 0.5


@every_mask
def test_masks_follow_the_seed(read):
    rate = 0.37
    found = read(Drop(2**63 + 9, rate))
    assert torch.equal(found, read(Drop(2**63 + 9, rate)))
    for seed in (2**63 + 10, 9, 0):
        other = read(Drop(seed, rate))
        pair = ((item == 0).double() - rate for item in (found, other))
        related = (next(pair) * next(pair)).mean().item() / (rate * (1 - rate))
        assert abs(related) < 4 / found.numel() ** 0.5


@every_mask
def test_nothing_is_dropped_at_rate_zero(read):
    assert read(NO_DROP).unique().tolist() == [1.0]


def test_the_gradient_of_close_is_the_mask():
    rows, width, drop = 70, 48, Drop(7, 0.37)
    mask = close_mask(drop, rows, width)
    product, residual = drawn(rows, width), drawn(rows, width, seed=1)
    given, bias = drawn(rows, width, seed=2), drawn(width, seed=3)
    norm = torch.nn.LayerNorm(width).requires_grad_(False)
    product64, residual64, bias64 = exact(product, residual, bias)
    total64 = residual64 + (product64 + bias64) * mask
    wanted = functional.layer_norm(total64, (width,))
    wanted.backward(given.double())
    out, mean, rstd = calls.add_norm_forward(product, bias, residual, norm, drop)
    onto, dproduct, sums = calls.add_norm_backward(given, product, mean, rstd, norm.weight, drop)
    assert torch.equal(dproduct, onto * mask)
    assert_near(out, wanted.detach(), torch.float32)
    assert_near(onto, residual64.grad, torch.float32)
    assert_near(sums[2], bias64.grad, torch.float32)


def test_the_gradient_of_embed_is_the_mask():
    rows, width, drop = 70, 48, Drop(7, 0.37)
    mask = embed_mask(drop, rows, width)
    table, given = drawn(rows, width), drawn(rows, width, seed=2)
    nothing, ids = torch.zeros(1, width), torch.zeros(rows, dtype=torch.int64)
    norm = torch.nn.LayerNorm(width).requires_grad_(False)
    total, out, mean, rstd = calls.embed_forward(
        [table, nothing, nothing], [torch.arange(rows), ids, ids], norm, drop, torch.float32
    )
    found, sums = calls.embed_backward(given, total, mean, rstd, norm.weight, drop)
    (table64,) = exact(table)
    wanted = functional.layer_norm(table64, (width,), eps=norm.eps) * mask
    wanted.backward(given.double())
    assert_near(out, wanted.detach(), torch.float32)
    assert_near(found, table64.grad, torch.float32)
    assert_near(sums[1], (given * mask).double().sum(0), torch.float32)


@pytest.mark.parametrize(("width", "dtype"), [(16, torch.float32), (32, torch.bfloat16)])
@pytest.mark.parametrize("length", [3, 16, 50, 64, 161])
def test_the_gradient_of_attention_is_by_the_mask(length, width, dtype):
    heads, drop = 2, Drop(11, 0.37)
    mask = attention_mask(drop, 1, heads, length).view(length, heads, length).transpose(0, 1)
    borders = torch.tensor([0, length])
    qkv = drawn(length, 3 * heads * width, dtype=dtype)
    bias = drawn(3 * heads * width, seed=1)
    given = drawn(length, heads * width, dtype=dtype, seed=2)
    out, stats = calls.attend_forward(qkv, bias, borders, heads, 0.3, drop, with_stats=True)
    found = calls.attend_backward(qkv, bias, given, borders, 0.3, stats, drop)
    qkv64, bias64 = exact(qkv, bias)
    query, key, value = (qkv64 + bias64).unflatten(1, (3, heads, -1)).permute(1, 2, 0, 3)
    weights = (query @ key.mT * 0.3).softmax(-1) * mask
    wanted = (weights @ value).transpose(0, 1).flatten(1)
    wanted.backward(given.double())
    assert_near(out, wanted.detach(), dtype)
    assert_near(found, qkv64.grad, dtype)


def test_the_gradient_of_first_tokens_is_by_the_mask():
    texts, heads, width, drop = 5, 3, 64, Drop(11, 0.37)
    mask = firsts_mask(drop, texts, heads, width).view(texts, heads, width)
    borders = torch.arange(texts + 1) * width
    states, asked = drawn(texts * width, width), drawn(texts, heads, width, seed=1)
    given = (drawn(texts, heads, width, seed=2), drawn(texts, heads, seed=3))
    mixed, masses, logs = calls.first_tokens_forward(states, asked, borders, 0.1, drop)
    dstates, dasked = calls.first_tokens_backward(states, asked, given, borders, 0.1, logs, drop)
    states64, asked64 = exact(states, asked)
    rows = states64.view(texts, width, width)
    weights = (asked64 @ rows.mT * 0.1).softmax(-1) * mask
    torch.autograd.backward([weights @ rows, weights.sum(-1)], [item.double() for item in given])
    assert_near(mixed, (weights @ rows).detach(), torch.float32)
    assert_near(masses, weights.sum(-1).detach(), torch.float32)
    assert_near(dstates, states64.grad, torch.float32)
    assert_near(dasked, asked64.grad, torch.float32)
