import pickle

import numpy as np
import pandas as pd
import pytest
from made_estimators import MARKS, NUMBERS, SENTENCES, TAGS, TEXTS, fitted, small
from scipy.sparse import csr_array

from textune.records import Contract
from textune.sklearn import (
    MultiLabelTextClassifier,
    TextFeatures,
    TextRegressor,
    TokenTagger,
    tag_schemes,
)


def test_several_labels_are_a_matrix_of_zeros_and_ones(tiny_base):
    model = fitted(MultiLabelTextClassifier, tiny_base)
    found, chances = model.predict(TEXTS), model.predict_proba(TEXTS)
    assert model.classes_.tolist() == [0, 1]
    assert found.shape == chances.shape == MARKS.shape
    assert found.dtype == MARKS.dtype
    assert ((model.decision_function(TEXTS) >= 0) == found).all()
    assert (found[:, 0] == MARKS[:, 0]).mean() > 0.9
    sparse = small(MultiLabelTextClassifier, tiny_base).fit(TEXTS, csr_array(MARKS))
    assert (sparse.predict_proba(TEXTS) == chances).all()


def test_labels_of_a_data_frame_have_its_names(tiny_base):
    frame = pd.DataFrame({"text": TEXTS})
    y = pd.DataFrame(MARKS.astype(bool), columns=["text", "b, c"])
    model = small(MultiLabelTextClassifier, tiny_base).fit(frame, y)
    assert model.classes_.tolist() == ["text", "b, c"]
    assert model.predict(frame).dtype == np.bool_
    assert (model.predict(frame)[:, 0] == MARKS[:, 0]).mean() > 0.9


@pytest.mark.parametrize(
    ("y", "why"),
    [
        (MARKS[:, 0], r"shape \(40,\); expected \(N, labels\)"),
        (MARKS + 1, "y holds 2; allowed: 0 and 1"),
        (MARKS / 2, "Unknown label type: y holds 0.5"),
        (MARKS[:2], "40 rows of X and 2 of y"),
    ],
)
def test_what_is_no_such_matrix_is_refused(y, why, tiny_base):
    with pytest.raises(ValueError, match=why):
        small(MultiLabelTextClassifier, tiny_base).fit(TEXTS, y)


def test_numbers_are_estimated(tiny_base):
    model = fitted(TextRegressor, tiny_base)
    assert model.predict(TEXTS).shape == (40,)
    assert model.score(TEXTS, NUMBERS) > 0.5
    both = np.stack([NUMBERS, -3 * NUMBERS], axis=1)
    two = small(TextRegressor, tiny_base).fit(TEXTS, both)
    assert two.predict(TEXTS).shape == (40, 2)
    assert two.score(TEXTS, both) > 0.5


@pytest.mark.parametrize(
    ("y", "why"),
    [
        ([float("nan"), *NUMBERS[1:]], "NaN"),
        ([float("inf"), *NUMBERS[1:]], "infinity"),
        (["x"] * 40, "y holds what is no number"),
        (NUMBERS.reshape(2, 20, 1), "shape"),
    ],
)
def test_what_is_no_number_is_refused(y, why, tiny_base):
    with pytest.raises(ValueError, match=why):
        small(TextRegressor, tiny_base).fit(TEXTS, y)


def test_words_get_tags(tiny_base):
    model = fitted(TokenTagger, tiny_base)
    found = model.predict(SENTENCES)
    assert found.shape == (40,)
    assert [len(tags) for tags in found] == [len(words) for words in SENTENCES]
    assert {tag for tags in found for tag in tags} <= set(model.classes_)
    assert model.score(SENTENCES, TAGS) > 0.9
    assert model.predict(TEXTS[:2]).tolist() == found[:2].tolist()  # parted at the blanks


