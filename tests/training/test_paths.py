"""Every path learns the same: dropout at its rate, the same gradient on average and in spread.

Each path computes with a Learner made from settings, and its loop.
"""

import hashlib
import itertools
import os
from itertools import islice

import pytest
import torch

import thinning
from made_paths import (
    PATHS,
    choose,
    every_path,
    every_task_and_path,
    learner_of,
    make_base,
    stock_loss,
    write_rows,
)
from textune.encoder import averaging, configuration
from textune.encoder.tree import Tree
from textune.fast import attention, attention_probe, dropout, first_tokens, fused
from textune.training import checkpoint, loop

TASKS = ["single", "multi", "number", "tags", "mlm"]
MEAN = "single, by the mean of the tokens"
DRAWS = int(os.environ.get("TEXTUNE_DRAWS", "60"))  # masks over which gradients are averaged
RATE = 0.25
BY_TORCH = [path for path in PATHS if not path.kernels and path.device == "cpu"]
SPARE = [path for path in BY_TORCH if path.numbers == ("fp32" if path.packed else "bf16")]


@pytest.fixture(scope="module")
def base_of(tiny_base, tmp_path_factory):
    """Return a function that gives the base of a path at a rate of dropout, made once."""
    made = {}

    def base(path, rate):
        key = path.packed, rate
        if key not in made:
            made[key] = make_base(tmp_path_factory.mktemp("base"), tiny_base, path, rate)
        return made[key]

    return base


@pytest.fixture
def make(tmp_path, base_of, fresh_kernels, monkeypatch):
    """Return a function that makes the Learner of a task on a path, at a rate of dropout."""
    count = itertools.count()

    def made(task, path, rate, *changes):
        choose(path, monkeypatch)
        folder = tmp_path / str(next(count))
        folder.mkdir()
        if task == MEAN:
            task, changes = "single", ("train.pooling=mean", *changes)
        source = write_rows(folder, task)
        learner = learner_of(task, path, base_of(path, rate), source, folder, *changes)
        assert learner.encoder.packed is path.packed, learner.encoder.refusal
        assert learner.encoder.has_kernels is path.kernels
        return learner

    return made


def weights_after(learner, updates=4):
    """Return all weights after some updates by the loop, but for those beside which none counts."""
    torch.manual_seed(11)
    steps = loop.train(
        learner.model,
        learner.objective.loss,
        learner.work(),
        learner.optimizer,
        learner.schedule,
        clip=1.0,
    )
    assert len(list(islice(steps, updates))) == updates
    values = [item.detach().flatten().cpu() for item in learner.encoder.parameters()]
    return torch.cat([item for item in values if item.abs().max() < averaging.GAIN / 2])


def far(one, other):
    return ((one - other).norm() / other.norm()).item()


def test_all_paths_are_tested():
    assert len(PATHS) == 12
    assert {path.numbers for path in PATHS} == {"fp32", "bf16", "fp16"}


@pytest.fixture(scope="module")
def plain():
    """Return what torch learns in fp32 without dropout, by task and packing."""
    return {}


@every_task_and_path([*TASKS, MEAN], of_fp16=["single", "mlm"])
def test_without_dropout_every_path_learns_the_same_and_with_it_something_else(
    make, plain, task, path
):
    key = task, path.packed
    first = next(each for each in PATHS if each.packed is path.packed and not each.kernels)
    if key not in plain:
        plain[key] = weights_after(make(task, first, 0.0))
    without = plain[key] if path == first else weights_after(make(task, path, 0.0))
    dropped = weights_after(make(task, path, RATE))
    assert far(without, plain[key]) < (1e-5 if path.numbers == "fp32" else 2e-2)
    assert far(dropped, without) > 1e-3


@pytest.mark.parametrize("path", [path for path in PATHS if path.kernels], ids=str)
@pytest.mark.parametrize("task", ["single", "tags", MEAN])  # others have the head of the first
@pytest.mark.covering(1)
def test_a_tree_of_our_own_learns_the_bits_that_transformers_modules_learn(
    make, monkeypatch, task, path
):
    own = make(task, path, RATE)
    monkeypatch.setattr(configuration, "KINDS", {})  # as a base that says more than is known here
    stock = make(task, path, RATE)
    assert [isinstance(one.encoder.model, Tree) for one in (own, stock)] == [True, False]
    assert torch.equal(weights_after(own), weights_after(stock))
    moments, wanted = (checkpoint.optimizer_tensors(one.optimizer) for one in (own, stock))
    assert list(moments) == list(wanted)
    assert all(torch.equal(moments[name], value) for name, value in wanted.items())


@every_path
def test_judging_between_two_updates_leaves_dropout_on(make, path):
    learner = make("single", path, RATE)
    steps = loop.train(
        learner.model,
        learner.objective.loss,
        learner.work(),
        learner.optimizer,
        learner.schedule,
        clip=1.0,
    )
    next(steps)
    learner.objective.judge(learner.encoder, micro_tokens=learner.micro_tokens)
    learner.encoder.eval()  # as whoever judged may leave it
    next(steps)
    assert all(part.training for part in learner.encoder.modules())


