"""The deletion test tells words that move a model from words drawn by chance."""

from pathlib import Path

import pytest

from bench import explain, explain_measure

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"


def test_what_moved_a_decision_is_found_better_than_by_chance(monkeypatch):
    quick = {name: one for name, one in explain_measure.METHODS.items() if "grad" not in name}
    monkeypatch.setattr(explain_measure, "METHODS", quick)
    texts = [
        "dust haze heat all we had sun",
        "rain over mud dew in was the",
        "sun we dust in a rain",
    ]
    found = explain_measure.measured(RUNS / "single", texts, seed=0)
    assert found["texts"] == found["values"] == 3
    assert len(explain_measure.METHODS) == 3
    assert found["methods"].keys() == quick.keys()
    for way in explain_measure.WAYS:
        best = found["methods"][f"occlusion, {way}"][way]
        chance = found["methods"]["random order"][way]
        assert best["comprehensiveness"] > chance["comprehensiveness"]
        low, high = best["comprehensiveness interval"]
        assert low <= best["comprehensiveness"] <= high
    assert len(found["words"]) == 4 * (len(quick) - 1)


def test_both_sets_are_explained_unless_one_run_is_named(shared, capsys):
    assert explain.parse(["--data", str(shared)]).sets == ["sst2", "goemotions"]


def test_a_run_that_is_not_there_is_refused_before_anything_is_drawn(shared, capsys):
    for name in ("nope", str(RUNS / "data")):
        with pytest.raises(SystemExit):
            explain.parse(["--sets", "sst2", "--run", name])
        assert f"--run: {name}: " in capsys.readouterr().err
