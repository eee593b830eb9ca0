"""Trackers get the numbers of a run; one that fails never ends it."""

import csv
import json

import pytest

import textune
from textune.errors import MissingExtraError, SettingsError
from textune.records import Message, Step
from textune.runs.journal import Journal

OPTIONS = {"epochs": 2, "batch_size": 16, "lr": 2e-3, "seed": 5, "device": "cpu"}
NUMBERS = ("loss", "lr", "norm", "seconds", "tokens_per_second")


def log_of(folder, kind):
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def rows_of(folder):
    with (folder / "log.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture
def stopping(monkeypatch):
    """Let a run die after a step, and its checkpoint be older than that."""

    def stop(step):
        note = Journal.step

        def die(journal, one, *given):
            if one.number == step:
                journal.flush()
                raise KeyboardInterrupt
            note(journal, one, *given)

        monkeypatch.setattr(Journal, "step", die)

    return stop


def test_tensorboard_and_csv_hold_what_the_log_does(comments, tiny_base, tmp_path):
    run = textune.train(
        comments,
        base=tiny_base,
        out=tmp_path / "run",
        valid=comments,
        track="csv,tensorboard",
        settings="train.judge_training=true",
        **OPTIONS,
    )
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    steps, checks = log_of(run.path, "step"), log_of(run.path, "validation")
    rows = rows_of(run.path)
    assert [int(row["step"]) for row in rows] == [line["step"] for line in steps]
    for name in NUMBERS:
        tag = f"train/{name}"
        assert [one.step for one in events.Scalars(tag)] == [line["step"] for line in steps]
        assert [float(row[tag]) for row in rows] == [line[name] for line in steps]
    for part, key in (("valid", "roc_auc"), ("train", "train_roc_auc")):
        for label in ("warm", "cold", "film"):
            tag = f"{part}/roc_auc/{label}"
            known = [line[key][label] for line in checks]
            assert len(known) == 2
            assert [one.value for one in events.Scalars(tag)] == pytest.approx(known)
            assert [float(row[tag]) for row in rows if row[tag]] == known
    assert all(line["roc_auc"] == line["train_roc_auc"] for line in checks)  # it is one file
    assert all(line["metrics"] == line["train_metrics"] for line in checks)
    means = [one.value for one in events.Scalars("epoch/loss")]
    first = [line["loss"] for line in steps if line["epoch"] == 1]
    assert means[0] == pytest.approx(sum(first) / len(first))
    assert 'track = [\n    "csv",' in (run.path / "config.toml").read_text(encoding="utf-8")


def test_a_resumed_run_has_no_step_twice(reviews, tiny_base, tmp_path, stopping, monkeypatch):
    given = {"base": tiny_base, "out": tmp_path / "run", "valid": reviews, "track": ["csv"]}
    stopping(13)
    with pytest.raises(KeyboardInterrupt):
        textune.train(reviews, **given, **OPTIONS)
    assert int(rows_of(tmp_path / "run")[-1]["step"]) == 12  # and the checkpoint is of 10
    monkeypatch.undo()
    run = textune.train(reviews, **given, **OPTIONS, resume=True)
    steps = [int(row["step"]) for row in rows_of(run.path)]
    assert steps == [line["step"] for line in log_of(run.path, "step")] == [*range(1, 21)]


def test_a_tracker_that_fails_is_left_out_and_training_goes_on(
    reviews, tiny_base, tmp_path, monkeypatch
):
    from textune.trackers.table import Table

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Table, "_write", full)
    events = textune.doors.api.events_of(
        textune.train,
        reviews,
        base=tiny_base,
        out=tmp_path / "run",
        valid=reviews,
        track=["csv"],
        **OPTIONS,
    )
    found = list(events)
    said = [one.text for one in found if isinstance(one, Message) and one.is_warning]
    assert [text for text in said if text.startswith("csv does not take the numbers")] == [
        "csv does not take the numbers of this run ([Errno 28] No space left on device); it is "
        "left out, and training goes on"
    ]
    assert sum(isinstance(one, Step) for one in found) == 20
    assert (tmp_path / "run" / "metrics.json").is_file()


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("mlfow", "'mlfow': did you mean 'mlflow'?"),
        ("csv,trackio", "'trackio': it has no tracker here; log.jsonl and csv hold the same"),
        ("jsonl", "'jsonl': log.jsonl is written by every run"),
    ],
)
def test_trackers_that_there_are_none_of(reviews, tiny_base, tmp_path, named, words):
    with pytest.raises(SettingsError, match="track") as caught:
        textune.train(reviews, base=tiny_base, out=tmp_path / "run", track=named)
    assert words in str(caught.value)


def test_a_tracker_that_is_not_installed(reviews, tiny_base, tmp_path, monkeypatch):
    from textune.trackers import names

    monkeypatch.setattr(names, "find_spec", lambda module: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[wandb\]'"):
        textune.train(reviews, base=tiny_base, out=tmp_path / "run", track="wandb")
    assert not (tmp_path / "run").exists()


def test_trackers_none_is_no_tracker(reviews, tiny_base, tmp_path):
    run = textune.train(
        reviews, base=tiny_base, out=tmp_path / "run", track="none", limit=40, valid=reviews
    )
    assert not (run.path / "log.csv").exists()
