"""Logistic regression has the probabilities of scikit-learn's."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from textune.metrics import logistic


def items(classes, *, count=80, width=12):
    draw = np.random.default_rng(classes)
    targets = np.arange(count) % classes
    features = draw.normal(size=(classes, width))[targets] + 2 * draw.normal(size=(count, width))
    weights = draw.uniform(0.5, 3, size=count)
    return features / 5, targets, weights


def wanted(features, targets, weights, strength):
    model = LogisticRegression(C=strength, max_iter=5000, tol=1e-8)
    return model.fit(features, targets, sample_weight=weights).predict_proba(features)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("strength", [0.1, 10.0])
def test_classes_that_exclude_each_other(form, strength):
    features, targets, weights = items(5)
    truth = np.eye(5)[targets]
    layer = logistic.fit(form(features), truth, weights[:, None], strength=strength, exclusive=True)
    found = logistic.chances(form(features), layer, exclusive=True)
    np.testing.assert_allclose(found, wanted(features, targets, weights, strength), atol=1e-3)
    assert abs(layer[1].mean()) < 1e-12


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_labels_are_fitted_at_once_as_if_each_alone_with_weights_of_its_own(form):
    features, targets, weights = items(3)
    truth = np.stack([targets == 0, targets != 1], axis=1).astype(float)
    own = np.stack([weights, np.where(np.arange(len(weights)) % 4, 1.0, 0.0)], axis=1)
    layer = logistic.fit(form(features), truth, own, strength=2.0, exclusive=False)
    found = logistic.chances(form(features), layer, exclusive=False)
    for label in range(2):
        alone = wanted(features, truth[:, label], own[:, label], 2.0)
        np.testing.assert_allclose(found[:, label], alone[:, 1], atol=1e-3)


def test_a_rare_label_is_found_as_a_frequent_one():
    features, targets, _ = items(40, count=400)
    truth = np.stack([targets == 0, targets % 2 == 0], axis=1).astype(float)
    layer = logistic.fit(features, truth, np.ones((400, 1)), strength=5.0, exclusive=False)
    found = logistic.chances(features, layer, exclusive=False)
    for label in range(2):
        alone = wanted(features, truth[:, label], np.ones(400), 5.0)
        np.testing.assert_allclose(found[:, label], alone[:, 1], atol=1e-3)


def test_items_without_features_give_the_share_of_each_class():
    truth = np.eye(3)[np.asarray([0, 0, 0, 1, 1, 2])]
    layer = logistic.fit(np.zeros((6, 0)), truth, np.ones((6, 1)), strength=1.0, exclusive=True)
    found = logistic.chances(np.zeros((1, 0)), layer, exclusive=True)
    np.testing.assert_allclose(found, [[1 / 2, 1 / 3, 1 / 6]], atol=1e-3)
