"""Every kernel computes its formula, forward and backward, in both number formats."""

import pytest
import torch
from torch.nn import functional

from made_tensors import DTYPES, assert_near, drawn, exact, norm_of
from textune.fast import calls
from textune.fast.calls import NO_DROP

pytestmark = pytest.mark.usefixtures("kernels")
LENGTHS = [1, 2, 15, 16, 17, 33, 240, 513]
both_formats = pytest.mark.parametrize("dtype", DTYPES, ids=["fp32", "bf16"])


def borders_of(lengths):
    return torch.tensor([0, *lengths]).cumsum(0)


def attention(qkv, bias, lengths, heads):
    """Attend text by text; (P, 3 D) → (P, D)."""
    found = []
    for part in (qkv + bias).split(lengths):
        query, key, value = part.unflatten(1, (3, heads, -1)).permute(1, 2, 0, 3)  # (H, L, Dh)
        scores = query @ key.mT * 0.3
        found.append((scores.softmax(-1) @ value).transpose(0, 1).flatten(1))
    return torch.cat(found)


@both_formats
@pytest.mark.parametrize("width", [8, 16, 24, 32, 64])
def test_attention(width, dtype):
    heads, rows, borders = 2, sum(LENGTHS), borders_of(LENGTHS)
    qkv, bias = drawn(rows, 6 * width, dtype=dtype), drawn(6 * width, seed=1)
    given = drawn(rows, 2 * width, dtype=dtype, seed=2)
    out, stats = calls.attend_forward(qkv, bias, borders, heads, 0.3, NO_DROP, with_stats=True)
    bare, none = calls.attend_forward(qkv, bias, borders, heads, 0.3, NO_DROP, with_stats=False)
    assert none is None
    assert torch.equal(bare, out)
    qkv64, bias64 = exact(qkv, bias)
    wanted = attention(qkv64, bias64, LENGTHS, heads)
    wanted.backward(given.double())
    dqkv = calls.attend_backward(qkv, bias, given, borders, 0.3, stats, NO_DROP)
    assert_near(out, wanted.detach(), dtype)
    assert_near(dqkv, qkv64.grad, dtype)
    assert dqkv.dtype == out.dtype == dtype


def test_a_lack_of_memory_is_an_error_of_pythons():
    far = torch.tensor([0, 2**45])  # one text, of whose scores no machine can hold a row
    qkv, heads, states = drawn(4, 96), drawn(1, 2, 32), drawn(4, 32)
    sums, stats = drawn(1, 2), drawn(4, 2, 2)
    for call in (
        lambda: calls.attend_forward(qkv, qkv[0], far, 2, 0.3, NO_DROP, with_stats=True),
        lambda: calls.attend_backward(qkv, qkv[0], states, far, 0.3, stats, NO_DROP),
        lambda: calls.first_tokens_forward(states, heads, far, 0.3, NO_DROP),
        lambda: calls.first_tokens_backward(states, heads, (heads, sums), far, 0.3, sums, NO_DROP),
    ):
        with pytest.raises(MemoryError, match="not enough memory for"):
            call()


@pytest.mark.parametrize("size", [30.0, 200.0])
def test_attention_survives_great_scores(size):
    qkv, bias = drawn(40, 96) * size, torch.zeros(96)
    out, stats = calls.attend_forward(qkv, bias, borders_of([40]), 2, 0.3, NO_DROP, with_stats=True)
    qkv64, bias64 = exact(qkv, bias)
    wanted = attention(qkv64, bias64, [40], 2)
    gap = (out.double() - wanted).abs().max() / wanted.abs().max()
    assert gap.item() < 1e-3  # scores of 1e5 are known to 1e-2 in fp32
    given = drawn(40, 32, seed=2)
    assert (
        calls.attend_backward(qkv, bias, given, borders_of([40]), 0.3, stats, NO_DROP)
        .isfinite()
        .all()
    )


@both_formats
def test_first_tokens(dtype):
    heads, width, texts = 3, 24, len(LENGTHS)
    states = drawn(sum(LENGTHS), width, dtype=dtype)
    asked, borders = drawn(texts, heads, width, seed=1), borders_of(LENGTHS)
    given = (drawn(texts, heads, width, seed=2), drawn(texts, heads, seed=3))
    mixed, masses, logs = calls.first_tokens_forward(states, asked, borders, 0.3, NO_DROP)
    dstates, dasked = calls.first_tokens_backward(states, asked, given, borders, 0.3, logs, NO_DROP)
    states64, asked64 = exact(states, asked)
    parts = states64.split(LENGTHS)
    scores = [own @ part.T * 0.3 for own, part in zip(asked64, parts, strict=True)]
    rows = [score.softmax(-1) @ part for score, part in zip(scores, parts, strict=True)]
    wanted = torch.stack(rows)
    wanted.backward(given[0].double())
    assert_near(mixed, wanted.detach(), torch.float32)
    assert_near(masses, torch.ones(texts, heads).double(), torch.float32)
    assert_near(logs, torch.stack([score.logsumexp(-1) for score in scores]), torch.float32)
    assert_near(dasked, asked64.grad, torch.float32)
    assert_near(dstates, states64.grad, dtype)


