"""A label's name is one more example of it, where that lowers the loss of texts held out."""

import numpy as np
import pytest

from textune.probing import heads
from textune.tasks import label_texts, registry


def clouds(each, middles, *, spread, seed=0):
    """Return features of so many items around each middle, and their classes."""
    draw = np.random.default_rng(seed)
    targets = np.repeat(np.arange(len(middles)), each)
    features = middles[targets] + spread * draw.normal(size=(len(targets), middles.shape[1]))
    return features.astype(np.float32), targets


def right(head, features, targets):
    return ((features @ head.weight.T + head.bias).argmax(axis=1) == targets).mean()


def test_names_that_lie_where_their_texts_do_help_few_texts():
    middles = np.random.default_rng(1).normal(size=(4, 64))
    task = registry.make("single", ("sport", "trade", "science", "world"))
    features, targets = clouds(4, middles, spread=2.5)
    fresh, truth = clouds(200, middles, spread=2.5, seed=9)
    plain = heads.fit(task, features, targets, seed=0)
    named = heads.fit(task, features, targets, seed=0, names=middles[:, None].astype(np.float32))
    assert named.reads_names
    assert not plain.reads_names
    assert right(named, fresh, truth) > right(plain, fresh, truth) + 0.05
    assert named.held_out_logits.shape == (16, 4)


def test_names_that_lie_with_other_texts_are_left_out():
    middles = np.random.default_rng(1).normal(size=(4, 64))
    task = registry.make("single", ("sport", "trade", "science", "world"))
    features, targets = clouds(10, middles, spread=1.5)
    moved = np.roll(middles, 1, axis=0).astype(np.float32)
    assert not heads.fit(task, features, targets, seed=0, names=moved[:, None]).reads_names


def test_a_name_is_a_positive_of_its_own_label_alone():
    middles = np.random.default_rng(1).normal(size=(3, 64))
    task = registry.make("multi", ("rude", "threat", "spam"))
    features, targets = clouds(4, middles, spread=2.5)
    marks = np.eye(3, dtype=np.float32)[targets]
    named = heads.fit(task, features, marks, seed=0, names=middles[:, None].astype(np.float32))
    fresh, truth = clouds(200, middles, spread=2.5, seed=9)
    assert named.reads_names
    assert right(named, fresh, truth) > 0.8


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("negative", "positive"), ["negative", "positive"]),
        (("Sci/Tech", "World"), ["Sci Tech", "World"]),
        (("severe_toxic", "identityHate"), ["severe toxic", "identity Hate"]),
        (("0", "1"), None),
        (("LABEL_0", "LABEL_1"), None),
        (("A", "B"), None),
        (("class1", "class2"), None),
        (("good", "2"), None),
        (("type A", "type B"), None),
        (("cat", "dog"), ["cat", "dog"]),
        (("cats", "dogs"), ["cats", "dogs"]),
        (("person", "group"), ["person", "group"]),
        (("добро", "зло"), ["добро", "зло"]),
    ],
)
def test_labels_are_texts_where_all_of_them_are_words(labels, wanted):
    assert label_texts.words(registry.make("single", labels)) == wanted


def test_numbers_have_no_names():
    assert label_texts.words(registry.make("number", ("price",))) is None
