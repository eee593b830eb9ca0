"""A text has the same answer by all doors in one number format, and by default the guide's."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.encoder import formats
from textune.serving import models

TEXTS = ["a good film of the day", "bad day , bad film", "film"]
IN_FP32 = ("predict TEXT", "explain", "serve")
IN_THAT_OF_TRAINING = ("predict --input", "Predictor", "evaluate")


@pytest.fixture(params=["fp32", "bf16"])
def run(request, monkeypatch, tiny_base, tmp_path):
    """Return a run that learned in the format, and that format."""
    monkeypatch.setenv("TEXTUNE_AUTO_PRECISION", request.param)
    rows = [f"{'good fine' if n % 2 else 'bad dull'} film {n},{n % 2}" for n in range(40)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    asked = {"base": str(tiny_base), "lr": 0.01, "epochs": 2, "effort": "normal", "device": "cpu"}
    out = tmp_path / "run"
    textune.train(tmp_path / "texts.csv", valid=tmp_path / "texts.csv", out=out, **asked)
    return out, request.param


def command(*words):
    done = CliRunner().invoke(cli.app, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return done.stdout


def by_each_door(run, folder, given):
    """Return the probability of one class of each text, by door."""
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    rows = "\n".join(["text,label", *(f'"{text}",1' for text in TEXTS)])
    (folder / "new.csv").write_text(rows + "\n")
    options = ["predict", run, "--json", *words]
    said = {
        "predict TEXT": command(*options, *TEXTS),
        "predict --input": command(*options, "--input", folder / "new.csv"),
    }
    found = {
        name: [json.loads(line)["scores"]["1"] for line in text.splitlines()]
        for name, text in said.items()
    }
    predictor = textune.Predictor.load(run, device="cpu", **given)
    found["Predictor"] = [one.scores["1"] for one in predictor(TEXTS)]
    explained = textune.explain(run, TEXTS, device="cpu", **given)
    found["explain"] = [one.prediction.scores["1"] for one in explained]
    served = models.load([str(run)], device="cpu", **given).named(None).predictor
    found["serve"] = [one.scores["1"] for one in served.stream(served.examples(TEXTS))]
    textune.evaluate(run, folder / "new.csv", device="cpu", **given)
    (file,) = run.glob("evaluations/**/*.parquet")
    table = pq.read_table(file).to_pydict()
    asked = dict(zip(table["text"], table["p(1)"], strict=True))
    found["evaluate"] = [asked[text] for text in TEXTS]
    return {name: np.array(numbers) for name, numbers in found.items()}


@pytest.mark.parametrize("asked", ["fp32", "auto"])
@pytest.mark.covering(1)
def test_a_text_has_one_answer_in_one_format(run, tmp_path, asked):
    place, learned = run
    by_default = by_each_door(place, tmp_path, {"precision": asked} if asked != "auto" else {})
    assert set(by_default) == {*IN_FP32, *IN_THAT_OF_TRAINING}
    plain = textune.Predictor.load(place, device="cpu", precision="fp32")(TEXTS)
    wanted = {door: [one.scores["1"] for one in plain] for door in by_default}
    if asked == "auto":
        has = formats.of_model("auto", learned, torch.device("cpu"))
        short = textune.Predictor.load(place, device="cpu", precision=has)(TEXTS)
        wanted |= {door: [one.scores["1"] for one in short] for door in IN_THAT_OF_TRAINING}
    for door, numbers in by_default.items():
        assert numbers == pytest.approx(wanted[door], abs=2e-6), door