@both_formats
@pytest.mark.parametrize("width", [8, 40, 384])
def test_close(width, dtype):
    rows, norm = 37, norm_of(width)
    product, residual = drawn(rows, width, dtype=dtype), drawn(rows, width, dtype=dtype, seed=1)
    given, bias = drawn(rows, width, dtype=dtype, seed=2), drawn(width, seed=3)
    product64, residual64, bias64, gain64, shift64 = exact(
        product, residual, bias, norm.weight, norm.bias
    )
    total64 = residual64 + (product64 + bias64)
    wanted = functional.layer_norm(total64, (width,), gain64, shift64, norm.eps)
    wanted.backward(given.double())
    out, mean, rstd = calls.add_norm_forward(product, bias, residual, norm, NO_DROP)
    onto, dproduct, sums = calls.add_norm_backward(given, product, mean, rstd, norm.weight, NO_DROP)
    assert_near(product, total64.detach(), dtype)  # the sum took the product's place
    assert_near(out, wanted.detach(), dtype)
    assert_near(onto, residual64.grad, dtype)
    assert_near(dproduct, product64.grad, dtype)
    for found, parameter in zip(sums, (gain64, shift64, bias64), strict=True):
        assert_near(found, parameter.grad, dtype)


@both_formats
def test_embed(dtype):
    rows, width, norm = 50, 40, norm_of(40)
    tables = [drawn(count, width, seed=count) for count in (30, 20, 2)]
    draw = torch.Generator().manual_seed(0)
    indices = [torch.randint(0, len(table), (rows,), generator=draw) for table in tables]
    given = drawn(rows, width, dtype=dtype, seed=2)
    total, out, mean, rstd = calls.embed_forward(tables, indices, norm, NO_DROP, dtype)
    found, sums = calls.embed_backward(given, total, mean, rstd, norm.weight, NO_DROP)
    words, places, kinds, gain64, shift64 = exact(*tables, norm.weight, norm.bias)
    total64 = words[indices[0]] + places[indices[1]] + kinds[indices[2]]
    total64.retain_grad()
    wanted = functional.layer_norm(total64, (width,), gain64, shift64, norm.eps)
    wanted.backward(given.double())
    assert out.dtype == total.dtype == dtype
    assert found.dtype == torch.float32
    assert_near(total, total64.detach(), dtype)
    assert_near(out, wanted.detach(), dtype)
    assert_near(found, total64.grad, dtype)
    assert_near(sums, torch.stack([gain64.grad, shift64.grad]), dtype)


@both_formats
def test_gelu(dtype):
    products, bias = 3 * drawn(70, 33, dtype=dtype), drawn(33, seed=1)
    given = drawn(70, 33, dtype=dtype, seed=2)
    products64, bias64 = exact(products, bias)
    wanted = functional.gelu(products64 + bias64)
    wanted.backward(given.double())
    assert_near(calls.gelu_forward(products, bias), wanted.detach(), dtype)
    sums = calls.gelu_backward(products, bias, given)
    assert_near(products, wanted.detach(), dtype)
    assert_near(given, products64.grad, dtype)
    assert_near(sums, bias64.grad, torch.float32)


@both_formats
@pytest.mark.parametrize("rows", [1, 15, 16, 1000])
def test_column_sums(rows, dtype):
    states = drawn(rows, 29, dtype=dtype)
    assert_near(calls.column_sums(states), states.double().sum(0), torch.float32)


@pytest.mark.parametrize("skip", [None, 0, 4])
@pytest.mark.parametrize("width", [7, 32, 40])
def test_rows_are_added_to_a_table_by_id(width, skip):
    rows, table = drawn(300, width), drawn(11, width, seed=1)
    ids = torch.randint(0, 11, (300,), generator=torch.Generator().manual_seed(0))
    counted = ids != (-1 if skip is None else skip)
    wanted = table.double().index_add(0, ids[counted], rows[counted].double())
    before = table.clone()
    calls.add_rows(rows, ids, table, skip=skip)
    assert_near(table, wanted, torch.float32)
    if skip is not None:
        assert torch.equal(table[skip], before[skip])


def test_squares_of_both_formats():
    kinds = [torch.float32, torch.bfloat16, torch.bfloat16, torch.float32, torch.float32]
    sizes = [1, 7, 16384, 16385, 40000]
    tensors = [drawn(size, dtype=kind) for size, kind in zip(sizes, kinds, strict=True)]
    wanted = sum(float(item.double().square().sum()) for item in tensors)
    assert calls.squares(tensors) == pytest.approx(wanted, rel=1e-5)
    assert calls.squares([]) == 0.0


