"""Losses and draws for rare labels: the papers' formulas, by hand and by plain torch."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from textune.records import Batch
from textune.tasks import focused, imbalance, linear, registry
from textune.text import plan

LABELS = ("a", "b", "c")


def batch(targets, weights=None):
    empty = torch.zeros(0, dtype=torch.int64)
    return Batch(empty, empty, empty, empty, (), targets=torch.as_tensor(targets), weights=weights)


def made(name, **changes):
    return replace(registry.make(name, LABELS), **changes)


def test_focal_loss_of_classes_is_the_paper_s():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))
    found = made("single", criterion="focal").loss(logits, batch([0, 1]))
    by_hand = 0.5**2 * math.log(2) + 0.8**2 * math.log(5)
    assert float(found) == pytest.approx(by_hand, rel=1e-5)
    weights, weighed = (1.0, 3.0, 1.0), made("single", criterion="focal", weights=(1.0, 3.0, 1.0))
    by_hand = 0.5**2 * math.log(2) + weights[1] * 0.8**2 * math.log(5)
    assert float(weighed.loss(logits, batch([0, 1]))) == pytest.approx(by_hand, rel=1e-5)


def test_tags_that_no_window_shows_have_no_focal_loss():
    tags = replace(registry.make("tags", ("O", "B-X", "I-X")), criterion="focal")
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))
    found = tags.loss(logits, batch([0, -100]))
    assert float(found) == pytest.approx(0.5**2 * math.log(2), rel=1e-5)


@pytest.mark.parametrize(
    ("criterion", "yes", "no"),
    [
        ("focal", 0.25**2 * -math.log(0.75), 0.75**2 * -math.log(0.25)),
        ("asymmetric", 0.25 * -math.log(0.75), 0.7**4 * -math.log(0.3)),
    ],
)
def test_losses_of_several_labels_are_the_papers(criterion, yes, no):
    logits = torch.full((3, 3), math.log(3.0))  # probabilities of 0.75
    targets = np.array([[1.0, 0, np.nan], [np.nan] * 3, [0.0, np.nan, 1.0]], dtype=np.float32)
    found = made("multi", criterion=criterion).loss(logits, batch(targets))
    assert float(found) == pytest.approx(2 * yes + 2 * no, rel=1e-5)
    weighed = made("multi", criterion=criterion, weights=(5.0, 1.0, 2.0))
    texts = torch.tensor([1.0, 1.0, 0.5])
    found = weighed.loss(logits, batch(targets, texts))
    assert float(found) == pytest.approx(5 * yes + no + 0.5 * no + 0.5 * 2 * yes, rel=1e-5)


def test_easy_negatives_do_not_count_in_asymmetric_loss():
    logits = torch.tensor([[-3.0, -30.0, -300.0]], requires_grad=True)  # below the margin
    loss = made("multi", criterion="asymmetric").loss(logits, batch(np.zeros((1, 3), np.float32)))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad.tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("name", ["single", "multi", "tags"])
def test_smoothed_focal_loss_is_that_of_all_answers_by_their_shares(name):
    targets = {
        "multi": np.array([[1.0, 0, np.nan], [0.0, 1, 1]], dtype=np.float32),
    }.get(name, np.array([0, 2]))
    logits = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    smoothed = made(name, criterion="focal", smoothing=0.3)
    found = smoothed.loss(logits, batch(targets))
    plain = replace(smoothed, smoothing=0.0)
    if name == "multi":
        wanted = 0.85 * plain.loss(logits, batch(targets)) + 0.15 * plain.loss(
            logits, batch(1 - targets)
        )
    else:
        others = sum(plain.loss(logits, batch(np.array([n, n]))) for n in range(3))
        wanted = 0.7 * plain.loss(logits, batch(targets)) + 0.1 * others
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "criterion"), [("single", "focal"), ("multi", "focal"), ("multi", "asymmetric")]
)
def test_gradients_are_those_of_differences(name, criterion):
    task = made(name, criterion=criterion, weights=(1.0, 2.0, 0.5), smoothing=0.1)
    targets = np.array([0, 1, 2, 1])
    if name == "multi":
        targets = np.array([[1, 0, np.nan], [0, 0, 1], [1, 1, 0], [0, 0, 0]], dtype=np.float32)
    logits = 2 * torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    logits.requires_grad_()
    task.loss(logits, batch(targets)).backward()
    for place in range(12):
        step = torch.zeros(12)
        step[place] = 1e-2
        step = step.view(4, 3)
        with torch.no_grad():
            up, down = (task.loss(logits + s * step, batch(targets)) for s in (1, -1))
        assert float(logits.grad.view(-1)[place]) == pytest.approx(
            float(up - down) / 2e-2, abs=2e-3
        )


@pytest.mark.parametrize("criterion", ["focal", "asymmetric"])
def test_losses_and_gradients_are_finite_where_answers_are_sure(criterion):
    logits = torch.tensor([[90.0, -90.0, 0.0], [-90.0, 90.0, 0.0]], requires_grad=True)
    targets = np.array([[1, 0, 0], [1, 0, 1]], dtype=np.float32)
    loss = made("multi", criterion=criterion).loss(logits, batch(targets))
    loss.backward()
    assert torch.isfinite(loss.detach())
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("criterion", ["focal", "asymmetric"])
def test_the_linear_head_s_losses_are_those_of_training(criterion):
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(6, 3)).astype(np.float32) * 3
    targets = (draw.random((6, 3)) < 0.4).astype(np.float32)
    targets[0, 0] = np.nan
    found = focused.losses(logits, targets.astype(np.float64), criterion).sum()
    wanted = made("multi", criterion=criterion).loss(torch.from_numpy(logits), batch(targets))
    assert found == pytest.approx(float(wanted), rel=1e-5)


def penalised(layer, features, loss, strength):
    weight, bias = (torch.tensor(part, dtype=torch.float64) for part in layer)
    logits = torch.from_numpy(features) @ weight.T + bias
    return float(strength * loss(logits.float()) + weight.square().sum() / 2)


@pytest.mark.parametrize(
    ("name", "criterion"), [("single", "focal"), ("multi", "focal"), ("multi", "asymmetric")]
)
def test_no_step_from_the_linear_head_that_is_found_makes_its_loss_smaller(name, criterion):
    draw = np.random.default_rng(1)
    features = draw.normal(size=(60, 4))
    targets = (features[:, :3] + draw.normal(size=(60, 3)) > 0.8).astype(np.float32)
    task = made(name, criterion=criterion)
    if name == "single":
        targets = targets.argmax(axis=1)
        is_mine = targets[:, None] == np.arange(3)
        layer = focused.classes(features, is_mine, np.ones(60), 1.0)
    else:
        layer = focused.several(
            features, targets, np.ones(60), np.ones(3), 1.0, criterion=criterion
        )

    def loss(logits):
        return task.loss(logits, batch(targets))

    least = penalised(layer, features, loss, 1.0)
    for _ in range(20):
        step = draw.normal(size=(3, 5)) * 0.02
        other = layer[0] + step[:, :4], layer[1] + step[:, 4]
        assert penalised(other, features, loss, 1.0) > least - 1e-4


@pytest.mark.parametrize("how", ["balanced", "square-root"])
def test_classes_come_as_often_as_they_should(how):
    targets = np.repeat([0, 1, 2], [900, 90, 10])
    copies = imbalance.copies(targets, how)
    assert copies.mean() == pytest.approx(1.0)
    rows = plan.drawn(copies, np.random.default_rng(0))
    counts = np.bincount(targets[rows])
    wanted = np.array([900, 90, 10]) ** {"balanced": 0.0, "square-root": 0.5}[how]
    assert counts.sum() == 1000
    assert np.abs(counts - 1000 * wanted / wanted.sum()).max() <= 1
    of_rare = np.bincount(rows, minlength=1000)[990:]
    assert of_rare.max() - of_rare.min() <= 1  # texts of one class alike


def test_a_text_of_several_labels_is_drawn_by_the_rarest():
    targets = np.zeros((100, 2), dtype=np.float32)
    targets[:40, 0] = 1  # 35 with the first alone, 5 with both, 5 with the second alone, 55 none
    targets[35:45, 1] = 1
    copies = imbalance.copies(targets, "balanced")
    shares = [copies[rows].sum() for rows in (slice(35), slice(35, 45), slice(45, 100))]
    assert shares == pytest.approx([100 / 3] * 3)


def test_a_linear_head_of_drawn_texts_is_that_of_their_weights():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(80, 5)).astype(np.float32)
    targets = np.repeat([0, 1, 2], [60, 15, 5])
    folds = np.arange(80) % 5
    probe = registry.of("single").probe
    drawn = probe(
        made("single", sampling="balanced"), features, targets, seed=0, weights=None, folds=folds
    )
    weighed = probe(
        made("single").weighted(targets), features, targets, seed=0, weights=None, folds=folds
    )
    assert np.allclose(drawn.weight, weighed.weight, atol=1e-5)
    focal = linear.classes(features, targets, outputs=3, seed=0, folds=folds, criterion="focal")
    assert not np.allclose(focal.weight, drawn.weight, atol=1e-2)


def test_constant_answers_know_how_often_texts_are_drawn():
    targets = np.repeat([0, 1, 2], [60, 15, 5])
    shares = np.exp(made("single", sampling="balanced").prior(targets))
    assert shares == pytest.approx([1 / 3] * 3)
    several = np.zeros((100, 3), dtype=np.float32)
    several[:10, 0] = 1
    odds = made("multi", sampling="balanced").prior(several)
    assert odds[0] == pytest.approx(0.0)
