import numpy as np
import pandas as pd
import polars as pl
import pytest
from made_estimators import CLASSES, SETTINGS, TEXTS, fitted, small
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import DataError
from textune.fast import exact
from textune.report import drawings
from textune.sklearn import MultiLabelTextClassifier, TextClassifier, TextRegressor, targets


def test_it_answers_as_the_command_line_does_bit_for_bit(reviews, tiny_base, tmp_path):
    frame = pd.read_csv(reviews)
    model = TextClassifier(base=tiny_base, effort="quick").fit(frame["text"], frame["label"])
    command = ["train", str(reviews), "--base", str(tiny_base), "--effort", "quick"]
    done = CliRunner().invoke(cli.app, [*command, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0
    wanted = textune.Predictor.load(tmp_path / "run").predict(frame["text"].tolist())
    found = model.predict_proba(frame["text"])
    assert found.tolist() == [[each.scores["bad"], each.scores["good"]] for each in wanted]
    assert model.predict(frame["text"]).tolist() == [each.labels[0] for each in wanted]
    assert TextClassifier.from_run(tmp_path / "run").predict_proba(TEXTS).tolist() == (
        model.predict_proba(TEXTS).tolist()
    )


@pytest.mark.parametrize(
    "given",
    [
        pd.Series(TEXTS),
        np.asarray(TEXTS),
        np.asarray(TEXTS, dtype=object).reshape(-1, 1),
        tuple(TEXTS),
        pd.DataFrame({"text": TEXTS}, index=range(7, 47)),
        pd.DataFrame({5: TEXTS}),
        pl.DataFrame({"text": TEXTS}),
        pl.Series(TEXTS),
        [[text] for text in TEXTS],
    ],
    ids=["series", "array", "column", "tuple", "frame", "number", "polars", "polars one", "lists"],
)
def test_texts_may_come_in_any_list(given, tiny_base):
    model = fitted(TextClassifier, tiny_base)
    assert model.n_features_in_ == 1
    assert model.predict_proba(given).tolist() == model.predict_proba(TEXTS).tolist()


@pytest.mark.parametrize(
    ("two", "kind"),
    [
        ((-1, 1), np.int8),
        ((False, True), np.bool_),
        (("", "nan"), np.object_),
    ],
    ids=["numbers", "booleans", "like none"],
)
@pytest.mark.first(1)
def test_labels_come_back_as_what_they_were(two, kind, tiny_base):
    y = np.asarray([two[label == "good"] for label in CLASSES], dtype=kind)
    model = small(TextClassifier, tiny_base).fit(TEXTS, y)
    found = model.predict(TEXTS)
    assert found.dtype == model.classes_.dtype == y.dtype
    assert model.classes_.tolist() == sorted(two)
    assert (found == y).mean() > 0.9


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (pd.Series([0, 1], dtype="Int64"), "i"),
        (pd.Series([True, False], dtype="boolean"), "b"),
        (pd.Series(["a", "b"], dtype="category"), "O"),
        (pd.Series(["a", "b"], dtype="string"), "O"),
        (np.asarray([1, 0], dtype=object), "i"),
        (pl.Series(["a", "b"]), "O"),
        (pl.Series([1, 2]), "i"),
        (["a", "b"], "U"),
    ],
    ids=["Int64", "boolean", "category", "string", "objects", "polars", "polars int", "list"],
)
def test_classes_have_the_kind_of_their_column(y, kind):
    found = targets.classes_of_texts(y, 2, "TextClassifier")
    assert found.dtype.kind == kind
    assert found.tolist() == list(y)


def test_columns_are_in_the_order_of_the_classes(tiny_base):
    numbers = [{"good": 2, "bad": 10}[label] for label in CLASSES]  # "10" < "2"
    numbers[:4] = [-3] * 4
    model = small(TextClassifier, tiny_base).fit(TEXTS, numbers)
    assert model.classes_.tolist() == [-3, 2, 10]
    chances, scores = model.predict_proba(TEXTS), model.decision_function(TEXTS)
    assert chances.shape == scores.shape == (40, 3)
    assert np.allclose(chances.sum(axis=1), 1)
    assert (model.classes_[chances.argmax(axis=1)] == model.predict(TEXTS)).all()
    assert (chances.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert np.allclose(np.exp(model.predict_log_proba(TEXTS)), chances)


def test_of_two_classes_the_decision_is_for_the_second(tiny_base):
    model = fitted(TextClassifier, tiny_base)
    scores = model.decision_function(TEXTS)
    assert scores.shape == (40,)
    assert (model.classes_[(scores > 0).astype(int)] == model.predict(TEXTS)).all()
    assert np.allclose(1 / (1 + np.exp(-scores)), model.predict_proba(TEXTS)[:, 1])
    assert model.score(TEXTS, CLASSES) > 0.9


def test_the_same_alone_and_in_company(tiny_base):
    model = fitted(TextClassifier, tiny_base)
    alone = np.concatenate([model.predict_proba([text]) for text in TEXTS])
    # elsewhere products of one row are summed in another order, and this head's weights are large
    atol = 1e-5 if exact.is_strict() else 1e-3
    assert np.allclose(alone, model.predict_proba(TEXTS), rtol=atol, atol=atol)
    assert model.predict_proba([]).shape == (0, 2)


def test_pairs_are_two_columns(tiny_base):
    frame = pd.DataFrame({"one": TEXTS, "two": TEXTS[::-1]})
    pairs = list(zip(TEXTS, TEXTS[::-1], strict=True))
    model = small(TextClassifier, tiny_base).fit(frame, CLASSES)
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["one", "two"]
    assert (model.predict_proba(frame.to_numpy()) == model.predict_proba(pairs)).all()
    with pytest.raises(ValueError, match="X has 1 features, but TextClassifier is expecting 2"):
        model.predict(TEXTS)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["two", "one"]])


