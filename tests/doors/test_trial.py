"""A trial of one batch, a profile, determinism, all rows learned from, a model of each epoch."""

import json

import pytest
import torch
from test_cli import one_object, textune

import textune as library
from textune.errors import SettingsError, StoppedError
from textune.training import determinism
from textune.training.profiling import Profiler

__all__ = ["textune"]  # the fixture

TRAIN = ["--batch-size", "16", "--lr", "0.002", "--device", "cpu"]


def test_a_trial_goes_through_all_stages_and_leaves_nothing(textune, reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    before = sorted(tmp_path.iterdir())
    words = ["train", reviews, "--base", tiny_base, "--out", out, *TRAIN]
    code, said, err = textune(*words, "--epochs", 7, "--try")
    assert code == 0
    assert "a trial: 16 train, 16 valid, 0 test" in err
    assert "all stages passed (read, tokenise, one update, validate" in err
    assert "labelled 16 texts; nothing was kept" in err
    assert said == ""
    assert sorted(tmp_path.iterdir()) == before
    _, said, err = textune(*words, "--try", "--json", "--report", "md")
    assert "--report md: a trial keeps nothing, and none was written" in " ".join(err.split())
    assert one_object(said)["trial"] == "passed"


def test_a_trial_is_judged_by_texts_that_leak(textune, reviews, tiny_base, tmp_path):
    words = ["train", reviews, "--valid", reviews, "--test", reviews, "--base", tiny_base, *TRAIN]
    code, _, err = textune(*words, "--out", tmp_path / "run", "--try")
    assert code == 0, err
    assert "a trial: 16 train, 16 valid, 16 test" in err


def test_a_trial_of_a_file_with_a_wrong_row_names_it(textune, reviews, tiny_base, tmp_path):
    reviews.write_text(reviews.read_text(encoding="utf-8") + 'torn,"', encoding="utf-8")
    code, _, err = textune("train", reviews, "--base", tiny_base, "--try", "--out", tmp_path / "r")
    assert code == 2
    assert "reviews.csv:162" in err


def test_all_rows_are_learned_from_where_none_shall_validate(textune, reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    options = ["--valid", "none", "--epochs", "2", "--out", out]
    code, said, err = textune("train", reviews, "--base", tiny_base, *TRAIN, *options)
    assert code == 0
    assert "split: 160 train, none validates, as asked, 0 test" in err
    assert "every row was learned from" in said
    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert found["learned_all"] is True
    assert "valid" not in found
    assert found["best"]["step"] == 20
    assert "none was held out" in (out / "report.html").read_text(encoding="utf-8")
    assert "none was held out" in (out / "model" / "README.md").read_text(encoding="utf-8")
    assert len(json.loads((out / "splits.json").read_text(encoding="utf-8"))["train"]) == 160
    assert library.Predictor.load(out).classify("good lovely film") in (("good",), ("bad",))


@pytest.mark.parametrize(
    ("options", "name"),
    [({"seeds": 2}, "--seeds"), ({"settings": "train.patience=2"}, "train.patience")],
)
def test_what_needs_validation_is_refused_without(reviews, tiny_base, tmp_path, options, name):
    with pytest.raises(SettingsError, match=f"{name}: needs texts that validate"):
        library.train(reviews, valid="none", base=tiny_base, out=tmp_path / "run", **options)


def test_a_test_file_judges_where_none_validates(reviews, few, tiny_base, tmp_path):
    run = library.train(
        *(reviews,), valid="none", test=few, base=tiny_base, epochs=1, out=tmp_path / "run"
    )
    assert run.metrics["test"]["n"] == 40
    assert run.metrics["baselines"]["part"] == "test"


@pytest.mark.exhaustive
def test_profile_determinism_and_models_of_epochs(textune, reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    options = ["--profile", "--deterministic", "--set", "train.keep_epochs=true", "--epochs", 2]
    words = ["train", reviews, "--base", tiny_base, *TRAIN, *options]
    code, _, err = textune(*words, "--out", out)
    assert code == 0
    assert "profile of updates 3 to 12, costliest operations" in err
    assert "deterministic: operations of torch that have no deterministic form are refused" in err
    assert not torch.are_deterministic_algorithms_enabled()
    table = (out / "profile" / "operations.txt").read_text(encoding="utf-8").splitlines()
    assert table[0].split()[:2] == ["operation", "calls"]
    assert len(table) > 15
    assert json.loads((out / "profile" / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    first, second = (out / "epochs" / f"epoch-{number}" for number in (1, 2))
    texts = ["good lovely film", "awful dull day"]
    answers = [library.Predictor.load(place).predict(texts) for place in (first, second, out)]
    assert answers[0][0].scores != answers[1][0].scores
    best = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["best"]["step"]
    assert answers[2][0].scores == answers[0 if best == 9 else 1][0].scores
    again = [*words[:4], *TRAIN, "--epochs", 0, "--out", out, "--overwrite"]
    code, _, err = textune(*again)  # these files are a run's own
    assert code == 0


def test_a_trial_tells_no_tracker(reviews, tiny_base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    options = {"trial": True, "track": "mlflow", "batch_size": 16, "out": tmp_path / "run"}
    library.train(reviews, base=tiny_base, **options, settings="train.judge_training=true")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("done", "updates", "said"), [(0, 5, "3 to 5"), (7, 4, "10 to 11")])
def test_a_profile_names_the_updates_that_it_holds(tmp_path, done, updates, said):
    profiler = Profiler(tmp_path, done + updates, done=done)
    for _ in range(updates):
        assert not list(profiler.after_update())
    (message,) = profiler.end()
    assert f"profile of updates {said}, costliest operations" in message.text
    assert not list(profiler.end())


def test_a_stop_under_determinism_stays_one():
    with pytest.raises(StoppedError), determinism.required(is_asked=True):
        raise StoppedError("stopped: runs/deterministic", signal=2)
