"""A sentence encoder's head reads the mean of a text's tokens, by a layer that BERT has anyway."""

import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from transformers import AutoModel, AutoModelForSequenceClassification

from families import random_texts, tiny_config
from textune.encoder import averaging, light, load, masked_lm, plain
from textune.encoder.plain import HEADS
from textune.encoder.tree import Tree
from textune.errors import ModelError
from textune.families.known import FAMILIES, PREFIXES
from textune.fast.fused import FusedLayer
from textune.fast.matrices import Matrix
from textune.tasks import labels as named
from textune.text import batches
from textune.training.optim import adamw

LABELS = ("bad", "fair", "good")
TASK = named.config(LABELS, "single_label_classification")
TEXTS = "AutoModelForSequenceClassification"
KINDS = sorted(name for name, family in FAMILIES.items() if family.takes_averaging)
IDS = random_texts([1, 2, 7, 33, 60])
MEAN = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
every_kind = pytest.mark.parametrize("kind", KINDS)


def write(folder, kind, says=None, **changes):
    """Write a base, with what sentence-transformers says of pooling."""
    torch.manual_seed(3)
    AutoModel.from_config(tiny_config(kind, dropout=0.25, **changes)).save_pretrained(folder)
    if says is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(says), encoding="utf-8")
    return folder


def loaded(folder, model_class=TEXTS, **options):
    options = {"config": TASK, "pooling": "auto", "quick": True} | options
    return load.load(str(folder), model_class=model_class, seed=5, **options).eval()


def pack():
    return batches.pack_ids(IDS, [len(ids) for ids in IDS])


def states(folder, kind):
    """Return the last states of each text, by transformers."""
    model = AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        return [model(input_ids=as_rows(ids)).last_hidden_state[0] for ids in IDS]


def as_rows(ids):
    return torch.from_numpy(ids.astype(np.int64))[None]


def read_by_head(encoder):
    """Return what the head's first layer reads of each text."""
    found = []
    pooler = getattr(encoder.model.base_model, "pooler", None)
    dense = encoder.model.classifier.dense if pooler is None else pooler.dense
    handle = dense.register_forward_pre_hook(lambda _, given: found.append(given[0].detach()))
    encoder.logits(pack())
    handle.remove()
    return found[-1]


def close(one, other, most):
    return (one - other).abs().max() <= most * other.abs().max()


def test_all_families_of_berts_layers_are_tested():
    assert set(PREFIXES) < set(KINDS)
    assert len(KINDS) == 6


@every_kind
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.covering(1)
def test_the_head_reads_the_standardised_mean_of_all_states(tmp_path, kind, quick):
    folder = write(tmp_path / "base", kind, MEAN)
    encoder = loaded(folder, quick=quick)
    assert encoder.packed, encoder.refusal
    means = torch.stack([rows.mean(0) for rows in states(folder, kind)])
    wanted = functional.layer_norm(means, means.shape[1:])
    assert close(read_by_head(encoder), wanted, 2e-3)
    first = torch.stack([rows[0] for rows in states(folder, kind)])
    assert close(read_by_head(loaded(folder, quick=quick, pooling="first")), first, 1e-5)


