"""Weights of texts and classes, and smoothed targets: the loss is their exact mean."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

import textune
from conftest import WORDS
from textune.errors import DataError, SettingsError
from textune.records import Batch, Items
from textune.settings import config, selection
from textune.settings.config import Settings
from textune.tasks import registry

QUICK = {"epochs": 1, "batch_size": 8, "lr": 1e-3, "seed": 3}


def batch(targets, weights=None, items=None):
    empty = torch.zeros(0, dtype=torch.int64)
    return Batch(empty, empty, empty, empty, (), targets=targets, weights=weights, items=items)


def mean(task, logits, targets, weights=None):
    """Return the loss of a whole optimizer batch, as the loop divides it."""
    given = None if weights is None else torch.tensor(weights, dtype=torch.float32)
    total = task.loss(logits, batch(torch.from_numpy(targets), given, ITEMS.get(task.name)))
    return float(total) / task.count(targets, None if weights is None else np.array(weights))


ITEMS = {"answers": Items((3, 3, 3, 3), torch.arange(12))}
CASES = {
    "single": (("a", "b", "c"), np.array([0, 2, 1, 0])),
    "multi": (("a", "b", "c"), np.array([[1, 0, np.nan], [0, 0, 1], [1, 1, 0], [0, np.nan, 0.0]])),
    "number": (("a", "b", "c"), np.array([[1.0, 2, 0], [3, 0, 1], [0, 0, 2], [5, 1, 4]])),
    "tags": (("O", "B-X", "I-X"), np.array([0, 1, -100, 2])),
    "answers": ((), np.array([[1, 1], [0, 0], [2, 2], [-1, -1]])),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_weight_of_two_is_the_text_twice_and_of_zero_not_at_all(name):
    labels, targets = CASES[name]
    made = registry.make(name, labels, {"may_be_none": True} if name == "answers" else None)
    draw = torch.Generator().manual_seed(0)
    rows = 12 if name == "answers" else 4
    logits = torch.randn(rows, 2 if name == "answers" else 3, generator=draw)
    weights = [2.0, 0.0, 1.0, 1.0]
    found = mean(made, logits, targets, weights)
    chosen = [0, 0, 2, 3]
    places = [3 * row + item for row in chosen for item in range(3)]
    twice = logits[places] if name == "answers" else logits[chosen]
    assert found == pytest.approx(mean(made, twice, targets[chosen]), rel=1e-5)
    assert mean(made, logits, targets, [3.0] * 4) == pytest.approx(mean(made, logits, targets))


def test_weights_of_ones_own_and_smoothing_are_those_of_torch():
    logits, targets = torch.randn(4, 3, generator=torch.Generator().manual_seed(1)), CASES["single"]
    settings = textune_settings("train.class_weights.c=3", "train.label_smoothing=0.1")
    made = registry.make("single", targets[0])
    made = selection.weighed(made, settings.train, targets[1])
    assert made.weights == (1.0, 1.0, 3.0)
    wanted = functional.cross_entropy(
        logits,
        torch.from_numpy(targets[1]),
        weight=torch.tensor([1.0, 1.0, 3.0]),
        label_smoothing=0.1,
    )
    assert mean(made, logits, targets[1]) == pytest.approx(float(wanted), rel=1e-5)
    several = replace(registry.make("multi", ("a", "b", "c")), smoothing=0.2)
    smoothed = np.array([[1.0, 0, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]])
    wanted = functional.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(smoothed * 0.8 + 0.1).float()
    )
    assert mean(several, logits, smoothed) == pytest.approx(float(wanted), rel=1e-5)


def textune_settings(*changes):

    return config.resolve(Settings, None, changes, {})


@pytest.fixture
def weighed(tmp_path):
    """Return a function that writes 60 rows with a column of weights."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=5)) for _ in range(60)]

    def write(name, weight):
        rows = [f"{text},{'ab'[n % 2]},{weight(n)}" for n, text in enumerate(texts)]
        file = tmp_path / name
        file.write_text("\n".join(["text,label,score", *rows]) + "\n", encoding="utf-8")
        return file

    return write


def weights_of(run):
    return load_file(run.path / "model" / "model.safetensors")


def test_training_heeds_the_column_and_takes_it_for_nothing_else(weighed, tiny_base, tmp_path):
    found = {}
    for name, weight in {"plain": 1, "twice": 2, "half": None}.items():
        file = weighed(f"{name}.csv", lambda n, w=weight: n % 3 if w is None else w)
        options = {"base": tiny_base, "weight": "score", "out": tmp_path / name, **QUICK}
        run = textune.train(file, label="label", **options)
        found[name] = weights_of(run)["classifier.weight"]
        assert run.metrics["valid"]["n"] == 6
    assert torch.allclose(found["plain"], found["twice"], atol=1e-6)
    assert not torch.allclose(found["plain"], found["half"], atol=1e-5)
    run = textune.evaluate(tmp_path / "half", {"text": ["a day"], "label": ["a"]})
    assert run["n"] == 1  # a file that is judged needs no weights


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"weight": "wieght"}, SettingsError, "--weight wieght: no such column"),
        ({"weight": "score"}, DataError, r"bad.csv:2: column 'score' holds '-1'; allowed: the wei"),
        ({"settings": ["train.class_weights.z=2"]}, SettingsError, "no label 'z'; allowed: 'a'"),
        ({"settings": ["train.class_weights.a=0"]}, SettingsError, "numbers above 0"),
        ({"settings": ["train.class_weights=heavy"]}, SettingsError, "none, balanced, or a table"),
        ({"settings": ["train.label_smoothing=1"]}, SettingsError, "less than 1"),
    ],
    ids=range(6),
)
def test_wrong_weights_are_refused(weighed, tiny_base, tmp_path, options, error, words):
    file = weighed("bad.csv", lambda n: -1)
    with pytest.raises(error, match=words):
        textune.train(file, label="label", base=tiny_base, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_weights_and_settings_are_written_and_read_again(weighed, tiny_base, tmp_path):
    file = weighed("rows.csv", lambda n: 1 + n % 2)
    settings = ["train.class_weights={a=2.0, b=0.5}", "train.label_smoothing=0.1"]
    options = {"weight": "score", "settings": settings, "label": "label", "base": tiny_base}
    one = textune.train(file, out=tmp_path / "one", **options, **QUICK)
    config = tmp_path / "one" / "config.toml"
    two = textune.train(file, out=tmp_path / "two", config=config)
    assert all(weights_of(two)[name].equal(value) for name, value in weights_of(one).items())
