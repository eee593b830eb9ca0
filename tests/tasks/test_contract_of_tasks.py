"""What every task promises, checked for each one in the table."""

import numpy as np
import pytest
import torch

from textune.errors import DataError, SettingsError
from textune.records import Batch, Decision, Example, Scores
from textune.tasks import table
from textune.tasks.interface import thresholds

LABELS = ("bad", "good", "dull")
EXAMPLES = {
    "single": [Example("x", "f:1", label="bad"), Example("y", "f:2", label="good")],
    "multi": [
        Example("x", "f:1", label=("bad", "dull")),
        Example("y", "f:2", label=(), unscored=("good",)),
    ],
}


def test_every_task_is_tested():
    assert sorted(EXAMPLES) == sorted(table.TASKS)


@pytest.fixture(params=sorted(table.TASKS))
def task(request):
    return table.make(request.param, LABELS)


@pytest.fixture
def examples(task):
    return EXAMPLES[task.name]


@pytest.fixture
def targets(task, examples):
    return np.stack([task.target(example) for example in examples])


def batch_with(targets):
    empty = torch.zeros(2, dtype=torch.int64)
    return Batch(empty, empty, empty, torch.tensor([0, 1, 2]), (1, 1), torch.from_numpy(targets))


def test_loss_is_a_sum_with_a_gradient_for_every_scored_logit(task, targets):
    logits = torch.zeros(2, 3, requires_grad=True)
    loss = task.loss(logits, batch_with(targets))
    loss.backward()
    assert loss.shape == ()
    scored = np.ones((2, 3), bool) if targets.ndim == 1 else ~np.isnan(targets)
    assert (logits.grad.numpy() != 0).tolist() == scored.tolist()


def test_loss_over_its_count_is_what_transformers_computes(task, targets):
    from transformers import AutoModelForSequenceClassification

    from families import tiny_config

    if targets.ndim > 1:
        targets = np.nan_to_num(targets)
    config = tiny_config("bert", **task.config())
    model = AutoModelForSequenceClassification.from_config(config).eval()
    ids = torch.tensor([[2, 9, 3], [2, 30, 3]])
    theirs = model(ids, labels=torch.from_numpy(targets))
    batch = batch_with(targets)
    ours = task.loss(theirs.logits, batch) / task.count(targets)
    assert ours.item() == pytest.approx(theirs.loss.item(), abs=1e-6)


def test_weighted_loss_is_larger_where_rare_labels_are_wrong(task, examples):
    many = [examples[0]] * 20 + [examples[1]]
    targets = np.stack([task.target(example) for example in many])
    rare = task.weighted(targets)
    batch = batch_with(targets[[0, 20]])
    logits = torch.zeros(2, 3)
    assert rare.loss(logits, batch) != task.loss(logits, batch)
    assert rare.labels == task.labels


def test_decisions_have_one_name_or_set_of_names_a_text(task):
    probabilities = task.probabilities(np.asarray([[3.0, -1, 2], [-9, -9, -9.5]], np.float32))
    decided = task.decide(probabilities, task.default_decision())
    names = task.names(decided)
    assert names[0] == {"single": ("bad",), "multi": ("bad", "dull")}[task.name]
    assert names[1] == {"single": ("bad",), "multi": ()}[task.name]


def test_probabilities_lie_between_zero_and_one(task):
    logits = np.asarray([[1e4, -1e4, 0], [0, 0, 0]], np.float32)
    found = task.probabilities(logits)
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1
    if task.name == "single":
        assert found.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_an_unknown_label_points_at_its_row(task):
    label = "goood" if task.name == "single" else ("goood",)
    with pytest.raises(DataError, match=r"r\.csv:7: label 'goood' was not seen.*'good'"):
        task.target(Example("x", "r.csv:7", label=label))


def test_a_missing_label_points_at_its_row(task):
    with pytest.raises(DataError, match=r"r\.csv:9: no label"):
        task.target(Example("x", "r.csv:9"))


def test_judging_gives_the_main_metric(task, targets):
    probabilities = task.probabilities(np.eye(3, dtype=np.float32)[:2])
    decisions = task.decide(probabilities, task.default_decision())
    found = task.judge(Scores(np.zeros((2, 3)), probabilities, decisions, targets))
    assert task.main_metric in found


def test_the_models_configuration_names_the_labels(task):
    config = task.config()
    assert [config["id2label"][n] for n in range(3)] == list(LABELS)
    assert {name: n for n, name in config["id2label"].items()} == config["label2id"]


def test_an_unknown_task_is_refused():
    with pytest.raises(SettingsError, match="task 'singel' cannot be trained; did you mean"):
        table.make("singel", LABELS)


def test_a_threshold_decides_between_two_classes():
    binary = table.make("single", ("no", "yes"))
    probabilities = np.asarray([[0.6, 0.4], [0.8, 0.2]])
    low = Decision("threshold", thresholds(binary.labels, 0.3))
    assert binary.decide(probabilities, low).tolist() == [1, 0]
    assert binary.decide(probabilities, binary.default_decision()).tolist() == [0, 0]


def test_thresholds_may_differ_by_label():
    multi = table.make("multi", LABELS)
    rule = Decision("threshold", thresholds(LABELS, {"bad": 0.1}))
    assert multi.decide(np.asarray([[0.2, 0.2, 0.6]]), rule).tolist() == [[1, 0, 1]]
