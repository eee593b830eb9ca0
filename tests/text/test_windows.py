"""Texts of any length become windows that show everything they should."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.text import windows
from thinning import examples

LENGTHS = st.integers(0, 5_000)
ROOMS = st.integers(2, 600)


@given(LENGTHS, ROOMS, st.sampled_from([0.0, 0.25, 0.5, 0.9]))
@settings(max_examples=examples(500), deadline=None)
def test_windows_show_every_token_and_overlap_as_asked(length, room, overlap):
    found = windows.cut(length, room, "window", overlap=overlap)
    stretches = [window[0] for window in found]
    assert all(len(window) == 1 for window in found)
    assert stretches[0][0] == 0
    assert stretches[-1][1] == length
    assert all(0 <= end - first <= room for first, end in stretches)
    for (_, end), (first, _) in itertools.pairwise(stretches):
        assert end - first >= int(room * overlap)
    sizes = [end - first for first, end in stretches]
    assert max(sizes) == min(sizes)


@pytest.mark.parametrize("long", ["head", "tail", "head+tail", "window"])
def test_a_text_that_fits_is_one_window_whatever_is_asked(long):
    assert windows.cut(10, 10, long) == [((0, 10),)]
    assert windows.cut_pair((4, 6), 10, long) == [(((0, 4),), ((0, 6),))]


def test_beginnings_ends_and_both():
    assert windows.cut(100, 10, "head") == [((0, 10),)]
    assert windows.cut(100, 10, "tail") == [((90, 100),)]
    assert windows.cut(100, 11, "head+tail") == [((0, 6), (95, 100))]
    assert windows.tokens(((0, 2), (5, 7))).tolist() == [0, 1, 5, 6]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(8, 64))
@settings(max_examples=examples(200), deadline=None)
def test_of_a_pair_the_longer_text_is_shortened(first, second, most):
    kept = windows.share(first, second, most)
    assert sum(kept) == min(first + second, most)
    assert kept[0] <= first
    assert kept[1] <= second
    if first > kept[0] and second > kept[1]:
        assert abs(kept[0] - kept[1]) <= 1


@given(st.integers(0, 4000), st.integers(0, 4000), st.integers(8, 300))
@settings(max_examples=examples(200), deadline=None)
def test_windows_of_a_pair_show_both_texts_whole_and_fit(first, second, room):
    found = windows.cut_pair((first, second), room, "window")
    for number, length in enumerate((first, second)):
        seen = np.zeros(length, dtype=bool)
        for pair in found:
            seen[windows.tokens(pair[number])] = True
        assert seen.all()
    assert all(sum(len(windows.tokens(part)) for part in pair) <= room for pair in found)
    assert len(found) <= 1 + 2 * max(first, second) // (room // 2 - room // 8)  # not each with each


def test_the_question_stands_beside_every_window_of_its_passage():
    found = windows.cut_second((5, 100), 25, "window")
    assert {question for question, _ in found} == {((0, 5),)}
    assert found[-1][1][0][1] == 100
    assert windows.cut_second((50, 100), 20, "head") == [(((0, 10),), ((0, 10),))]


def test_a_word_is_asked_about_where_most_of_its_surroundings_are_shown():
    cuts = [((0, 10),), ((5, 15),)]
    assert windows.best_window(np.array([0, 6, 7, 8, 14]), cuts).tolist() == [0, 0, 0, 1, 1]
    assert windows.best_window(np.array([3, 20]), [((0, 10),)]).tolist() == [0, -1]
