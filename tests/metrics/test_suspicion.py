"""Confident learning on probabilities that are known."""

import numpy as np

from textune.metrics import suspicion


def test_a_label_is_suspect_where_another_class_passes_its_own_threshold():
    chances = np.asarray([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.05, 0.95]])
    found = suspicion.of_classes(chances, np.asarray([0, 0, 1, 1, 0]))
    # thresholds: class 0 (0.9 + 0.7 + 0.05) / 3 = 0.55, class 1 0.75
    assert found.is_likely.tolist() == [False, False, False, False, True]
    assert found.suggested[4] == 1
    assert np.allclose(found.margins, [0.8, 0.4, 0.6, 0.8, -0.9])
    assert found.order().tolist() == [4]


def test_classes_without_items_and_unknown_items_are_never_suspect():
    chances = np.asarray([[0.1, 0.2, 0.7], [0.2, 0.1, 0.7], [np.nan] * 3, [0.3, 0.6, 0.1]])
    found = suspicion.of_classes(chances, np.asarray([0, 1, 0, -1]))
    assert not found.is_likely.any() or set(found.suggested[found.is_likely].tolist()) <= {0, 1}
    assert np.isnan(found.margins[2:]).all()
    assert not found.is_likely[2:].any()


def test_the_surest_come_first():
    given = np.repeat([0, 1], 20)
    one = np.where(given == 1, 0.8, 0.2)
    one[[3, 8, 25]] = [0.85, 0.99, 0.1]
    found = suspicion.of_classes(np.stack([1 - one, one], axis=1), given)
    assert found.order().tolist() == [8, 25, 3]


def test_several_labels_are_looked_at_one_by_one_and_unscored_ones_left_out():
    given = np.tile([[1.0, 0.0], [0.0, 1.0]], (10, 1))
    chances = np.where(given == 1, 0.9, 0.1)
    given[4, 0], given[7, 1] = 0.0, np.nan
    first, second = suspicion.of_labels(chances, given)
    assert first.order().tolist() == [4]
    assert second.order().tolist() == []
    assert np.isnan(second.margins[7])


def test_a_head_that_is_sure_of_nearly_all_suspects_what_it_is_a_little_less_sure_of():
    given = np.repeat([0, 1], 20)
    one = np.where(given == 1, 0.999, 0.001)
    one[4] = 0.8
    found = suspicion.of_classes(np.stack([1 - one, one], axis=1), given)
    assert found.order().tolist() == [4]


def test_a_label_that_is_likelier_than_what_is_suggested_is_not_called_wrong():
    given = np.repeat([0, 1], [40, 4])  # the second class is rare, and hardly told: threshold 0.3
    one = np.where(given == 1, 0.3, 0.02)
    one[[3, 8, 9]] = [0.9, 0.4, 0.6]
    found = suspicion.of_classes(np.stack([1 - one, one], axis=1), given)
    assert found.order().tolist() == [3, 9]
