"""A comparison by a text or two shows nothing, and labels that differ are all named."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from made_runs import make_run
from textune.doors import cli
from textune.errors import SettingsError
from textune.metrics import comparing
from textune.recipes import comparing as compared

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"


@pytest.mark.parametrize(("texts", "is_shown"), [(1, False), (2, False), (5, False), (12, True)])
def test_few_texts_show_no_difference_however_clear_it_looks(texts, is_shown):
    draws = comparing.draws(texts)
    losses = np.linspace(0.3, 0.4, texts), np.linspace(0.1, 0.2, texts)
    found = comparing.differences(
        "log_loss", [draws @ each / texts for each in losses], texts=texts
    )[0]
    assert found.gain == pytest.approx(0.2)
    assert found.is_shown == is_shown
    assert (found.interval is not None) == is_shown
    assert (found.p < 0.05) == is_shown
    said = comparing.as_json(found)
    assert said["interval"] is None or all(map(math.isfinite, said["interval"]))
    json.dumps(said, allow_nan=False)


@pytest.mark.parametrize("texts", [1, 2])
def test_the_screen_says_that_they_are_too_few(texts, tmp_path):
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        shutil.copytree(RUNS / "single", place)
    card = json.loads((places[0] / "model" / "decision.json").read_text(encoding="utf-8"))
    head = [*card["contract"]["text"], *card["contract"]["label"]]
    rows = [f"a good film {n},{card['labels'][n]}" for n in range(texts)]
    lines = [",".join(head), *rows]
    (tmp_path / "few.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["compare", *map(str, places), "--on", str(tmp_path / "few.csv")]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert f"few.csv ({texts} text{'s' * (texts > 1)})" in said
    many = "1 text is" if texts == 1 else "2 texts are"
    assert f"{many} too few to tell {places[0]} and {places[1]} apart" in said
    told = json.loads(CliRunner().invoke(cli.app, [*words, "--json"]).stdout)
    assert all(each["interval"] is None for each in told["differences"][str(places[1])].values())


def test_all_labels_that_differ_are_named_on_their_side(tiny_base, tmp_path):
    one = make_run(tmp_path / "one", tiny_base, "single", ["a", "b", "c"])
    two = make_run(tmp_path / "two", tiny_base, "single", ["a", "x", "y", "z"])
    with pytest.raises(SettingsError) as found:
        compared.compare([one, two])
    assert "in the first alone: b, c; in the other alone: x, y, z" in str(found.value)
