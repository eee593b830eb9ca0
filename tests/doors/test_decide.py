"""`textune decide` and the options of `train`: another aim, texts left undecided, sets."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score
from typer.testing import CliRunner

import textune
from conftest import WORDS
from textune.doors import cli
from textune.errors import DataError, RunError, SettingsError, TextuneError
from textune.runs import model_card

GOOD, BAD = WORDS[:6], WORDS[6:12]
BEFORE = Path(__file__).parents[1] / "fixtures" / "runs_2026"


@pytest.fixture
def classes(tmp_path):
    """Return a file of 240 texts of two classes that most of them tell."""
    draw = np.random.default_rng(0)
    rows = ["text,label"]
    for number in range(240):
        is_good = draw.random() < 0.4
        words = [draw.choice(GOOD if (draw.random() < 0.75) == is_good else BAD) for _ in range(5)]
        rows.append(f"{' '.join(words)} {WORDS[12 + number % 6]},{'good' if is_good else 'bad'}")
    file = tmp_path / "classes.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def labels(tmp_path):
    """Return a file of 240 texts, each with none, one or two rare labels."""
    draw = np.random.default_rng(1)
    rows = ["text,hot,cold"]
    for _ in range(240):
        hot, cold = (draw.random(2) < 0.2).astype(int).tolist()
        words = [
            *draw.choice(WORDS[12:], 3),
            *[draw.choice(GOOD)] * hot,
            *[draw.choice(BAD)] * cold,
        ]
        rows.append(f"{' '.join(words)},{hot},{cold}")
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def quick(tiny_base, tmp_path):
    """Return a function that fits the head of the frozen encoder."""

    def run(file, **more):
        return textune.train(file, base=tiny_base, out=tmp_path / "run", effort="quick", **more)

    return run


def typed(*words):
    done = CliRunner().invoke(cli.app, list(map(str, words)))
    return done.exit_code, " ".join(done.output.split())


def rule_of(run):
    return json.loads((run.path / "model" / "decision.json").read_text("utf-8"))["decision"]


def test_texts_are_left_undecided_and_get_sets(quick, classes, tmp_path):
    run = quick(classes, abstain=0.9, sets=0.8)
    told = run.metrics["valid"]
    kept = pq.read_table(run.path / "predictions" / "valid.parquet").to_pydict()
    is_open = np.asarray([not cell for cell in kept["decision"]])
    right = np.asarray(kept["decision"]) == np.asarray(kept["truth"])
    assert 0 < is_open.mean() < 1
    assert told["abstention"]["coverage"] == pytest.approx(1 - is_open.mean())
    assert told["abstention"]["right"] == pytest.approx(right[~is_open].mean())
    assert told["abstention"]["right"] > told["accuracy"]
    assert told["sets"]["coverage"] == pytest.approx(0.8, abs=0.05)
    predictor = textune.Predictor.load(run.path)
    unsure, sure = predictor([f"{GOOD[0]} {BAD[0]}", " ".join(GOOD)])
    assert (unsure.labels, unsure.undecided) == ((), True)
    assert (sure.labels, sure.undecided) == (("good",), False)
    assert sure.members == ("good",)
    output = tmp_path / "out.csv"
    code, said = typed("predict", run.path, "--input", classes, "--output", output)
    assert code == 0, said
    head = output.read_text("utf-8").splitlines()[0]
    assert head.endswith(",set")
    code, said = typed("predict", run.path, f"{GOOD[0]} {BAD[0]}")
    assert "(undecided)" in said


def test_a_run_is_decided_anew_without_training(quick, labels):
    run = quick(labels, aim="likeliest")
    weights = (run.path / "model" / "model.safetensors").read_bytes()
    assert rule_of(run)["aim"] == "likeliest"
    code, said = typed("decide", run.path, "--aim", "fbeta=2")
    assert code == 0, said
    assert "thresholds for fbeta=2: hot 0." in said
    rule = rule_of(run)
    assert (rule["aim"], rule["fitted"]) == ("fbeta=2", True)
    assert (run.path / "model" / "model.safetensors").read_bytes() == weights
    kept = pq.read_table(run.path / "predictions" / "valid.parquet").to_pydict()
    marks = [[[name in cell.split(";") for name in ("hot", "cold")] for cell in kept[column]]
             for column in ("truth", "decision")]  # fmt: skip
    numbers = json.loads((run.path / "metrics.json").read_text("utf-8"))["valid"]
    assert numbers["macro_f1"] == pytest.approx(f1_score(*marks, average="macro"))
    assert textune.evaluate(run.path, labels)["rule"]["aim"] == "fbeta=2"
    chance = textune.Predictor.load(run.path)([GOOD[0]])[0]
    assert chance.labels == tuple(
        name for name, bar in rule["thresholds"].items() if chance.scores[name] >= bar
    )
    assert (run.path / "report.html").is_file()


def test_deciding_as_in_training_changes_no_number(quick, labels):
    run = quick(labels, aim="precision>=0.7")
    before = json.loads((run.path / "metrics.json").read_text("utf-8"))
    rule = rule_of(run)
    again = textune.decide(run.path, aim="precision>=0.7", calibrate=False)
    assert rule_of(run) == rule
    assert json.loads(json.dumps(again.metrics))["valid"] == before["valid"]


@pytest.mark.parametrize(("hot", "cold"), [("[hot]", "cold"), ("hot; very", "[cold")])
def test_labels_that_hold_brackets_or_separators_are_decided_anew(quick, labels, hot, cold):
    _, rows = labels.read_text("utf-8").split("\n", 1)
    labels.write_text(f"text,{hot},{cold}\n{rows}", encoding="utf-8")
    run = quick(labels)
    before = run.metrics["valid"]
    again = textune.decide(run.path, calibrate=False).metrics["valid"]
    assert again["labels"].keys() == {hot, cold}
    assert again == before
    other = shutil.copytree(run.path, run.path.with_name("other"))
    for (each,) in textune.compare(run.path, other).differences.values():
        assert each.gain == 0


def test_the_page_of_a_model_says_how_it_decides_now(quick, labels):
    run = quick(labels)
    page = run.path / "model" / "README.md"
    before = page.read_text("utf-8")
    assert "calibrated" not in before
    kept = run.path / "predictions" / "valid.parquet"
    table = pq.read_table(kept)
    columns = table.to_pydict()
    for name in ("hot", "cold"):
        columns[f"logit({name})"] = [0.02 * value for value in columns[f"logit({name})"]]
    pq.write_table(pa.table(columns), kept)
    textune.decide(run.path)
    assert rule_of(run)["calibration"] is not None
    assert "Probabilities are calibrated" in page.read_text("utf-8")
    pq.write_table(table, kept)  # the page tells scores, too
    textune.decide(run.path, calibrate=False)
    bare = [model_card.bare(text) for text in (page.read_text("utf-8"), before)]
    assert bare[0] == bare[1]  # but for the numbers, of logits that were changed


def test_costs_decide(quick, classes, tmp_path):
    run = quick(classes)
    costs = tmp_path / "costs.csv"
    costs.write_text("truth,bad,good\nbad,0,1\ngood,100,0\n", encoding="utf-8")
    found = textune.decide(run.path, aim=f"cost={costs}").metrics["valid"]
    assert found["labels"]["good"]["recall"] > 0.97
    assert rule_of(run)["costs"] == [[0.0, 1.0], [100.0, 0.0]]
    assert textune.Predictor.load(run.path)([BAD[0]])[0].labels == ("good",)


def test_faulty_costs_are_refused(quick, classes, tmp_path):
    run, costs = quick(classes), tmp_path / "costs.csv"
    for rows, words in (
        ("truth,bad\nbad,0\ngood,1\n", "no column 'good'"),
        ("truth,bad,good\nbad,0,1\n", "no row for label 'good'"),
        ("truth,bad,good\nbad,0,x\ngood,1,0\n", "cost 'x' is no number"),
        ("truth,bad,good\nbad,0,1\nbad,0,1\n", "'bad' comes twice"),
        ("truth,bad,good\nbat,0,1\ngood,0,1\n", "label 'bat' is unknown; did you mean 'bad'"),
        (
            "truth,bad,good\nbad,0,1\ngood,2,9\n",
            "costs.csv: where 'good' is true, deciding so costs 9, and deciding 'bad' 2",
        ),
        ("truth,bad,good\nbad,3,3\ngood,0,0\n", "costs.csv: every decision costs the same"),
    ):
        costs.write_text(rows, encoding="utf-8")
        with pytest.raises(DataError, match=words):
            textune.decide(run.path, aim=f"cost={costs}")


def test_what_has_no_place_is_refused(quick, classes, labels, tiny_base, tmp_path):
    run = quick(labels)
    for keywords, words in (
        ({"abstain": 0.9}, "--abstain 0.9: fits one label a text"),
        ({"sets": 0.9}, "--sets 0.9: fits one label a text"),
        ({"abstain": 2}, "less than 1"),
        ({"aim": "f9"}, "allowed"),
    ):
        with pytest.raises(SettingsError, match=words):
            textune.decide(run.path, **keywords)
    for keywords, words in (
        ({"aim": "top=2"}, "exactly one of these labels"),
        ({"aim": "precision(worse)>=0.9"}, "no label 'worse'"),
        ({"aim": "cost=nowhere.csv"}, "there is no such file"),
    ):  # before anything is learned: no run is left
        with pytest.raises(TextuneError, match=words):
            textune.train(classes, base=tiny_base, out=tmp_path / "b", effort="quick", **keywords)
        assert not (tmp_path / "b" / "log.jsonl").exists()
    count = len(rule_of(run)["thresholds"])
    with pytest.raises(SettingsError, match=rf"every text would get all {count} labels; allowed"):
        textune.decide(run.path, aim=f"top={count}")
    with pytest.raises(SettingsError, match=r"--abstain 0.9: fits one label a text"):
        textune.train(labels, base=tiny_base, out=tmp_path / "b", effort="quick", abstain=0.9)
    (run.path / "predictions" / "valid.parquet").unlink()
    with pytest.raises(RunError, match="absent or damaged"):
        textune.decide(run.path)


@pytest.mark.parametrize(
    ("kind", "words"), [("number", "numbers for a text"), ("tags", "a tag for each word")]
)
def test_a_task_without_thresholds_says_that_there_is_nothing_to_decide(kind, words, tmp_path):
    for keywords in ({"aim": "f1"}, {"abstain": 0.9}, {"sets": 0.9}, {}):
        with pytest.raises(SettingsError, match=f"no thresholds decide {words}: nothing"):
            textune.decide(BEFORE / kind, **keywords)
    suffix = "csv" if kind == "number" else "conll"
    files = [BEFORE / "data" / f"{kind}_{part}.{suffix}" for part in ("train", "valid")]
    with pytest.raises(SettingsError, match=f"--aim f1: no thresholds decide {words}"):
        textune.train(files[0], valid=files[1], task=kind, out=tmp_path / "run", aim="f1")


def test_deciding_loads_nothing_that_computes_or_trains(tmp_path):
    place = shutil.copytree(BEFORE / "single", tmp_path / "run")
    heavy = ("torch", "transformers", "sklearn", "pyarrow.dataset")
    code = f"import sys, textune; textune.decide({str(place)!r}, aim='mcc')\n"
    code += f"print(*sys.modules.keys() & {heavy!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
