"""A sub-table of the embedding learns exactly what the whole table would."""

import functools
import shutil

import numpy as np
import pytest
import torch

from families import random_texts, tiny_config
from textune.encoder import load, precision, vocabulary
from textune.encoder.stored import Stored
from textune.objectives.work import Work
from textune.tasks.single import Single
from textune.text import batches
from textune.training import loop, optim, schedules

TASK = Single(("a", "b", "c"))
STEPS = 30


def steps(count=STEPS):
    draw = torch.Generator().manual_seed(0)
    for number in range(1, count + 1):
        lengths = torch.randint(2, 12, (4,), generator=draw).tolist()
        texts = random_texts(lengths, seed=number, vocabulary=60)
        targets = torch.randint(0, 3, (4,), generator=draw)
        batch = batches.pack_ids(texts, lengths, targets=targets)
        yield Work(number, 1, [batch], 4.0, 4, sum(lengths), sum(lengths))


@functools.cache
def learn(*, kind, weight_decay, small):
    encoder = load.build(
        tiny_config(kind), model_class="AutoModelForSequenceClassification", seed=2
    ).train()
    used = np.zeros(120, dtype=bool)
    used[5:60] = True
    sub = vocabulary.shrink(encoder, used) if small else None
    assert (sub is not None) == small
    # SGD after Adam's sign-like steps would hide nothing: a plain rate keeps rounding from growing
    optimizer = optim.adamw(
        encoder.model, lr=1e-3, weight_decay=weight_decay, betas=(0.9, 0.999), eps=1e-3
    )
    schedule = schedules.by_steps(optimizer, "linear", warmup=10, total=STEPS)
    for step in loop.train(
        precision.Plain(encoder), TASK.loss, steps(), optimizer, schedule, clip=0.5
    ):
        if sub is not None:
            sub.step(step.lr, weight_decay)
    if sub is not None:
        vocabulary.restore(encoder, sub)
    return encoder.model.state_dict()


@pytest.mark.parametrize(
    ("kind", "weight_decay"), [("bert", 0.0), ("bert", 0.1), ("roberta", 0.1), ("modernbert", 0.0)]
)
@pytest.mark.covering(1)
@pytest.mark.first(2)
def test_thirty_steps_on_the_sub_table_equal_those_on_the_whole(kind, weight_decay):
    whole = learn(kind=kind, weight_decay=weight_decay, small=False)
    small = learn(kind=kind, weight_decay=weight_decay, small=True)
    assert whole.keys() == small.keys()
    for name, value in whole.items():
        assert small[name].shape == value.shape
        assert torch.allclose(small[name], value, atol=2e-6), name


def test_rows_that_do_not_occur_are_untouched_without_decay():
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=2
    )
    before = encoder.model.get_input_embeddings().weight.detach().clone()
    after = learn(kind="bert", weight_decay=0.0, small=True)
    table = after["bert.embeddings.word_embeddings.weight"]
    assert torch.equal(table[60:], before[60:])
    assert not torch.equal(table[5:60], before[5:60])


def test_a_table_that_is_used_almost_whole_stays():
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=2
    )
    assert vocabulary.shrink(encoder, np.ones(120, dtype=bool)) is None
    assert encoder.table is None


def test_a_table_that_a_head_shares_stays():
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForMaskedLM", per_token=True, seed=2
    )
    used = np.zeros(120, dtype=bool)
    used[5:20] = True
    assert vocabulary.shrink(encoder, used) is None


@pytest.mark.parametrize(("kind", "weight_decay"), [("bert", 0.1), ("roberta", 0.0)])
def test_a_large_table_is_read_again_from_its_file(kind, weight_decay, tmp_path, monkeypatch):
    monkeypatch.setattr(vocabulary, "LARGE", 0)
    config, base = tiny_config(kind), tmp_path / "base"
    model_class = "AutoModelForSequenceClassification"
    load.build(config, model_class=model_class, seed=2).model.save_pretrained(base)
    used = np.zeros(120, dtype=bool)
    used[5:60] = True
    results = []
    for place in (None, str(base)):
        encoder = load.load(str(base), model_class=model_class, config={}).train()
        sub = vocabulary.shrink(encoder, used, place=place)
        assert sub is not None
        assert isinstance(sub.whole, Stored) == (place is not None)
        if place is not None:  # nothing that the encoder still needs lies in the file
            shutil.rmtree(base)
        optimizer = optim.adamw(
            encoder.model, lr=1e-3, weight_decay=weight_decay, betas=(0.9, 0.999), eps=1e-3
        )
        schedule = schedules.by_steps(optimizer, "linear", warmup=3, total=20)
        for step in loop.train(
            precision.Plain(encoder), TASK.loss, steps(20), optimizer, schedule, clip=0.5
        ):
            sub.step(step.lr, weight_decay)
        vocabulary.restore(encoder, sub)
        results.append(encoder.model.state_dict())
    whole, read = results
    assert whole.keys() == read.keys()
    for name, value in whole.items():
        assert torch.equal(read[name], value), name
