"""Settings are tried and the best of them trained again, by the doors that people use."""

import csv
import json
import os
import signal
import time

import pytest

import textune
from textune.errors import DataError, OutOfMemoryError, RunError, SettingsError, StoppedError
from textune.objectives.labelled import Labelled
from textune.records import Message
from textune.storage import contents
from textune.sweeping import study, sweep

GRID = ["lr=0.002,0.006", "batch-size=16,32"]


def table(folder):
    """Read the table of trials, but for the times."""
    with (folder / "trials.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture
def swept(reviews, tiny_base, tmp_path):
    """Return a function that tries settings quickly."""

    def swept(**given):
        wanted = {"base": tiny_base, "epochs": 1, "seeds": 1, "out": tmp_path / "sweep"}
        return textune.sweep(reviews, **wanted | given)

    return swept


@pytest.mark.exhaustive
def test_no_trial_sees_the_test_and_both_numbers_are_told(swept, reviews, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("no,thing\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"test\.csv"):  # only the winner's training opens it
        swept(space=GRID, trials=3, seeds=2, epochs=2, test=test)
    rows = table(tmp_path / "sweep")
    assert [row["state"] for row in rows] == ["complete"] * 3
    test.write_text(reviews.read_text(encoding="utf-8"), encoding="utf-8")
    found = textune.sweep(out=tmp_path / "sweep", resume=True)
    assert table(tmp_path / "sweep") == rows
    numbers = found.numbers
    assert numbers["best"]["value"] == max(float(row["mcc"]) for row in rows)
    assert numbers["winner"]["split"] == "new"
    assert numbers["winner"]["valid"]["deviation"] is not None
    assert numbers["winner"]["test"]["mean"] >= 0.5
    for words in ("the best of 3 finished trials", "optimistic", "2 other seeds on another split"):
        assert words in numbers["words"]
    place = tmp_path / "sweep" / "trials" / f"{numbers['best']['trial']:04}"
    splits = json.loads((place / "splits.json").read_text(encoding="utf-8"))
    assert splits["test"] == []
    assert splits["valid"] != json.loads((found.run.path / "splits.json").read_text())["valid"]
    assert not {"model", "checkpoints"} & contents.inside(place)
    with pytest.raises(RunError, match="it was a trial of a sweep; the best one's is in"):
        textune.Predictor.load(place)
    assert textune.Predictor.load(found.run.path)
    again = textune.train(config=tmp_path / "sweep" / "best.toml", out=tmp_path / "again")
    assert again.metrics["best"]["value"] == numbers["best"]["value"]
    assert (
        again.metrics["valid"]["log_loss"]
        == json.loads((place / "metrics.json").read_text())["valid"]["log_loss"]
    )


def test_what_goes_wrong_in_a_trial_is_noted_and_others_follow(swept, tiny_base, tmp_path):
    bases = [str(tmp_path / "absent"), str(tiny_base)]
    found = swept(space={"base": bases}, base=None, lr=0.006)
    assert found.numbers["trials"] == {"complete": 1, "pruned": 0, "fail": 1}
    failed = next(row for row in table(tmp_path / "sweep") if row["state"] == "fail")
    assert "absent" in failed["note"]
    assert found.numbers["best"]["settings"] == {"base": str(tiny_base)}
    with pytest.raises(RunError, match="already exists; --resume continues it, --overwrite"):
        swept(space=GRID)
    with pytest.raises(RunError, match=r"this sweep began otherwise \(.*train\.batch_size"):
        swept(space=GRID, resume=True)


@pytest.mark.exhaustive
def test_a_trial_that_lacks_memory_is_given_up_and_others_follow(swept, tmp_path, monkeypatch):
    judge = Labelled.judge

    def lacking(self, *given, **options):
        if self.batch_size == 32:
            raise OutOfMemoryError("not enough memory for 4,096 tokens at once")
        return judge(self, *given, **options)

    monkeypatch.setattr(Labelled, "judge", lacking)
    found = swept(space="batch-size=16,32", lr=0.006)
    assert found.numbers["trials"] == {"complete": 1, "pruned": 1, "fail": 0}
    notes = [row["note"] for row in table(tmp_path / "sweep")]
    assert sorted(notes) == ["", "out of memory: not enough memory for 4,096 tokens at once"]
    assert "the only trial that finished scored" in found.numbers["words"]


@pytest.mark.exhaustive
def test_a_helper_is_started_and_ends_with_the_process_that_began(swept, tmp_path):
    found = swept(space="batch-size=16,32", lr=0.006, jobs=2)
    assert found.numbers["trials"] == {"complete": 2, "pruned": 0, "fail": 0}
    log = (tmp_path / "sweep" / "jobs" / "2.log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert not [*tmp_path.glob("sweep/trials/*/model")]
    assert not study.is_busy(tmp_path / "sweep")


@pytest.mark.parametrize("place", ["between trials", "within one"])
def test_a_stop_says_how_the_sweep_goes_on(swept, tmp_path, monkeypatch, place):
    def stopping(*_, **__):
        if place == "within one":
            raise StoppedError("stopped by SIGINT; nothing was saved yet", signal=signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        yield

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(sweep, "_try", stopping)
    words = "^stopped by SIGINT; trials that ended are kept: continue with textune sweep --resume "
    with pytest.raises(KeyboardInterrupt, match=f"{words}--out {tmp_path / 'sweep'}$"):
        swept(space="batch-size=16,32", lr=0.006)
    signal.signal(signal.SIGINT, before)


@pytest.mark.exhaustive
def test_what_another_process_wrote_of_the_winner_stays(swept, tmp_path, monkeypatch):
    def elsewhere(study, plan, request, best):
        yield Message("another process trains the winner")
        (request.train.out / "result.json").write_text("the other's", encoding="utf-8")

    monkeypatch.setattr(sweep, "_train_winner", elsewhere)
    found = swept(space="batch-size=16,32", lr=0.006)
    assert (tmp_path / "sweep" / "result.json").read_text(encoding="utf-8") == "the other's"
    assert found.run is None
    assert found.numbers["trials"]["complete"] == 2


@pytest.mark.exhaustive
def test_parts_of_a_data_set_judge_trials_and_the_winner_alone(tiny_base, reviews, tmp_path):
    head, *rows = reviews.read_text(encoding="utf-8").splitlines()
    (tmp_path / "set").mkdir()
    for name, part in {"train": rows[:80], "valid": rows[80:99], "test": rows[99:]}.items():
        text = "\n".join([head, *part])
        (tmp_path / "set" / f"{name}.csv").write_text(f"{text}\n", encoding="utf-8")
    given = {"base": tiny_base, "epochs": 1, "lr": 0.006, "seeds": 1, "out": tmp_path / "sweep"}
    found = textune.sweep(tmp_path / "set", space={"batch_size": [8, 16]}, **given)
    card = json.loads((tmp_path / "sweep" / "trials" / "0000" / "data_card.json").read_text())
    assert [each["part"] for each in card["files"]] == ["train", "valid"]
    assert card["splits"] == {"train": 80, "valid": 19, "test": 0}
    assert found.numbers["winner"]["split"] == "same"
    assert found.run.metrics["test"]["n"] == 61
    assert "free of a lucky seed, but not of the choice by the same" in found.numbers["words"]
    again = textune.train(config=tmp_path / "sweep" / "best.toml", out=tmp_path / "again")
    assert again.metrics["valid"]["n"] == 19
    assert again.metrics["best"]["value"] == found.numbers["best"]["value"]


def test_a_folder_of_somebodys_own_is_never_emptied(swept, tmp_path):
    (tmp_path / "sweep" / "pictures").mkdir(parents=True)
    for given in ({}, {"overwrite": True}):
        with pytest.raises(RunError, match="holds 'pictures', which no sweep wrote"):
            swept(space=GRID, **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"effort": "best"}, "--effort best: trials are fine-tuned once"),
        ({"pruner": "mean"}, "--pruner mean: allowed: median, hyperband, none"),
        ({"out": "a?b"}, "--out a[?]b: the address of a database cannot hold"),
        ({"settings": "data.valid_share=0"}, "nothing would tell trials apart"),
        ({"jobs": 0}, "--jobs 0: expected a whole number from 1"),
        ({"metric": "mccc"}, "no such metric; did you mean 'mcc'"),
        ({"resume": True}, "nothing to resume there"),
        ({"space": ["lr=0.1,-1"]}, "greater than 0"),
        ({"test": "absent.csv"}, r"absent\.csv: no such file; it is for the test"),
        ({"lr": 0.1, "batch_size": 8}, "are all given"),
    ],
)
def test_what_cannot_be_is_refused_before_a_folder_is_made(swept, tmp_path, given, words):
    with pytest.raises((SettingsError, RunError, DataError), match=words):
        swept(**given)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.exhaustive
def test_a_sweep_that_is_killed_goes_on_by_several_and_ends_as_an_unbroken_one(
    server, swept, reviews, tiny_base, tmp_path
):
    space, broken = "lr=0.001,0.002,0.004", tmp_path / "broken"
    words = ["sweep", reviews, "--base", tiny_base, "--epochs", 2, "--seeds", 1, "--trials", 3]
    one = server.start([*words, "--space", space, "--out", broken])
    while not any(broken.glob("trials/0001/log.jsonl")):
        assert server.poll(one) is None
        time.sleep(0.02)
    os.kill(one, signal.SIGKILL)
    assert server.wait(one).code == -signal.SIGKILL
    assert not (broken / "result.json").exists()
    with pytest.raises(RunError, match=r"began otherwise \(settings: .*\"epochs\": 2"):
        swept(space=space, out=broken, resume=True, epochs=3)
    other = server.start(["sweep", "--resume", "--out", broken])
    found = textune.sweep(resume=True, out=broken)
    ended = server.wait(other)
    assert ended.code == 0, ended
    assert "Warning" not in ended.errors
    assert "repeat the best trial:      textune train --config" in ended.output
    whole = swept(space=space, trials=3, epochs=2)
    assert table(broken) == table(whole.path)
    assert [row["state"] for row in table(broken)] == ["complete"] * 3
    assert found.numbers["best"] == whole.numbers["best"]
    last = json.loads((broken / "result.json").read_text(encoding="utf-8"))
    assert last["winner"] == whole.numbers["winner"]