def test_the_seed_is_the_random_state(tiny_base):
    def chances(state):
        model = small(TextClassifier, tiny_base, random_state=state).fit(TEXTS, CLASSES)
        return model.predict_proba(TEXTS).tolist()

    usual = fitted(TextClassifier, tiny_base).predict_proba(TEXTS).tolist()
    assert chances(42) == usual
    assert chances(np.random.RandomState(1)) == chances(np.random.RandomState(1)) != usual


def test_texts_that_look_like_none_are_learned_from(tiny_base):
    texts = ["null good", *TEXTS[1:]]
    texts[:2] = ["null", "nan"]
    model = small(TextClassifier, tiny_base).fit(texts, CLASSES)
    assert model.metrics_["valid"]["n"] == 10


def test_what_a_run_warns_of_is_kept(tiny_base, monkeypatch):
    monkeypatch.setenv("TEXTUNE_PICTURES", "1")
    monkeypatch.setattr(drawings, "bars", None)  # nobody would see them
    model = small(TextClassifier, tiny_base).fit(TEXTS, ["bad", "good", "good", "bad"] * 10)
    assert [remark for remark in model.remarks_ if "chance" in remark]
    assert "at_chance" in model.metrics_
    assert fitted(TextClassifier, tiny_base).remarks_ == []


def test_a_folder_is_kept_where_one_is_named(tiny_base, tmp_path):
    model = small(TextClassifier, tiny_base, out=tmp_path / "run")
    frame = pd.DataFrame({"review": TEXTS})
    model.fit(frame, CLASSES)
    rows = textune.evaluate(tmp_path / "run", frame.assign(label=CLASSES))
    assert rows["accuracy"] == model.score(frame, CLASSES)
    with pytest.raises(textune.RunError, match="--overwrite"):
        model.fit(frame, CLASSES)
    assert model.save(tmp_path / "model").is_dir()
    assert len(textune.Predictor.load(tmp_path / "model")(TEXTS)) == 40
    with pytest.raises(textune.RunError, match="is not empty"):
        model.save(tmp_path / "model")


@pytest.mark.parametrize(
    ("X", "why"),
    [
        ("a text", "X is one str"),
        (None, "X is one NoneType"),
        ({"text": TEXTS}, "X is one dict"),
        ([1, 2], "row 0 of X is no text, but int"),
        (["a", None], "contains NaN: row 1 has no text"),
        (["a", float("nan")], "contains NaN: row 1"),
        (["a", "b \ud800"], "row 1 of X holds half of a character"),
        (pd.DataFrame({"a": ["x", pd.NA]}), "contains NaN: row 1"),
        ([["a", "b", "c"]], "X has 3 columns"),
        ([["a", "b"], ["c"]], r"rows of \[1, 2\] texts"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_list_of_texts_is_refused(X, why, tiny_base):
    with pytest.raises(ValueError, match=why):
        small(TextClassifier, tiny_base).fit(X, ["a", "b"])


@pytest.mark.parametrize(
    ("y", "more", "why"),
    [
        (None, {}, "requires y to be passed, but the target y is None"),
        (CLASSES[:3], {}, "inconsistent numbers of samples: 40 rows of X and 3 of y"),
        (["a"] * 40, {}, r"only one class \('a'\)"),
        ([None, *CLASSES[1:]], {}, "Input y contains NaN: row 0"),
        ([1, *CLASSES[1:]], {}, "classes of several types"),
        (np.linspace(0, 1, 40), {}, "Unknown label type: continuous"),
        (CLASSES, {"sample_weight": [1]}, r"shape \(1,\); expected \(40,\)"),
        (CLASSES, {"sample_weight": [-1] * 40}, "negative or not finite"),
        (CLASSES, {"sample_weight": ["a"] * 40}, "sample_weight holds what is no number"),
        (CLASSES, {"groups": [1, 2]}, "2 of groups"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_labels_that_cannot_be_learned_are_refused(y, more, why, tiny_base):
    with pytest.raises(ValueError, match=why):
        small(TextClassifier, tiny_base).fit(TEXTS, y, **more)


@pytest.mark.parametrize(
    ("kind", "y", "why"),
    [
        (TextRegressor, [0.5, np.inf, *range(38)], "y contains infinity or a value .*: row 1 "),
        (MultiLabelTextClassifier, [[0, 1], [np.nan, 1]] * 20, "Input y contains NaN: row 1 "),
    ],
)
def test_numbers_that_are_none_are_refused_with_their_rows(kind, y, why, tiny_base):
    with pytest.raises(DataError, match=why):
        small(kind, tiny_base).fit(TEXTS, y)


def test_settings_and_order_are_checked(tiny_base):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        TextClassifier().predict(TEXTS)
    with pytest.raises(ValueError, match="lr"):
        TextClassifier(base=tiny_base, lr=-1.0).fit(TEXTS, CLASSES)
    with pytest.raises(ValueError, match="patienc"):
        TextClassifier(base=tiny_base, settings="train.patienc=1").fit(TEXTS, CLASSES)
    assert SETTINGS


def test_a_run_of_another_task_is_refused(tiny_base, numbers, tmp_path):
    textune.train(numbers, base=tiny_base, effort="quick", out=tmp_path / "run")
    with pytest.raises(
        ValueError, match="for the task 'number', and TextClassifier takes 'single'"
    ):
        TextClassifier.from_run(tmp_path / "run")
