"""On a CUDA card packed texts are computed as on a CPU; skipped where there is no card."""

import numpy as np
import pytest
import torch

from families import random_texts, tiny_config
from textune.encoder import load, precision, stored, vocabulary
from textune.errors import NumericsError
from textune.fast import attention
from textune.objectives.work import Work
from textune.tasks.single import Single
from textune.text import batches
from textune.training import loop, optim, scaling, schedules

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")

LENGTHS = [60, 33, 16, 9, 3, 1]
WIDE = {"hidden_size": 64, "num_attention_heads": 2}  # flash attention wants heads of 8 and more


def encoder_on(device, kind="bert", **changes):
    config = tiny_config(kind, **(WIDE | changes))
    encoder = load.build(config, model_class="AutoModelForSequenceClassification", seed=1)
    assert encoder.packed, encoder.refusal
    return encoder.to(device)


def batch_on(device):
    targets = torch.tensor([0, 1, 2, 0, 1, 2])
    return batches.pack_ids(random_texts(LENGTHS), LENGTHS, targets=targets, device=device)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_torchs_varlen_kernels_are_there(dtype):
    assert attention._has_varlen(torch.device("cuda"), dtype, 32)


def test_torchs_flash_kernel_drops_the_same_weights_in_both_passes():
    assert attention._has_varlen(torch.device("cuda"), torch.bfloat16, 32, True)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "modernbert"])
def test_logits_and_gradients_equal_those_of_the_cpu(kind):
    found = []
    for device in ("cpu", "cuda"):
        encoder = encoder_on(device, kind)
        logits = encoder(batch_on(device))
        logits.square().sum().backward()
        table = encoder.model.get_input_embeddings().weight.grad
        found.append((logits.detach().cpu(), table.cpu()))
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_texts_do_not_see_each_other_in_bf16():
    encoder = encoder_on("cuda").to(torch.bfloat16).eval()
    texts = random_texts(LENGTHS)
    together = encoder(batches.pack_ids(texts, LENGTHS, device="cuda")).float()
    for number, text in enumerate(texts):
        alone = encoder(batches.pack_ids([text], [len(text)], device="cuda")).float()
        assert torch.allclose(together[number], alone[0], atol=0.03)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_weights_are_dropped_at_the_rate(dtype):
    packing = attention.Packing((400, 200), torch.tensor([0, 400, 600], device="cuda"))
    states = torch.zeros(600, 2, 32, device="cuda", dtype=dtype)
    ones = torch.ones_like(states)
    torch.manual_seed(0)
    kept = attention.attend(states, states, ones, packing=packing, rate=0.25).float()
    assert kept.mean().item() == pytest.approx(1.0, abs=0.02)
    assert kept.std().item() > 0.01


def test_a_large_table_is_found_in_its_file_from_the_card(tmp_path, monkeypatch):
    monkeypatch.setattr(vocabulary, "LARGE", 0)
    encoder = encoder_on("cuda")
    encoder.model.save_pretrained(tmp_path)
    before = encoder.model.get_input_embeddings().weight.detach().clone()
    used = np.arange(120) < 60
    sub = vocabulary.shrink(encoder, used, place=str(tmp_path))
    assert sub is not None
    assert isinstance(sub.whole, stored.Stored)
    vocabulary.restore(encoder, sub)
    assert torch.equal(encoder.model.get_input_embeddings().weight, before)


@pytest.mark.parametrize("numbers", ["fp32", "bf16", "fp16"])
def test_it_learns(numbers):
    encoder = encoder_on("cuda").train()
    scale = scaling.of(numbers, encoder.device)
    model = precision.wrap(encoder, numbers, None if scale is None else scale.factor)
    given = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "loss_scale": scale}
    optimizer = optim.AdamW(optim.groups(encoder.model, 0.01), **given)
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=40)
    work = (Work(n, 1, [batch_on("cuda")], 6.0, 6, 122, 122) for n in range(1, 41))
    steps = loop.train(model, Single(("a", "b", "c")).loss, work, optimizer, schedule, clip=1.0)
    losses = np.array([float(step.loss) for step in steps])
    assert losses[-5:].mean() < 0.5 * losses[:5].mean()


def test_a_gradient_that_is_not_finite_changes_nothing_on_a_card():
    encoder = encoder_on("cuda").train()
    optimizer = optim.adamw(encoder.model, lr=1e-3, weight_decay=0.1, betas=(0.9, 0.999), eps=1e-8)
    assert optimizer.skips
    schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=2)
    works = [Work(n, 1, [batch_on("cuda")], 6.0, 6, 122, 122) for n in (1, 2)]
    task = Single(("a", "b", "c"))

    def loss(logits, batch):
        is_bad = batch is works[1].parts[0]
        return task.loss(logits, batch) * (float("nan") if is_bad else 1.0)

    steps = loop.train(precision.Plain(encoder), loss, works, optimizer, schedule, clip=1.0)
    next(steps)
    before = [value.clone() for value in encoder.parameters()]
    with pytest.raises(NumericsError, match="step 2: the gradient is not finite"):
        list(steps)
    assert all(map(torch.equal, before, encoder.parameters()))
