"""Gradients go to other processes while the backward pass runs, on every path, and are whole."""

import socket

import pytest
import torch

from made_paths import PATHS, choose, learner_of, make_base, write_rows
from textune.parallel import ranks
from textune.parallel.place import Place
from textune.training import buckets, loop, reducing

RATE = 0.25  # of dropout


@pytest.fixture(scope="module")
def joined():
    """Return what joins processes, of which there is one: all is sent, and nothing added to it."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASTER_ADDR", "localhost")
        patch.setenv("MASTER_PORT", str(port))
        found = ranks.join(Place(), seconds=30, by_cards=False)
        yield found
        found.leave()


class Seen(reducing.Reducer):
    """Notes which buckets were sent before the backward pass had ended; they were complete."""

    def _send(self, bucket):
        super()._send(bucket)
        self.sent[id(bucket)] = [weight.grad.clone() for weight in bucket.weights]

    def begin(self):
        self.sent = {}
        super().begin()

    def agree(self, own, *, is_lacking):
        self.early = [bucket.wait is not None for bucket in self._buckets]
        for bucket in self._buckets:
            for weight, then in zip(bucket.weights, self.sent.get(id(bucket), ()), strict=False):
                assert torch.equal(weight.grad, then)
        return super().agree(own, is_lacking=is_lacking)


def weights_after(learner, reducer=None, updates=3):
    torch.manual_seed(11)
    given = (learner.work(), learner.optimizer, learner.schedule)
    steps = loop.train(learner.model, learner.objective.loss, *given, clip=1.0, reducer=reducer)
    for _ in range(updates):
        next(steps)
    found = [item.detach().flatten() for item in learner.encoder.parameters()]
    return torch.cat(found)


@pytest.mark.parametrize("task", ["single", "mlm"])
@pytest.mark.parametrize("path", PATHS[:4], ids=str)
def test_gradients_go_while_the_backward_pass_runs_and_are_the_same_bits(
    monkeypatch, tiny_base, fresh_kernels, tmp_path, joined, task, path
):
    monkeypatch.setattr(buckets, "LARGE", 64)  # elements: the encoder is small
    choose(path, monkeypatch)
    base, source = make_base(tmp_path / "base", tiny_base, path, RATE), write_rows(tmp_path, task)
    more = (source, tmp_path, "train.micro_tokens=32")  # several micro-batches in an update
    alone, sent = (learner_of(task, path, base, *more) for _ in range(2))
    reducer = Seen(joined, sent.model, sent.optimizer)
    assert torch.equal(weights_after(alone), weights_after(sent, reducer))
    assert len(reducer.early) >= 4  # two layers, and a head of two matrices or one
    assert all(reducer.early)
