"""Heads answer a text with the same bits in any company, also where MKL has no strict mode."""

import pytest
import torch

from families import random_texts, tiny_config
from textune.encoder import load
from textune.fast import linears
from textune.text import batches

pytestmark = pytest.mark.usefixtures("kernels")
IDS = random_texts([3, 1, 7, 16, 33, 2, 40, 5])
HEADS = {
    "text": ("AutoModelForSequenceClassification", False),
    "token": ("AutoModelForTokenClassification", True),
}


def encoder_of(kind, head, **changes):
    model_class, per_token = HEADS[head]
    config = tiny_config(kind, **changes)
    return load.build(config, model_class=model_class, per_token=per_token, seed=1).eval()


def logits(encoder, texts):
    return encoder.logits(batches.pack_ids(texts, [len(text) for text in texts]))


@pytest.mark.usefixtures("products_by_kernels")
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_a_text_has_the_same_bits_in_any_company(kind, head):
    for width in (64, 24):  # the second is no multiple of a block
        encoder = encoder_of(kind, head, hidden_size=width)
        whole = logits(encoder, IDS)
        assert torch.equal(torch.cat([logits(encoder, [text]) for text in IDS]), whole)
        assert torch.equal(torch.cat([logits(encoder, IDS[:3]), logits(encoder, IDS[3:])]), whole)


def test_only_maps_outside_of_layers_are_replaced_and_keep_their_parameters():
    model = encoder_of("roberta", "text").model
    found = {name for name, part in model.named_modules() if type(part) is linears.Linear}
    assert found == {"classifier.dense", "classifier.out_proj"}
    assert {"classifier.dense.weight", "classifier.out_proj.bias"} <= model.state_dict().keys()


@pytest.mark.usefixtures("products_by_kernels")
def test_they_compute_what_torch_computes_and_learn_by_it():
    plain = torch.nn.Linear(48, 5)
    ours = linears.Linear.like(plain)
    states = torch.randn(3, 7, 48)
    with torch.no_grad():
        assert torch.allclose(ours(states), plain(states), atol=1e-6)
        assert ours(states[:0]).shape == (0, 7, 5)
    ours(states).square().sum().backward()
    assert ours.weight is plain.weight
    found = plain.weight.grad.clone()
    plain.zero_grad()
    plain(states).square().sum().backward()
    assert torch.equal(found, plain.weight.grad)
