"""Labels that an estimator does not take name the one that does."""

import numpy as np
import pandas as pd
import pytest
from made_estimators import CLASSES, MARKS, NUMBERS, SENTENCES, TAGS, TEXTS
from scipy.sparse import csr_array, csr_matrix

from textune.errors import DataError
from textune.sklearn import MultiLabelTextClassifier, TextClassifier, TextRegressor, TokenTagger

NAMES = [["a"] if number % 2 else ["a", "b"] for number in range(40)]
SAME = [["a", "c"] if number % 2 else ["a", "b"] for number in range(40)]
ONE_OF = np.eye(2, dtype=int)[[number % 2 for number in range(40)]]
SEVERAL = "for several labels a text use MultiLabelTextClassifier"


def refused(kind, y):
    with pytest.raises(DataError) as caught:
        kind(effort="quick").fit(SENTENCES if kind is TokenTagger else TEXTS, y)
    return str(caught.value)


@pytest.mark.parametrize(
    "y",
    [
        *(MARKS, pd.DataFrame(MARKS, columns=["a", "b"]), MARKS.tolist(), MARKS.astype(object)),
        *(csr_array(MARKS), csr_matrix(MARKS), MARKS.astype(bool), MARKS.astype(float)),
        pd.DataFrame(MARKS).astype("Int64"),
    ],
    ids=["array", "frame", "lists", "objects", "sparse", "matrix", "bool", "float", "Int64"],
)
def test_columns_of_zeros_and_ones_are_several_labels(y):
    said = refused(TextClassifier, y)
    assert said.startswith("TextClassifier: y has the shape (40, 2) and holds 0 and 1; ")
    assert SEVERAL in said
    assert "argmax" not in said


def test_one_of_each_row_is_a_class_too():
    said = refused(TextClassifier, ONE_OF)
    assert f"{SEVERAL}, for one class a text give the place of its 1: np.argmax(y, axis=1)" in said


@pytest.mark.parametrize(
    "y",
    [NAMES, SAME, [set(names) for names in NAMES], pd.Series(NAMES), pd.Series(SAME), tuple(NAMES)],
    ids=["lists", "same length", "sets", "series", "series of same", "tuple"],
)
def test_lists_of_names_are_several_labels(y):
    said = refused(TextClassifier, y)
    assert f"{SEVERAL}, with MultiLabelBinarizer().fit_transform(y) as y" in said
    assert "for a tag a word TokenTagger" in said
    said = refused(MultiLabelTextClassifier, y)
    assert "1 where a label applies and 0 where it does not" in said
    assert "MultiLabelBinarizer" in said
    assert TextRegressor.__name__ in refused(TextRegressor, y)


@pytest.mark.parametrize("y", [NUMBERS, NUMBERS.tolist(), pd.Series(NUMBERS)])
def test_numbers_with_fractions_are_for_the_regressor(y):
    said = refused(TextClassifier, y)
    assert "Unknown label type: continuous" in said
    assert "to learn numbers use TextRegressor" in said


def test_several_numbers_are_for_the_regressor():
    said = refused(TextClassifier, np.stack([NUMBERS, NUMBERS], axis=1))
    assert "y has the shape (40, 2); expected one class for each text" in said
    assert "for numbers TextRegressor" in said


@pytest.mark.parametrize("y", [CLASSES, pd.Series(CLASSES), TAGS])
def test_classes_are_not_for_the_regressor(y):
    assert "for one class a text use TextClassifier" in refused(TextRegressor, y)


def test_sparse_numbers_are_as_dense_ones():
    assert "40 rows of X and 3 of y" in refused(TextRegressor, csr_array(MARKS[:3]))


@pytest.mark.parametrize(
    "y",
    [NUMBERS, NUMBERS.tolist(), pd.DataFrame(MARKS), csr_array(MARKS), CLASSES, pd.Series(CLASSES)],
    ids=["numbers", "list", "frame", "sparse", "classes", "series"],
)
def test_what_is_no_tag_a_word_is_named(y):
    said = refused(TokenTagger, y)
    assert "TokenTagger: " in said
    assert "a list of tags for each text, one a word" in said
    assert "for one class a text use TextClassifier" in said
