"""A layer in one call of the kernels has the bits of its parts, call by call."""

import pytest
import torch
from test_fused import batch_of, gradients_of, loss_of

from families import random_texts, tiny_config
from textune.encoder import freezing, load
from textune.fast import calls, product_calls, products

LENGTHS = [1, 2, 7, 16, 33, 40]
LONG = [300, 290]  # together more tokens than a sum takes at once
HEADS = {
    "text": ("AutoModelForSequenceClassification", False),
    "token": ("AutoModelForTokenClassification", True),
}
every_head = pytest.mark.parametrize("head", HEADS)


@pytest.fixture(params=["fp32", "bf16"])
def numbers(request):
    """Return a number format in which kernels multiply here."""
    if request.param == "fp32":
        request.getfixturevalue("products_by_kernels")
        return torch.float32
    request.getfixturevalue("kernels")
    if not products.available(torch.bfloat16):
        pytest.skip("this processor has no products in bf16")
    return torch.bfloat16


def build(numbers, head="text", *, dropout=0.3, **changes):
    sizes = {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 96}
    changes = {"max_position_embeddings": 320, "num_hidden_layers": 3, **sizes, **changes}
    config = tiny_config("bert", dropout=dropout, **changes)
    model_class, per_token = HEADS[head]
    encoder = load.build(config, model_class=model_class, per_token=per_token, seed=1).train()
    assert encoder.compute_in(numbers)
    return encoder


def layers_of(encoder):
    return [layer.fused for layer in encoder.model.base_model.encoder.layer]


def in_parts(encoder):
    """Let every layer compute call by call."""
    for layer in layers_of(encoder):
        layer.whole = None
    return encoder


def test_layers_of_blocks_are_computed_whole(numbers):
    first = layers_of(build(numbers))[0].whole
    assert first.takes(torch.zeros(3, 64, dtype=numbers))
    assert not first.takes(torch.zeros(0, 64, dtype=numbers))
    other = torch.float32 if numbers == torch.bfloat16 else torch.bfloat16
    assert not first.takes(torch.zeros(3, 64, dtype=other))


@pytest.fixture
def called(monkeypatch):
    """Return the names of the kernels, as they are called."""
    names, plain = [], calls.plain

    def noted(name, *arguments, threads=None):
        names.append(name.rsplit("_", 1)[0])
        return plain(name, *arguments, threads=threads)

    monkeypatch.setattr(calls, "plain", noted)
    return names


def learn(encoder, texts, *, times=2):
    """Return logits, and all gradients once the texts were learnt some times."""
    torch.manual_seed(3)
    for _ in range(times):
        logits = encoder(batch_of(texts))
        loss_of(logits).backward()
    return logits.detach(), gradients_of(encoder.model, encoder.halves())


def assert_equal_bits(found, wanted):
    assert torch.equal(found[0], wanted[0])
    assert found[1].keys() == wanted[1].keys()
    assert any(value.any() for value in wanted[1].values())
    for name, value in wanted[1].items():
        assert torch.equal(found[1][name], value), name


@every_head
@pytest.mark.parametrize("lengths", [LENGTHS, LONG], ids=["short", "long"])
@pytest.mark.covering(2)
def test_bits_are_those_of_the_parts(numbers, head, lengths, called):
    texts = random_texts(lengths)
    found = learn(build(numbers, head), texts)
    assert {"layer_forward", "layer_backward"} <= set(called)
    encoder = in_parts(build(numbers, head))
    called.clear()
    wanted = learn(encoder, texts)
    assert "layer_forward" not in called
    assert_equal_bits(found, wanted)
    assert (sum(lengths) > product_calls.TOKENS) == (lengths is LONG)


@pytest.mark.parametrize("count", [1, 2])
def test_frozen_layers_take_and_give_the_same(numbers, count):
    texts, encoders = random_texts(LENGTHS), (build(numbers), in_parts(build(numbers)))
    for encoder in encoders:
        freezing.freeze(encoder.model, count)
    found, wanted = (learn(encoder, texts) for encoder in encoders)
    assert_equal_bits(found, wanted)
    assert not any(".layer.0." in name for name in found[1])


def test_what_is_computed_twice_has_the_same_bits(numbers):
    texts, encoder = random_texts(LENGTHS), build(numbers)
    wanted = learn(build(numbers), texts)
    for layer in layers_of(encoder):
        layer.recomputes = True
    assert_equal_bits(learn(encoder, texts), wanted)


def test_judging_has_the_bits_of_the_parts(numbers, called):
    batch, encoder = batch_of(random_texts(LENGTHS)), build(numbers, "token").eval()
    with torch.inference_mode():
        found = encoder(batch)
        assert "layer_forward" in called
        wanted = in_parts(encoder)(batch)
    assert torch.equal(found, wanted)


def test_any_number_of_threads_has_the_same_bits(numbers):
    texts, before = random_texts(LENGTHS), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(learn(build(numbers, "token"), texts))
    finally:
        torch.set_num_threads(before)
    assert_equal_bits(*found)


def test_widths_that_are_no_blocks_are_computed_in_parts(numbers, called):
    encoder = build(numbers, hidden_size=48, num_attention_heads=3)
    learn(encoder, random_texts(LENGTHS))
    assert "attend_backward" in called
    assert "layer_forward" not in called


@pytest.mark.parametrize("way", ["layer_forward", "layer_backward"])
def test_lacking_memory_is_said(numbers, way, monkeypatch):
    library = calls._library()
    name = f"{way}_{calls.FORMATS[numbers]}"
    encoder = build(numbers)
    monkeypatch.setattr(library, name, lambda *_: 1)
    with pytest.raises(MemoryError, match=f"not enough memory for {name}"):
        learn(encoder, random_texts(LENGTHS))
