"""Products are exact within their format, of any number of tokens, by kernels or by torch."""

from pathlib import Path

import pytest
import torch

from made_tensors import DTYPES, assert_near, drawn, exact
from textune.fast import build, calls, products

pytestmark = pytest.mark.usefixtures("kernels")
SHAPES = [(64, 96), (1184, 32), (32, 1184), (40, 24)]  # of weights; the last is not of blocks
TOKENS = [1, 31, 32, 33, 512, 1101]
both_formats = pytest.mark.parametrize("dtype", DTYPES, ids=["fp32", "bf16"])


def operands(tokens, shape, dtype):
    rows, length = shape
    states, grad = drawn(tokens, length, dtype=dtype), drawn(tokens, rows, dtype=dtype, seed=1)
    return states, grad, drawn(rows, length, dtype=dtype, seed=2)


def found_of(states, grad, weight):
    """Compute every product, each also added to what is there."""
    out, onto = torch.full_like(weight, torch.nan), weight.clone()
    products.over_tokens(grad, states, out)
    products.over_tokens(grad, states, onto, onto=True)
    ahead, back = products.times_rows(states, weight), products.times_columns(grad, weight)
    return ahead, back, products.times_columns(grad, weight, states.clone()), out, onto


@both_formats
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products(shape, dtype):
    assert_exact(shape, dtype)


def assert_exact(shape, dtype):
    for tokens in TOKENS:
        states, grad, weight = operands(tokens, shape, dtype)
        x, g, w = (item.detach() for item in exact(states, grad, weight))
        wanted = x @ w.T, g @ w, x + g @ w, g.T @ x, w + g.T @ x
        for found, right in zip(found_of(states, grad, weight), wanted, strict=True):
            assert_near(found, right, dtype)
            assert found.dtype == dtype


@pytest.mark.usefixtures("products_by_kernels")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_in_fp32_by_kernels(shape):
    assert_exact(shape, torch.float32)


@pytest.mark.usefixtures("products_by_kernels")
@pytest.mark.parametrize("shape", [*SHAPES, (3, 17)], ids=str)
def test_a_row_has_the_same_bits_whatever_rows_are_beside_it(shape):
    states, _, weight = operands(90, shape, torch.float32)
    by_columns = weight.t().contiguous().t()  # they lie otherwise, and are the same
    for given in (weight, by_columns):
        whole = products.times_few(states, given)
        for first, end in ((0, 1), (7, 8), (30, 35), (40, 90)):
            part = products.times_few(states[first:end], given)
            assert torch.equal(part, whole[first:end])
    assert products.times_few(states[:0], weight).shape == (0, len(weight))


@both_formats
def test_they_have_the_same_bits_whatever_the_threads_and_leave_torch_its_own(dtype, request):
    if dtype == torch.float32:  # in bf16 by torch, too
        request.getfixturevalue("products_by_kernels")
    before = torch.get_num_threads()
    for shape in SHAPES[:-1]:
        given = operands(700, shape, dtype)
        alone = torch.mm(given[0], given[2].t())  # oneDNN has tiles set up from here on
        found = []
        try:
            for count in (1, 2, 3):
                torch.set_num_threads(count)
                found.append(found_of(*given))
                own = torch.mm(given[0], given[2].t())
                assert dtype != torch.bfloat16 or torch.equal(own, alone)
        finally:
            torch.set_num_threads(before)
        for others in zip(*found, strict=True):
            assert all(torch.equal(others[0], other) for other in others)


@pytest.fixture
def without_tiles(monkeypatch):
    """Compile the kernels as for a processor without AMX, and call those."""
    cores = Path("/proc/cpuinfo").read_text(encoding="utf-8") if products.available() else ""
    if "amx_bf16" not in cores:
        pytest.skip("no processor with AMX: other tests are without it")
    flags = (*build.FLAGS, "-mno-amx-bf16", "-mno-amx-tile")
    monkeypatch.setattr(build, "FLAGS", flags)
    monkeypatch.setattr(calls, "_declared", None)
    build.library.cache_clear()
    yield
    build.library.cache_clear()


@pytest.mark.usefixtures("without_tiles")
@pytest.mark.exhaustive
def test_they_are_exact_by_vectors_too():
    for shape in SHAPES[:-1]:
        assert_exact(shape, torch.bfloat16)


def test_no_tokens_have_no_products():
    states, grad, weight = operands(0, SHAPES[0], torch.bfloat16)
    ahead, back, _, out, onto = found_of(states, grad, weight)
    assert (ahead.shape, back.shape) == ((0, 64), (0, 96))
    assert torch.equal(out, torch.zeros_like(out))
    assert torch.equal(onto, weight)
