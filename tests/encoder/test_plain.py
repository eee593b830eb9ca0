"""NumPy alone answers as transformers does; what is unusual is left to torch."""

import json
import math

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from families import tiny_config
from textune.encoder import plain, pooling
from textune.encoder.plain import PREFIXES, PlainEncoder
from textune.evaluation.answered import one_by_one
from textune.records import Items, Shape
from textune.text.store import Store

LABELS = ("LABEL_0", "LABEL_1", "LABEL_2")
LENGTHS = [1, 2, 7, 33, 60]
FAMILIES = sorted(PREFIXES)


def saved(folder, kind="bert", head="ForSequenceClassification", **changes):
    torch.manual_seed(3)
    auto = getattr(transformers, f"AutoModel{head}")
    model = auto.from_config(tiny_config(kind, **changes))
    for weight in model.parameters():  # biases and norms too, which begin as zeros and ones
        weight.data += 0.1 * torch.randn_like(weight)
    model.save_pretrained(folder)
    return model.eval()


def stored(texts, asks="texts", pieces=1):
    """Lay texts, of which each is so many windows, into a store; every token is an item."""
    sizes = [len(text) for text in texts]
    borders = np.concatenate([[0], np.cumsum(sizes)])
    places = np.concatenate([np.arange(size) for size in sizes])
    starts = np.arange(0, len(texts) + 1, pieces)
    return Store(
        ids=np.concatenate(texts).astype(np.int32),
        borders=borders,
        first_sizes=np.asarray([max(1, size // 2) for size in sizes], dtype=np.int32),
        starts=starts,
        fulls=np.diff(borders[starts]).astype(np.int32),
        asked=places.astype(np.int32),
        items=places.astype(np.int32),
        asked_borders=borders,
        spans=np.zeros((len(places), 2), dtype=np.int32),
        item_borders=borders[starts],
        shape=Shape(64, asks=asks),
        key="",
    )


def texts_of(config):
    draw = np.random.default_rng(0)
    return [draw.integers(5, config.vocab_size, size) for size in LENGTHS]


def theirs(model, ids):
    """Let transformers answer one window, its second half in the second segment."""
    segments = (torch.arange(len(ids)) >= max(1, len(ids) // 2)).long()[None]
    if model.config.type_vocab_size == 1:
        segments = segments * 0
    with torch.inference_mode():
        return model(torch.from_numpy(ids)[None], token_type_ids=segments)


@pytest.mark.parametrize("kind", FAMILIES)
def test_logits_of_texts_equal_those_of_transformers(kind, tmp_path):
    model = saved(tmp_path, kind)
    encoder = plain.load(tmp_path, LABELS, asks="texts")
    texts = texts_of(model.config)
    found = [part for _, part in one_by_one(encoder, stored(texts), np.arange(5))]
    wanted = np.concatenate([theirs(model, ids).logits.numpy() for ids in texts])
    assert wanted.std() > 0.01
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=1e-5)


@pytest.mark.parametrize("kind", FAMILIES)
def test_logits_of_words_equal_those_of_transformers(kind, tmp_path):
    model = saved(tmp_path, kind, "ForTokenClassification")
    encoder = plain.load(tmp_path, LABELS, asks="words", pool="likely")
    for ids in texts_of(model.config):
        ((_, found),) = one_by_one(encoder, stored([ids], "words"), np.arange(1))
        np.testing.assert_allclose(found, theirs(model, ids).logits[0], atol=1e-5)


@pytest.mark.parametrize("kind", FAMILIES)
def test_logits_of_answers_equal_those_of_transformers(kind, tmp_path):
    model = saved(tmp_path, kind, "ForQuestionAnswering", num_labels=2)
    encoder = plain.load(tmp_path, (), asks="answers", pool="likely")
    ids = texts_of(model.config)[3]
    ((_, found),) = one_by_one(encoder, stored([ids], "answers"), np.arange(1))
    answer = theirs(model, ids)
    wanted = torch.stack([answer.start_logits[0], answer.end_logits[0]], dim=-1)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("how", ["mean", "max", "likely", "learned"])
def test_windows_become_one_answer_as_with_torch(how):
    draw = torch.Generator().manual_seed(0)
    answers = torch.randn(7, 3, generator=draw)
    sharpness = torch.randn(3, generator=draw)
    of = torch.tensor([0, 0, 0, 1, 3, 3, 3])  # no window speaks of item 2
    wanted = pooling.pool(answers, Items((1, 1, 1, 1), of), how, sharpness)
    found = plain.pooled(answers.numpy(), of.numpy(), 4, how=how, sharpness=sharpness.numpy())
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_text_in_windows_gets_one_answer(tmp_path):
    model = saved(tmp_path)
    encoder = plain.load(tmp_path, LABELS, asks="texts", pool="max")
    texts = texts_of(model.config)[1:]
    parts = list(one_by_one(encoder, stored(texts, pieces=2), np.arange(2)))
    single = [theirs(model, ids).logits.numpy()[0] for ids in texts]
    wanted = [np.maximum(single[0], single[1]), np.maximum(single[2], single[3])]
    np.testing.assert_allclose(np.concatenate([part for _, part in parts]), wanted, atol=1e-5)


def test_gelu_is_exact_in_fp32():
    states = np.linspace(-9, 9, 20_001, dtype=np.float32)
    wanted = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in states.tolist()]
    np.testing.assert_allclose(plain.gelu(states), wanted, atol=1e-6)


@pytest.mark.parametrize("kind", ["distilbert", "electra", "albert"])
def test_other_families_are_left_to_torch(kind, tmp_path):
    saved(tmp_path, kind)
    assert plain.load(tmp_path, LABELS, asks="texts") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_act": "relu"},
        {"is_decoder": True},
        {"architectures": ["BertForMaskedLM"]},
        {"num_hidden_layers": 3},
        {"id2label": None},
        {"model_type": None},
        {"position_embedding_type": "relative_key"},
    ],
    ids=str,
)
def test_an_unusual_configuration_is_left_to_torch(changes, tmp_path):
    saved(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes), encoding="utf-8")
    assert plain.load(tmp_path, LABELS, asks="texts") is None


def test_other_labels_and_weights_that_are_not_whole_are_left_to_torch(tmp_path):
    saved(tmp_path)
    assert isinstance(plain.load(tmp_path, LABELS, asks="texts"), PlainEncoder)
    assert plain.load(tmp_path, LABELS[::-1], asks="texts") is None
    file = tmp_path / "model.safetensors"
    whole = load_file(file)
    name = "bert.encoder.layer.1.attention.self.key.weight"
    for other in (
        {key: value for key, value in whole.items() if key != name},
        whole | {name: whole[name].bfloat16()},
        whole | {name: whole[name] * torch.nan},
    ):
        save_file(other, file)
        assert plain.load(tmp_path, LABELS, asks="texts") is None


def test_large_weights_are_left_to_torch(tmp_path, monkeypatch):
    saved(tmp_path)
    size = (tmp_path / "model.safetensors").stat().st_size
    monkeypatch.setattr(plain, "LARGEST", size)
    assert plain.load(tmp_path, LABELS, asks="texts") is not None
    monkeypatch.setattr(plain, "LARGEST", size - 1)
    assert plain.load(tmp_path, LABELS, asks="texts") is None
