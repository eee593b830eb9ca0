import numpy as np
import pytest

from textune.records import Scores
from textune.tasks import doubt, registry


def scores(probabilities, borders=None):
    found = np.asarray(probabilities, dtype=np.float64)
    logits = found.astype(np.float32)
    edges = None if borders is None else np.asarray(borders, dtype=np.int64)
    return Scores(logits, found, found.argmax(axis=1), None, edges)


def test_a_model_is_unsure_between_classes_that_are_equally_likely():
    found = doubt.between_classes(scores([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.4, 0.5, 0.1]]))
    assert found.tolist() == pytest.approx([1.0, 0.0, 0.9])
    assert doubt.between_classes(scores([[1.0]])).tolist() == [0.0]


def test_a_model_is_unsure_of_labels_at_one_half():
    assert doubt.of_labels(scores([[0.5, 0.5], [0.0, 1.0], [0.25, 1.0]])).tolist() == pytest.approx(
        [1.0, 0.0, 0.25]
    )


def test_words_count_in_the_mean_and_a_text_without_words_is_sure():
    found = doubt.of_words(scores([[0.5, 0.5], [0.9, 0.1], [0.3, 0.7]], [0, 2, 2, 3]))
    assert found.tolist() == pytest.approx([0.3, 0.0, 0.3])


def test_an_answer_is_sure_where_both_ends_are():
    found = doubt.of_ends(scores([[0.5, 0.1], [0.5, 0.8], [1.0, 1.0]], [0, 2, 3]))
    assert found.tolist() == pytest.approx([0.6, 0.0])


def test_every_task_but_numbers_says_how_unsure_it_is():
    assert [name for name, kind in registry.TASKS.items() if kind.doubt is None] == ["number"]
