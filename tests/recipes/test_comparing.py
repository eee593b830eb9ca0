"""Runs are compared by the same texts, by every task, and what texts cannot tell is said."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from sklearn.metrics import matthews_corrcoef
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import RunError, SettingsError
from textune.metrics import comparing

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
TASKS = ("single", "multi", "number", "tags", "answers", "pairs")


@pytest.fixture
def copies(tmp_path):
    """Return a function that copies a run twice; the second's answers may be changed."""

    def make(task, change=None):
        places = [tmp_path / name for name in ("one", "two")]
        for place in places:
            shutil.copytree(RUNS / task, place)
        if change is not None:
            file = places[1] / "predictions" / "valid.parquet"
            columns = pq.read_table(file).to_pydict()
            change(columns)
            pq.write_table(pa.table(columns), file)
        return places

    return make


@pytest.mark.parametrize("task", TASKS)
def test_a_run_is_no_better_than_its_copy(copies, task):
    found = textune.compare(*copies(task))
    for (each,) in found.differences.values():
        assert (each.gain, each.p, each.is_alike, each.is_shown) == (0, 1, True, False)
        assert each.interval is None or -each.low == each.high > 0
    numbers = json.loads((RUNS / task / "metrics.json").read_text("utf-8"))["valid"]
    for key, (each,) in found.differences.items():
        if numbers.get(key) is not None and task != "multi":
            assert each.values[0] == pytest.approx(numbers[key], abs=1e-6)


def test_which_of_several_runs_keeps_other_texts_is_told(copies, tmp_path):
    first, second = copies("single")
    third = tmp_path / "three"
    shutil.copytree(first, third)
    file = third / "predictions" / "valid.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 5), file)
    count = table.num_rows
    with pytest.raises(RunError) as caught:
        textune.compare(first, second, third)
    assert str(caught.value) == (
        f"{first} and {third} do not keep answers of the same texts (validation: {count} and 5, 5 "
        "of them the same); judge them by the same file: --on FILE"
    )


def test_texts_that_one_of_the_runs_has_learned_from_are_told(copies):
    first, second = copies("single")
    numbers = json.loads((second / "metrics.json").read_text("utf-8"))
    said = "all 24 texts stand in the training data, too (24 word for word)"
    numbers["valid"]["without_leaks"] = {"n": 0, "said": said}
    (second / "metrics.json").write_text(json.dumps(numbers), "utf-8")
    assert textune.compare(first, second).leaked == {str(second): said}
    done = CliRunner().invoke(cli.app, ["compare", str(first), str(second)])
    assert f"{second}: {said}" in " ".join(done.stdout.split())


def test_what_is_found_by_hand_is_found(copies):
    def half_wrong(columns):
        classes = sorted(set(columns["truth"]))
        for row, label in enumerate(columns["truth"]):
            columns["decision"][row] = label if row % 2 else classes[label == classes[0]]

    places = copies("single", half_wrong)
    kept = [pq.read_table(place / "predictions" / "valid.parquet").to_pydict() for place in places]
    right = [np.asarray(one["truth"]) == np.asarray(one["decision"]) for one in kept]
    found = textune.compare(*places)
    (mcc,) = found.differences["mcc"]
    by_hand = [matthews_corrcoef(one["truth"], one["decision"]) for one in kept]
    assert mcc.gain == pytest.approx(by_hand[1] - by_hand[0])
    only = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert found.alone == [only]
    assert only[1] > 0
    (accuracy,) = found.differences["accuracy"]
    assert accuracy.p == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
    done = CliRunner().invoke(cli.app, ["compare", *map(str, places)])
    said = " ".join(done.output.split())
    assert f"by {places[0]} alone: {only[1]}" in said
    other = CliRunner().invoke(cli.app, ["compare", *map(str, reversed(places)), "--json"])
    told = json.loads(other.output)
    assert told["differences"][str(places[0])]["mcc"]["gain"] == pytest.approx(-mcc.gain)


def test_rows_in_another_order_are_the_same_texts(copies):
    def turned(columns):
        for name in columns:
            columns[name] = columns[name][::-1]

    found = textune.compare(*copies("single", turned))
    assert found.differences["mcc"][0].gain == 0


