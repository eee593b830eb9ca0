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
    return weights_of(learner)


def weights_of(learner):
    return torch.cat([item.detach().flatten() for item in learner.encoder.parameters()])


@pytest.mark.parametrize("task", ["single", "mlm"])
@pytest.mark.parametrize("path", PATHS[:4], ids=str)
@pytest.mark.covering(1)
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
    assert len(reducer.early) >= 3  # two layers, and a head
    assert all(reducer.early)


@pytest.mark.parametrize("task", ["single", "mlm"])
@pytest.mark.parametrize("path", PATHS[:4], ids=str)
@pytest.mark.covering(1)
def test_large_weights_lie_where_all_processes_see_them_and_then_in_memory_of_their_own(
    monkeypatch, tiny_base, fresh_kernels, tmp_path, joined, task, path
):
    monkeypatch.setattr(buckets, "LARGE", 64)
    choose(path, monkeypatch)
    base, source = make_base(tmp_path / "base", tiny_base, path, RATE), write_rows(tmp_path, task)
    learner = learner_of(task, path, base, source, tmp_path)
    reducer = reducing.Reducer(joined, learner.model, learner.optimizer)
    large = [each for each in learner.encoder.parameters() if each.numel() >= 64 and each.dim() > 1]
    found = weights_after(learner, reducer)
    common, halves = joined.memory.common, learner.encoder.halves()
    if learner.optimizer.may_join:
        assert all(lies_in(item, common) for item in large)
        assert all(lies_in(half.copy, common) for half in halves.values())
    reducer.close()
    common.fill_(float("nan"))
    assert torch.equal(weights_of(learner), found)
    for item, half in learner.encoder.halves().items():
        assert half is halves[item]
        assert torch.equal(half.copy, item.bfloat16())


def lies_in(tensor, memory):
    start = tensor.data_ptr() - memory.data_ptr()
    return 0 <= start < memory.numel() * memory.element_size()
