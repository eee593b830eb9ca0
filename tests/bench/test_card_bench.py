"""The command that measures a card: without one it says what it needs, and each part is tried."""

import json
import sys
import time

import pytest
from rich.console import Console

from bench import card, card_bars, card_measure
from bench.card_jobs import LEARNERS, Job, Result


def job(tiny_base, reviews, folder, program):
    lines = [line.rsplit(",", 1) for line in reviews.read_text("utf-8").splitlines()[1:41]]
    rows = [json.dumps({"text": text, "label": label}) + "\n" for text, label in lines]
    for name in ("train", "valid"):
        (folder / f"{name}.jsonl").write_text("".join(rows), encoding="utf-8")
    return Job(
        work="cola 32",
        program=program,
        base=str(tiny_base),
        train=str(folder / "train.jsonl"),
        valid=str(folder / "valid.jsonl"),
        labels=tuple(sorted({label for _, label in lines})),
        scratch=str(folder),
        batch_size=8,
        max_tokens=32,
        threads=1,
        began=time.time(),
    )


def test_a_training_by_textune_is_measured(tiny_base, reviews, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUNE_RECIPE", "classic")
    found = card_measure.run(job(tiny_base, reviews, tmp_path, "textune"))
    assert found.texts_per_second > 0
    assert 0 < found.first_step_seconds < 60
    assert found.peak_card_mb is None


def result(work, program, speed, peak=100.0):
    return Result(work, program, "cuda:0", "bf16", speed, 10 * speed, 1.0, 9.0, peak)


def test_the_bars_are_judged_by_the_best_of_the_others():
    results = [
        result("imdb 32", "textune", 700.0, peak=90.0),
        result("imdb 32", "textune-plain", 690.0),
        result("imdb 32", "default", 80.0),
        result("imdb 32", "tuned", 100.0),
        result("prediction", "textune", 200.0),
        result("prediction", "pipeline", 100.0),
    ]
    bars = {bar["name"]: bar for bar in card_bars.judge(results, {"imdb 32": [512] * 4}, 787_000.0)}
    faster = bars["imdb 32: times as fast as the best of the others"]
    assert (faster["measured"], faster["is_reached"]) == (7.0, True)
    assert bars["prediction: times as fast as the best of the others"]["is_reached"] is False
    assert bars["cola 32: times as fast as the best of the others"]["is_reached"] is None
    flop = 6 * 85e6 * 512 + 12 * 12 * 768 * 512 * 512
    part = bars["imdb 32: share of the bf16 rate"]["measured"]
    assert part == pytest.approx(700 * flop / 787e12)
    assert bars["imdb 32: peak memory over the tuned Trainer's"]["measured"] == pytest.approx(0.9)
    assert bars["seconds to the first update, at most"]["is_reached"] is True


def test_the_table_names_every_program_and_bar():
    results = [result("cola 32", name, 10.0) for name in LEARNERS]
    bars = card_bars.judge(results, {}, 1.0)
    wide = Console(width=160, record=True, file=sys.stderr)
    report = {"results": [vars_of(each) for each in results], "bars": bars}
    card_bars.show({**report, "settings": {"tiny": True}}, wide)
    said = wide.export_text()
    assert all(name in said for name in LEARNERS)
    assert "MISSED" in said
    assert "not measured" in said


def vars_of(found):
    return {name: getattr(found, name) for name in Result.__slots__}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "trainer"], "--only trainer: allowed are textune"),
        (["--works", "cola 64"], "--works cola 64: allowed are cola 32"),
        (["--data", "nowhere"], "not found; its README names their origin"),
    ],
)
def test_what_is_asked_wrongly_is_said(words, said, capsys):
    with pytest.raises(SystemExit):
        card.parse(words)
    assert said in capsys.readouterr().err
