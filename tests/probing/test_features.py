"""Features are what the last linear layer reads: it makes of them the logits of evaluation."""

import random

import numpy as np
import pytest
import torch

from conftest import WORDS
from families import tiny_config
from textune.encoder import load
from textune.evaluation import evaluate
from textune.probing.features import features, last_layer
from textune.records import Example, Shape
from textune.text import store, tokenizers

FAMILIES = ["bert", "roberta", "distilbert", "electra", "modernbert", "deberta-v2"]
SHAPES = {
    "texts": Shape(max_tokens=12, long="window", overlap=0.25),
    "words": Shape(max_tokens=12, long="window", overlap=0.25, asks="words"),
}


def sentences(number=30):
    draw = random.Random(0)
    for place in range(number):
        words = [draw.choice(WORDS) for _ in range(draw.choice([1, 3, 6, 9, 25]))]
        text, spans, start = " ".join(words), [], 0
        for word in words:
            spans.append((start, start + len(word)))
            start += len(word) + 1
        yield Example(text, f"row {place}", words=tuple(spans))


def made(kind, asks, base):
    head = "TokenClassification" if asks == "words" else "SequenceClassification"
    config = tiny_config(kind, dropout=0.1)
    found = load.build(config, model_class=f"AutoModelFor{head}", per_token=asks == "words")
    texts = store.tokenize(sentences(), tokenizers.load(str(base)), SHAPES[asks])
    return found, texts


@pytest.mark.parametrize("asks", ["texts", "words"])
@pytest.mark.parametrize("kind", FAMILIES)
def test_the_last_layer_makes_the_logits_of_evaluation_of_them(kind, asks, tiny_base):
    encoder, texts = made(kind, asks, tiny_base)
    assert texts.windows.max() > 1
    rows = np.random.default_rng(0).permutation(len(texts))[:20]
    found = features(encoder.train(), texts, rows, micro_tokens=40)
    assert encoder.training
    assert found.dtype == np.float32
    layer = last_layer(encoder)
    with torch.no_grad():
        logits = layer(torch.from_numpy(found)).numpy()
    places = []
    starts = texts.item_borders if asks == "words" else np.arange(len(texts) + 1)
    first = dict(zip(rows.tolist(), np.cumsum([0, *np.diff(starts)[rows][:-1]]), strict=True))
    with torch.inference_mode():
        for part, answers in evaluate.logits(encoder, texts, rows, micro_tokens=40):
            mine = [
                first[row] + item
                for row in rows[part].tolist()
                for item in range(int(np.diff(starts)[row]))
            ]
            places += mine
            np.testing.assert_allclose(logits[mine], answers, atol=2e-5)
    assert sorted(places) == list(range(len(found)))


def test_windows_are_averaged_whatever_the_encoder_pools_by(tiny_base):
    encoder, texts = made("bert", "texts", tiny_base)
    rows = np.arange(len(texts))
    mean = features(encoder, texts, rows, micro_tokens=1000)
    encoder.pool = "max"
    np.testing.assert_array_equal(features(encoder, texts, rows, micro_tokens=1000), mean)
    assert encoder.pool == "max"


def test_the_last_layer_is_as_it_was(tiny_base):
    encoder, texts = made("bert", "texts", tiny_base)
    features(encoder, texts, np.arange(3), micro_tokens=1000)
    assert not last_layer(encoder)._forward_hooks
