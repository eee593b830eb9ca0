"""scikit-learn's own checks, on estimators that spell tables of numbers in words.

`TEXTUNE_CHECKS=all .venv/bin/python -m pytest tests/sklearn/test_estimator_checks.py` makes all of
them, which takes two minutes; without it those that fit at most once, and few of these.
"""

import os
import warnings

import pytest
from made_estimators import ClassesOfNumbers, LabelsOfNumbers, NumbersOfNumbers, small
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import SkipTest, estimator_checks_generator

from textune.sklearn import MultiLabelTextClassifier, TextClassifier, TextRegressor, TokenTagger

ALL = os.environ.get("TEXTUNE_CHECKS") == "all"
UNEQUAL = (
    "a row of weight 2 is one row: it is in one part of the inner validation and in one batch, and "
    "two equal rows are counted twice when a validation score is taken"
)
SINGLE = (
    "the encoder computes in single precision, and texts are packed with others: sums are taken in "
    "another order, and agree to some 1e-5 (test_the_same_alone_and_in_company)"
)
ONE_CLASS = "y has one class a row; this estimator takes a matrix of zeros and ones"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": UNEQUAL,
    "check_methods_subset_invariance": SINGLE,
}
OF_ONE_CLASS = (
    *("check_estimators_dtypes", "check_sample_weights_pandas_series"),
    *("check_sample_weights_not_an_array", "check_sample_weights_shape"),
    *("check_sample_weights_not_overwritten", "check_classifier_data_not_an_array"),
    *("check_classifiers_classes", "check_decision_proba_consistency"),
    *("check_classifier_not_supporting_multiclass", "check_fit2d_1feature"),
    "check_classifiers_train",
)
EXPECTED_OF_LABELS = EXPECTED | dict.fromkeys(OF_ONE_CLASS, ONE_CLASS)
KINDS = {
    ClassesOfNumbers: EXPECTED,
    LabelsOfNumbers: EXPECTED_OF_LABELS,
    NumbersOfNumbers: EXPECTED,
}
QUICK = {  # those that fit nothing
    *("check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types"),
    *("check_estimator_repr", "check_no_attributes_set_in_init", "check_estimators_unfitted"),
    *("check_do_not_raise_errors_in_init_or_set_params", "check_mixin_order"),
    *("check_all_zero_sample_weights_error", "check_complex_data", "check_requires_y_none"),
    *("check_estimators_empty_data_messages", "check_estimator_sparse_tag", "check_set_params"),
    *("check_estimator_sparse_array", "check_estimator_sparse_matrix", "check_fit1d"),
    *("check_classifiers_one_label", "check_classifiers_one_label_sample_weights"),
    *("check_estimators_partial_fit_n_features", "check_classifiers_regression_target"),
    *("check_supervised_y_no_nan", "check_non_transformer_estimators_n_iter"),
    *("check_parameters_default_constructible", "check_fit2d_1sample"),
    *("check_get_params_invariance", "check_regressors_no_decision_function"),
}
FITTED = {
    ClassesOfNumbers: {
        *("check_dont_overwrite_parameters", "check_n_features_in"),
        *("check_sample_weights_list", "check_decision_proba_consistency"),
    },
    LabelsOfNumbers: {
        "check_classifiers_multilabel_output_format_predict",
    },
    NumbersOfNumbers: {"check_estimators_pickle"},
}


def name_of(check):
    while hasattr(check, "func"):
        check = check.func
    return check.__name__


def checks():
    """Yield every check that is made here, each with the reason for which it is known to fail."""
    for kind, expected in KINDS.items():
        found = list(estimator_checks_generator(kind(), legacy=True))
        names = [name_of(check) for _, check in found]
        assert expected.keys() | FITTED[kind] <= set(names)
        assert len(names) > 45
        for number, ((_, check), name) in enumerate(zip(found, names, strict=True)):
            if ALL or (name in QUICK | FITTED[kind] and name not in expected):
                why = expected.get(name)
                marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
                yield pytest.param(kind, check, marks=marks, id=f"{kind.__name__}-{name}-{number}")


@pytest.mark.parametrize(("kind", "check"), list(checks()))
def test_what_scikit_learn_checks(kind, check, tiny_base):
    try:
        check(small(kind, tiny_base))
    except SkipTest as why:  # of another runner
        pytest.skip(str(why))


@pytest.mark.parametrize(
    "kind", [TextClassifier, MultiLabelTextClassifier, TextRegressor, TokenTagger]
)
def test_of_estimators_that_take_texts_it_checks_that_they_can_be_cloned(kind):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = list(estimator_checks_generator(kind(), legacy=True))
    assert [name_of(check) for _, check in found] == ["check_estimator_cloneable"]
    assert [warning.category for warning in said] == [SkipTestWarning]
    assert clone(kind(lr=1e-3)).lr == 1e-3
