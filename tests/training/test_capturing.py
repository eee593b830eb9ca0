"""What a card captures as a graph: one function of memory that stays, proved without a card.

The function is compared with the plain way on a CPU, its memory filled by one batch after another;
and it is run on tensors without numbers (torch's device "meta"), where whatever reads a number of a
tensor, or has a shape that depends on one, is an error of torch. That is what no capture allows.
"""

import pytest
import torch
from torch.overrides import TorchFunctionMode

import families
import made_objectives
import thinning
from made_graphs import (
    assert_a_scale_is_read_anew,
    assert_graphs_would_give_the_plain_gradients,
    parts_of,
)
from made_paths import Path, choose, learner_of, make_base, write_rows
from textune.encoder import freezing, load, precision
from textune.recipes.selection import contrasting
from textune.text import buckets
from textune.training import capturing, starting_over
from textune.training.capturing import Captured, Capturing

TORCH = Path("fp32", kernels=False)
SEEN = [
    ("single", "fp32"),
    ("multi", "bf16"),
    ("number", "fp32"),
    thinning.spare(("tags", "bf16")),  # fp16 is bf16 with a scale
    ("mlm", "bf16"),
    ("tags", "fp16"),
]


@pytest.fixture
def learner(tiny_base, tmp_path, fresh_kernels, monkeypatch):
    def made(task, *changes, path=TORCH, rate=0.0):
        choose(path, monkeypatch)
        base = make_base(tmp_path / "base", tiny_base, path, rate)
        source = write_rows(tmp_path, task)
        return learner_of(task, path, base, source, tmp_path, *changes)

    return made


def test_masked_batches_of_a_size_give_the_plain_gradients_through_one_memory(learner):
    found = learner("mlm")
    found.encoder.to(torch.float64)  # in fp32 the product with the vocabulary has a way of its own
    batches = parts_of(found)
    assert_graphs_would_give_the_plain_gradients(found.model, found.objective.loss, batches)


def test_so_do_windows_frozen_layers_and_the_mean_of_tokens(learner):
    found = learner(
        "single",
        *("data.max_tokens=8", "data.long=window", "data.pool=learned"),
        *("train.pooling=mean", "train.class_weights=balanced", "train.label_smoothing=0.1"),
    )
    freezing.freeze(found.encoder.model, 1)
    batches = parts_of(found)
    assert any(batch.items is not None for batch in batches)
    with_items = [batch for batch in batches if batch.items is not None]
    by = assert_graphs_would_give_the_plain_gradients(found.model, found.objective.loss, with_items)
    assert len(by._gradients) < len(list(found.encoder.parameters()))


@pytest.mark.parametrize("task", ["single", "multi"])
def test_so_does_a_contrastive_loss(learner, task):
    found = learner(task, "data.max_tokens=8", "data.long=window")
    contrasting.take(found, 1.0)
    found.encoder.to(torch.float64)
    batches = parts_of(found)
    assert_graphs_would_give_the_plain_gradients(found.model, found.objective.loss, batches)


@pytest.mark.parametrize("name", list(made_objectives.OBJECTIVES))
def test_so_does_every_task(name, fresh_kernels, monkeypatch):
    choose(TORCH, monkeypatch)
    objective = made_objectives.OBJECTIVES[name]()
    model = precision.Plain(made_objectives.make(objective))
    model.encoder.to(torch.float64)  # fp32 sums other numbers of rows in other orders
    batches = [objective.batch(rows) for rows in ((0, 1, 2, 3), (4, 6, 8), (5, 7))]
    assert_graphs_would_give_the_plain_gradients(model, objective.task.loss, batches)


def test_the_scale_of_a_loss_is_read_where_it_lies():
    objective = made_objectives.OBJECTIVES["single"]()
    model = precision.wrap(made_objectives.make(objective), "fp16", torch.ones(()))
    assert_a_scale_is_read_anew(model, objective.task.loss, objective.batch(range(4)))


class NothingIsRead(TorchFunctionMode):
    """Refuses what would copy a number from the host to a card, or one from there."""

    def __torch_function__(self, function, types, given=(), named=None):
        name = getattr(function, "__name__", "")
        assert name not in {"tensor", "as_tensor", "from_numpy", "item", "tolist", "cpu", "numpy"}
        tensors = [item for item in given if isinstance(item, torch.Tensor) and item.dim()]
        assert {item.device.type for item in tensors} <= {"meta"}, (name, tensors)
        return function(*given, **(named or {}))