@every_kind
def test_what_is_saved_computes_the_same_in_every_way(tmp_path, kind):
    encoder = loaded(write(tmp_path / "base", kind, MEAN))
    load.save(encoder, tmp_path)
    logits = encoder.logits(pack())
    stock = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert stock.config.num_hidden_layers == 3
    with torch.no_grad():
        theirs = torch.cat([stock(input_ids=as_rows(ids)).logits for ids in IDS])
        padded = nn.utils.rnn.pad_sequence(
            [as_rows(ids)[0] for ids in IDS], batch_first=True, padding_value=1
        )
        mask = padded != 1
        together = stock(input_ids=padded, attention_mask=mask.long()).logits
    assert torch.allclose(logits, theirs, atol=1e-6)
    assert torch.allclose(logits, together, atol=1e-6)
    again = load.load(str(tmp_path), model_class=TEXTS, config={}, finished=True).eval()
    assert torch.allclose(again.logits(pack()), logits, atol=1e-6)
    if kind in PREFIXES:
        quick, few = light.load(tmp_path, LABELS), plain.load(tmp_path, LABELS, asks="texts")
        nothing = np.zeros(0, dtype=np.int32)
        own = np.concatenate([few.window(ids, len(ids), nothing) for ids in IDS])
        assert quick is None or torch.allclose(quick.logits(pack()), logits, atol=1e-6)
        assert np.abs(own - logits.numpy()).max() < 1e-6


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("kind", sorted(PREFIXES))
def test_a_tree_of_our_own_is_averaged_alike(tmp_path, kind):
    folder = write(tmp_path / "base", kind, MEAN)
    own, stock = (loaded(folder, quick=quick) for quick in (True, False))
    assert [isinstance(one.model, Tree) for one in (own, stock)] == [True, False]
    assert own.remarks == stock.remarks
    one, other = own.model.state_dict(), stock.model.state_dict()
    assert list(one) == list(other)
    assert all(torch.equal(one[name], other[name]) for name in one)
    for number, encoder in enumerate((own, stock)):
        (tmp_path / str(number)).mkdir()
        load.save(encoder, tmp_path / str(number))
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()


def test_the_layer_drops_nothing_and_the_others_do(tmp_path):
    for quick in (True, False):
        encoder = loaded(write(tmp_path / str(quick), "bert", MEAN), quick=quick)
        *others, last = encoder.model.base_model.encoder.layer
        for layer, rate in ((others[-1], 0.25), (last, 0.0)):
            found = [part.p for part in layer.modules() if isinstance(part, nn.Dropout)]
            assert found == [rate] * 3
        assert encoder.model.dropout.p == 0.25


