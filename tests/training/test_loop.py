"""One update at a time: the exact mean, clipping, and a stop before broken numbers do harm."""

import pytest
import torch

from families import random_texts, tiny_config
from textune.encoder import load, precision
from textune.errors import NumericsError
from textune.objectives.work import Work
from textune.tasks.single import Single
from textune.text import batches
from textune.training import late, loop, optim, schedules

TASK = Single(("a", "b", "c"))


def work(number=1, parts=1, seed=0):
    lengths = [6, 9, 4, 12]
    texts = random_texts(lengths, seed=seed)
    targets = torch.tensor([0, 1, 2, 0])
    made = [
        batches.pack_ids(
            [texts[row] for row in rows], [lengths[row] for row in rows], targets=targets[rows]
        )
        for rows in torch.arange(4).chunk(parts)
    ]
    return Work(number, 1, made, count=4.0, texts=4, tokens=31, computed=31)


def trained(steps, *, cast=False, clip=1.0, lr=1e-3):
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=4
    ).train()
    model = precision.Cast(encoder) if cast else precision.Plain(encoder)
    optimizer = optim.adamw(encoder.model, lr=lr, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-8)
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=len(steps))
    found = list(loop.train(model, TASK.loss, steps, optimizer, schedule, clip=clip))
    return encoder, found


def weights(encoder):
    return torch.cat([value.detach().flatten() for value in encoder.parameters()])


def test_a_batch_is_learnt_by_heart():
    _, found = trained([work(number) for number in range(1, 61)], lr=5e-3)
    assert float(found[0].loss) > 0.9
    assert float(found[-1].loss) < 0.05
    assert [step.number for step in found] == list(range(1, 61))


@pytest.mark.parametrize("parts", [2, 4])
def test_micro_batches_do_not_change_the_loss_or_the_norm(parts):
    _, whole = trained([work()])
    _, parted = trained([work(parts=parts)])
    assert float(parted[0].loss) == pytest.approx(float(whole[0].loss), abs=1e-6)
    assert float(parted[0].norm) == pytest.approx(float(whole[0].norm), rel=1e-5)


def test_copies_in_bf16_learn_what_fp32_learns():
    steps = [work(number) for number in range(1, 41)]
    exact, _ = trained(steps, lr=3e-3)
    coarse, found = trained(steps, cast=True, lr=3e-3)
    assert all(value.dtype == torch.float32 for value in coarse.parameters())
    assert float(found[-1].loss) < float(found[0].loss) / 2
    gap = (weights(exact) - weights(coarse)).norm() / weights(exact).norm()
    assert 0 < gap.item() < 0.1


def test_a_gradient_that_is_not_finite_stops_before_the_weights_change():
    good, bad = work(1), work(2)
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=4
    ).train()
    optimizer = optim.adamw(encoder.model, lr=1e-3, weight_decay=0.0, betas=(0.9, 0.999), eps=1e-8)
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=2)

    def loss(logits, batch):
        return TASK.loss(logits, batch) * (float("inf") if batch is bad.parts[0] else 1.0)

    steps = loop.train(precision.Plain(encoder), loss, [good, bad], optimizer, schedule, clip=1.0)
    next(steps)
    before = weights(encoder)
    with pytest.raises(NumericsError, match="step 2: the gradient is not finite"):
        next(steps)
    assert torch.equal(before, weights(encoder))


@pytest.mark.parametrize("bad_one", [2, 7])
def test_where_a_norm_is_read_late_the_weights_still_stay_as_they_were(bad_one, monkeypatch):
    """On a card it is read some steps later; here the same updates, on a CPU."""
    works = [work(number) for number in range(1, 9)]
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=4
    ).train()
    optimizer = optim.adamw(encoder.model, lr=1e-3, weight_decay=0.1, betas=(0.9, 0.999), eps=1e-8)
    monkeypatch.setattr(optimizer, "skips", True)
    monkeypatch.setattr(optimizer, "_by_kernel", False)
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=8)

    def loss(logits, batch):
        is_bad = batch is works[bad_one - 1].parts[0]
        return TASK.loss(logits, batch) * (float("nan") if is_bad else 1.0)

    steps = loop.train(precision.Plain(encoder), loss, works, optimizer, schedule, clip=1.0)
    for _ in range(bad_one - 1):
        next(steps)
    before = weights(encoder)
    moments = [state["exp_avg"].clone() for state in optimizer.state.values()]
    following = [next(steps) for _ in range(min(late.UPDATES, len(works) - bad_one))]
    assert following[0].number == bad_one  # nobody has asked yet
    with pytest.raises(
        NumericsError, match=f"step {bad_one}: the .* as they were after step {bad_one - 1}; "
    ):
        list(steps)
    assert torch.equal(before, weights(encoder))
    assert all(
        torch.equal(state["exp_avg"], moment)
        for state, moment in zip(optimizer.state.values(), moments, strict=True)
    )
    assert {float(state["step"]) for state in optimizer.state.values()} == {bad_one - 1.0}


def test_a_late_reading_updates_as_an_early_one_does(monkeypatch):
    found = []
    for skips in (False, True):
        encoder = load.build(
            tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=4
        ).train()
        optimizer = optim.adamw(
            encoder.model, lr=1e-3, weight_decay=0.1, betas=(0.9, 0.999), eps=1e-8
        )
        monkeypatch.setattr(optimizer, "skips", skips)
        monkeypatch.setattr(optimizer, "_by_kernel", False)
        schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=3)
        works = [work(1), work(2), work(3)]
        list(loop.train(precision.Plain(encoder), TASK.loss, works, optimizer, schedule, clip=1.0))
        found.append(weights(encoder))
    assert torch.equal(*found)
