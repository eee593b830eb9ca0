"""What changes nothing beside effort quick is said once; settings of a former run make no noise."""

import json

import pytest
from typer.testing import CliRunner

import textune
from textune.doors import api
from textune.doors.cli import app
from textune.recipes import at_chance
from textune.records import Message

SAID = "no effect beside --effort quick"


def table(folder, count=40):
    file = folder / "rows.csv"
    words = ("good film", "bad plot")
    rows = [f"{words[n % 2]} {n},{n % 2}" for n in range(count)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def train(file, base, out, *options):
    words = ["train", file, "--base", base, "--out", out, "--effort", "quick", *options]
    found = CliRunner().invoke(app, [*map(str, words), "--quiet"])
    assert found.exit_code == 0, found.output
    return " ".join(found.output.split())


def test_settings_of_updates_beside_a_quick_run_are_said_to_do_nothing(tiny_base, tmp_path):
    options = ("--epochs", "3", "--lr", "1e-4", "--set", "train.dropout=0.2")
    said = train(table(tmp_path), tiny_base, tmp_path / "run", *options, "--seeds", "2")
    assert f"--epochs, --lr, train.dropout have {SAID}" in said
    assert "leave --effort quick out to fine-tune" in said
    assert said.count(SAID) == 1


def test_what_a_former_run_wrote_and_what_has_an_effect_make_no_noise(tiny_base, tmp_path):
    file = table(tmp_path)
    options = ("--set", "train.class_weights=balanced", "--seed", "3")
    assert SAID not in train(file, tiny_base, tmp_path / "run", *options)
    config = tmp_path / "run" / "config.toml"
    assert "lr = " in config.read_text(encoding="utf-8")
    said = train(file, tiny_base, tmp_path / "again", "--config", config)
    assert SAID not in said
    assert f"--lr has {SAID}" in train(
        file, tiny_base, tmp_path / "more", "--config", config, "--lr", "0.1"
    )


@pytest.mark.parametrize(("effort", "is_said"), [("quick", True), ("normal", False)])
def test_python_says_it_too(effort, is_said, tiny_base, tmp_path):
    given = {"base": tiny_base, "effort": effort, "epochs": 1, "lr": 1e-3}
    events = api.events_of(textune.train, table(tmp_path, count=24), out=tmp_path / "run", **given)
    said = [event.text for event in events if isinstance(event, Message) and event.is_warning]
    assert [text.partition(" beside")[0] for text in said if SAID in text] == (
        ["--epochs, --lr have no effect"] if is_said else []
    )


def test_a_quick_model_at_chance_is_not_sent_to_settings_without_effect(tiny_base, tmp_path):
    file = tmp_path / "rows.csv"
    rows = [f"the same film {n},{n // 3 % 2}" for n in range(60)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    said = train(file, tiny_base, tmp_path / "run")
    assert "no better than chance" in said
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())["at_chance"]
    assert "leave --effort quick out" in told
    assert "--lr" not in told
    assert "--epochs" not in told


@pytest.mark.parametrize("is_tuned", [True, False])
def test_the_advice_where_words_tell_more_goes_with_how_it_learned(is_tuned):
    numbers = {
        "best": {"metric": "mcc"},
        "valid": {"n": 40, "mcc": 0.0},
        "baselines": {"part": "valid", "majority": {"mcc": 0.0}, "tfidf": {"mcc": 0.4}},
    }
    found = at_chance.remark(numbers, is_tuned=is_tuned)
    assert ("try another --lr, more --epochs, another --base" in found.text) == is_tuned
    assert ("try fine-tuning (leave --effort quick out)" in found.text) != is_tuned
