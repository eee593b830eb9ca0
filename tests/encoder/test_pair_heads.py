"""Both texts of a pair, encoded apart: what is computed is what plain transformers computes."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModel

from families import random_texts, tiny_config
from textune.encoder import light, load, pair_heads, plain, precision
from textune.errors import ModelError
from textune.families.known import FAMILIES, PREFIXES
from textune.records import Items
from textune.tasks import labels as named
from textune.text import batches

LABELS = ("likeness",)
TEXTS = "AutoModelForSequenceClassification"
KINDS = sorted(name for name, family in FAMILIES.items() if family.takes_averaging)
IDS = random_texts([1, 7, 33, 2, 5, 60])  # three pairs
PAIRS = Items((1, 1, 1), torch.tensor([0, 0, 1, 1, 2, 2]))


def write(folder, kind, *, is_mean):
    torch.manual_seed(3)
    AutoModel.from_config(tiny_config(kind, dropout=0.25)).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    says = {"pooling_mode_mean_tokens": is_mean, "pooling_mode_cls_token": not is_mean}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(says), encoding="utf-8")
    return folder


def loaded(folder, **options):
    config = named.config(LABELS, "regression")
    options = {"config": config, "pooling": "auto", "seed": 5, "quick": True} | options
    return load.load(str(folder), model_class=TEXTS, pairs="apart", **options).eval()


def pack():
    return batches.pack_ids(IDS, [len(ids) for ids in IDS], items=PAIRS)


def by_plain_transformers(folder):
    """Compute the logits of all pairs, padded, from what is saved."""
    model = AutoModel.from_pretrained(folder).eval()
    head = load_file(folder / "pair_head.safetensors")
    rows = [torch.from_numpy(ids.astype(np.int64)) for ids in IDS]
    padded = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=1)
    mask = torch.arange(padded.shape[1])[None] < torch.tensor([len(row) for row in rows])[:, None]
    with torch.no_grad():
        found = model(input_ids=padded, attention_mask=mask.long()).last_hidden_state[:, 0]
    u, v = found[0::2], found[1::2]
    both = torch.cat([(u - v).abs(), u * v, (u * v).sum(1, keepdim=True)], dim=1)
    return both @ head["weight"].T + head["bias"]


@pytest.mark.parametrize("is_mean", [True, False], ids=["mean", "first"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.covering(1)
def test_what_is_saved_computes_the_same_in_every_way(tmp_path, kind, is_mean):
    encoder = loaded(write(tmp_path / "base", kind, is_mean=is_mean))
    assert encoder.packed, encoder.refusal
    logits = encoder.logits(pack())
    assert logits.shape == (3, 1)
    assert logits.std() > 1e-3
    load.save(encoder, tmp_path)
    theirs = by_plain_transformers(tmp_path)
    assert torch.allclose(logits, theirs, atol=1e-5)
    again = loaded(tmp_path, finished=True, config={})
    assert torch.allclose(again.logits(pack()), theirs, atol=1e-5)
    if kind in PREFIXES:
        quick = light.load(tmp_path, LABELS, pairs="apart")
        assert quick is None or torch.allclose(quick.logits(pack()), theirs, atol=1e-5)
        few = plain.load(tmp_path, LABELS, asks="texts", pairs="apart")
        nothing = np.zeros(0, dtype=np.int32)
        states = np.concatenate([few.window(ids, len(ids), nothing) for ids in IDS])
        own = few.join(states, PAIRS.of.numpy(), 3)
        assert np.abs(own - theirs.numpy()).max() < 1e-5


def test_gradients_reach_both_texts_with_kernels_as_without(tmp_path, products):
    encoder = loaded(write(tmp_path / "base", "bert", is_mean=True))
    encoder(pack()).square().sum().backward()
    table = encoder.model.get_input_embeddings().weight
    assert encoder.has_kernels == (products == "kernels")
    assert {int(token) for ids in IDS for token in ids} == set(
        table.grad.abs().sum(1).nonzero()[:, 0].tolist()
    )
    assert pair_heads.of(encoder.model).linear.weight.grad.abs().max() > 0


@pytest.mark.parametrize("numbers", ["bf16", "fp16"])
def test_it_learns_of_short_copies_of_its_weights_too(
    tmp_path, fresh_kernels, monkeypatch, numbers
):
    """As on a card; the head computes in fp32 all the same."""
    monkeypatch.setenv("TEXTUNE_KERNELS", "0")
    encoder = loaded(write(tmp_path / "base", "bert", is_mean=True))
    model = precision.wrap(encoder, numbers)
    model.set_dropout(False)
    logits = model(pack())
    assert logits.dtype == torch.float32
    assert torch.allclose(logits, encoder.logits(pack()), atol=0.02)
    logits.square().sum().backward()
    model.collect()
    assert pair_heads.of(encoder.model).linear.weight.grad.abs().max() > 0


def test_a_new_head_does_not_answer_by_a_drawn_weight_of_the_product(tmp_path):
    encoder = loaded(write(tmp_path / "base", "bert", is_mean=True))
    assert (pair_heads.of(encoder.model).linear.weight[:, -1] == 0).all()
    assert encoder.logits(pack()).abs().max() < 1


def test_a_damaged_head_is_refused(tmp_path):
    encoder = loaded(write(tmp_path / "base", "bert", is_mean=True))
    load.save(encoder, tmp_path)
    file = tmp_path / "pair_head.safetensors"
    file.write_bytes(file.read_bytes()[:-40])
    assert light.load(tmp_path, LABELS, pairs="apart") is None
    assert plain.load(tmp_path, LABELS, asks="texts", pairs="apart") is None
    with pytest.raises(ModelError, match=r"pair_head\.safetensors: the head .* cannot be read"):
        loaded(tmp_path, finished=True, config={})