@pytest.mark.parametrize("entity", [["I", "I", "I"], ["B", "I", "E"]], ids=["io", "bioes"])
def test_tags_come_back_in_the_scheme_of_y(entity, tiny_base):
    others = [text.split() for text in TEXTS[1::2]]  # without the words below
    words = [[row[0], "good", "fine", "warm", *row[1:]] for row in others]
    tags = [
        ["O", *(f"{letter}-kind" for letter in entity), *("O" for _ in row[1:])] for row in others
    ]
    model = small(TokenTagger, tiny_base).fit(words, tags)
    assert model.predict(words).tolist() == tags
    assert model.score(words, tags) == 1.0


@pytest.mark.parametrize(
    ("scheme", "tags", "iob2"),
    [
        ("io", "I-A I-A O I-B", "B-A I-A O B-B"),
        ("iob1", "I-A B-A I-A O I-B", "B-A B-A I-A O B-B"),
        ("ioe", "I-A E-A I-A E-A O", "B-A I-A B-A I-A O"),
        ("bioes", "B-A I-A L-A U-A O", "B-A I-A I-A B-A O"),
        ("iob2", "B-A I-A B-A O B-B", "B-A I-A B-A O B-B"),
        ("plain", "NOUN VERB", "NOUN VERB"),
    ],
)
def test_what_is_written_in_a_scheme_is_read_and_written_again(scheme, tags, iob2):
    contract = Contract("tags", ("words",), ("tags",), "words", scheme)
    assert tag_schemes.to_iob2(tags.split(), contract) == iob2.split()
    written = tag_schemes.learn([tags.split()], contract)
    assert tag_schemes.write(iob2.split(), written) == tags.split()


def test_a_place_that_nobody_saw_is_written_as_another_type_has_it():
    one = tag_schemes.Place("PER", True, True, False)
    last = tag_schemes.Place("LOC", False, True, False)
    written = {None: "o", one: "S-PER", last: "E-LOC"}
    assert tag_schemes.write(["B-LOC", "O", "B-PER"], written) == ["S-LOC", "o", "S-PER"]
    assert tag_schemes.write(["B-LOC", "I-LOC"], {None: "O", last: "x"}) == ["x", "x"]
    assert tag_schemes.write(["B-LOC", "I-LOC"], {}) == ["B-LOC", "I-LOC"]


@pytest.mark.parametrize(
    ("X", "y", "why"),
    [
        (TEXTS, TAGS, "row 0 of X is one string; fit takes lists of words"),
        (SENTENCES, [["O"]] * 40, "row 0 has 5 words in X and 1 tags in y"),
        ([["a", " "]] * 2, [["O", "O"]] * 2, "row 0 of X has a word that is empty"),
        ([["a", None]] * 2, [["O", "O"]] * 2, "row 0 has no text"),
        ([["a"]] * 2, [[1]] * 2, "a tag that is no string"),
    ],
)
def test_words_and_tags_that_do_not_fit_are_refused(X, y, why, tiny_base):
    with pytest.raises(ValueError, match=why):
        small(TokenTagger, tiny_base).fit(X, y)


def test_features_are_those_of_the_frozen_encoder(tiny_base):
    from transformers import AutoModel, AutoTokenizer

    found = TextFeatures(base=tiny_base).fit(TEXTS)
    features = found.transform(TEXTS[:3])
    model, tokenizer = (kind.from_pretrained(tiny_base) for kind in (AutoModel, AutoTokenizer))
    wanted = [
        model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0).detach().numpy()
        for text in TEXTS[:3]
    ]
    likeness = np.einsum("nd,nd->n", features, wanted)  # up to what the head does to its scale
    norms = np.linalg.norm(features, axis=1) * np.linalg.norm(wanted, axis=1)
    assert (likeness > 0.999 * norms).all()
    assert (found.transform(TEXTS)[:3] == features).all()
    kept = pickle.dumps(found)
    assert b"torch" not in kept
    assert (pickle.loads(kept).transform(TEXTS[:3]) == features).all()
    assert found.get_feature_names_out()[0] == "textfeatures0"
    assert found.transform([]).shape == (0, 32)
    with pytest.raises(ValueError, match="max_tokens is 0; allowed: 8 or more"):
        TextFeatures(base=tiny_base, max_tokens=0).fit(TEXTS)
