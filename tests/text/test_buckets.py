"""Batches are filled up to few sizes, by texts that change nothing."""

import numpy as np
import torch

from textune.text import buckets
from textune.text.buckets import Size


def drawn(count=400, seed=0):
    draw = np.random.default_rng(seed)
    sizes = []
    for _ in range(count):
        lengths = draw.integers(4, 48, 32)
        sizes.append(Size(int(lengths.sum()), 32, longest=int(lengths.max())))
    return sizes


def test_few_sizes_waste_little_and_every_batch_of_the_plan_fits_one():
    sizes = drawn()
    found = buckets.choose(sizes)
    assert 1 < len(found.all) <= buckets.MOST
    assert found.share <= 0.045
    assert all(found.of(size) is not None for size in sizes)
    wasted = 1 - sum(size.tokens for size in sizes) / sum(found.of(size).tokens for size in sizes)
    assert wasted <= found.share
    assert list(found.all) == sorted(found.all, key=lambda size: size.tokens)


def test_the_cuts_between_sizes_waste_least():
    tops = np.array([64, 64, 64, 128, 640, 704, 704])
    assert buckets._cuts(tops, 1) == [0, 7]
    assert buckets._cuts(tops, 2) == [0, 4, 7]
    assert buckets._cuts(tops, 3) == [0, 3, 4, 7]
    assert buckets._cuts(tops, 9) == [0, 3, 4, 5, 7]


def test_a_last_batch_of_few_texts_fits_too():
    sizes = [*drawn(40), Size(60, 3, longest=30)]
    found = buckets.choose(sizes, share=0.2)
    assert all(found.of(size) is not None for size in sizes)


def test_what_fits_no_size_is_said():
    found = buckets.choose(drawn(20))
    assert found.of(Size(10_000, 32, longest=40)) is None
    assert found.of(Size(700, 32, longest=480)) is None


def test_no_plan_has_no_sizes():
    assert buckets.choose([]).all == ()


def test_pairs_that_are_read_apart_stay_pairs():
    sizes = [Size(100 + n, 8, 4, 4, longest=30) for n in range(50)]
    for one in buckets.choose(sizes, in_pairs=True).all:
        assert one.texts == 2 * one.items == 2 * one.groups


def test_texts_of_filling_are_short_and_each_has_a_token():
    from textune.text import batches

    texts = [np.arange(5, 5 + length, dtype=np.int32) for length in (9, 4, 2)]
    batch = batches.pack_ids(texts, [9, 2, 1], targets=torch.tensor([0, 2, 1]))
    size = buckets.choose([buckets.size_of(batch)]).all[0]
    full = buckets.fill(batch, size)
    assert full.ids.shape == full.positions.shape == full.segments.shape == (32,)
    assert full.borders.tolist() == np.cumsum([0, *full.lengths]).tolist()
    assert max(full.lengths) <= 9
    assert min(full.lengths) >= 1
    assert full.lengths[:3] == batch.lengths
    assert full.weights.tolist() == [1.0] * 3 + [0.0] * (size.texts - 3)
    assert set(full.targets[3:].tolist()) == {buckets.UNKNOWN}
