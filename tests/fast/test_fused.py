"""Layers by kernels learn what transformers' own modules learn, in either number format."""

import pytest
import torch
import transformers
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import families
from families import random_texts, tiny_config
from textune.encoder import freezing, load
from textune.families.known import FAMILIES
from textune.fast import build as libraries
from textune.fast import calls
from textune.text import batches
from textune.training import optim

pytestmark = pytest.mark.usefixtures("kernels")
KINDS = ["bert", "camembert", "data2vec-text", "electra", "ernie", "roberta", "xlm-roberta"]
HEADS = {
    "text": ("AutoModelForSequenceClassification", False),
    "token": ("AutoModelForTokenClassification", True),
}
LENGTHS = [1, 2, 7, 16, 33, 40]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_head = pytest.mark.parametrize("head", HEADS)


def build(kind, head, **changes):
    model_class, per_token = HEADS[head]
    config = tiny_config(kind, **changes)
    encoder = load.build(config, model_class=model_class, per_token=per_token, seed=1).train()
    assert encoder.packed, encoder.refusal
    assert encoder.has_kernels
    return encoder


def batch_of(texts):
    lengths = [len(text) for text in texts]
    return batches.pack_ids(texts, [max(1, length // 2) for length in lengths])


def loss_of(logits, seed=0):
    """Sum of losses against made-up targets, a target for each row of logits."""
    draw = torch.Generator().manual_seed(seed)
    targets = torch.randint(0, logits.shape[1], (len(logits),), generator=draw)
    return nn.functional.cross_entropy(logits, targets, reduction="sum")


def gradients_of(model, halves=None):
    found = {}
    for name, parameter in model.named_parameters():
        half = (halves or {}).get(parameter)
        short = None if half is None else half.gradient
        gradient = parameter.grad if short is None else short
        if gradient is not None:
            found[name] = gradient.detach().float().clone()
    return found


def learn(encoder, texts, *, halves=None):
    """Return all gradients that there are after the texts were learnt."""
    loss_of(encoder(batch_of(texts))).backward()
    return gradients_of(encoder.model, halves)


def stock_learn(encoder, kind, head, texts):
    """Let transformers' own model of the same weights learn the same texts, padded."""
    config = tiny_config(kind)
    config._attn_implementation = "eager"
    model = getattr(transformers, HEADS[head][0]).from_config(config).train()
    model.load_state_dict(encoder.model.state_dict())
    rows = [torch.from_numpy(text).long() for text in texts]
    segments = [
        (torch.arange(len(row)) >= max(1, len(row) // 2)).long() * (config.type_vocab_size > 1)
        for row in rows
    ]
    mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
    logits = model(
        input_ids=pad_sequence(rows, batch_first=True, padding_value=config.pad_token_id),
        token_type_ids=pad_sequence(segments, batch_first=True),
        attention_mask=mask,
    ).logits
    loss = loss_of(logits[mask.bool()] if HEADS[head][1] else logits)
    loss.backward()
    return loss.item(), gradients_of(model)


def assert_same(found, wanted, *, within=1e-5):
    greatest = max(value.abs().max().item() for value in wanted.values())
    assert greatest > 0
    for name in found.keys() | wanted.keys():
        if name not in found or name not in wanted:
            gap = (found.get(name, wanted.get(name))).abs().max().item()
        else:
            gap = (found[name] - wanted[name]).abs().max().item()
        assert gap < within * greatest, name


def distance(found, wanted):
    """How far apart gradients are, relative to their norm."""
    assert found.keys() == wanted.keys()
    one, other = (
        torch.cat([values[name].flatten() for name in wanted]) for values in (found, wanted)
    )
    return ((one - other).norm() / other.norm()).item()


def test_every_family_with_kernels_is_tested():
    assert [name for name, family in FAMILIES.items() if family.is_fused] == KINDS


@every_head
@every_kind
def test_loss_and_gradients_equal_transformers(kind, head):
    encoder, texts = build(kind, head), random_texts(LENGTHS)
    loss = loss_of(encoder(batch_of(texts))).item()
    found = learn(encoder, texts)
    stock_loss, wanted = stock_learn(encoder, kind, head, texts)
    assert loss == pytest.approx(stock_loss, rel=1e-5)
    assert_same(found, wanted)
    assert any("word_embeddings" in name for name in found)


@every_head
@pytest.mark.parametrize("heads", [1, 2, 3])
def test_other_widths_of_heads_equal_transformers(heads, head, monkeypatch):
    changes = {"hidden_size": 48, "num_attention_heads": heads}
    monkeypatch.setitem(families._OWN, "bert", changes)
    encoder, texts = build("bert", head), random_texts(LENGTHS)
    assert_same(learn(encoder, texts), stock_learn(encoder, "bert", head, texts)[1])


def learn_by_text(encoder, texts, parts):
    """Add up gradients of a loss that does not depend on the company of a text."""
    for rows in torch.arange(len(texts)).chunk(parts):
        logits = encoder(batch_of([texts[row] for row in rows.tolist()]))
        (logits.square().sum() + logits.sum()).backward()
    return gradients_of(encoder.model, encoder.halves())


@every_head
@pytest.mark.parametrize("numbers", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_micro_batches_add_up(head, numbers):
    texts, found = random_texts(LENGTHS), []
    for parts in (1, 2, 3, len(LENGTHS)):
        encoder = build("bert", head)
        assert encoder.compute_in(numbers)
        found.append(learn_by_text(encoder, texts, parts))
    for other in found[1:]:
        assert distance(other, found[0]) < (1e-5 if numbers == torch.float32 else 0.02)


@every_head
@pytest.mark.parametrize("numbers", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_a_second_backward_adds(head, numbers):
    encoder, texts = build("bert", head), random_texts(LENGTHS)
    assert encoder.compute_in(numbers)
    halves = encoder.halves()
    once = learn(encoder, texts, halves=halves)
    learn(encoder, texts, halves=halves)
    thrice = learn(encoder, texts, halves=halves)
    assert distance(thrice, {name: 3 * value for name, value in once.items()}) < 1e-5
    optimizer = optim.adamw(
        encoder.model, lr=0.0, weight_decay=0.0, betas=(0.9, 0.99), eps=1e-8, halves=halves
    )
    optimizer.zero_grad()
    assert gradients_of(encoder.model, halves) == {}
    assert distance(learn(encoder, texts, halves=halves), once) < 1e-6


@every_head
def test_frozen_layers_get_no_gradient_and_the_others_theirs(head):
    texts = random_texts(LENGTHS)
    whole = learn(build("bert", head), texts)
    for count, frozen in ((1, ("embeddings", "layer.0")), (-1, ("embeddings", "layer", "pooler"))):
        encoder = build("bert", head)
        freezing.freeze(encoder.model, count)
        found = learn(encoder, texts)
        cut = [name for name in whole if any(f".{part}." in name for part in frozen)]
        assert set(found) == set(whole) - set(cut)
        assert cut
        for name, value in found.items():
            assert torch.allclose(value, whole[name], rtol=1e-4, atol=1e-5), name


@every_head
@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_gradients_in_bf16_are_near_those_in_fp32(kind, head):
    texts = random_texts(LENGTHS)
    wanted = learn(build(kind, head), texts)
    encoder = build(kind, head)
    assert encoder.compute_in(torch.bfloat16)
    assert encoder.halves()
    found = learn(encoder, texts, halves=encoder.halves())
    assert 0 < distance(found, wanted) < 0.05
    assert all(value.dtype == torch.float32 for value in encoder.parameters())


def test_a_layer_in_training_drops_and_in_evaluation_does_not():
    config = tiny_config("bert", dropout=0.3)
    encoder = load.build(config, model_class=HEADS["text"][0], seed=1)
    batch = batch_of(random_texts(LENGTHS))
    torch.manual_seed(3)
    first = encoder.train()(batch)
    assert not torch.equal(first, encoder(batch))
    torch.manual_seed(3)
    assert torch.equal(first, encoder(batch))
    assert torch.equal(encoder.eval()(batch), encoder(batch))


def test_the_gradient_with_dropout_is_that_of_the_computed_function():
    """A small step along the gradient changes the loss as it says, under the same masks."""
    config = tiny_config("bert", dropout=0.3)
    encoder = load.build(config, model_class=HEADS["text"][0], seed=1).train()
    batch = batch_of(random_texts(LENGTHS))

    def loss():
        torch.manual_seed(3)
        return loss_of(encoder(batch))

    loss().backward()
    gradients = gradients_of(encoder.model)
    square = sum(float(value.square().sum()) for value in gradients.values())
    step, values = 2e-3 / square**0.5, []
    with torch.no_grad():
        for sign in (1, -2):
            for name, parameter in encoder.model.named_parameters():
                if name in gradients:
                    parameter += sign * step * gradients[name]
            values.append(loss().item())
    assert values[0] - values[1] == pytest.approx(2 * step * square, rel=0.02)


def test_a_copy_in_another_format_goes_by_torch():
    encoder = build("bert", "text").eval()
    batch = batch_of(random_texts(LENGTHS))
    with torch.no_grad():
        wanted = encoder(batch)
        coarse = encoder.to(torch.bfloat16)(batch)
        assert coarse.dtype == torch.bfloat16
        assert torch.allclose(coarse.float(), wanted, atol=0.02)


@every_head
@every_kind
def test_why_no_kernels_all_is_the_same_within_rounding(kind, head, fresh_kernels, monkeypatch):
    texts = random_texts(LENGTHS)
    found = learn(build(kind, head), texts)
    monkeypatch.setenv("TEXTUNE_KERNELS", "0")
    libraries.library.cache_clear()
    calls._declared = None
    model_class, per_token = HEADS[head]
    plain = load.build(tiny_config(kind), model_class=model_class, per_token=per_token, seed=1)
    assert plain.packed
    assert not plain.has_kernels
    assert plain.why_no_kernels == "switched off by TEXTUNE_KERNELS=0"
    assert_same(learn(plain.train(), texts), found)


@pytest.mark.parametrize("change", [{"hidden_act": "relu"}, {"is_decoder": True}])
def test_an_unusual_layer_is_left_to_torch(change):
    config = tiny_config("bert", **change)
    encoder = load.build(config, model_class=HEADS["text"][0], seed=1)
    assert not encoder.has_kernels
    if encoder.packed:
        assert encoder.why_no_kernels == "its layers are not built in the usual way"


@pytest.mark.parametrize("bad", [-1, 120])
def test_an_id_beyond_the_table_is_refused(bad):
    encoder, (text,) = build("bert", "text"), random_texts([9])
    text[4] = bad
    with pytest.raises(IndexError, match=f"{bad}: there is no such row among 120"):
        encoder(batch_of([text]))


def test_a_padded_batch_that_names_its_positions_is_no_pack(kernels):
    torch.manual_seed(0)
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=1
    ).eval()
    embeddings = encoder.model.base_model.embeddings
    ids, places = torch.randint(5, 120, (3, 7)), torch.arange(7).expand(3, 7)
    found = embeddings(input_ids=ids, position_ids=places)
    embeddings.fused = None
    assert torch.allclose(found, embeddings(input_ids=ids, position_ids=places), atol=1e-6)


def test_bf16_copies_stay_those_that_the_optimizer_writes(kernels):
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=1
    )
    assert encoder.compute_in(torch.bfloat16)
    before = encoder.halves()
    layer = encoder.model.base_model.encoder.layer[0]
    layer.output.dense.weight.data = layer.output.dense.weight.data.clone()  # moved elsewhere
    _ = layer.fused.output.weight
    after = encoder.halves()
    weight = layer.output.dense.weight
    assert after[weight] is before[weight]
    assert after[weight].copy.data_ptr() == layer.fused.output.weight.data_ptr()
