"""Packing changes nothing: not a hidden state, not a loss, not a gradient, not a neighbour."""

import numpy as np
import pytest
import torch

from families import PACKABLE, PADDED, random_texts, tiny_config
from textune.encoder import load
from textune.encoder.model import Encoder
from textune.families.known import family_of
from textune.fast import attention
from textune.records import Batch
from textune.tasks.multi import Multi
from textune.tasks.single import Single
from textune.text import batches, plan

LENGTHS = [1, 2, 7, 64, 512]
HEADS = {
    "text": ("AutoModelForSequenceClassification", False),
    "token": ("AutoModelForTokenClassification", True),
}


def pair_of(kind: str, head: str) -> tuple[Encoder, Encoder]:
    model_class, per_token = HEADS[head]
    packed = load.build(tiny_config(kind), model_class=model_class, per_token=per_token, seed=1)
    padded = load.build(tiny_config(kind), model_class=model_class, per_token=per_token, seed=1)
    padded.model.set_attn_implementation(padded._stock)
    padded.packed = False
    return packed.eval(), padded.eval()


def batch_of(lengths: list[int], seed: int = 0, targets: torch.Tensor | None = None) -> Batch:
    texts = random_texts(lengths, seed=seed)
    return batches.pack_ids(texts, [max(1, length // 2) for length in lengths], targets=targets)


def test_every_family_of_the_list_is_tested():
    assert sorted(PACKABLE) == [
        "albert",
        "bert",
        "camembert",
        "data2vec-text",
        "distilbert",
        "electra",
        "ernie",
        "eurobert",
        "gte",
        "jina_embeddings_v3",
        "modernbert",
        "nomic_bert",
        "roberta",
        "xlm-roberta",
    ]
    assert not any(family_of(kind).packs for kind in (*PADDED, "xlnet", "nobody", None))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", PACKABLE)
@pytest.mark.covering(1)
def test_packed_equals_padded(kind, head):
    packed, padded = pair_of(kind, head)
    assert packed.packed, packed.refusal
    batch = batch_of(LENGTHS)
    with torch.no_grad():
        gap = (packed(batch) - padded(batch)).abs().max().item()
    assert gap < 5e-6


@pytest.mark.parametrize("kind", PACKABLE)
def test_loss_and_gradient_of_packed_equal_padded(kind):
    packed, padded = pair_of(kind, "text")
    task = Single(("a", "b", "c"))
    batch = batch_of(LENGTHS, targets=torch.tensor([0, 1, 2, 1, 0]))
    losses = []
    for encoder in (packed.train(), padded.train()):
        loss = task.loss(encoder(batch), batch) / 5
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    other = dict(padded.named_parameters())
    for name, parameter in packed.named_parameters():
        if parameter.grad is None:
            assert other[name].grad is None or not other[name].grad.any(), name
            continue
        gap = (parameter.grad - other[name].grad).abs().max().item()
        assert gap < 1e-5, name


@pytest.mark.parametrize("kind", PACKABLE)
def test_no_text_sees_its_neighbours(kind):
    packed, _ = pair_of(kind, "token")
    before = batch_of([5, 9, 3, 17])
    changed = before.ids.clone()
    changed[5:14] = torch.randint(5, 120, (9,), generator=torch.Generator().manual_seed(9))
    after = Batch(changed, before.positions, before.segments, before.borders, before.lengths)
    with torch.no_grad():
        first, second = packed(before), packed(after)
    outside = [*range(5), *range(14, 34)]
    assert torch.equal(first[outside], second[outside])
    assert not torch.equal(first[5:14], second[5:14])


def test_no_leak_in_forty_random_packs():
    packed, _ = pair_of("bert", "token")
    draw = torch.Generator().manual_seed(3)
    for seed in range(40):
        lengths = torch.randint(1, 40, (6,), generator=draw).tolist()
        changed_text = int(torch.randint(0, 6, (1,), generator=draw))
        batch = batch_of(lengths, seed)
        start, stop = batch.borders[changed_text].item(), batch.borders[changed_text + 1].item()
        ids = batch.ids.clone()
        ids[start:stop] = 5 + (ids[start:stop] - 4) % 115
        other = Batch(ids, batch.positions, batch.segments, batch.borders, batch.lengths)
        with torch.no_grad():
            gap = packed(batch) - packed(other)
        gap[start:stop] = 0
        assert gap.abs().max().item() == 0.0


@pytest.mark.parametrize("kind", PADDED)
def test_families_that_cannot_be_packed_are_padded_and_say_why(kind):
    encoder = load.build(
        tiny_config(kind), model_class="AutoModelForSequenceClassification", seed=1
    )
    assert not encoder.packed
    assert kind in (encoder.refusal or "")
    alone = [batch_of([length], seed=2) for length in (4,)]
    texts = random_texts([4, 30, 11], seed=2)
    company = batches.pack_ids(texts, [4, 30, 11])
    with torch.no_grad():
        encoder.eval()
        assert torch.allclose(encoder(alone[0])[0], encoder(company)[0], atol=1e-5)


def test_an_encoder_that_mixes_texts_is_caught_at_load(monkeypatch):
    honest = attention.Packing

    def blind(lengths, borders, _):
        return honest([sum(lengths)], borders[[0, -1]])

    monkeypatch.setattr(attention, "Packing", blind)
    encoder = load.build(
        tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=1
    )
    assert not encoder.packed
    assert "packed and padded hidden states differ" in (encoder.refusal or "")


@pytest.mark.parametrize("parts", [1, 2, 4, 8])
@pytest.mark.parametrize("name", ["single", "multi"])
def test_micro_batches_leave_the_gradient_as_it_is(parts, name):
    task = {"single": Single, "multi": Multi}[name](("a", "b", "c"))
    lengths = [3, 9, 30, 4, 8, 8, 15, 21]
    draw = torch.Generator().manual_seed(0)
    if name == "single":
        targets = torch.randint(0, 3, (8,), generator=draw)
    else:
        targets = torch.randint(0, 2, (8, 3), generator=draw).float()
        targets[2, 1] = float("nan")
    texts = random_texts(lengths)
    count = task.count(targets.numpy())
    gradients = []
    for number in (1, parts):
        encoder = load.build(
            tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=1
        ).train()
        for rows in torch.arange(8).chunk(number):
            chosen = [texts[row] for row in rows.tolist()]
            batch = batches.pack_ids(chosen, [len(text) for text in chosen], targets=targets[rows])
            (task.loss(encoder(batch), batch) / count).backward()
        gradients.append(
            torch.cat([p.grad.flatten() for p in encoder.parameters() if p.grad is not None])
        )
    gap = (gradients[0] - gradients[1]).norm() / gradients[0].norm()
    assert gap.item() < 1e-6


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("micro_tokens", [16, 40, 4096])
def test_processes_and_budgets_leave_the_gradient_as_it_is(world, micro_tokens):
    lengths = np.asarray([3, 9, 30, 4, 8, 8, 15, 21])
    texts = random_texts(lengths.tolist())
    targets = torch.randint(0, 3, (8,), generator=torch.Generator().manual_seed(0))
    task = Single(("a", "b", "c"))

    def gradient(parts):
        encoder = load.build(
            tiny_config("bert"), model_class="AutoModelForSequenceClassification", seed=1
        ).train()
        for rows in (part for part in parts if len(part)):
            chosen = [texts[row] for row in rows.tolist()]
            batch = batches.pack_ids(chosen, lengths[rows].tolist(), targets=targets[rows])
            (task.loss(encoder(batch), batch) / 8).backward()
        return torch.cat([p.grad.flatten() for p in encoder.parameters() if p.grad is not None])

    ranks = [
        plan.update(np.arange(8), lengths, micro_tokens, rank=rank, world=world)
        for rank in range(world)
    ]
    whole = gradient([np.arange(8)])
    parted = gradient([part for update in ranks for part in update.parts])
    assert ((whole - parted).norm() / whole.norm()).item() < 1e-6


def test_sixty_steps_packed_equal_sixty_padded():
    packed, padded = pair_of("bert", "text")
    task = Single(("a", "b", "c"))
    draw = torch.Generator().manual_seed(5)
    weights = []
    plans = [
        (
            torch.randint(2, 30, (6,), generator=draw).tolist(),
            torch.randint(0, 3, (6,), generator=draw),
        )
        for _ in range(60)
    ]
    for encoder in (packed.train(), padded.train()):
        optimizer = torch.optim.SGD(encoder.parameters(), lr=0.02)
        for seed, (lengths, targets) in enumerate(plans):
            batch = batch_of(lengths, seed, targets)
            (task.loss(encoder(batch), batch) / 6).backward()
            optimizer.step()
            optimizer.zero_grad()
        weights.append(torch.cat([p.detach().flatten() for p in encoder.parameters()]))
    gap = (weights[0] - weights[1]).norm() / weights[0].norm()
    assert gap.item() < 1e-5


def test_attention_dropout_drops_at_its_rate():
    states = torch.ones(1, 2, 90, 4)
    packing = attention.Packing([40, 30, 20], torch.tensor([0, 40, 70, 90]))
    torch.manual_seed(0)
    kept = [
        attention.packed_attention(
            torch.nn.Identity(),
            states,
            states,
            states,
            None,
            packing=packing,
            dropout=0.25,
        )[0].mean()
        for _ in range(200)
    ]
    assert torch.stack(kept).mean().item() == pytest.approx(1.0, abs=0.01)
    assert torch.stack(kept).std().item() > 0.001
