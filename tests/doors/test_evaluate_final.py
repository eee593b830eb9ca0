"""The test file of a run is opened by `evaluate --final` alone, and each time is counted."""

import json
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

import textune
from conftest import write_reviews
from textune.doors import cli
from textune.errors import DataError, SettingsError


@pytest.fixture(scope="module")
def whole(tiny_base, tmp_path_factory):
    """Return a folder with two files, a test file, and a run that was judged by it."""
    folder = tmp_path_factory.mktemp("final")
    train = write_reviews(folder / "train.csv")
    lines = train.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "test.csv").write_text("".join([lines[0], *lines[1:60:2]]), encoding="utf-8")
    (folder / "more.csv").write_text("".join([lines[0], *lines[2:50:2]]), encoding="utf-8")
    made = {"base": tiny_base, "epochs": 1, "valid": folder / "more.csv"}
    textune.train(train, test=folder / "test.csv", out=folder / "run", **made)
    return folder


@pytest.fixture
def place(whole, tmp_path, monkeypatch):
    """Return a copy of that folder, where everything lies at the same relative places."""
    shutil.copytree(whole, tmp_path / "copy")
    card = tmp_path / "copy" / "run" / "data_card.json"
    for file in (card, card.with_name("config.toml")):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(str(whole), str(tmp_path / "copy")), encoding="utf-8")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def textune_(*words):
    found = CliRunner().invoke(cli.app, list(map(str, words)))
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.output


