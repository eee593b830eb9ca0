"""Samples of streams are even, and hold no more than they return."""

import numpy as np
import pytest
from scipy import stats

from textune.data import sampling


@pytest.mark.parametrize("count", [0, 1, 7])
def test_all_of_a_short_stream_are_drawn_in_their_order(count):
    assert sampling.drawn(iter(range(count)), 7, seed=3) == list(range(count))


def test_each_item_of_a_long_stream_is_as_likely_as_any_other():
    found = [sampling.drawn(range(40), 5, seed=seed) for seed in range(2000)]
    assert all(len(set(one)) == 5 for one in found)
    times = np.bincount(np.concatenate(found), minlength=40)
    assert stats.chisquare(times).pvalue > 0.001
    assert found[7] == sampling.drawn(range(40), 5, seed=7) != found[8]
