"""A task that is one file and one row of the registry goes through all doors."""

import csv
import json
import random
import re

import pytest
from typer.testing import CliRunner

import made_shares
import textune
from conftest import WORDS
from textune.doors import cli
from textune.errors import DataError, SettingsError
from textune.settings.config import Settings, resolve
from textune.tasks import registry


@pytest.fixture(autouse=True)
def _added():
    registry.add(made_shares.KIND)
    yield
    registry.remove("share")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return a table of texts, and the share of their words that are kind."""
    draw = random.Random(0)
    rows = [["text", "kindness"]]
    for _ in range(90):
        words = [draw.choice(WORDS[:10]) for _ in range(8)]
        kind = sum(word in WORDS[:5] for word in words) / len(words)
        rows.append([" ".join(words), f"{0.02 + 0.96 * kind:.3f}"])
    found = tmp_path_factory.mktemp("shares") / "kind.csv"
    found.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return found


def said(*command):
    done = CliRunner().invoke(cli.app, [str(word) for word in command], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_task_of_one_file_goes_through_every_door(file, tiny_base, tmp_path):
    found = json.loads(said("check", file, "--base", tiny_base, "--json"))
    assert found["task"] == "share"
    assert "--task share" in found["command"]
    assert found["targets"]["kindness"]["max"] <= 1
    assert "standard deviation" in said("check", file, "--base", tiny_base)
    run = tmp_path / "run"
    options = ["--epochs", 4, "--lr", "1e-3", "--batch-size", 8, "--seed", 1, "--set"]
    said("train", file, "--base", tiny_base, "--out", run, *options, "train.metric=mae")
    numbers = json.loads(said("evaluate", run, file, "--json"))
    assert numbers["pearson"] > 0.5
    assert 0 < numbers["mae"] < 0.5
    shown = json.loads(said("predict", run, "good fine lovely bright warm", "--json"))
    assert 0 <= shown["numbers"]["kindness"] <= 1
    assert "kindness" in said("predict", run, "bad poor dull cold awful")
    out = tmp_path / "out.csv"
    said("predict", run, "--input", file, "--output", out)
    with out.open(encoding="utf-8", newline="") as opened:
        assert all(0 <= float(row["predicted kindness"]) <= 1 for row in csv.DictReader(opened))
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "a share of 1 for a text" in page
    assert "The largest errors" in page


def test_it_is_asked_for_by_name_and_its_rows_are_read_by_its_rules(file, tiny_base, tmp_path):
    assert resolve(Settings, given={"data.task": "share"}).data.task == "share"
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(file.read_text(encoding="utf-8") + "a film,1.5\n", encoding="utf-8")
    with pytest.raises(DataError, match=re.escape("wrong.csv:92: '1.5' is no share")):
        textune.check(wrong, task="share", base=tiny_base)
    assert (
        textune.check(wrong, base=tiny_base).contract.task == "single"
    )  # not all are shares, and few differ


def test_settings_that_it_does_not_heed_are_refused(file, tiny_base, tmp_path):
    words = re.escape("where the task is a share of 1 for a text (share)")
    with pytest.raises(SettingsError, match=words):
        textune.train(
            file, base=tiny_base, out=tmp_path / "r", settings=["train.class_weights=balanced"]
        )


def test_a_name_is_given_once_and_gone_when_it_is_taken_out(file, tiny_base):
    with pytest.raises(ValueError, match="there is a task 'share'"):
        registry.add(made_shares.KIND)
    registry.remove("share")
    try:
        assert textune.check(file, base=tiny_base).contract.task == "single"
        with pytest.raises(SettingsError, match=r"Input should be 'single', .* or 'answers'"):
            resolve(Settings, given={"data.task": "share"})
    finally:
        registry.add(made_shares.KIND)
