import numpy as np
import pytest

from textune.predicting import picking


def clouds(sizes, *, seed=0):
    """Return features around as many places as there are sizes, and the place of each."""
    draw = np.random.default_rng(seed)
    centers = draw.normal(size=(len(sizes), 16))
    of = np.repeat(np.arange(len(sizes)), sizes)
    noise = draw.normal(size=(len(of), 16)) * 0.05
    return (centers[of] + noise).astype(np.float32), of


@pytest.mark.parametrize("doubts", [None, np.full(66, 0.4), np.zeros(66)])
def test_each_kind_of_text_is_chosen_once(doubts):
    features, of = clouds([40, 20, 3, 2, 1])
    found = picking.choose(features, doubts, count=5, seed=3)
    assert sorted(of[found].tolist()) == [0, 1, 2, 3, 4]
    assert of[found[0]] == 0  # the first stands for most


def test_what_the_model_is_sure_of_is_not_chosen():
    features, of = clouds([50, 50, 50])
    doubts = np.where(of == 1, 0.9, 0.05)
    found = picking.choose(features, doubts, count=4, seed=0)
    assert set(of[found].tolist()) == {1}


def test_the_least_sure_are_chosen_where_nothing_is_known_of_texts():
    doubts = np.asarray([0.2, 0.9, 0.1, 0.5])
    assert picking.choose(None, doubts, count=3, seed=0).tolist() == [1, 3, 0]


def test_the_choice_follows_from_the_seed():
    features, _ = clouds([30] * 10)
    doubts = np.random.default_rng(1).random(300)
    first, again = (picking.choose(features, doubts, count=20, seed=5) for _ in range(2))
    assert first.tolist() == again.tolist()
    assert len(set(first.tolist())) == 20


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_no_more_is_chosen_than_there_is(rows):
    features, _ = clouds([rows])
    assert sorted(picking.choose(features, None, count=9, seed=0).tolist()) == list(range(rows))


def test_copies_and_empty_features_are_chosen_from_too():
    features = np.zeros((6, 4), dtype=np.float32)
    features[3:] = 1
    features[5] = np.nan
    found = picking.choose(features, np.ones(6), count=6, seed=0)
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4, 5]


def test_of_more_texts_than_groups_each_group_gives_in_its_turn(monkeypatch):
    monkeypatch.setattr(picking, "MOST_GROUPS", 3)
    features, of = clouds([20, 20, 20])
    found = picking.choose(features, None, count=6, seed=1)
    assert sorted(of[found[:3]].tolist()) == [0, 1, 2]
    assert sorted(of[found[3:]].tolist()) == [0, 1, 2]