def assert_it_can_be_captured(model, loss, batch):
    """Run the function on tensors without numbers, dropout and gradients as in training."""
    sizes = buckets.choose([buckets.size_of(batch)])
    step = Captured(model, loss, buckets.fill(batch, sizes.all[0]), sizes.all[0], {})
    with NothingIsRead():
        for adds in (False, True):
            step.accumulate(adds=adds)
    assert step._gradients
    assert all(item.device.type == "meta" for item in step._gradients.values())


@pytest.mark.parametrize(("task", "numbers"), SEEN)
@pytest.mark.first(3)
def test_a_pass_reads_no_number_of_a_tensor(learner, task, numbers):
    found = learner(task, path=Path(numbers, kernels=False), rate=0.1)
    if task in ("single", "multi"):
        contrasting.take(found, 1.0)
    starting_over.watch(found)
    work, loss = next(found.work()), found.objective.loss
    if found.watch is not None:
        found.watch.begin(work)
        loss = found.watch.listening(loss)
    encoder = found.encoder.to("meta")
    encoder.table = None if encoder.table is None else encoder.table.to("meta")
    scale = torch.ones((), device="meta") if numbers == "fp16" else None
    model = precision.wrap(encoder, numbers, scale)
    model.set_dropout(True)
    assert_it_can_be_captured(model, loss, work.parts[0])


PACKED = ("electra", "distilbert", "modernbert")


@pytest.mark.parametrize("kind", PACKED)
def test_no_family_reads_one(kind):
    config = families.tiny_config(kind, hidden_size=64, num_attention_heads=2)
    encoder = load.build(config, model_class="AutoModelForSequenceClassification", seed=1)
    assert encoder.packed
    model = precision.Plain(encoder.to("meta", torch.bfloat16))
    model.set_dropout(True)
    objective = made_objectives.OBJECTIVES["single"]()
    assert_it_can_be_captured(model, objective.task.loss, objective.batch(range(4)))


def weights_after(learner, graphs):
    torch.manual_seed(0)
    starting_over.watch(learner)
    learner.watch.begin(next(learner.work()))
    loss = learner.watch.listening(learner.objective.loss)
    capturing = learner.capturing(loss) if graphs else None
    for step in learner.updates(loss, learner.watch.over(learner.work()), capturing):
        assert learner.watch.after(step) is None
    return learner.encoder.state_dict(), learner.watch.state(), capturing


def test_a_run_learns_the_same_by_it_and_watches_the_same(learner, monkeypatch, tmp_path):
    monkeypatch.setenv(capturing.CALLED, "called")
    wanted, seen, _ = weights_after(learner("single", "train.micro_tokens=32"), False)
    found, heard, by = weights_after(learner("single", "train.micro_tokens=32"), True)
    assert by.plain_passes == 0
    assert by.passes > 2 * 6 * 2  # updates of several micro-batches, whose gradients are added
    one, other = (torch.cat([item.flatten() for item in each.values()]) for each in (found, wanted))
    assert (one - other).norm() <= 1e-5 * other.norm()
    for row, same in zip(seen["recent"], heard["recent"], strict=True):
        assert row == pytest.approx(same, rel=1e-4)


def test_what_cannot_be_captured_goes_the_plain_way_and_says_why(learner):
    found = learner("single")

    def loss(output, batch):
        if batch.longest is not None:
            raise RuntimeError("operation not permitted when stream is capturing")
        return found.objective.loss(output, batch)

    by = Capturing(found.model, loss, capturing.sizes_of(found.objective, found.encoder, 4096))
    works = list(found.work())
    assert len(list(found.updates(loss, works, by))) == len(works)
    assert by.passes == 0
    assert capturing.news(by) == [
        "forward and backward pass are not captured as CUDA graphs: RuntimeError: operation not "
        "permitted when stream is capturing"
    ]
    assert capturing.news(by) == []


def test_no_graph_is_made_where_there_is_no_card_and_for_a_loss_of_ones_own(learner, monkeypatch):
    found = learner("single")
    assert capturing.why_not(found.encoder, found.objective.own) == ""
    assert found.capturing(found.objective.loss) is None
