import json
import os
import pickle
import pickletools

import pytest
from made_estimators import MADE, TEXTS, fitted, small
from sklearn.base import clone

from made_forks import Fork
from textune.sklearn import MultiLabelTextClassifier, TextClassifier, TextRegressor, TokenTagger

ANSWERS = "tests.sklearn.made_answers"  # what such a process runs


@pytest.mark.parametrize(
    "kind", [TextClassifier, MultiLabelTextClassifier, TextRegressor, TokenTagger]
)
def test_a_pickle_holds_the_files_of_the_model_and_nothing_of_torch(kind, tiny_base):
    model = fitted(kind, tiny_base)
    X, y = MADE[kind]
    model.predict(X)  # loaded by now
    kept = pickle.dumps(model)
    named = {str(value) for code, value, _ in pickletools.genops(kept) if value is not None}
    assert "model.safetensors" in named
    assert "tokenizer.json" in named
    assert not any("torch" in name.split(".")[0] for name in named)
    again = pickle.loads(kept)
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert again.score(X, y) == model.score(X, y)
    assert repr(again) == repr(model)
    assert not hasattr(clone(again), "model_")


def test_a_process_that_has_only_the_pickle_answers_with_the_same_bits(server, tiny_base, tmp_path):
    model = fitted(TextClassifier, tiny_base)
    joblib = pytest.importorskip("joblib")  # which scikit-learn brings along
    joblib.dump(model, tmp_path / "model.joblib")
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    said = tmp_path / "said.txt"
    process = Fork(server, server.start_module(ANSWERS, [tmp_path], said, os.environ))
    assert process.wait() == 0, said.read_text()
    assert json.loads(said.read_text()) == model.predict_proba(TEXTS).tolist()


def test_a_copy_has_the_settings_and_not_the_model(tiny_base):
    model = small(TextClassifier, tiny_base, lr=1e-3, random_state=7)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(lr=2e-3).lr == 2e-3
