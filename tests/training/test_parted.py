"""The windows of one long text are computed a few at a time, and nothing else changes."""

import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

import textune
from conftest import WORDS
from families import random_texts, tiny_config
from made_objectives import OBJECTIVES, gradients_of, make
from textune.encoder import load, precision
from textune.encoder.model import Encoder
from textune.objectives.work import Work
from textune.records import Items
from textune.text import batches
from textune.training import loop, optim, schedules

LENGTHS = [16, 12, 16, 9, 16, 16, 2, 16, 7]
OF = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 2])  # windows of three texts


def of_texts(task, targets):
    texts = random_texts(LENGTHS)
    items = Items((1, 1, 1), OF)
    return batches.pack_ids(texts, LENGTHS, targets=torch.from_numpy(targets), items=items)


def given(name, pool="mean", dropout=0.0):
    """Return a task, an encoder for it, and a batch of texts in several windows each."""
    objective = OBJECTIVES[name]()
    if objective.task.asks == "texts":
        batch = of_texts(objective.task, objective.targets[:3])
    else:
        batch = objective.batch(range(9))
    encoder = make(objective)
    if dropout:
        config = tiny_config("bert", dropout=dropout, **objective.task.config())
        encoder = load.build(
            config,
            model_class=objective.task.model_class,
            per_token=objective.task.asks != "texts",
            seed=1,
        ).train()
    encoder.pool_as(
        pool if objective.task.asks == "texts" else "likely", len(objective.task.labels)
    )
    return objective.task, encoder, batch


def work(batch, encoder, micro_tokens):
    return Work(1, 1, [batch], 3.0, 3, 9, 9, micro_tokens=micro_tokens, join=encoder.join)


def learned(task, encoder, batch, micro_tokens):
    """Let the loop learn one batch; return its loss and gradients."""
    model = precision.Plain(encoder)
    model.set_dropout(True)
    loss = loop.accumulate(model, task.loss, work(batch, encoder, micro_tokens))
    return float(loss), gradients_of(encoder.model)


def assert_close(found, wanted, rel=1e-5):
    assert found[0] == pytest.approx(wanted[0], rel=rel, abs=1e-6)
    assert found[1].keys() == wanted[1].keys()
    for name, gradient in wanted[1].items():
        scale = max(1.0, gradient.abs().max().item())
        assert (found[1][name] - gradient).abs().max().item() < rel * scale, name


@pytest.mark.parametrize("most", [1, 40])  # each window alone, and several together
@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.covering(2)
def test_a_gradient_in_parts_is_that_of_the_whole(name, most, products):
    whole = learned(*given(name), 10_000)
    assert_close(learned(*given(name), most), whole)


@pytest.mark.parametrize("pool", ["max", "learned"])
@pytest.mark.parametrize("name", ["single", "multi", "several numbers"])
@pytest.mark.covering(1)
def test_every_way_to_join_windows_learns_the_same_in_parts(name, pool):
    whole = learned(*given(name, pool), 10_000)
    found = learned(*given(name, pool), 20)
    assert ("window_sharpness" in found[1]) == (pool == "learned")
    assert_close(found, whole)


@pytest.mark.parametrize("name", ["single", "tags", "answers"])
def test_padded_windows_learn_the_same_in_parts(name):
    task, encoder, batch = given(name)
    encoder.model.set_attn_implementation(encoder._stock)
    encoder.packed = False
    whole = learned(task, encoder, batch, 10_000)
    encoder.zero_grad()
    assert_close(learned(task, encoder, batch, 20), whole)


@pytest.mark.parametrize("name", ["single", "tags"])
@pytest.mark.covering(1)
def test_both_passes_of_a_part_drop_the_same(name, products):
    task, encoder, batch = given(name, dropout=0.3)
    torch.manual_seed(5)
    found = learned(task, encoder, batch, 20)
    after = torch.get_rng_state()
    encoder.zero_grad()
    encoder.release()
    torch.manual_seed(5)
    answers = torch.cat([encoder(part) for part in batches.windows(batch, 20)])
    loss = task.loss(encoder.join(answers, batch.items), batch) / 3.0
    loss.backward()
    assert_close(found, (float(loss.detach()), gradients_of(encoder.model)))
    assert torch.equal(after, torch.get_rng_state())
    encoder.zero_grad()
    torch.manual_seed(6)
    assert learned(task, encoder, batch, 20)[0] != pytest.approx(found[0], abs=1e-4)


@pytest.mark.parametrize("pool", ["mean", "learned"])
@pytest.mark.covering(1)
def test_bf16_learns_in_parts_what_it_learns_of_the_whole(pool, products):
    found = []
    for most in (20, 10_000):
        task, encoder, batch = given("single", pool)
        model = precision.wrap(encoder, "bf16")
        optimizer = optim.adamw(
            encoder.model,
            lr=1e-3,
            weight_decay=0.0,
            betas=(0.9, 0.999),
            eps=1e-8,
            halves=encoder.halves(),
        )
        schedule = schedules.by_steps(optimizer, "constant", warmup=0, total=1)
        steps = [work(batch, encoder, most)]
        (step,) = loop.train(model, task.loss, steps, optimizer, schedule, clip=1.0)
        found.append((float(step.loss), float(step.norm)))
    assert found[0] == pytest.approx(found[1], rel=0.02)


def test_windows_that_lie_in_parts_hold_what_the_whole_holds():
    batch = OBJECTIVES["tags"]().batch(range(9))
    parts = batches.windows(batch, 30)
    assert len(parts) > 3
    assert torch.cat([part.ids for part in parts]).equal(batch.ids)
    assert torch.cat([part.ids[part.asked] for part in parts]).equal(batch.ids[batch.asked])
    assert sum((part.lengths for part in parts), ()) == batch.lengths
    assert all(sum(part.lengths) <= 30 or len(part.lengths) == 1 for part in parts)
    assert all(part.borders.diff().tolist() == list(part.lengths) for part in parts)


@pytest.fixture
def computed():
    """Return a list that grows by the tokens of each call of an encoder."""
    found = []

    def note(module, args):
        if isinstance(module, Encoder):
            found.append(sum(args[0].lengths))

    handle = register_module_forward_pre_hook(note)
    yield found
    handle.remove()


def test_a_book_is_trained_on_and_labelled_a_few_windows_at_a_time(
    tiny_base, reviews, tmp_path, computed
):
    book = " ".join(WORDS * 150)
    with reviews.open("a", encoding="utf-8") as file:
        file.write(f"{book},good\n{book} fine,good\n{book} cold,bad\n")
    settings = ["train.micro_tokens=256", "data.long=window"]
    options = {"base": tiny_base, "epochs": 1, "device": "cpu", "batch_size": 64}
    run = textune.train(reviews, out=tmp_path / "run", settings=settings, **options)
    assert max(computed) <= 256
    assert sum(computed) > 2 * 3000
    computed.clear()
    predictor = textune.Predictor.load(run.path)
    (found,) = predictor([book])
    assert len(computed) > 3
    assert max(computed) <= 1024
    computed.clear()
    assert predictor(["good film", book])[1].scores == pytest.approx(found.scores, abs=1e-5)
