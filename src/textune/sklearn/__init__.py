"""Estimators of scikit-learn's kind, fitted by the recipe of `textune train`."""

from textune.sklearn.classifiers import MultiLabelTextClassifier, TextClassifier
from textune.sklearn.features import TextFeatures
from textune.sklearn.regressor import TextRegressor
from textune.sklearn.tagger import TokenTagger

__all__ = [
    "MultiLabelTextClassifier",
    "TextClassifier",
    "TextFeatures",
    "TextRegressor",
    "TokenTagger",
]
