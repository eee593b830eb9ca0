"""What is counted in a text before anything is learned."""

from collections import Counter

import numpy as np
import pytest

from textune.text import cooccurrence

PIECES = 40
SPECIAL = np.arange(PIECES) < 3
CAT, DOG, SUN, MOON = 3, 4, 5, 6


@pytest.fixture
def text():
    """Return ids and spans: cats and dogs stand beside one half of the others, sun and moon
    beside the other half."""
    draw = np.random.default_rng(1)
    passages = []
    for number in range(400):
        animals = number % 2
        others = draw.integers(7, 23, 12) if animals else draw.integers(23, 39, 12)
        others[draw.integers(12)] = draw.choice([CAT, DOG] if animals else [SUN, MOON])
        passages.append(others)
    ends = np.cumsum([len(passage) for passage in passages])
    spans = np.stack([ends - 12, ends], axis=1)
    return np.concatenate(passages).astype(np.int32), spans


def test_pieces_that_stand_beside_the_same_others_are_near_each_other(text):
    near = cooccurrence.count(*text, SPECIAL, most=8).vectors
    near = near @ near.T
    assert near[CAT, DOG] > near[CAT, [SUN, MOON]].max() + 0.5
    assert near[SUN, MOON] > near[DOG, [SUN, MOON]].max() + 0.5
    assert np.allclose(near.diagonal()[3:39], 1.0, atol=1e-5)
    assert not near[[0, 1, 2, 39]].any()  # specials, and one that never occurs


def by_definition(ids, spans, window, most):
    """Compute the vectors' products word for word from the paper, without any trick."""
    pairs = Counter()
    for start, stop in spans.tolist():
        for one in range(start, stop):
            for other in range(max(start, one - window), min(stop, one + window + 1)):
                if one != other:
                    pairs[int(ids[one]), int(ids[other])] += 1
    kinds = sorted({one for one, _ in pairs})
    table = np.array([[pairs[one, other] for other in kinds] for one in kinds], dtype=float)
    joint = table / table.sum()
    smooth = table.sum(0) ** 0.75
    chance = joint.sum(1)[:, None] * (smooth / smooth.sum())[None]
    with np.errstate(divide="ignore"):
        information = np.maximum(np.log(joint / chance), 0)
    left = np.linalg.svd(information)[0][:, :most]
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    return kinds, left @ left.T


def test_vectors_are_those_of_the_definition(text):
    kinds, wanted = by_definition(*text, window=8, most=8)
    found = cooccurrence.count(*text, SPECIAL, most=8).vectors[kinds]
    assert len(kinds) == 36
    assert np.allclose(found @ found.T, wanted, atol=1e-4)


def test_a_text_in_many_chunks_gives_the_same(text, monkeypatch):
    whole = cooccurrence.count(*text, SPECIAL, most=8)
    monkeypatch.setattr(cooccurrence, "CHUNK", 100)
    parts = cooccurrence.count(*text, SPECIAL, most=8)
    assert np.array_equal(whole.vectors, parts.vectors)
    assert np.array_equal(whole.frequencies, np.bincount(text[0], minlength=PIECES))
    assert np.array_equal(parts.frequencies, whole.frequencies)


def test_of_a_long_text_passages_from_all_over_are_counted(text, monkeypatch):
    monkeypatch.setattr(cooccurrence, "TOKENS", 1200)
    found = cooccurrence.count(*text, SPECIAL, most=8).frequencies
    assert found.sum() == 1200
    first, last = (
        np.bincount(text[0][part], minlength=PIECES) for part in (slice(600), slice(-600, None))
    )
    assert not np.array_equal(found, first + last)


@pytest.mark.parametrize(
    ("ids", "spans"), [([], []), ([5], [(0, 1)]), ([5, 6, 7], [(0, 3)]), ([8] * 50, [(0, 50)])]
)
def test_of_too_little_text_nothing_is_known(ids, spans):
    found = cooccurrence.count(
        np.array(ids, dtype=np.int32),
        np.array(spans, dtype=np.int64).reshape(-1, 2),
        SPECIAL,
        most=8,
    )
    assert not found.vectors.any()
    assert found.frequencies.sum() == len(ids)