def test_every_place_of_dropout_in_the_kernels_has_its_rate_and_a_mask_of_its_own(
    make, monkeypatch
):
    drawn = []

    def spy(rate, *, training):
        drop = draw(rate, training=training)
        drawn.append((rate, training, drop))
        return drop

    learner, draw = make("single", PATHS[0], RATE), fused.draw
    for module in (fused, first_tokens):
        monkeypatch.setattr(module, "draw", spy)
    weights_after(learner, updates=2)
    places = 1 + 3 * 2  # the embeddings, and three in each of two layers
    assert len(drawn) == 2 * places
    assert all(rate == RATE and training for rate, training, _ in drawn)
    assert all(drop.rate == RATE for _, _, drop in drawn)
    assert len({drop.seed for _, _, drop in drawn}) == len(drawn)


@pytest.mark.parametrize(
    "path", [thinning.spare(path, path in SPARE) for path in BY_TORCH], ids=str
)
def test_every_module_of_dropout_drops_at_its_rate(make, path):
    learner = make("tags", path, RATE)
    shares = {}

    def watch(name):
        def hook(module, given, output):
            dropped = (output == 0) & (given[0] != 0)
            seen = shares.setdefault(name, [0, 0])
            seen[0] += dropped.sum().item()
            seen[1] += (given[0] != 0).sum().item()

        return hook

    places = [
        (name, part)
        for name, part in learner.encoder.named_modules()
        if isinstance(part, torch.nn.Dropout)
    ]
    assert len(places) >= 7
    for name, part in places:
        part.register_forward_hook(watch(name))
    weights_after(learner, updates=6)
    assert shares  # the others' rates are read by the layer that computes for them
    for name, (dropped, seen) in shares.items():
        spread = (RATE * (1 - RATE) / seen) ** 0.5
        assert abs(dropped / seen - RATE) < 4 * spread, name


@pytest.mark.parametrize(
    "path", [thinning.spare(path, path in SPARE) for path in BY_TORCH], ids=str
)
def test_every_mask_of_torchs_own_operations_has_the_rate_and_is_another(make, monkeypatch, path):
    drawn = []

    def spy(shape, rate, like):
        found = mask(shape, rate, like)
        drawn.append((rate, found))
        return found

    learner, mask = make("single", path, RATE, "train.micro_tokens=4096"), dropout.mask
    monkeypatch.setattr(dropout, "mask", spy)
    weights_after(learner, updates=3)
    by_attention = [found for _, found in drawn if found.ndim == 4]  # (B, H, L, L)
    assert len(by_attention) >= 3 * 2  # two layers in three updates
    assert len(drawn) - len(by_attention) >= 3 * 5  # embeddings, and two in each layer
    assert {rate for rate, _ in drawn} == {RATE}
    for one in (by_attention, [found for _, found in drawn if found.ndim != 4]):
        zeros = torch.cat([(found == 0).flatten() for found in one]).float()
        assert abs(zeros.mean().item() - RATE) < 4 * (RATE * (1 - RATE) / len(zeros)) ** 0.5
    firsts = [tuple((found == 0).flatten()[:64].tolist()) for _, found in drawn]
    assert len(set(firsts)) == len(firsts)
    for found in by_attention:
        assert not torch.equal(found[:, 0], found[:, 1])


def directions_of(parameters):
    """Return a fixed random direction of length 1 for each tensor."""
    draw = torch.Generator().manual_seed(1)
    drawn = [torch.randn(parameter.shape, generator=draw) for parameter in parameters]
    return [direction / direction.norm() for direction in drawn]


def projected(directions, gradients):
    """Return one number a tensor: its gradient along its direction."""
    found = [
        torch.zeros(()) if gradient is None else (gradient.float().cpu() * direction).sum()
        for direction, gradient in zip(directions, gradients, strict=True)
    ]
    return torch.stack(found)


def drawn_gradients(learner, work):
    """Return (DRAWS, tensors) of one batch's gradients under as many masks of dropout."""
    names = [n for n, item in learner.encoder.model.named_parameters() if item.requires_grad]
    own = dict(learner.encoder.model.named_parameters())
    parameters = [own[name] for name in names]
    directions, found = directions_of(parameters), []
    scale = 1.0 if learner.model.scale is None else learner.model.scale
    torch.manual_seed(5)
    for _ in range(DRAWS):
        learner.model.set_dropout(True)
        loop.accumulate(learner.model, learner.objective.loss, work)
        pairs = {id(item): value for item, value in learner.optimizer._with_gradients()}
        found.append(projected(directions, [pairs.get(id(item)) for item in parameters]) / scale)
        learner.optimizer.zero_grad()
    return names, torch.stack(found)


def stock_gradients(learner, task, work, names):
    """Return the same numbers of plain transformers with eager attention."""
    (batch,) = work.parts
    model, loss = stock_loss(learner, task, batch)
    own = dict(model.named_parameters())
    parameters = [own[name] for name in names]
    directions, found = directions_of(parameters), []
    torch.manual_seed(6)
    model.train()
    for _ in range(DRAWS):
        model.zero_grad()
        (loss() / work.count).backward()
        found.append(projected(directions, [item.grad for item in parameters]))
    return torch.stack(found)


