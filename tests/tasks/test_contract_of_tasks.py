"""What every task promises, checked for each one in the table."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from textune.decisions.rule import Decision
from textune.errors import DataError, SettingsError
from textune.records import Answer, Batch, Example, Items, Scores
from textune.tasks import registry
from textune.tasks.interface import thresholds

NAMES = ("bad", "good", "dull")
PASSAGE = "Rome is old, very old."
PIECES = [(0, 0), (0, 4), (5, 7), (8, 11), (11, 12), (13, 17), (18, 21), (21, 22)]  # after "none"


@dataclass(frozen=True)
class Entry:
    """Two texts of a task, what is true of them, and logits that say so."""

    labels: tuple[str, ...]
    examples: list[Example]
    targets: list[object]  # as `target` gives them
    learned: object  # the same, as they are when windows are known
    logits: object  # (I, C)
    labelled: list[object]  # what a prediction of these logits holds, the text of an answer, …
    wrong: object  # a label that no text has
    borders: tuple[int, ...] | None = None
    spans: object = None
    state: dict[str, object] | None = None  # what the task is made of beside its labels


ENTRIES = {
    "single": Entry(
        labels=NAMES,
        examples=[Example("x", "f:1", label="bad"), Example("y", "f:2", label="good")],
        targets=[0, 1],
        learned=[0, 1],
        logits=[[9, 0, 0], [0, 9, 0]],
        labelled=[("bad",), ("good",)],
        wrong="goood",
    ),
    "multi": Entry(
        labels=NAMES,
        examples=[
            Example("x", "f:1", label=("bad", "dull")),
            Example("y", "f:2", label=(), unscored=("good",)),
        ],
        targets=[[1.0, 0.0, 1.0], [0.0, np.nan, 0.0]],
        learned=np.array([[1, 0, 1], [0, np.nan, 0]], np.float32),
        logits=[[9, -9, 9], [-9, -9, -9]],
        labelled=[("bad", "dull"), ()],
        wrong=("goood",),
    ),
    "aspects": Entry(
        labels=("mood: bad", "mood: good", "taste: 1", "taste: 2", "taste: 3"),
        examples=[
            Example("x", "f:1", label=("mood: bad", "taste: 2")),
            Example("y", "f:2", label=("mood: good",), unscored=("taste",)),
        ],
        targets=[[1.0, 0.0, 0.0, 1.0, 0.0], [0.0, 1.0, np.nan, np.nan, np.nan]],
        learned=np.array([[1, 0, 0, 1, 0], [0, 1, np.nan, np.nan, np.nan]], np.float32),
        logits=[[9, 0, 0, 9, 0], [0, 9, 9, 0, 0]],
        labelled=[("mood: bad", "taste: 2"), ("mood: good", "taste: 1")],
        wrong=("mood: goood",),
        state={"names": ["mood", "taste"]},
    ),
    "number": Entry(
        labels=("stars", "price"),
        examples=[
            Example("x", "f:1", label=("1", "10.5")),
            Example("y", "f:2", label=("3", "-2")),
        ],
        targets=[[1.0, 10.5], [3.0, -2.0]],
        learned=[[1.0, 10.5], [3.0, -2.0]],
        logits=[[-1, 1], [1, -1]],  # standardised
        labelled=[{"stars": 1.0, "price": 10.5}, {"stars": 3.0, "price": -2.0}],
        wrong=None,
    ),
    "tags": Entry(
        labels=("O", "B-PER", "I-PER"),
        examples=[
            Example(
                "Ada Lovelace slept",
                "f:1",
                label=("B-PER", "I-PER", "O"),
                words=((0, 3), (4, 12), (13, 18)),
            ),
            Example("Bob", "f:5", label=("B-PER",), words=((0, 3),)),
        ],
        targets=[[1, 2, 0], [1]],
        learned=[1, 2, 0, 1],
        logits=[[0, 9, 0], [0, 0, 9], [9, 0, 0], [0, 9, 0]],
        labelled=[("B-PER", "I-PER", "O"), ("B-PER",)],
        wrong=("B-PERS",),
        borders=(0, 3, 4),
        spans=[(0, 3), (4, 12), (13, 18), (0, 3)],
    ),
    "answers": Entry(
        labels=(),
        examples=[
            Example("how old?", "f:1", pair=PASSAGE, answers=(Answer("very old", 13),)),
            Example("who?", "f:2", pair=PASSAGE, answers=()),
        ],
        targets=[[13, 21], [-1, -1]],
        learned=[[5, 6], [0, 0]],
        logits=[
            *([9 * (place == 5), 9 * (place == 6)] for place in range(8)),
            *([9 * (place == 0)] * 2 for place in range(8)),
        ],
        labelled=[("very old",), ()],
        wrong=None,
        borders=(0, 8, 16),
        spans=PIECES * 2,
    ),
}


def test_every_task_is_tested():
    assert sorted(ENTRIES) == sorted(registry.TASKS)


@pytest.fixture(params=sorted(ENTRIES))
def entry(request):
    return ENTRIES[request.param]


@pytest.fixture
def task(request, entry):
    name = next(name for name, other in ENTRIES.items() if other is entry)
    return registry.make(name, entry.labels, entry.state).fitted(np.asarray(entry.learned))


def logits_of(entry):
    return np.asarray(entry.logits, np.float32)


def borders_of(entry):
    return None if entry.borders is None else np.asarray(entry.borders)


def scores_of(task, entry, logits=None, decision=None):
    logits = logits_of(entry) if logits is None else logits
    borders = borders_of(entry)
    probabilities = task.probabilities(logits, borders)
    decided = task.decide(probabilities, decision or task.default_decision(), borders)
    spans = None if entry.spans is None else np.asarray(entry.spans, np.int32)
    truth = np.asarray(entry.learned)
    return Scores(logits, probabilities, decided, truth, borders, spans)


def batch_of(entry, texts=slice(None)):
    """Return a batch of some of both texts, with their logits."""
    targets, logits = np.asarray(entry.learned), torch.tensor(logits_of(entry))
    numbers = range(2)[texts]
    places = targets_at = list(numbers)
    sizes = [1] * len(places)
    if entry.borders is not None:
        ranges = [range(*entry.borders[number : number + 2]) for number in numbers]
        places, sizes = [place for part in ranges for place in part], [len(part) for part in ranges]
        targets_at = places if len(targets) == len(logits) else targets_at
    empty = torch.zeros(len(sizes), dtype=torch.int64)
    batch = Batch(
        empty,
        empty,
        empty,
        torch.arange(len(sizes) + 1),
        (1,) * len(sizes),
        targets=torch.from_numpy(targets[targets_at]),
        items=Items(tuple(sizes), torch.arange(len(places))),
    )
    return logits[places], batch


def noise_like(logits):
    return torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))


def test_targets_are_those_of_the_labels(task, entry):
    for example, expected in zip(entry.examples, entry.targets, strict=True):
        np.testing.assert_array_equal(task.target(example), expected)


def test_loss_is_a_sum_with_a_gradient_for_every_scored_logit(task, entry):
    logits, batch = batch_of(entry)
    logits = noise_like(logits).requires_grad_()
    loss = task.loss(logits, batch)
    loss.backward()
    assert loss.shape == ()
    assert loss.dtype == torch.float32
    has_gaps = task.name in {"multi", "aspects"}
    scored = ~torch.isnan(batch.targets) if has_gaps else torch.ones_like(logits) > 0
    assert ((logits.grad != 0) == scored).all()


def test_the_loss_of_both_texts_is_the_sum_of_their_losses(task, entry):
    whole = task.loss(*batch_of(entry))
    parts = [task.loss(*batch_of(entry, slice(n, n + 1))) for n in range(2)]
    assert sum(parts).item() == pytest.approx(whole.item(), rel=1e-6)
    learned = np.asarray(entry.learned)
    assert task.count(np.concatenate([learned, learned])) == 2 * task.count(learned)


def test_logits_that_say_the_truth_cost_little_and_others_much(task, entry):
    logits, batch = batch_of(entry)
    low, high = task.loss(logits, batch).item(), task.loss(-logits, batch).item()
    assert low < 0.02
    assert high > 2


def test_weights_count_where_there_are_classes(task, entry):
    learned = np.asarray(entry.learned)
    rows = [0] * 20 + [1]
    many = learned if task.name == "tags" else learned[rows]
    rare = task.weighted(many)
    assert rare.labels == task.labels
    logits, batch = batch_of(entry)
    logits = noise_like(logits)
    is_same = rare.loss(logits, batch).item() == task.loss(logits, batch).item()
    assert is_same == (task.name in {"number", "answers"})


def test_what_the_logits_say_is_predicted_in_order(task, entry):
    found = list(task.predictions(scores_of(task, entry), entry.examples))
    assert [item.text for item in found] == [item.text for item in entry.examples]
    for prediction, expected, example in zip(found, entry.labelled, entry.examples, strict=True):
        if task.name == "number":
            assert prediction.numbers == pytest.approx(expected)
        else:
            assert prediction.labels == expected
        whole = example.text if task.name == "tags" else PASSAGE
        for entity in prediction.entities:
            assert whole[entity.start : entity.end] == entity.text


def test_cells_fit_their_columns(task, entry):
    columns = task.columns()
    for prediction in task.predictions(scores_of(task, entry), entry.examples):
        cells = task.cells(prediction)
        assert len(cells) == len(columns)
        for cell, (_, is_number) in zip(cells, columns, strict=True):
            assert isinstance(cell, float if is_number else str)
    assert all(isinstance(task.truth(example), str) for example in entry.examples)


def test_true_decisions_are_judged_perfect(task, entry):
    scores = scores_of(task, entry)
    found = task.judge(scores, entry.examples)
    perfect = 0 if task.main_metric == "rmse" else 1
    assert found[task.main_metric] == pytest.approx(perfect, abs=1e-6)
    assert task.tie_metric in found
    for name, (low, high) in task.intervals(scores, entry.examples).items():
        assert low - 1e-9 <= found[name] <= high + 1e-9, name


def test_simple_rules_are_judged_beside_it(task, entry):
    found = task.baselines(entry.examples, scores_of(task, entry), entry.examples)
    assert found
    for report in found.values():
        assert task.main_metric in report
        assert task.tie_metric in report or task.name == "tags"


def test_probabilities_of_any_logits_are_probabilities(task, entry):
    if task.name == "number":
        return
    logits = logits_of(entry) * 1e4
    found = task.probabilities(logits, borders_of(entry))
    assert found.dtype == np.float64
    assert found.min() >= 0
    assert found.max() <= 1
    if task.name in {"single", "tags"}:
        assert found.sum(axis=1) == pytest.approx(1)
    if task.name == "aspects":
        assert found[:, :2].sum(axis=1) == pytest.approx(1)
        assert found[:, 2:].sum(axis=1) == pytest.approx(1)
    if task.name == "answers":
        assert found[:8].sum(axis=0) == pytest.approx(1)


def test_without_texts_there_is_nothing_to_decide(task, entry):
    borders = None if entry.borders is None else np.zeros(1, np.int64)
    logits = logits_of(entry)[:0]
    probabilities = task.probabilities(logits, borders)
    assert len(task.decide(probabilities, task.default_decision(), borders)) == 0


def test_a_task_is_made_again_from_what_is_kept_of_it(task, entry):
    kept = json.loads(json.dumps(task.state()))
    again = registry.make(task.name, task.labels, kept)
    assert again == task
    one, other = scores_of(task, entry), scores_of(again, entry)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_an_unknown_label_points_at_its_row(task, entry):
    if entry.wrong is None:
        return
    with pytest.raises(DataError, match=r"r\.csv:7: (label|tag) '\S+' was not seen.*did you mean"):
        task.target(Example("x", "r.csv:7", label=entry.wrong))


def test_a_missing_label_points_at_its_row(task):
    with pytest.raises(DataError, match=r"r\.csv:9: no (label|number|tag|answer)"):
        task.target(Example("x", "r.csv:9"))


def test_the_models_configuration_names_the_outputs(task):
    config = task.config()
    if task.name == "answers":
        assert config == {"num_labels": 2}
        return
    assert [config["id2label"][n] for n in range(len(task.labels))] == list(task.labels)
    assert {name: n for n, name in config["id2label"].items()} == config["label2id"]


def test_an_unknown_task_is_refused():
    with pytest.raises(SettingsError, match="task 'singel' cannot be trained; did you mean"):
        registry.make("singel", NAMES)


def test_a_threshold_decides_between_two_classes():
    binary = registry.make("single", ("no", "yes"))
    probabilities = np.asarray([[0.6, 0.4], [0.8, 0.2]])
    low = Decision("threshold", thresholds(binary.labels, 0.3))
    assert binary.decide(probabilities, low, None).tolist() == [1, 0]
    assert binary.decide(probabilities, binary.default_decision(), None).tolist() == [0, 0]


def test_thresholds_may_differ_by_label():
    multi = registry.make("multi", NAMES)
    rule = Decision("threshold", thresholds(NAMES, {"bad": 0.1}))
    assert multi.decide(np.asarray([[0.2, 0.2, 0.6]]), rule, None).tolist() == [[1, 0, 1]]
