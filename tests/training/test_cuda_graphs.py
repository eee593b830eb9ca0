"""Passes that are captured as CUDA graphs: the plain gradients, and masks as they should be.

Skipped where there is no card.
"""

import pytest
import torch

import made_objectives
from families import tiny_config
from made_graphs import (
    assert_a_scale_is_read_anew,
    assert_graphs_would_give_the_plain_gradients,
)
from made_paths import Path, choose, learner_of, make_base, write_rows
from textune.encoder import load, precision
from textune.errors import NumericsError
from textune.fast import attention
from textune.objectives.work import Work
from textune.text import buckets
from textune.training import capturing, late, loop, optim, schedules
from textune.training.capturing import Capturing

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")

WIDE = {"hidden_size": 64, "num_attention_heads": 2}
TASK = made_objectives.OBJECTIVES["single"]


def model_on_a_card(kind="bert", numbers="fp32", rate=0.0):
    config = tiny_config(kind, dropout=rate, **WIDE)
    encoder = load.build(config, model_class="AutoModelForSequenceClassification", seed=1)
    model = precision.wrap(encoder.to("cuda"), numbers)
    model.set_dropout(rate > 0)
    return model


def gradient(model, by, batch, seed=None):
    if seed is not None:
        torch.manual_seed(seed)
    for item in model.encoder.parameters():
        item.grad = None
    assert by.backward(batch, 4.0) is not None, by.refusal
    grads = [item.grad.flatten() for item in model.encoder.parameters() if item.grad is not None]
    return torch.cat(grads).clone()


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "electra", "modernbert"])
def test_a_graph_gives_the_plain_gradients_of_every_family(kind):
    objective = TASK()
    given = [objective.batch(rows) for rows in ((0, 1, 2, 3), (4, 6, 8), (5, 7))]
    by = assert_graphs_would_give_the_plain_gradients(
        model_on_a_card(kind), objective.task.loss, given
    )
    assert all(step._graphs for step in by._steps.values())


@pytest.mark.parametrize("task", ["single", "multi", "number", "tags", "mlm"])
def test_and_of_every_task(task, tiny_base, tmp_path, fresh_kernels, monkeypatch):
    path = Path("fp32", kernels=False, device="cuda")
    choose(path, monkeypatch)
    base, source = make_base(tmp_path / "base", tiny_base, path, 0.0), write_rows(tmp_path, task)
    found = learner_of(task, path, base, source, tmp_path)
    given = [part for work in list(found.work(torch.device("cpu")))[:4] for part in work.parts]
    assert_graphs_would_give_the_plain_gradients(found.model, found.objective.loss, given)


def test_a_graph_reads_the_scale_of_a_loss_where_it_lies():
    objective, encoder = TASK(), model_on_a_card().encoder
    model = precision.wrap(encoder, "fp16", torch.ones((), device="cuda"))
    assert_a_scale_is_read_anew(model, objective.task.loss, objective.batch(range(4)))


@pytest.mark.parametrize("numbers", ["fp32", "bf16", "fp16"])
def test_each_replay_has_other_masks_and_a_seed_brings_them_back(numbers):
    objective, model = TASK(), model_on_a_card(numbers=numbers, rate=0.2)
    batch = objective.batch(range(4))
    by = Capturing(model, objective.task.loss, buckets.choose([buckets.size_of(batch)]))
    first, second = gradient(model, by, batch, seed=5), gradient(model, by, batch)
    assert not torch.allclose(first, second, rtol=1e-3)
    again = [gradient(model, by, batch, seed=5), gradient(model, by, batch)]
    assert torch.allclose(first, again[0], rtol=1e-4, atol=1e-6)
    assert torch.allclose(second, again[1], rtol=1e-4, atol=1e-6)


def test_capturing_moves_no_generator_so_a_resumed_run_draws_the_same():
    objective, model = TASK(), model_on_a_card(rate=0.2)
    batch = objective.batch(range(4))
    sizes = buckets.choose([buckets.size_of(batch)])
    by = Capturing(model, objective.task.loss, sizes)
    gradient(model, by, batch, seed=5)
    state = torch.cuda.get_rng_state()
    unbroken = gradient(model, by, batch)
    resumed = Capturing(model, objective.task.loss, sizes)  # captures anew
    torch.cuda.set_rng_state(state)
    assert torch.allclose(unbroken, gradient(model, resumed, batch), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_graph_drops_attention_at_the_rate(dtype):
    packing = attention.Packing((), torch.tensor([0, 400, 600], device="cuda"), 400)
    states = torch.zeros(600, 2, 32, device="cuda", dtype=dtype)
    ones = torch.ones_like(states)
    attention.attend(states, states, ones, packing=packing, rate=0.25)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = attention.attend(states, states, ones, packing=packing, rate=0.25).float()
    means = []
    for _ in range(20):
        graph.replay()
        means.append(kept.mean().item())
    assert sum(means) / 20 == pytest.approx(1.0, abs=0.01)
    assert len(set(means)) == 20


def test_a_loss_that_waits_for_the_card_goes_the_plain_way_and_says_so():
    objective, model = TASK(), model_on_a_card(rate=0.1)
    batch = objective.batch(range(4))

    def loss(logits, given):
        found = objective.task.loss(logits, given)
        return found * (1.0 if found.item() > -1 else 2.0)

    by = Capturing(model, loss, buckets.choose([buckets.size_of(batch)]))
    assert by.backward(batch, 4.0) is None
    assert len(capturing.news(by)) == 1
    optimizer = optim.adamw(
        model.encoder.model, lr=1e-3, weight_decay=0.0, betas=(0.9, 0.999), eps=1e-8
    )
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=2)
    works = [Work(number, 1, [batch], 4.0, 4, 28, 28) for number in (1, 2)]
    steps = loop.train(model, loss, works, optimizer, schedule, clip=1.0, capturing=by)
    assert len(list(steps)) == 2


def test_a_gradient_that_is_not_finite_is_known_some_updates_later_and_changes_nothing():
    objective, model = TASK(), model_on_a_card()
    batch = objective.batch(range(4))
    bad = torch.zeros((), device="cuda")
    by = Capturing(
        model,
        lambda logits, given: objective.task.loss(logits, given) + bad * logits.sum(),
        buckets.choose([buckets.size_of(batch)]),
    )
    optimizer = optim.adamw(
        model.encoder.model, lr=1e-3, weight_decay=0.1, betas=(0.9, 0.999), eps=1e-8
    )
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=9)
    works = [Work(number, 1, [batch], 4.0, 4, 28, 28) for number in range(1, 10)]
    steps = loop.train(
        model, objective.task.loss, works, optimizer, schedule, clip=1.0, capturing=by
    )
    next(steps)
    before = [value.clone() for value in model.encoder.parameters()]
    bad.fill_(float("nan"))
    with pytest.raises(NumericsError, match=r"step 2: .* as they were after step 1"):
        for step in steps:
            assert step.number <= 2 + late.UPDATES
    assert all(map(torch.equal, before, model.encoder.parameters()))


def test_the_least_recently_used_graph_makes_room(monkeypatch):
    monkeypatch.setattr(capturing, "MOST", 2)
    objective, model = TASK(), model_on_a_card()
    given = [objective.batch(rows) for rows in ((0, 1), (2, 3, 4), (5, 6, 7))]
    sizes = buckets.choose(map(buckets.size_of, given), share=0.0)
    by = Capturing(model, objective.task.loss, sizes)
    for batch in (*given, *given):
        gradient(model, by, batch)
    assert len(by._steps) == 2
    assert by.plain_passes == 0
