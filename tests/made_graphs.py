"""Gradients by a memory that stays are compared with the plain way, on a CPU and on a card."""

import torch

from textune.text import batches, buckets
from textune.training.capturing import Capturing


def parts_of(learner, updates=4):
    return [part for work in list(learner.work())[:updates] for part in work.parts]


def plain(model, loss, batch, count):
    batch = batches.moved(batch, model.encoder.device)
    for item in model.encoder.parameters():
        item.grad = None
    found = model.loss(loss, batch) / count
    found.backward()
    model.collect()
    return found.detach(), gradients(model)


def gradients(model):
    return {
        name: item.grad.clone()
        for name, item in model.encoder.named_parameters()
        if item.grad is not None
    }


def assert_same(found, wanted, tolerance=1e-6):
    assert found.keys() == wanted.keys()
    least = 0.1 * max(value.norm() for value in wanted.values())  # keys' biases have none
    for name, value in wanted.items():
        assert (found[name] - value).norm() <= tolerance * max(value.norm(), least), name


def assert_a_scale_is_read_anew(model, loss, batch):
    """Scale the loss by another factor between two passes by one memory."""
    model.set_dropout(False)
    by = Capturing(model, loss, buckets.choose([buckets.size_of(batch)]))
    found = []
    for factor in (64.0, 4096.0):
        model.scale.fill_(factor)
        for item in model.encoder.parameters():
            item.grad = None
        assert by.backward(batch, 4.0) is not None, by.refusal
        found.append({name: item / factor for name, item in gradients(model).items()})
    assert_same(*found, tolerance=0.01)
    assert len(by._steps) == 1


def assert_graphs_would_give_the_plain_gradients(model, loss, given, tolerance=1e-6):
    """Compare one memory, filled by each batch in turn, with the plain way; return the sizes."""
    model.set_dropout(False)
    sizes = buckets.choose(map(buckets.size_of, given), share=0.5, most=1)
    by = Capturing(model, loss, sizes)
    for number, batch in enumerate([*given, given[0]]):
        wanted_loss, wanted = plain(model, loss, batch, 3.0 + number)
        for item in model.encoder.parameters():
            item.grad = None
        found = by.backward(batch, 3.0 + number)
        assert found is not None, (by.refusal, buckets.size_of(batch), sizes)
        assert torch.allclose(found, wanted_loss, rtol=1e-6)
        assert_same(gradients(model), wanted, tolerance)
    assert len(by._steps) == 1
    assert by.plain_passes == 0
    return by
