import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from made_runs import TEXTS, make_run, without_manifest
from textune import Predictor
from textune.encoder.model import Encoder
from textune.errors import DataError, ModelError, RunError, SettingsError
from textune.predicting.predictor import CHUNK, Reading
from textune.records import Example

THREE = ["bad", "good", "so-so"]


RUNS = [
    ("tiny", "single"),
    ("tiny", "multi"),
    ("bundled", "single"),
    pytest.param(("bundled", "multi"), marks=pytest.mark.exhaustive),
]


@pytest.fixture(scope="module", params=RUNS, ids=" ".join)
def run(request, tiny_base, tmp_path_factory):
    name, task = request.param
    base = tiny_base if name == "tiny" else "all-MiniLM-L6-v2"
    return make_run(tmp_path_factory.mktemp("run"), base, task, THREE)


@pytest.fixture(scope="module")
def tiny_run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "multi", THREE)


@pytest.fixture(scope="module")
def binary_run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])


def numbers(found):
    return np.array([list(item.scores.values()) for item in found])


def test_a_text_scores_the_same_alone_in_company_and_in_any_order(run):
    predictor = Predictor.load(run, device="cpu", precision="fp32")
    together = numbers(predictor.predict(TEXTS))
    alone = np.concatenate([numbers(predictor.predict([text])) for text in TEXTS])
    turned = numbers(predictor.predict(TEXTS[::-1]))[::-1]
    crowd = numbers(predictor.predict([*(["a bad song"] * 300), *TEXTS]))[300:]
    assert np.ptp(together, axis=0).min() > 0.01  # the texts do differ
    for other in (alone, turned, crowd):
        np.testing.assert_allclose(other, together, atol=1e-5)


def test_a_text_scores_the_same_packed_and_padded(run):
    packed = Predictor.load(run, device="cpu", precision="fp32")
    assert packed.encoder.packed
    plain = AutoModelForSequenceClassification.from_pretrained(run / "model")
    padded = Predictor(
        packed.card, packed.task, Encoder(plain, packed=False).eval(), packed.tokenizer
    )
    assert not padded.encoder.packed
    np.testing.assert_allclose(
        numbers(padded.predict(TEXTS)), numbers(packed.predict(TEXTS)), atol=1e-5
    )


def test_plain_transformers_computes_the_same_logits(run):
    predictor = Predictor.load(run, device="cpu", precision="fp32")
    model = AutoModelForSequenceClassification.from_pretrained(run / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    inputs = tokenizer(
        TEXTS,
        padding=True,
        truncation=True,
        max_length=predictor.card.shape.max_tokens,
        return_tensors="pt",
    )
    with torch.inference_mode():
        theirs = model(**inputs).logits.numpy()
    wrapped = [Example(text, "") for text in TEXTS]
    ours = predictor.score(wrapped, predictor.card.decision).logits
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert model.config.id2label == dict(enumerate(THREE))
    assert model.config.label2id == {label: place for place, label in enumerate(THREE)}
    kind = {"single": "single_label_classification", "multi": "multi_label_classification"}
    assert model.config.problem_type == kind[predictor.card.task]


@pytest.mark.usefixtures("either_format")
def test_decisions_follow_from_the_scores(run):
    predictor = Predictor.load(run)
    for found in predictor(TEXTS):
        if predictor.card.task == "single":
            assert found.labels == (max(found.scores, key=found.scores.__getitem__),)
            assert sum(found.scores.values()) == pytest.approx(1)
        else:
            assert found.labels == tuple(k for k, share in found.scores.items() if share >= 0.5)


@pytest.mark.usefixtures("either_format")
def test_the_model_folder_alone_is_enough(tiny_run, tmp_path):
    shutil.copytree(tiny_run / "model", tmp_path / "elsewhere")
    found = Predictor.load(tmp_path / "elsewhere").predict(TEXTS)
    assert found == Predictor.load(str(tiny_run)).predict(TEXTS)


def test_no_texts_give_no_predictions(tiny_run):
    assert Predictor.load(tiny_run).predict([]) == []


@pytest.mark.usefixtures("either_format")
def test_a_text_of_a_hundred_thousand_signs_is_answered_by_its_beginning(tiny_run):
    predictor = Predictor.load(tiny_run)
    long = predictor.predict(["good film " * 10_000, "good film " * 32])
    assert long[0].scores == pytest.approx(long[1].scores, abs=1e-6)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
def test_a_threshold_decides_for_every_label(tiny_run, threshold):
    for found in Predictor.load(tiny_run).predict(TEXTS, threshold=threshold):
        wanted = {label for label, share in found.scores.items() if share >= threshold}
        assert set(found.labels) == wanted


def test_a_threshold_decides_for_the_second_of_two_labels(binary_run):
    predictor = Predictor.load(binary_run)
    assert {item.labels for item in predictor.predict(TEXTS, threshold=0.0)} == {("good",)}
    assert {item.labels for item in predictor.predict(TEXTS, threshold=1.0)} == {("bad",)}


def test_a_threshold_that_cannot_be_used_is_refused(tiny_base, binary_run, tmp_path):
    with pytest.raises(SettingsError, match=r"--threshold 1\.5: a probability lies between 0"):
        Predictor.load(binary_run).predict(["a"], threshold=1.5)
    with pytest.raises(SettingsError, match="--threshold nan: a probability"):
        Predictor.load(binary_run).predict(["a"], threshold=float("nan"))
    three = make_run(tmp_path, tiny_base, "single", THREE)
    with pytest.raises(SettingsError, match="chooses the likeliest of 3 labels; a threshold fits"):
        Predictor.load(three).predict(["a"], threshold=0.5)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "predict takes a list of texts; put the one text into a list"),
        (["a", None], "text 2: this model was trained on single texts, found None"),
        ([3.5], "text 1: this model was trained on single texts, found 3.5"),
        ([("a", "b")], r"text 1: this model was trained on single texts, found \('a', 'b'\)"),
        (["a\ud800"], r"text 1: holds bytes that are not UTF-8: 'a\\ud800'"),
    ],
)
def test_what_is_no_text_is_refused(tiny_run, texts, message):
    with pytest.raises(SettingsError, match=message):
        Predictor.load(tiny_run).predict(texts)


