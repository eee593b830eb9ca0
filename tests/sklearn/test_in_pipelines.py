import numpy as np
import pandas as pd
import pytest
from made_estimators import CLASSES, MARKS, SENTENCES, TAGS, TEXTS, fitted, small
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from textune.sklearn import MultiLabelTextClassifier, TextClassifier, TextFeatures, TokenTagger
from textune.splits import splits

FRAME = pd.DataFrame({"title": TEXTS, "body": TEXTS[::-1], "shop": ["north", "south"] * 20})


def test_the_last_step_of_a_pipeline(tiny_base):
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    model = make_pipeline(lower, small(TextClassifier, tiny_base))
    assert model.fit([text.upper() for text in TEXTS], CLASSES).score(TEXTS, CLASSES) > 0.9


def test_columns_of_a_frame_reach_it_as_an_array(tiny_base):
    only = ColumnTransformer([("text", "passthrough", ["title"])])
    model = make_pipeline(only, small(TextClassifier, tiny_base)).fit(FRAME, CLASSES)
    wanted = fitted(TextClassifier, tiny_base).predict_proba(TEXTS)
    assert (model.predict_proba(FRAME) == wanted).all()


def test_features_of_texts_stand_beside_other_columns(tiny_base):
    features = TextFeatures(base=tiny_base)
    parts = [("a", features, "title"), ("b", features, ["body"]), ("c", OneHotEncoder(), ["shop"])]
    columns = ColumnTransformer(parts)
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, CLASSES)
    assert model.score(FRAME, CLASSES) > 0.9
    assert len(columns.fit(FRAME).get_feature_names_out()) == 2 * 32 + 2


def test_folds_of_several_labels_and_of_tags(tiny_base):
    found = cross_val_predict(
        small(MultiLabelTextClassifier, tiny_base), TEXTS, MARKS, cv=2, method="predict_proba"
    )
    assert found.shape == MARKS.shape
    scores = cross_val_score(small(TokenTagger, tiny_base), SENTENCES, TAGS, cv=2)
    assert scores.min() > 0.9


def test_a_frozen_model_is_calibrated(tiny_base):
    model = CalibratedClassifierCV(FrozenEstimator(fitted(TextClassifier, tiny_base)), cv=2)
    chances = model.fit(TEXTS, CLASSES).predict_proba(TEXTS)
    assert np.allclose(chances.sum(axis=1), 1)
    assert model.score(TEXTS, CLASSES) > 0.9


def test_texts_of_weight_0_are_as_if_they_were_not_there(tiny_base):
    weights = [0] * 8 + [3] * 32
    model = small(TextClassifier, tiny_base).fit(TEXTS, CLASSES, sample_weight=weights)
    less = small(TextClassifier, tiny_base).fit(TEXTS[8:], CLASSES[8:])
    assert (model.predict_proba(TEXTS) == less.predict_proba(TEXTS)).all()
    other = small(TextClassifier, tiny_base).fit(TEXTS, CLASSES, sample_weight=[1, 1, 1, 9] * 10)
    assert (model.predict_proba(TEXTS) != other.predict_proba(TEXTS)).any()


def test_groups_are_routed_to_folds_and_to_the_inner_validation(tiny_base, monkeypatch):
    seen = []
    split = splits.split

    def noted(examples, *args, **kwargs):
        found = split(examples, *args, **kwargs)
        parts = (found.train, found.valid)
        seen.append([{examples[row].group for row in part.tolist()} for part in parts])
        return found

    monkeypatch.setattr(splits, "split", noted)
    groups = [n // 4 for n in range(40)]
    with config_context(enable_metadata_routing=True):
        model = small(TextClassifier, tiny_base).set_fit_request(groups=True, sample_weight=False)
        scores = cross_val_score(
            make_pipeline(FunctionTransformer(), model),
            np.asarray(TEXTS, dtype=object),
            CLASSES,
            cv=GroupKFold(2),
            params={"groups": groups},
        )
    assert scores.min() > 0.8
    halves = [(train, valid) for train, valid in seen if valid]
    assert len(halves) == 2  # one for each fold
    for train, valid in halves:
        assert len(train | valid) == 5
        assert not train & valid


def test_nothing_is_learned_bit_by_bit():
    assert not hasattr(TextClassifier, "partial_fit")
    with pytest.raises(ValueError, match="Invalid parameter 'rate'"):
        TextClassifier().set_params(rate=1)
