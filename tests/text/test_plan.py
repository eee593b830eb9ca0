"""The plan: every text once, batches of plain shuffling, the same on every process."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.text import plan
from thinning import examples

LENGTHS = st.lists(st.integers(1, 700), min_size=1, max_size=90).map(np.asarray)


@given(LENGTHS, st.integers(1, 40), st.integers(16, 900), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=examples(150), deadline=None)
def test_every_text_is_in_one_micro_batch_of_one_process(lengths, batch, budget, world, seed):
    options = {"seed": seed, "number": 1, "batch_size": batch, "micro_tokens": budget}
    ranks = [plan.epoch(lengths, **options, rank=rank, world=world) for rank in range(world)]
    assert len({len(steps) for steps in ranks}) == 1
    found = []
    for updates in zip(*ranks, strict=True):
        assert len({len(update.parts) for update in updates}) == 1
        mine = [row for update in updates for part in update.parts for row in part.tolist()]
        assert sorted(mine) == sorted(updates[0].rows.tolist())
        found += mine
        for part in (part for update in updates for part in update.parts):
            assert len(part) <= 1 or lengths[part].sum() <= budget
    assert sorted(found) == list(range(len(lengths)))


def test_batches_are_those_of_plain_shuffling():
    lengths = np.arange(1, 101)
    order = np.random.default_rng([7, 3]).permutation(100)
    steps = plan.epoch(lengths, seed=7, number=3, batch_size=32, micro_tokens=64)
    assert np.concatenate([step.rows for step in steps]).tolist() == order.tolist()
    assert [len(step.rows) for step in steps] == [32, 32, 32, 4]


def test_lengths_do_not_decide_who_shares_a_batch():
    draw = np.random.default_rng(0)
    options = {"seed": 1, "number": 1, "batch_size": 8, "micro_tokens": 100}
    one = plan.epoch(draw.integers(1, 50, 64), **options)
    other = plan.epoch(draw.integers(1, 50, 64), **options)
    assert [sorted(step.rows) for step in one] == [sorted(step.rows) for step in other]


@given(LENGTHS, st.integers(16, 900))
@settings(max_examples=examples(100), deadline=None)
def test_micro_batches_to_be_padded_hold_texts_of_like_length(lengths, budget):
    options = {"seed": 0, "number": 1, "batch_size": 32, "micro_tokens": budget}
    plain = plan.epoch(lengths, **options)
    padded = plan.epoch(lengths, **options, padded=True)
    assert [step.rows.tolist() for step in plain] == [step.rows.tolist() for step in padded]
    for step in padded:
        assert sorted(np.concatenate(step.parts).tolist()) == sorted(step.rows.tolist())
        for part in step.parts:
            computed = lengths[part].max() * len(part)
            assert len(part) == 1 or computed <= budget
            for place in range(1, len(part)):  # longest first
                parted = lengths[part[0]] * place + lengths[part[place]] * (len(part) - place)
                assert computed - parted <= max(48, 0.05 * min(lengths[step.rows].sum(), budget))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9), st.integers(60, 200))
@settings(max_examples=examples(60), deadline=None)
def test_micro_batches_to_be_padded_cost_least_of_all_ways_to_part_a_batch(lengths, budget):
    sizes = np.sort(np.array(lengths))[::-1]
    each = max(48, 0.05 * min(sizes.sum(), budget))

    def cost(parts):
        computed = [part[0] * len(part) for part in parts]
        return sum(computed) + each * len(parts) if max(computed) <= budget else np.inf

    ways = itertools.product([False, True], repeat=len(sizes) - 1)
    least = min(cost(np.split(sizes, np.flatnonzero(way) + 1)) for way in ways)
    options = {"seed": 0, "number": 1, "batch_size": 9, "micro_tokens": budget, "padded": True}
    (step,) = plan.epoch(np.array(lengths), **options)
    assert cost([np.array(lengths)[part] for part in step.parts]) == least


def test_epochs_and_seeds_differ():
    lengths = np.ones(50, dtype=np.int64)
    orders = {
        tuple(plan.epoch(lengths, seed=seed, number=number, batch_size=50, micro_tokens=64)[0].rows)
        for seed in (1, 2)
        for number in (1, 2)
    }
    assert len(orders) == 4


def test_processes_get_like_numbers_of_tokens():
    lengths = np.random.default_rng(0).integers(4, 60, 64)
    options = {"seed": 0, "number": 1, "batch_size": 64, "micro_tokens": 4096}
    loads = [
        sum(
            int(lengths[part].sum())
            for part in plan.epoch(lengths, **options, rank=rank, world=4)[0].parts
        )
        for rank in range(4)
    ]
    assert max(loads) - min(loads) <= 60


@given(LENGTHS, st.integers(16, 900), st.integers(1, 50))
@settings(max_examples=examples(100), deadline=None)
def test_prediction_sees_each_text_once_and_keeps_to_the_budget(lengths, budget, window):
    parts = list(plan.in_order(lengths, micro_tokens=budget, window=window))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lengths)))
    assert all(len(part) == 1 or lengths[part].sum() <= budget for part in parts)


@pytest.mark.parametrize(("texts", "batch", "steps"), [(1, 32, 1), (32, 32, 1), (33, 32, 2)])
def test_the_last_batch_may_be_smaller(texts, batch, steps):
    assert plan.steps_in_epoch(texts, batch) == steps