@pytest.fixture(scope="module")
def drawn_by_stock():
    """Return the gradients of plain transformers, by all that decides them."""
    return {}


def decided_by(learner, task, work):
    """Return what decides the gradients of plain transformers: weights, tokens and targets."""
    found = hashlib.sha256(task.encode())
    for name, value in sorted(learner.encoder.model.state_dict().items()):
        found.update(f"{name} {value.dtype}".encode())
        found.update(value.cpu().contiguous().view(torch.uint8).numpy())
    (batch,) = work.parts
    given = (batch.ids, batch.targets, batch.asked, batch.mlm_targets)
    parts = [None if part is None else part.tolist() for part in given]
    found.update(repr((work.count, batch.lengths, parts)).encode())
    return found.hexdigest()


@every_task_and_path(["single", "tags", "mlm"], of_fp16=["single"])
def test_gradients_under_dropout_have_the_mean_and_spread_of_transformers(
    make, drawn_by_stock, task, path
):
    learner = make(task, path, RATE, "train.micro_tokens=4096")
    work = next(learner.work())
    names, ours = drawn_gradients(learner, work)
    key = decided_by(learner, task, work)
    if key not in drawn_by_stock:
        drawn_by_stock[key] = stock_gradients(learner, task, work, names)
    theirs = drawn_by_stock[key]
    errors = ((ours.var(0) + theirs.var(0)) / DRAWS).sqrt()
    apart = (ours.mean(0) - theirs.mean(0)).abs()
    coarse = 0.02 * theirs.abs().mean(0) if path.numbers != "fp32" else 0.0
    for place, name in enumerate(names):
        assert (
            apart[place] <= 4 * errors[place] + coarse + 1e-6
            if path.numbers == "fp32"
            else (apart[place] <= 4 * errors[place] + coarse[place] + 1e-6)
        ), name
    moving = theirs.std(0) > 1e-5
    ratios = (ours.std(0) / theirs.std(0))[moving]
    assert moving.sum() > len(names) / 2
    assert ratios.min() > 0.6
    assert ratios.max() < 1.6


def attend_here(query, key, value):
    """Attend as a path without kernels does on this device."""
    lengths = attention_probe.LENGTHS
    borders = torch.tensor((0, *lengths), device=query.device).cumsum(0)
    packing = attention.Packing(lengths, borders)
    return attention.attend(query, key, value, packing=packing, rate=attention_probe.RATE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_attention_drops_the_same_weights_in_both_passes(dtype):
    here = {"width": 16, "dtype": dtype, "device": torch.device("cpu")}
    before = torch.get_rng_state()
    assert attention_probe.drops_alike(attend_here, **here)
    assert torch.equal(torch.get_rng_state(), before)
    ahead, _ = attention_probe.masks(attend_here, **here)
    kept = torch.cat([mask.flatten() for mask in ahead]).float()
    spread = (0.4 * 0.6 / len(kept)) ** 0.5
    assert abs(1 - kept.mean().item() - attention_probe.RATE) < 4 * spread


class Other(torch.autograd.Function):
    """Attention whose backward pass draws its masks anew, as torch's kernel did in fp32."""

    @staticmethod
    def forward(ctx, query, key, value):
        ctx.save_for_backward(query, key, value)
        return attend_here(query, key, value)

    @staticmethod
    def backward(ctx, gradient):
        parts = [part.detach().requires_grad_() for part in ctx.saved_tensors]
        with torch.enable_grad():
            out = attend_here(*parts)
        return torch.autograd.grad(out, parts, gradient)


def alike_in_all_heads(query, key, value):
    """Attention whose heads share a mask, as those of torch's kernel did in fp32."""
    parts = [attend_here(query[:, :1], key[:, :1], value[:, :1])]
    return torch.cat(parts * query.shape[1], dim=1)


def alike_in_two_heads(query, key, value):
    """Attention of which two heads share a mask."""
    parts = attend_here(query, key, value)
    return torch.cat([parts[:, :2], parts[:, 1:2]], dim=1)


def alike_in_two_texts(query, key, value):
    """Attention whose texts of one length share a mask."""
    parts = list(attend_here(query, key, value).split(list(attention_probe.LENGTHS)))
    parts[2] = parts[0]
    return torch.cat(parts)


def at_another_rate(query, key, value):
    """Attention that drops a tenth only."""
    lengths = attention_probe.LENGTHS
    packing = attention.Packing(lengths, torch.tensor((0, *lengths)).cumsum(0))
    return attention.attend(query, key, value, packing=packing, rate=0.1)


WRONG = {
    "backward": Other.apply,
    "heads": alike_in_all_heads,
    "two heads": alike_in_two_heads,
    "texts": alike_in_two_texts,
    "rate": at_another_rate,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_masks_are_found(wrong):
    here = {"width": 16, "dtype": torch.float32, "device": torch.device("cpu")}
    assert not attention_probe.drops_alike(wrong, **here)
