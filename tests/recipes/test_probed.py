"""A run that begins with a linear head on frozen features says what it is worth, may keep it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import textune
from conftest import WORDS
from made_requests import train_request
from textune.predicting.predictor import Predictor
from textune.recipes import labelled_text
from textune.records import Message, Validated

PROBED = "linear head on frozen features"


def said(request):
    return list(labelled_text.learn(request))


def lines(events):
    return [one.text for one in events if isinstance(one, Message)]


def test_a_run_says_what_the_frozen_encoder_scores_and_starts_from_it(reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    changes = ["train.probe=true", "train.epochs=1", "data.test_share=0.2"]
    events = said(train_request(reviews, tiny_base, out, *changes))
    (line,) = [text for text in lines(events) if text.startswith(PROBED)]
    assert re.search(r": MCC [\d.]+, accuracy [\d.]+ by 5-fold cross-validation of \d+ texts", line)
    first = next(event for event in events if isinstance(event, Validated))
    assert first.step == 0
    assert first.metrics["accuracy"] > 0.7  # without an update
    probe = json.loads((out / "probe.json").read_text(encoding="utf-8"))
    assert set(probe["losses"]) == {"0.1", "1", "10", "100"}
    numbers = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert numbers["baselines"]["part"] == "test"
    assert numbers["baselines"]["probe"]["n"] == numbers["test"]["n"]
    assert "Linear head on frozen features" in (out / "report.html").read_text(encoding="utf-8")


def test_where_no_update_is_better_the_frozen_encoder_is_saved_and_it_is_said(
    reviews, tiny_base, tmp_path
):
    out = tmp_path / "run"
    changes = ["train.probe=true", "train.epochs=1", "train.lr=1e-12"]
    texts = lines(said(train_request(reviews, tiny_base, out, *changes)))
    assert any(text.startswith("no update was better than the linear head on") for text in texts)
    numbers = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert numbers["best"]["step"] == 0
    assert numbers["baselines"]["part"] == "valid"
    assert numbers["baselines"]["probe"]["mcc"] == numbers["valid"]["mcc"]
    assert Predictor.load(out).predict(["good lovely warm film"])[0].labels == ("good",)


def test_without_passes_the_frozen_encoder_is_the_model(reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    texts = lines(
        said(train_request(reviews, tiny_base, out, "train.probe=true", "train.epochs=0"))
    )
    assert "epochs 0: the frozen encoder with the linear head is what is saved" in texts
    found = Predictor.load(out).predict(["good lovely warm film", "bad dull cold song"])
    assert [one.labels for one in found] == [("good",), ("bad",)]


def test_a_run_that_goes_on_is_not_probed_again(reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    changes = ["train.probe=true", "train.keep_checkpoints=true"]
    said(train_request(reviews, tiny_base, out, *changes, "train.epochs=1"))
    probe = (out / "probe.json").read_bytes()
    again = lines(
        said(train_request(reviews, tiny_base, out, *changes, "train.epochs=2", resume=True))
    )
    assert not any(text.startswith(PROBED) for text in again)
    assert (out / "probe.json").read_bytes() == probe
    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert found["baselines"]["probe"]["accuracy"] > 0.7


def test_a_run_that_was_probed_may_be_replaced(reviews, tiny_base, tmp_path):
    options = {"base": str(tiny_base), "epochs": 0, "settings": "train.probe=true"}
    textune.train(str(reviews), out=tmp_path / "run", **options)
    textune.train(str(reviews), out=tmp_path / "run", overwrite=True, **options)
    assert (tmp_path / "run" / "probe.json").is_file()


def test_several_labels_numbers_and_tags_begin_with_a_head_that_knows_something(
    comments, numbers, tagged, tiny_base, tmp_path
):
    for name, file in {"several": comments, "numbers": numbers, "tags": tagged}.items():
        out = tmp_path / name
        texts = lines(
            said(train_request(file, tiny_base, out, "train.probe=true", "train.epochs=0"))
        )
        (line,) = [text for text in texts if text.startswith(PROBED)]
        assert "-fold cross-validation of" in line
        found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["valid"]
        worth = {"several": "roc_auc", "numbers": "pearson", "tags": "f1"}[name]
        assert found[worth] > 0.7, name


def test_answers_to_questions_have_no_head_to_begin_with(tiny_base, tmp_path):
    rows = []
    for number in range(40):
        text = f"the {WORDS[number % 10]} film was {WORDS[(number * 3) % 10]}"
        answer = {"text": [WORDS[number % 10]], "answer_start": [4]}
        rows.append({"question": "film is", "context": text, "answers": answer})
    squad = tmp_path / "asked.jsonl"
    squad.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    texts = lines(
        said(
            train_request(squad, tiny_base, tmp_path / "run", "train.probe=true", "train.epochs=0")
        )
    )
    assert not any(text.startswith(PROBED) for text in texts)
    assert any(text.startswith("epochs 0: nothing will be learned") for text in texts)


@pytest.mark.parametrize("rows", ["equal", "single", "few"])
def test_texts_that_teach_little_end_in_a_run(rows, tiny_base, tmp_path):
    draw = np.random.default_rng(0)
    body = {
        "equal": ["good film,a", "good film,b"] * 12,
        "single": [f"{word} film,label{n}" for n, word in enumerate(WORDS[:9])] + ["day,label0"],
        "few": ["good film,a", "bad film,b", "warm day,a", "cold day,b"],
    }[rows]
    draw.shuffle(body)
    file, valid = tmp_path / "few.csv", tmp_path / "valid.csv"
    for place in (file, valid):
        place.write_text("\n".join(["text,label", *body]) + "\n", encoding="utf-8")
    request = train_request(file, tiny_base, tmp_path / "run", "train.probe=true", "train.epochs=1")
    texts = lines(said(replace(request, valid=str(valid))))
    assert any(text.startswith(PROBED) for text in texts)
