"""Texts that have moved since a training are told from those that have not."""

import json
import random
import sys
import tracemalloc

import numpy as np
import pytest

import textune
from conftest import WORDS
from made_runs import make_run
from textune.doors import cli
from textune.metrics import moved
from textune.recipes import drifting
from textune.records import Example
from textune.runs import predictions, seen_texts


def texts(count, *, words=WORDS, size=9, seed=0):
    draw = random.Random(seed)
    return [" ".join(draw.choices(words, k=size + draw.randint(-3, 3))) for _ in range(count)]


def write(file, rows):
    file.write_text("\n".join(["text", *rows]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    """Return a run with 200 held-out texts."""
    folder = tmp_path_factory.mktemp("run")
    make_run(folder, tiny_base, "single", ["bad", "good"])
    held = texts(200)
    columns = {"origin": [f"held.csv:{n}" for n in range(200)], "text": held}
    predictions.write(folder / "predictions" / "valid.parquet", {**columns, "truth": ["bad"] * 200})
    return folder


def say(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["textune", "watch", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    return ended.value.code, *capsys.readouterr()


def test_texts_of_the_same_kind_have_not_moved_and_others_have(run, tmp_path, monkeypatch, capsys):
    same = textune.watch(run, write(tmp_path / "same.csv", texts(150, seed=1)))
    assert same.moved == ()
    assert [each.what for each in same.tests] == [
        *("length", "language", "decisions", "highest probability")
    ]
    other = write(tmp_path / "other.csv", texts(150, words=WORDS[:6], size=20, seed=2))
    code, out, err = say(monkeypatch, capsys, run, other, "--fail")
    assert (code, err) == (8, "")
    assert "length: moved (p " in out
    assert "language: moved (p " in out
    assert "median 20 tokens" in out or "median 20" in out
    assert "other.csv:" in out.split("the rows most unlike")[1]
    code, out, _ = say(monkeypatch, capsys, run, other, "--json")
    found = json.loads(out)
    assert code == 0
    assert {"length", "language"} <= set(found["moved"])
    assert set(found["pieces"]) & set(WORDS[:6])


def test_few_texts_tell_nothing_and_mistakes_are_said(run, tmp_path, monkeypatch, capsys):
    few = write(tmp_path / "few.csv", texts(19, seed=3))
    code, out, err = say(monkeypatch, capsys, run, few, "--fail")
    assert code == 0
    assert out == "whether anything has moved cannot be told\n"
    assert "19 texts and 200 held-out ones: with fewer than 20" in err
    code, _, err = say(monkeypatch, capsys, run, few, "--level", "2")
    assert code == 2
    assert "--level 2.0: expected a probability, as 0.01" in err
    empty = write(tmp_path / "empty.csv", [])
    assert say(monkeypatch, capsys, run, empty)[0] == 2


@pytest.mark.parametrize("learned", [False, True], ids=["held out", "cross-validated"])
def test_texts_that_are_compared_with_themselves_are_counted(run, learned, tmp_path):
    numbers = {"valid": {"cross_validation": {"folds": 5}}} if learned else {}
    (run / "metrics.json").write_text(json.dumps(numbers), encoding="utf-8")
    held = texts(200)
    seen_texts.write(run, [Example(text, None, "") for text in held[:30] if learned])
    file = write(tmp_path / "own.csv", [*map(str.upper, held[:30]), *texts(30, seed=5)])
    found = textune.watch(run, file)
    for name in ("metrics.json", seen_texts.FILE, seen_texts.SKETCHED):
        (run / name).unlink()
    said = [each for each in found.remarks if "30 of 60 texts" in each]
    assert said == [
        "30 of 60 texts are among the held-out texts that they are compared with: of such texts "
        "nothing can be seen to have moved"
    ]
    assert not any("surer" in each for each in found.remarks)


@pytest.mark.exhaustive
def test_of_a_long_file_no_more_is_held_than_is_compared(run, tmp_path, monkeypatch):
    monkeypatch.setattr(drifting, "MOST", 30)
    long = [f"{text} {'x' * 30_000}" for text in texts(1500, seed=4)]
    file = write(tmp_path / "long.csv", [*long, " ", ""])
    tracemalloc.start()
    try:
        found = textune.watch(run, file)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < file.stat().st_size / 2
    assert (found.texts, found.held_out) == (30, 30)
    assert "30 of 1,500 texts of long.csv are compared, drawn at random" in found.remarks
    assert "30 of 200 held-out texts are compared, drawn at random" in found.remarks
    assert any(" rows have no text and are left out" in remark for remark in found.remarks)


def test_texts_are_drawn_by_the_seed_of_the_run(run, tmp_path, monkeypatch):
    monkeypatch.setattr(drifting, "MOST", 30)
    file = write(tmp_path / "many.csv", texts(1500, seed=4))

    def places():
        return [each["place"] for each in textune.watch(run, file).unlike]

    rows = places()
    assert rows
    assert rows == places()
    (run / "config.toml").write_text("seed = 9\n", encoding="utf-8")
    other = places()
    (run / "config.toml").unlink()
    assert rows != other


def test_a_run_without_held_out_texts_is_refused(tiny_base, tmp_path):
    make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"])
    with pytest.raises(textune.RunError, match="keeps no held-out texts to compare with"):
        textune.watch(tmp_path / "run", write(tmp_path / "a.csv", texts(30)))


def test_rare_classes_are_merged_and_two_are_compared_exactly():
    before = ["a"] * 60 + ["b"] * 37 + ["c", "d", "e"]
    found = moved.classes("decisions", before, ["a"] * 20 + ["b"] * 77 + ["f", "g", "h"])
    assert found.test == "chi-square"
    assert found.p < 1e-6
    assert found.words.startswith("b: 77.0 %, in held-out texts 37.0 %")
    assert moved.classes("x", ["a"] * 30, ["b"] * 30).test == "Fisher's exact"
    assert moved.classes("x", ["a"] * 30, ["a"] * 30).p == 1


def test_false_alarms_keep_the_level_and_shifts_are_found():
    draw = np.random.default_rng(0)
    alarms = 0
    for _ in range(300):
        first, second = draw.poisson(9, size=(2, 80)).astype(float)
        names = [draw.choice(list("abcd"), size=80).tolist() for _ in range(2)]
        tests = [moved.numbers("length", first, second), moved.classes("decisions", *names)]
        alarms += any(each.moved for each in moved.family(tests, 0.05))
    assert alarms <= 27  # 15 expected: more are 1 of 500 if the level holds
