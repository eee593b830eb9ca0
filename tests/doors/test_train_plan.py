"""A forecast of a run: what it says is known is exactly so, and nothing of it stays."""

import json

from test_cli import one_object, textune

from textune.doors import console_plan

__all__ = ["textune"]  # the fixture


def test_a_forecast_knows_updates_and_tokens_and_leaves_nothing(
    textune, reviews, tiny_base, tmp_path
):
    out = tmp_path / "run"
    before = sorted(tmp_path.iterdir())
    words = ["train", reviews, "--base", tiny_base, "--out", out, "--batch-size", 8, "--epochs", 3]
    words += ["--set", "data.valid_share=0.1", "--device", "cpu"]
    code, said, _ = textune(*words, "--plan", "--json", "--set", "train.shard=true")
    assert code == 0
    plan = one_object(said)
    parted = plan["each_process"]
    assert [one["processes"] for one in parted] == [2, 4, 8, 16]
    assert parted[0]["first"] >= parted[0]["each"] > parted[-1]["each"] > 0
    assert any("16 processes" in name for name, *_ in console_plan._rows(plan))
    assert sorted(tmp_path.iterdir()) == before
    code, said, err = textune(*words)
    assert code == 0, err
    steps = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    steps = [line for line in steps if "loss" in line and "step" in line]
    assert plan["steps"] == len(steps)
    capsule = json.loads((out / "capsule.json").read_text())
    learned = capsule["tokens_per_second"] * capsule["train_seconds"]
    assert abs(plan["tokens"] / learned - 1) < 1e-3
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    assert 0.8 < size / plan["disk_bytes"]["end"] < 1.2
    assert plan["seconds"]["whole"] >= plan["seconds"]["training"] > 0