def test_undecided_texts_are_counted_as_their_likeliest_class(copies):
    def torn(columns):
        columns["decision"][:12] = [""] * 12

    found = textune.compare(*copies("single", torn))
    (accuracy,) = found.differences["accuracy"]
    assert (accuracy.gain, accuracy.p) == (0, 1)
    assert found.alone == [(0, 0)]


def turned(place, names):
    """Let a run have its labels, and so the truth of its texts, in another order."""
    card = place / "model" / "decision.json"
    values = json.loads(card.read_text("utf-8"))
    card.write_text(json.dumps({**values, "labels": names, "state": {}}), encoding="utf-8")
    file = place / "predictions" / "valid.parquet"
    columns = pq.read_table(file).to_pydict()
    columns["truth"] = [";".join(cell.split(";")[::-1]) for cell in columns["truth"]]
    pq.write_table(pa.table(columns), file)


def test_labels_in_another_order_are_the_same_labels(copies):
    places = copies("multi")
    turned(places[1], ["street", "kitchen", "garden"])
    for (each,) in textune.compare(*places).differences.values():
        assert (each.gain, each.is_alike) == (0, True)


def test_numbers_in_another_order_are_the_same_numbers(copies):
    def doubled(columns):
        columns["truth"] = [f"{cell};{row}" for row, cell in enumerate(columns["truth"])]
        columns["predicted stars"] = columns["predicted points"][::-1]

    _, place = copies("number", doubled)
    turned(place, ["stars", "points"])
    one = shutil.copytree(place, place.with_name("three"))
    turned(one, ["points", "stars"])
    for (each,) in textune.compare(one, place).differences.values():
        assert (each.gain, each.is_alike) == (0, True)


def test_what_cannot_be_compared_is_refused(copies, tmp_path):
    def others(columns):
        columns["text"] = [f"{text}!" for text in columns["text"]]

    places = copies("single", others)
    with pytest.raises(RunError, match="--on FILE"):
        textune.compare(*places)
    with pytest.raises(SettingsError, match="models of one task"):
        textune.compare(RUNS / "single", RUNS / "multi")
    with pytest.raises(SettingsError, match="same labels"):
        textune.compare(RUNS / "single", RUNS / "pairs")
    with pytest.raises(SettingsError, match="two runs or more"):
        textune.compare(RUNS / "single")
    with pytest.raises(SettingsError, match="named twice"):
        textune.compare(RUNS / "single", RUNS / "single")
    with pytest.raises(SettingsError, match="--metric f2"):
        textune.compare(places[0], RUNS / "single", metric="f2")


def test_another_file_judges_both(copies, tmp_path):
    places = copies("single")
    file = tmp_path / "more.csv"
    kept = pq.read_table(places[0] / "predictions" / "valid.parquet").to_pydict()
    rows = zip(kept["text"], kept["truth"], strict=True)
    contract = json.loads((places[0] / "model" / "decision.json").read_text("utf-8"))["contract"]
    head = f"{contract['text'][0]},{contract['label'][0]}"
    file.write_text("\n".join([head, *(f"{a},{b}" for a, b in rows)]) + "\n", encoding="utf-8")
    found = textune.compare(*places, on=file)
    assert (found.on, found.texts) == (str(file), len(kept["text"]))
    assert found.differences["accuracy"][0].gain == 0
    held = pd.read_csv(file)
    assert textune.compare(*places, on=held).on == "data"


def test_labels_that_training_never_saw_leave_log_loss_out_as_evaluate_does(copies, tmp_path):
    rows = (RUNS / "data" / "single_valid.csv").read_text("utf-8").splitlines()
    file = tmp_path / "fresh.csv"
    text = rows[1].rsplit(",", 1)[0]
    file.write_text("\n".join([*rows, f"{text} indeed,mixed"]) + "\n", encoding="utf-8")
    places = copies("single")
    numbers = textune.evaluate(places[0], file)
    found = textune.compare(*places, on=file)
    assert numbers["log_loss"] is None
    assert "log_loss" not in found.differences
    for key, (each,) in found.differences.items():
        assert each.values[0] == pytest.approx(numbers[key], abs=1e-6), key


def test_texts_of_one_class_give_no_mcc_and_the_next_metric_decides(copies):
    def alike(columns):
        columns["truth"] = [columns["truth"][0]] * len(columns["truth"])

    places = copies("single", alike)
    file = places[0] / "predictions" / "valid.parquet"
    shutil.copy(places[1] / "predictions" / "valid.parquet", file)
    found = textune.compare(*places)
    assert "mcc" not in found.differences
    assert found.main == "accuracy"
    with pytest.raises(SettingsError, match="--metric mcc: cannot be compared here"):
        textune.compare(*places, metric="mcc")


