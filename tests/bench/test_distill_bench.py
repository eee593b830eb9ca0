"""The bench of distilling: what it draws and what it says."""

import json

from bench import commands, distill


def test_texts_without_labels_are_other_rows(shared, tmp_path):
    rows, texts = distill.written(shared, tmp_path, rows=50, texts=200, seed=3)
    head, *learned = rows.read_text(encoding="utf-8").splitlines()
    others = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    assert (head, len(learned), len(others)) == ("sentence\tlabel", 50, 200)
    assert all(list(one) == ["sentence"] for one in others)
    again = distill.written(shared, tmp_path, rows=50, texts=200, seed=4)[0]
    assert again.read_text(encoding="utf-8").splitlines()[1:] != learned


def test_the_median_of_ratios_and_the_mean_of_losses_are_told(capsys):
    def one(seed, gain, fast):
        score = {"first": 0.84, "other": 0.84 + gain, "gain": gain, "interval": [-0.04, 0.01]}
        speeds = {"bf16": [500.0, fast], "fp32": [200.0, 400.0]}
        return {"seed": seed, "accuracy": score, "texts_a_second": speeds}

    found = [one(0, -0.01, 900.0), one(1, -0.03, 950.0), one(2, -0.02, 1000.0)]
    distill.show(found, commands.console())
    shown = capsys.readouterr().out
    assert "bf16: 1.90 times as fast (wanted: 1.8)" in shown
    assert "accuracy: -0.0200 in the mean (wanted: -0.02 at worst)" in shown
    assert "-0.0400 … +0.0100" in shown