def test_words_and_pairs_may_stand_in_arrays(tiny_base, tmp_path):
    tagged = Predictor.load(Path(__file__).parents[1] / "fixtures" / "runs_2026" / "tags")
    words = ["a", "good", "film"]
    assert tagged.predict([np.array(words)])[0].words == tagged.predict([words])[0].words
    with pytest.raises(SettingsError, match="trained on texts, or lists of their words, found 5"):
        tagged.predict([5])
    run = make_run(tmp_path / "pairs", tiny_base, "single", THREE, text=("premise", "hypothesis"))
    predictor = Predictor.load(run)
    pairs = [["good", "bad"], ["bad", "good"]]
    found = [[each.scores for each in predictor.predict(form)] for form in (np.array(pairs), pairs)]
    assert found[0] == found[1]


@pytest.mark.usefixtures("either_format")
def test_pairs_are_read_in_order(tiny_base, tmp_path):
    run = make_run(tmp_path, tiny_base, "single", THREE, text=("premise", "hypothesis"))
    predictor = Predictor.load(run)
    one, other, again = predictor.predict([("good", "bad"), ("bad", "good"), ("good", "bad")])
    assert one.scores == pytest.approx(again.scores, abs=1e-6)
    assert one.scores != pytest.approx(other.scores, abs=1e-4)
    for wrong in ("good", ("good",), ("good", "bad", "fine"), ("good", None)):
        with pytest.raises(SettingsError, match="text 1: this model was trained on pairs of texts"):
            predictor.predict([wrong])


def test_examples_are_taken_a_chunk_at_a_time(tiny_run):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Example("good film", "")

    stream = Predictor.load(tiny_run).stream(endless())
    assert taken == 0
    next(stream)
    assert taken == CHUNK
    for _ in range(CHUNK):
        next(stream)
    assert taken == 2 * CHUNK


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="no such folder"):
        Predictor.load(tmp_path / "nowhere")


def test_a_damaged_run_is_refused(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "run")
    config = tmp_path / "run" / "model" / "config.json"
    values = json.loads(config.read_text(encoding="utf-8"))
    values["id2label"] = {"0": "good", "1": "bad", "2": "so-so"}
    config.write_text(json.dumps(values), encoding="utf-8")
    without_manifest(tmp_path / "run" / "model")
    with pytest.raises(ModelError, match=r"config\.json names the labels .* must be the same"):
        Predictor.load(tmp_path / "run")
    (tmp_path / "run" / "model" / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match="cannot be loaded as an encoder"):
        Predictor.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("text,id\na,1\n", Reading(text=("txt",)), "no column 'txt'.*did you mean 'text'"),
        ("text,id\na,1\n", Reading(text=("a", "b")), r"--text a,b: this model reads 1 text"),
        ("text,id\na,1\n", Reading(text=("text",), label=("x", "y")), "has one label column"),
        ("body,id\na,1\n", Reading(), "no column 'text', which holds the text by the contract"),
    ],
)
def test_columns_that_do_not_fit_are_named(binary_run, tmp_path, content, options, message):
    from textune.predicting import files

    file = tmp_path / "a.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises((DataError, SettingsError), match=message):
        list(files.read_texts(Predictor.load(binary_run), str(file), options))