def lines_of(run):
    text = (run / "openings.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_training_counts_as_the_first_opening(place):
    (one,) = lines_of(place / "run")
    assert one["command"] == "train"
    assert one["when"]
    card = json.loads((place / "run" / "data_card.json").read_text(encoding="utf-8"))
    assert one["sha256"] == [file["sha256"] for file in card["files"] if file["part"] == "test"]
    numbers = json.loads((place / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert one["metric"] == "mcc"
    assert one["value"] == numbers["test"]["mcc"]
    assert "The test file was opened once." in (place / "run" / "report.html").read_text("utf-8")


def test_final_judges_by_it_and_is_counted(place):
    said = textune_("evaluate", "run", "--final")
    assert "test.csv (30 texts)" in said
    assert "the test file was opened 2 times; from the second time on" in " ".join(said.split())
    found = json.loads(textune_("evaluate", "run", "--final", "--json"))
    assert found["n"] == 30
    assert found["openings"] == 3
    assert [one["command"] for one in lines_of(place / "run")] == [
        "train",
        "evaluate --final",
        "evaluate --final",
    ]
    page = (place / "run" / "report.html").read_text(encoding="utf-8")
    assert "The test file was opened 3 times; from the second time on, what was chosen" in page
    assert "the test file was opened 3 times" in textune_("report", "run", "--as", "md")
    assert textune.evaluate("run", final=True)["openings"] == 4
    assert textune.evaluate(place / "run" / "model", final=True)["openings"] == 5


def test_it_is_refused_without(place):
    shutil.copy("test.csv", "other_name.csv")
    before = (place / "run" / "openings.jsonl").read_bytes()
    for name in ("test.csv", place / "test.csv", "other_name.csv", "te*.csv"):
        with pytest.raises(SettingsError, match=r"test file of run, opened once so far; .*--final"):
            textune_("evaluate", "run", name)
    with pytest.raises(SettingsError, match="test file of"):
        textune.evaluate("run", ["more.csv", "test.csv"])
    assert (place / "run" / "openings.jsonl").read_bytes() == before
    assert not (place / "run" / "evaluations").exists()
    assert "more.csv (24 texts)" in textune_("evaluate", "run", "more.csv")
    assert textune.evaluate("run", pd.read_csv("more.csv"))["n"] == 24
    with pytest.raises(SettingsError, match="name the FILE to judge by, or give --final"):
        textune_("evaluate", "run")


def test_a_file_that_changed_or_is_gone_is_refused(place):
    test = place / "test.csv"
    content = test.read_text(encoding="utf-8")
    test.write_text(content + "a warm film,good\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"test file of run has changed since its training; put"):
        textune_("evaluate", "run", "--final")
    with pytest.raises(SettingsError, match="test file of run"):
        textune_("evaluate", "run", "test.csv")
    test.unlink()
    with pytest.raises(DataError, match=r"is not there any more; put it back, .*say where it is"):
        textune_("evaluate", "run", "--final")
    (place / "moved.csv").write_text(content, encoding="utf-8")
    assert "moved.csv (30 texts)" in textune_("evaluate", "run", "moved.csv", "--final")
    with pytest.raises(SettingsError, match=r"more.csv is not the test file of run \(.*test.csv"):
        textune_("evaluate", "run", "more.csv", "--final")
    assert len(lines_of(place / "run")) == 2


def test_a_run_without_a_test_file_has_none(place):
    card = place / "run" / "data_card.json"
    found = json.loads(card.read_text(encoding="utf-8"))
    found["files"] = [file for file in found["files"] if file["part"] != "test"]
    card.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(SettingsError, match="no test file was given when run was trained"):
        textune_("evaluate", "run", "--final")
    assert "test.csv (30 texts)" in textune_("evaluate", "run", "test.csv")


def test_a_torn_line_is_no_opening_and_what_was_not_noted_counts(place):
    file = place / "run" / "openings.jsonl"
    with file.open("ab") as opened:
        opened.write(b'{"when": "2026-01-01T00:00:00+00:00", "comm')
    assert textune.evaluate("run", final=True)["openings"] == 2
    assert textune.evaluate("run", final=True)["openings"] == 3
    file.unlink()  # as in runs of the version before
    with pytest.raises(SettingsError, match="opened once so far"):
        textune_("evaluate", "run", "test.csv")
    assert textune.evaluate("run", final=True)["openings"] == 2
    assert [one["command"] for one in lines_of(place / "run")] == ["train", "evaluate --final"]


def test_comparing_by_it_is_refused_without_final_and_counted_with_it(place):
    shutil.copytree("run", "other")
    with pytest.raises(SettingsError, match=r"test file of run, opened once so far; .*--final"):
        textune_("compare", "run", "other", "--on", "test.csv")
    assert "test.csv (30 texts)" in textune_(
        "compare", "run", "other", "--on", "test.csv", "--final"
    )
    for run in ("run", "other"):
        assert [one["command"] for one in lines_of(place / run)][1:] == ["compare --final"]
    assert "more.csv (24 texts)" in textune_("compare", "run", "other", "--on", "more.csv")
    with pytest.raises(SettingsError, match="is the test file of none of these runs"):
        textune_("compare", "run", "other", "--on", "more.csv", "--final")
    with pytest.raises(SettingsError, match="give --on FILE"):
        textune_("compare", "run", "other", "--final")


def test_nothing_to_learn_from_is_chosen_by_it(place):
    with pytest.raises(SettingsError, match=r"test file of run.*name another file"):
        textune_("suggest", "run", "test.csv")
    with pytest.raises(SettingsError, match=r"test file of run.*leave out --run"):
        textune_("suspects", "test.csv", "--run", "run")


def test_the_same_judging_after_a_kill_is_counted_once(whole, tiny_base, place, monkeypatch):
    from textune.storage import atomic

    def die(file, *_, **__):
        if file.name == "metrics.json":
            raise KeyboardInterrupt
        return kept(file, *_, **__)

    kept = atomic.write_json
    words = ["train", "train.csv", "--test", "test.csv", "--valid", "more.csv"]
    words += ["--base", str(tiny_base), "--epochs", "1", "--out", "again"]
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write_json", die)
        CliRunner().invoke(cli.app, words)
    assert not (place / "again" / "metrics.json").exists()
    assert len(lines_of(place / "again")) == 1
    textune_(*words, "--resume")
    assert len(lines_of(place / "again")) == 1
    textune_(*words, "--overwrite")
    assert len(lines_of(place / "again")) == 1
