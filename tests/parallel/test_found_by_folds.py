"""What the first process finds in cross-validation is what all of them learn by."""

import json

import pytest

import made_ranks

SETTINGS = {
    "train.recipe": "auto",
    "train.epochs": 1,
    "train.batch_size": 12,
    "train.lr": 1e-4,
    "train.precision": "fp32",
    "train.dropout": 0.0,
    "train.remedies": "always",
    "train.average": "false",
    "train.refit": "false",
    "train.explain": 0,
    "device": "cpu",
}


def steps(run):
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == "step"]


@pytest.mark.exhaustive
def test_two_processes_learn_by_a_remedy_and_a_contrastive_loss_what_one_does(
    tiny_base, tmp_path, forks
):
    """One process computes an update in parts of 40 tokens, two compute half of it each."""
    words = ["good", "fine", "lovely", "bright", "warm", "bad", "poor", "dull", "cold", "awful"]
    rows = [
        f"the {' '.join(words[n % 7 :])} film {n},{'bad' if n % 9 == 0 else 'good'}"
        for n in range(45)
    ]
    file = tmp_path / "films.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    runs = []
    for world, micro_tokens in ((1, 40), (2, 4096)):
        out = tmp_path / f"run-{world}"
        asked = SETTINGS | {"train.micro_tokens": micro_tokens}
        given = [part for name, value in asked.items() for part in ("--set", f"{name}={value}")]
        line = ["train", str(file), "--base", str(tiny_base), "--out", str(out), *given]
        more = {"TEXTUNE_KERNELS": 0, "TEXTUNE_PICTURES": 0}
        more["before"] = made_ranks.take_what_folds_say
        started = made_ranks.start(forks, line, tmp_path, world=world, **more)
        assert started.wait() == [0] * world, started.said()
        told = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["valid"]
        assert told["cross_validation"]["chosen"] == "contrasted"
        runs.append(steps(out))
    assert len(runs[0]) == len(runs[1]) == 4
    for one, two in zip(*runs, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)
        assert two["norm"] == pytest.approx(one["norm"], rel=1e-3)