@pytest.mark.parametrize("quick", [True, False])
def test_a_model_with_the_layer_is_a_base_with_it_once(tmp_path, quick):
    first = loaded(write(tmp_path / "base", "bert", MEAN), quick=quick)
    load.save(first, tmp_path)
    again = loaded(tmp_path, quick=quick)
    assert again.config.num_hidden_layers == 3
    assert again.remarks == ("pooling: the mean of a text's tokens (as the base has it)",)
    assert torch.equal(again.logits(pack()), first.logits(pack()))
    drops = again.model.base_model.encoder.layer[-1].modules()
    assert all(part.p == 0 for part in drops if isinstance(part, nn.Dropout))
    other = loaded(tmp_path, quick=quick, config=named.config(("x", "y"), TASK["problem_type"]))
    assert other.config.num_hidden_layers == 3
    assert close(read_by_head(other), read_by_head(first), 1e-6)


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("asks", ["words", "answers", "masks", "first tokens"])
@pytest.mark.covering(1)
def test_the_layer_is_left_out_where_its_mean_is_not_read(tmp_path, quick, asks):
    folder = write(tmp_path / "base", "bert", MEAN)
    load.save(loaded(folder), tmp_path)
    if asks == "masks":
        encoder = masked_lm.read(str(tmp_path)).encoder.eval()
    elif asks == "first tokens":
        encoder = loaded(tmp_path, quick=quick, pooling="first")
    else:
        config = {"num_labels": 2} if asks == "answers" else TASK
        name = f"AutoModel{HEADS[asks]}"
        encoder = loaded(tmp_path, name, quick=quick, config=config, per_token=True)
    assert encoder.config.num_hidden_layers == len(encoder.model.base_model.encoder.layer) == 2
    assert "which only gives the mean of a text's tokens, is left out" in encoder.remarks[-1]
    (tmp_path / "again").mkdir()
    load.save(encoder, tmp_path / "again")
    stored = json.loads((tmp_path / "again" / "config.json").read_text(encoding="utf-8"))
    assert "textune_pooling" not in stored
    for one, other in zip(states(tmp_path / "again", "bert"), states(folder, "bert"), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


SAID = {
    "mean": (MEAN, True, "the base's 1_Pooling/config.json says mean"),
    "mean in new words": ({"pooling_mode": "mean"}, True, "config.json says mean"),
    "first": ({"pooling_mode_cls_token": True}, False, "1_Pooling/config.json says cls"),
    "first in new words": ({"pooling_mode": "cls"}, False, "1_Pooling/config.json says cls"),
    "the largest": ({"pooling_mode_max_tokens": True}, False, "config.json says max"),
    "both": ({**MEAN, "pooling_mode_max_tokens": True}, True, "says mean and max"),
    "both in new words": ({"pooling_mode": ["cls", "mean"]}, True, "says cls and mean"),
    "odd": ({"pooling_mode": 3}, False, "says 3"),
    "nothing": ({}, False, "1_Pooling/config.json says nothing"),
    "no folder": (None, False, "no 1_Pooling/config.json in the base's folder says otherwise"),
}


@pytest.mark.parametrize("case", SAID)
def test_the_bases_folder_says_how_texts_are_read(tmp_path, case):
    says, is_mean, why = SAID[case]
    encoder = loaded(write(tmp_path / "base", "bert", says))
    assert encoder.config.num_hidden_layers == 2 + is_mean
    assert averaging.used(encoder.config) == ("mean" if is_mean else "first")
    what = "the mean of a text's tokens, by one more layer" if is_mean else "a text's first token"
    assert encoder.remarks[-1].startswith(f"pooling: {what} (")
    assert why in encoder.remarks[-1]


def test_what_is_asked_for_comes_before_what_the_folder_says(tmp_path):
    said = write(tmp_path / "said", "bert", MEAN)
    silent = write(tmp_path / "silent", "bert")
    for folder, asked in ((said, "first"), (silent, "mean")):
        encoder = loaded(folder, pooling=asked)
        assert averaging.used(encoder.config) == asked
        assert encoder.remarks[-1].endswith("(as train.pooling says)")


@pytest.mark.parametrize("text", ["{", "[]", '{"pooling_mode": NaN}'])
def test_a_damaged_file_on_pooling_is_named(tmp_path, text):
    folder = write(tmp_path / "base", "bert", {})
    (folder / "1_Pooling" / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"1_Pooling/config\.json: not a JSON object"):
        loaded(folder)
    assert averaging.used(loaded(folder, pooling="first").config) == "first"


@pytest.mark.parametrize("kind", ["modernbert", "eurobert"])
def test_a_head_that_knows_the_mean_is_told_so(tmp_path, kind):
    own = FAMILIES[kind].own_first
    folder = write(tmp_path / "base", kind, MEAN, classifier_pooling=own)
    encoder = loaded(folder)
    assert encoder.config.classifier_pooling == "mean"
    assert encoder.config.num_hidden_layers == 2
    assert "the base's 1_Pooling/config.json says mean" in encoder.remarks[-1]
    assert averaging.used(encoder.config) == "mean"
    assert loaded(folder, pooling="first").config.classifier_pooling == own
    shutil.rmtree(folder / "1_Pooling")
    assert loaded(folder).config.classifier_pooling == own


def test_a_head_of_its_own_kind_stays_as_its_configuration_has_it(tmp_path):
    encoder = loaded(write(tmp_path, "modernbert", classifier_pooling="mean"))
    assert encoder.config.classifier_pooling == "mean"
    assert encoder.remarks[-1] == (
        "pooling: the mean of a text's tokens (as the base's config.json has it)"
    )


@pytest.mark.parametrize("kind", ["electra", "distilbert", "mpnet", "deberta-v2", "albert"])
def test_other_families_keep_what_they_read_and_say_so(tmp_path, kind):
    encoder = loaded(write(tmp_path, kind, MEAN))
    assert averaging.used(encoder.config) == "first"
    assert encoder.remarks[-1].startswith(
        f"pooling: as {kind} has it, and not the mean of a text's tokens (the base's 1_Pooling"
    )


def test_a_head_with_labels_of_the_same_name_keeps_its_first_layer(tmp_path):
    """A trained head is no new one: only a layer that is drawn at random begins as identity."""
    load.save(loaded(write(tmp_path / "base", "roberta")), tmp_path)
    kept = loaded(tmp_path, pooling="mean").model.classifier
    before = loaded(tmp_path, pooling="first").model.classifier
    assert torch.equal(kept.dense.weight, before.dense.weight)
    assert torch.equal(kept.out_proj.weight, before.out_proj.weight)
    new = loaded(tmp_path, pooling="mean", config=named.config(("x", "y"), TASK["problem_type"]))
    assert torch.equal(new.model.classifier.dense.weight, torch.eye(32) / 10)


@pytest.mark.parametrize("says", [MEAN, None])
def test_in_bf16_a_mean_is_rounded_no_further(tmp_path, says):
    encoder = loaded(write(tmp_path, "bert", says))
    if not encoder.compute_in(torch.bfloat16):
        pytest.skip(encoder.why_no_kernels)
    layers = encoder.model.base_model.encoder.layer
    *before, last = ([each.weight.dtype for each in one.fused.matrices] for one in layers)
    assert {dtype for found in before for dtype in found} == {torch.bfloat16}
    rest = torch.float32 if says else torch.bfloat16
    assert last == [torch.float32, rest, rest, rest]


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_feed_forward_part_of_zeros_is_left_out_and_nothing_changes(tmp_path, monkeypatch, dtype):
    folder = write(tmp_path / "base", "bert", MEAN)
    products = []
    times_rows = Matrix.forward

    def learn():
        """Update twice, of two micro-batches each; return all weights, gradients and logits."""
        encoder = loaded(folder)
        if not encoder.compute_in(dtype):
            pytest.skip(encoder.why_no_kernels)
        numbers = {"lr": 1e-2, "weight_decay": 0.1, "betas": (0.9, 0.999), "eps": 1e-8}
        optimizer = adamw(encoder, **numbers, halves=encoder.halves())
        found, of_last = [], encoder.model.base_model.encoder.layer[-1].fused
        monkeypatch.setattr(
            Matrix,
            "forward",
            lambda own, given: products.append(own in of_last.matrices) or times_rows(own, given),
        )
        for _ in range(2):
            for _ in range(2):
                logits = encoder(pack())
                logits.square().sum().backward()
                found.append(logits.detach())
            optimizer.clip(1.0)
            pairs = optimizer.gradients() if dtype == torch.float32 else []
            found += [each.clone() for _, each in pairs if each is not None]
            optimizer.step()
            optimizer.zero_grad()
            encoder.refresh()
        return [*found, *(each.detach().clone() for each in encoder.parameters())]

    short = learn()
    assert sum(products) == 4  # what attention gives, in each pass
    products.clear()
    monkeypatch.setattr(FusedLayer, "_is_idle", lambda own: False)
    whole = learn()
    assert sum(products) == 12
    assert len(short) == len(whole)
    assert all(torch.equal(one, other) for one, other in zip(short, whole, strict=True))


@pytest.mark.usefixtures("kernels")
def test_only_a_feed_forward_part_of_zeros_is_left_out(tmp_path):
    encoder = loaded(write(tmp_path / "base", "bert", MEAN))
    *before, last = encoder.model.base_model.encoder.layer
    assert not any(layer.fused._is_idle() for layer in before)
    assert last.fused._is_idle()
    with torch.no_grad():
        last.intermediate.dense.bias[-1] = 1e-30
    assert not last.fused._is_idle()
