"""Estimators of tests: small ones, fitted once a process, and such as take numbers for texts."""

import functools
import random

import numpy as np
from sklearn.utils.validation import validate_data

from conftest import WORDS
from textune.sklearn import MultiLabelTextClassifier, TextClassifier, TextRegressor, TokenTagger
from textune.sklearn.handed import Texts

SETTINGS = ("data.cache=false", "data.valid_share=0.25")
DRAW = random.Random(0)
TEXTS = [
    " ".join(DRAW.choice(WORDS[5 * kind : 5 * kind + 5] + WORDS[10:13]) for _ in range(5))
    for kind in (0, 1) * 20
]
CLASSES = ["good", "bad"] * 20
MARKS = np.asarray([[n % 2, n % 3 == 0] for n in range(40)], dtype=np.int64)
NUMBERS = np.asarray([n % 2 + n / 100 for n in range(40)])
SENTENCES = [text.split() for text in TEXTS]
TAGS = [["B-kind" if word in WORDS[:5] else "O" for word in words] for words in SENTENCES]
MADE = {
    TextClassifier: (TEXTS, CLASSES),
    MultiLabelTextClassifier: (TEXTS, MARKS),
    TextRegressor: (TEXTS, NUMBERS),
    TokenTagger: (SENTENCES, TAGS),
}


def small(kind, base, **changes):
    """Make an estimator that is fitted in half a second."""
    return kind(base=str(base), effort="quick", settings=SETTINGS, **changes)


@functools.cache
def fitted(kind, base):
    """Fit an estimator to the texts above; nobody may change it."""
    return small(kind, base).fit(*MADE[kind])


class Spelled:
    """Numbers are spelled in words, so that scikit-learn's checks of tables can be made.

    Everything but the reading of X is as in the estimator: a table is checked as scikit-learn's own
    estimators do it, and each row becomes a text.
    """

    def _texts(self, X, *, reset):
        table = validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_samples=int(reset))
        return Texts(([" ".join(map(_spelled, row)) for row in table],))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        for own in (tags.classifier_tags, tags.regressor_tags):
            if own is not None:
                own.poor_score = True  # the tiny base knows no numbers
        return tags


def _spelled(value):
    coarse = WORDS[int(np.clip(np.floor(value) + 5, 0, 9))]
    return " ".join(
        [coarse, *(WORDS[10 + int(digit)] for digit in str(round(10 * abs(value)))[-3:])]
    )


class ClassesOfNumbers(Spelled, TextClassifier):
    """Classes of rows of numbers."""


class LabelsOfNumbers(Spelled, MultiLabelTextClassifier):
    """Labels of rows of numbers."""


class NumbersOfNumbers(Spelled, TextRegressor):
    """Numbers of rows of numbers."""