def test_chance_is_called_better_one_time_in_twenty():
    draw = np.random.default_rng(0)
    shown, count = 0, 400
    draws = comparing.draws(count)[:201]
    for _ in range(200):
        right = draw.random((2, count)) < 0.8
        found = [draws @ row / count for row in right.astype(float)]
        shown += comparing.differences("accuracy", found, texts=count)[0].is_shown
    assert 1 <= shown <= 22


def alike(places, file, **options):
    """Assert that `compare` counts a file as `evaluate` does; return the numbers of both."""
    numbers = textune.evaluate(places[0], file, **options)
    found = textune.compare(*places, on=file, **options).differences
    for key, (each,) in found.items():
        assert each.values[0] == pytest.approx(numbers[key], abs=1e-6), key
    return numbers, found


def test_several_labels_that_training_never_saw_are_missed_as_evaluate_has_it(copies, tmp_path):
    head, *rows = (RUNS / "data" / "multi_valid.csv").read_text("utf-8").splitlines()
    fresh = [f"{row},{int(place % 3 == 0)}" for place, row in enumerate(rows)]
    file = tmp_path / "fresh.csv"
    file.write_text("\n".join([f"{head},attic;roof", *fresh]) + "\n", encoding="utf-8")
    places = copies("multi")
    known = textune.evaluate(places[0], RUNS / "data" / "multi_valid.csv")["accuracy"]
    for options in ({}, {"label": ["garden", "kitchen", "street", "attic;roof"]}):
        numbers, found = alike(places, file, **options)
        assert (numbers["accuracy"] < known) == bool(options)
        assert ("log_loss" in found) == (not options)


def test_tags_that_training_never_saw_are_missed_as_evaluate_has_it(copies, tmp_path):
    text = (RUNS / "data" / "tags_valid.conll").read_text("utf-8")
    file = tmp_path / "fresh.conll"
    places = copies("tags")
    for known, other in (("B-LOC", "B-NEW"), ("B-PER", "B-LOC;B-NEW")):
        file.write_text(text.replace(known, other, 7), encoding="utf-8")
        alike(places, file)


def test_words_that_a_model_of_plain_tags_did_not_read_are_missed_as_evaluate_has_it(
    tiny_base, tmp_path
):
    """Tags without O: the first of them is no answer about a word that was cut off."""
    file = tmp_path / "words.conll"
    words = [("film", "NOUN"), ("good", "ADJ"), ("was", "VERB"), ("the", "DET")]
    lines = ["\n".join("\t".join(words[(n + k) % 4]) for k in range(9)) for n in range(40)]
    file.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    cut = {"max_tokens": 8, "long": "head", "base": tiny_base, "epochs": 1}
    run = textune.train(file, task="tags", out=tmp_path / "run", valid=file, **cut)
    places = [run.path, shutil.copytree(run.path, tmp_path / "copy")]
    numbers = run.metrics["valid"]
    assert numbers["accuracy"] <= 6 / 9  # six words of nine are read
    for found in (textune.compare(*places), textune.compare(*places, on=file)):
        for key, (each,) in found.differences.items():
            assert each.values[0] == pytest.approx(numbers[key], abs=1e-6), key
    kept = pq.read_table(run.path / "predictions" / "valid.parquet").to_pydict()
    assert {*json.loads(kept["tags"][0])[6:]} == {"O"}
    (answer,) = textune.Predictor.load(run.path)([" ".join(["film", "was"] * 5)])
    assert {*answer.labels} <= {"NOUN", "ADJ", "VERB", "DET"}


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_better_is_said_with_an_interval_of_its_own_side(sign):
    low, high = sorted((sign * 0.118, sign * 0.539))
    found = comparing.Difference("mcc", (0.6, 0.3), sign * 0.328, low, high, 0.0004)
    better, worse = ("two", "one") if sign > 0 else ("one", "two")
    assert comparing.words(found, 121, ("one", "two")) == (
        f"{better} is better than {worse} by 0.328 MCC (95 % interval +0.118 to +0.539, p < 0.001)"
    )
