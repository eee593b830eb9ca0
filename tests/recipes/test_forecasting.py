"""`check --forecast` says what a linear head scores at some numbers of texts, and ahead."""

import json

from typer.testing import CliRunner

from textune.doors import cli


def said(*command):
    done = CliRunner().invoke(cli.app, [str(word) for word in command])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_forecast_has_scores_at_sizes_of_the_file(reviews, tiny_base):
    found = json.loads(said("check", reviews, "--base", tiny_base, "--forecast", "--json"))
    told = found["forecast"]
    assert [item["texts"] for item in told["scores"]] == [20, 40, 80, 160]
    assert told["metric"] == "accuracy"
    assert told["scores"][-1]["score"] > 0.7
    assert all(item["score"] <= 1 for item in told["ahead"])
    shown = said("check", reviews, "--base", tiny_base, "--forecast")
    assert "linear head on the frozen encoder" in shown
    assert "of more texts" in shown or "about" in shown


def test_without_it_nothing_is_forecast(reviews, tiny_base):
    assert "forecast" not in json.loads(said("check", reviews, "--base", tiny_base, "--json"))
    assert "linear head" not in said("check", reviews, "--base", tiny_base)