@both_formats
@pytest.mark.parametrize("size", [1, 16385, 64 * 16384 + 7])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_are_added_up_and_their_squares_are_told(dtype, size, count):
    rows = [drawn(size, dtype=dtype) for _ in range(count)]
    wanted = sum(row.float() for row in rows)
    out = torch.full((size,), torch.nan) if dtype == torch.bfloat16 else rows[0]
    found = calls.add_up(rows, out)
    assert_near(out, wanted.double(), torch.float32)
    assert found == pytest.approx(float(wanted.double().square().sum()), rel=1e-5)
    if dtype == torch.bfloat16:
        before, more = out.clone(), torch.get_num_threads() + 1
        torch.set_num_threads(more)
        assert calls.add_up(rows, out) == found
        torch.set_num_threads(more - 1)
        assert torch.equal(out, before)


@both_formats
@pytest.mark.parametrize(("decay", "scale"), [(0.0, 1.0), (0.1, 1.0), (0.1, 0.37)])
def test_twenty_updates_equal_torchs(decay, scale, dtype):
    sizes = [1, 19, 16384, 40000]
    ours = [drawn(size, seed=size) for size in sizes]
    theirs = [torch.nn.Parameter(item.clone()) for item in ours]
    moments = [[torch.zeros_like(item) for item in ours] for _ in range(2)]
    copies = [item.bfloat16() if number % 2 else None for number, item in enumerate(ours)]
    numbers = {"lr": 1e-2, "eps": 1e-8}
    reference = torch.optim.AdamW(
        theirs, betas=(0.9, 0.98), weight_decay=decay, foreach=False, fused=False, **numbers
    )
    for step in range(1, 21):
        gradients = [drawn(size, dtype=dtype, seed=step + size) for size in sizes]
        update = calls.AdamW(beta1=0.9, beta2=0.98, decay=decay, step=step, scale=scale, **numbers)
        update.update(ours, gradients, *moments, copies)
        for parameter, gradient in zip(theirs, gradients, strict=True):
            parameter.grad = gradient.float() * scale
        reference.step()
    for one, other, copy in zip(ours, theirs, copies, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6)
        assert copy is None or torch.equal(copy, one.bfloat16())


def everything(dtype):
    """Return the results of all kernels that use several threads."""
    borders, bias, drop = borders_of(LENGTHS), drawn(144, seed=1), calls.Drop(5, 0.2)
    qkv, norm, rows = drawn(sum(LENGTHS), 144, dtype=dtype), norm_of(48), sum(LENGTHS)
    out, stats = calls.attend_forward(qkv, bias, borders, 2, 0.3, drop, with_stats=True)
    found = [out, stats, calls.attend_backward(qkv, bias, out, borders, 0.3, stats, drop)]
    asked = drawn(len(LENGTHS), 2, 48)
    mixed, masses, logs = calls.first_tokens_forward(out, asked, borders, 0.3, drop)
    found += [mixed, masses, logs]
    found += calls.first_tokens_backward(out, asked, (mixed, masses), borders, 0.3, logs, drop)
    product = drawn(rows, 48, dtype=dtype, seed=3)
    closed, mean, rstd = calls.add_norm_forward(product, bias[:48].clone(), out, norm, drop)
    found += [closed, mean, rstd, product]
    found += calls.add_norm_backward(out, product, mean, rstd, norm.weight, drop)
    table, ids = drawn(90, 48), torch.arange(rows) % 90
    embedded = calls.embed_forward([table] * 3, [ids] * 3, norm, drop, dtype)
    found += embedded
    total, _, mean, rstd = embedded
    drows, sums = calls.embed_backward(out, total, mean, rstd, norm.weight, drop)
    calls.add_rows(drows, ids, table, skip=None)
    found += [drows, sums, table, calls.gelu_forward(qkv, bias), calls.column_sums(qkv)]
    found.append(calls.gelu_backward(qkv.clone(), bias, drawn(rows, 144, dtype=dtype, seed=4)))
    big, moments = drawn(100_000), [torch.zeros(100_000), torch.zeros(100_000)]
    gradient = drawn(100_000, dtype=dtype, seed=5)
    found.append(torch.tensor(calls.squares([gradient]), dtype=torch.float64))
    update = calls.AdamW(lr=0.1, beta1=0.9, beta2=0.99, eps=1e-8, decay=0.1, step=1, scale=0.5)
    update.update([big], [gradient], [moments[0]], [moments[1]], [None])
    return [*found, big, *moments]


@both_formats
def test_no_result_depends_on_the_number_of_threads(dtype):
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(everything(dtype))
    finally:
        torch.set_num_threads(before)
    assert len(results[0]) > 25
    for number, items in enumerate(zip(*results, strict=True)):
        assert all(torch.equal(items[0], other) for other in items[1:]), number
