"""A predictor labels what it is handed in its order, or says what it takes."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from made_runs import make_run
from textune import Predictor
from textune.errors import RunError, SettingsError, TextuneError

TEXTS = ["good film", "a bad and dull book", "the day was fine"]


@pytest.fixture(scope="module")
def predictor(tiny_base, tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])
    return Predictor.load(run, device="cpu")


@pytest.fixture(scope="module")
def of_pairs(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    run = make_run(folder, tiny_base, "single", ["bad", "good"], text=("one", "two"))
    return Predictor.load(run, device="cpu")


@pytest.mark.parametrize(
    "wrap",
    [
        tuple,
        iter,
        np.array,
        pd.Series,
        pl.Series,
        pa.array,
        lambda texts: pa.chunked_array([texts[:1], texts[1:]]),
        lambda texts: (text for text in texts),
        lambda texts: pd.DataFrame({"id": [1, 2, 3], "text": texts}, index=[9, 8, 7]),
        lambda texts: pl.DataFrame({"id": [1, 2, 3], "text": texts}),
        lambda texts: pa.table({"text": texts, "label": ["bad", "good", "bad"]}),
        lambda texts: pd.DataFrame({"review": texts}),
        lambda texts: pl.DataFrame({"review": texts}),
    ],
)
def test_lists_series_and_frames_are_labelled_in_their_order(predictor, wrap):
    found = predictor(wrap(TEXTS))
    assert [item.text for item in found] == TEXTS
    assert [item.scores for item in found] == [item.scores for item in predictor(TEXTS)]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_frames_of_pairs_are_taken(of_pairs, make):
    frame = make({"two": TEXTS[::-1], "one": TEXTS})
    wanted = of_pairs(list(zip(TEXTS, TEXTS[::-1], strict=True)))
    assert [item.scores for item in of_pairs(frame)] == [item.scores for item in wanted]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_frame_without_rows_has_no_answers(predictor, make):
    assert predictor(make({"text": []})) == []
    assert predictor([]) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("good film", "put the one text into a list"),
        (b"good film", "put the one text into a list"),
        ({"text": TEXTS}, "this is a dict with the keys 'text'; give its values"),
        ({"good film", "bad"}, "a set has no order"),
        (dict.fromkeys(TEXTS).keys(), "a set has no order"),
        (None, "and this is None"),
        (5, r"and this is int \(5\)"),
        ([None], "text 1: this model was trained on single texts, found None"),
        ([5], "text 1: this model was trained on single texts, found 5"),
        (["good", ["a", "b"]], "text 2: this model was trained on single texts"),
        (np.array(5), "and this is int"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(predictor, given, message):
    with pytest.raises(SettingsError, match=message):
        predictor(given)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_frame_without_the_text_column_is_refused(predictor, make):
    with pytest.raises(TextuneError, match=r"'?text'?"):
        predictor(make({"a": TEXTS, "b": TEXTS}))


@pytest.mark.parametrize("threshold", ["0.5", "high", None, [0.5], float("nan"), 7, -0.1, True])
def test_a_threshold_is_a_probability(predictor, threshold):
    if threshold is None:
        assert len(predictor(TEXTS, threshold=threshold)) == 3
        return
    with pytest.raises(SettingsError, match=r"--threshold .*: a probability"):
        predictor(TEXTS, threshold=threshold)


def test_thresholds_of_other_kinds_of_numbers_are_taken(predictor):
    for threshold in (np.float32(0.5), np.float64(0.5), 1, 0):
        assert len(predictor(TEXTS, threshold=threshold)) == 3


def test_an_array_that_holds_one_text_is_no_list_of_its_letters(predictor):
    with pytest.raises(SettingsError, match="predict takes a list of texts"):
        predictor(np.array("good film"))


@pytest.mark.parametrize("path", [None, 5, ["run"]])
def test_what_is_no_path_is_no_run(path):
    with pytest.raises(RunError, match="is no path; give the folder"):
        Predictor.load(path)


@pytest.mark.parametrize("options", [{"device": 5}, {"device": None}, {"precision": 16}])
def test_options_of_other_kinds_are_refused(tmp_path, options):
    with pytest.raises(SettingsError, match=r"llowed: 'auto'|a process computes on one device"):
        Predictor.load(tmp_path, **options)
