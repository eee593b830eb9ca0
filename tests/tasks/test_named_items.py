"""Texts that name a label weigh the same together, however many they are."""

import numpy as np
import pytest

from textune.tasks.named_items import WORDS_WEIGHT, NamedItems


def test_labels_weigh_the_same_however_many_words_they_have():
    names = np.ones((2, 3, 5), dtype=np.float32)
    names[1, 1:] = np.nan
    items = NamedItems.of(names, 4.0)
    assert items.labels.tolist() == [0, 0, 0, 1]
    assert items.features.shape == (4, 5)
    assert np.bincount(items.labels, items.weights) == pytest.approx([WORDS_WEIGHT] * 2)


def test_names_alone_weigh_what_is_asked_for():
    assert NamedItems.of(np.ones((3, 1, 5), dtype=np.float32), 4.0).weights.tolist() == [4.0] * 3
