"""A run is exported for every task, compared with its run, and refused where it differs."""

import json
import random
import re
import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

import textune
from conftest import WORDS, write_reviews
from textune.doors import cli
from textune.errors import MissingExtraError, ModelError, RunError, SettingsError
from textune.exporting import quantizing
from textune.exporting.export import Request, export
from textune.runtime import Predictor
from textune.serving import models

LONG = "very " * 150


def write_rows(file, rows):
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def pairs(folder):
    draw = random.Random(0)
    rows = ["one,other,label"]
    for number in range(80):
        first, second = (" ".join(draw.choices(WORDS, k=5)) for _ in range(2))
        rows.append(f"{first},{first if number % 2 else second},{('other', 'same')[number % 2]}")
    return write_rows(folder / "pairs.csv", rows), {"text": "one,other", "label": "label"}


def labels(folder):
    draw = random.Random(1)
    rows = ["text,warm,cold"]
    for _ in range(80):
        words = draw.choices(WORDS, k=6)
        rows.append(f"{' '.join(words)},{int('warm' in words)},{int('cold' in words)}")
    return write_rows(folder / "labels.csv", rows), {"label": "warm,cold"}


def numbers(folder):
    draw = random.Random(2)
    words = [draw.choices(WORDS, k=6) for _ in range(80)]
    rows = [f"{' '.join(one)},{70 + 3.5 * sum(w in WORDS[:5] for w in one)}" for one in words]
    return write_rows(folder / "numbers.csv", ["text,score", *rows]), {"long": "window"}


def tags(folder):
    draw = random.Random(3)
    rows = []
    for _ in range(60):
        words = draw.choices(WORDS, k=draw.choice([3, 6]))
        rows += [f"{word} {'B-kind' if word in WORDS[:5] else 'O'}" for word in words] + [""]
    return write_rows(folder / "tags.conll", rows), {}


def answers(folder):
    draw = random.Random(4)
    found = []
    for number in range(60):
        words = draw.choices(WORDS, k=9)
        passage, word = " ".join(words), words[4]
        start = len(" ".join(words[:4])) + 1
        answer = [{"text": word, "answer_start": start}]
        asked = [{"id": str(number), "question": "was it good", "answers": answer}]
        found.append({"context": passage, "qas": asked})
    file = folder / "answers.json"
    data = {"version": "1.1", "data": [{"title": "a", "paragraphs": found}]}
    file.write_text(json.dumps(data), encoding="utf-8")
    return file, {}


def aspects(folder):
    draw = random.Random(5)
    rows = ["text,heat,kind"]
    for _ in range(80):
        words = draw.choices(WORDS, k=6)
        heat = "warm" if "warm" in words else "cold" if "cold" in words else "none"
        rows.append(f"{' '.join(words)},{heat},{'film' if 'film' in words else 'other'}")
    return write_rows(folder / "aspects.csv", rows), {"label": "heat,kind"}


def reviews(folder):
    return write_reviews(folder / "reviews.csv"), {
        "long": "window",
        "pool": "learned",
        "epochs": 4,
        "lr": 5e-3,
    }


@pytest.fixture(scope="module")
def runs(tiny_base, tmp_path_factory):
    """Return a function that trains a task's run, once."""
    made = {}

    def run(table):
        if table not in made:
            folder = tmp_path_factory.mktemp(table.__name__)
            source, options = table(folder)
            out = folder / "run"
            textune.train(str(source), base=tiny_base, out=out, **{"epochs": 1, **options})
            made[table] = out
        return made[table]

    return run


def typed(*words):
    return CliRunner().invoke(cli.app, list(map(str, words)))


ASKED = {
    reviews: ["good film", LONG, ""],
    labels: ["warm day", LONG],
    aspects: ["warm day", LONG],
    numbers: ["good good film", LONG],
    tags: ["the warm film", ["a", "good", "day"], "very " * 80],
    pairs: [("good film", "good film"), ("a", LONG)],
    answers: [("was it good", "the film was very good"), ("was it", LONG)],
}


@pytest.mark.parametrize("table", ASKED, ids=lambda one: one.__name__)
@pytest.mark.first(2)
def test_every_task_answers_as_its_run_does(table, runs, tmp_path):
    run, out = runs(table), tmp_path / "out"
    found = export(Request(run, out=out, made=40)).parity
    assert found.own > 5
    assert found.made == 40
    assert found.gap < 1e-4
    assert found.moved_own == found.moved_made == 0
    assert found.metrics
    assert all(before == pytest.approx(after) for before, after in found.metrics.values())
    wanted = textune.Predictor.load(run, device="cpu", precision="fp32").predict(ASKED[table])
    for predictor in (Predictor.load(out), textune.Predictor.load(out)):
        for one, other in zip(predictor(ASKED[table]), wanted, strict=True):
            assert (one.text, one.labels, one.words) == (other.text, other.labels, other.words)
            assert one.scores == pytest.approx(other.scores, abs=1e-4)
            assert one.numbers == pytest.approx(other.numbers, abs=1e-3)
            spans = [(item.start, item.end, item.label) for item in other.entities]
            assert [(item.start, item.end, item.label) for item in one.entities] == spans
    record = json.loads((out / "parity.json").read_text(encoding="utf-8"))
    assert record["texts"] == {"validation": found.own, "random": 40}
    assert len(record["sha256"]["model.onnx"]) == 64
    assert (out / "README.md").is_file()


@pytest.mark.parametrize(
    ("to", "numbers_"),
    [("onnx", "int8"), ("onnx", "fp16"), ("torchscript", "fp32"), ("safetensors", "fp32")],
)
@pytest.mark.first(2)
def test_other_forms_answer_as_the_run_does(to, numbers_, runs, tmp_path):
    run = runs(reviews)
    done = export(Request(run, to=to, numbers=numbers_, out=tmp_path / "out", made=20))
    assert done.bytes > 1000
    text = "good lovely film"
    (one,), (other,) = (
        textune.Predictor.load(tmp_path / "out")([text]),
        textune.Predictor.load(run)([text]),
    )
    assert one.labels == other.labels
    assert one.scores == pytest.approx(other.scores, abs=0.2 if numbers_ == "int8" else 0.02)


def test_int8_answers_a_text_alone_as_in_company(runs, tmp_path):
    out = tmp_path / "out"
    export(Request(runs(reviews), numbers="int8", out=out, made=5))
    predictor = Predictor.load(out)
    texts = ["good film", "a", "the cold and awful song of the day", "very " * 40]
    together = predictor(texts)
    for text, one in zip(texts, together, strict=True):
        assert predictor([text])[0].scores == pytest.approx(one.scores, abs=1e-5)


def test_a_server_loads_an_export_in_its_own_numbers(runs, tmp_path):
    out = tmp_path / "small"
    done = typed("export", runs(reviews), "--int8", "--out", out, "--random", 5)
    assert done.exit_code == 0, done.output
    assert json.loads((out / "parity.json").read_text())["learned_from_validation"] is False
    [served] = models.load([str(out)]).all
    [answer] = served.predictor.stream(served.predictor.examples(["good film"]))
    assert answer.scores == Predictor.load(out)(["good film"])[0].scores
    why = r"--precision {0}: .*small was exported in int8; give --precision auto, or its run"
    for asked in ("bf16", "fp32"):
        for words in (["predict", out, "good film"], ["serve", out, "--port", 0]):
            refused = typed(*words, "--precision", asked)
            assert isinstance(refused.exception, SettingsError)
            assert re.search(why.format(asked), str(refused.exception))
    both = models.load([str(out), str(runs(reviews))], precision="bf16")  # bf16 is for the run
    assert models.told(both, "bf16") == [
        "small: answers in int8, as it was exported; --precision bf16 is for the runs"
    ]
    assert models.told(both, None) == models.told(both, "auto") == []


@pytest.mark.exhaustive
def test_metrics_on_texts_that_were_learned_from_are_said_to_be(tiny_base, tmp_path):
    source, _ = reviews(tmp_path)
    run = tmp_path / "run"  # cross-validated
    textune.train(str(source), base=tiny_base, out=run, recipe="auto", effort="quick")
    done = typed("export", run, "--out", tmp_path / "out", "--random", 5)
    assert done.exit_code == 0, done.output
    assert "has learned from these texts" in done.output


def test_a_planted_bad_quantisation_is_refused_and_leaves_nothing(runs, tmp_path, monkeypatch):
    quantise = quantizing.to_int8

    def spoilt(source, target, **options):
        quantise(source, target, **options)
        model = onnx.load(str(target))
        for one in model.graph.initializer:
            if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) == 2:
                weights = numpy_helper.to_array(one)
                bit = np.where(weights > 0, 1, -1) * np.abs(weights).mean()  # of each, per tensor
                one.CopyFrom(numpy_helper.from_array(bit.astype(np.float32), one.name))
        onnx.save(model, str(target))

    monkeypatch.setattr(quantizing, "to_int8", spoilt)
    run, out = runs(reviews), tmp_path / "out"
    done = typed("export", run, "--int8", "--out", out, "--random", 20)
    assert isinstance(done.exception, ModelError)
    assert done.exception.exit_code == 2
    said = str(done.exception)
    assert "refused" in said
    assert "reviews.csv:" in said or "random text" in said
    assert "--tolerance" in said
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_replaced_only_where_asked(runs, tmp_path):
    run, out = runs(reviews), tmp_path / "out"
    first = json.loads(
        typed("export", run, "--out", out, "--random", 3, "--json").output.splitlines()[-1]
    )
    assert first["moved_decisions"] == {"validation": 0, "random": 0}
    with pytest.raises(RunError, match="is there already; replace it with --overwrite"):
        textune.export(run, out=out, random=3)
    textune.export(run, out=out, random=3, overwrite=True)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="was not written by textune export"):
        textune.export(run, out=strange, overwrite=True)
    with pytest.raises(RunError, match="was not written by textune export"):
        textune.export(run, out=strange)
    with pytest.raises(RunError, match="is an export itself"):
        textune.export(out, out=tmp_path / "again")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"to": "onxx"}, "did you mean 'onnx'"),
        ({"to": "openvino", "int8": True}, "--int8: is there for --to onnx, not for openvino"),
        ({"int8": True, "fp16": True}, "exclude each other"),
        ({"moved": 2.0}, "--moved 2.0: expected 0 to 1"),
        ({"tolerance": float("nan")}, "--tolerance nan"),
    ],
)
def test_what_cannot_be_is_refused_first(options, why, tmp_path):
    with pytest.raises(SettingsError, match=why):
        textune.export(tmp_path / "none", **options)


def test_a_damaged_or_partial_export_is_refused(runs, tmp_path):
    out = tmp_path / "out"
    export(Request(runs(reviews), out=out, made=2))
    whole = shutil.copytree(out, tmp_path / "whole")
    weights = bytearray((out / "model.onnx").read_bytes())
    weights[len(weights) // 2] ^= 1
    (out / "model.onnx").write_bytes(weights)
    for load in (Predictor.load, textune.Predictor.load):
        with pytest.raises(ModelError, match=r"model\.onnx: is not as it was"):
            load(out)
    (whole / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx: is not there any more"):
        Predictor.load(whole)
    with pytest.raises(RunError, match="no exported model in it; make one: textune export"):
        Predictor.load(runs(reviews))


def test_many_weights_lie_beside_the_graph(runs, tmp_path, monkeypatch):
    from textune.exporting import graphs

    monkeypatch.setattr(graphs, "MOST_INSIDE", 1000)
    out = tmp_path / "out"
    export(Request(runs(reviews), out=out, made=2))
    assert (out / "model.onnx.data").stat().st_size > (out / "model.onnx").stat().st_size
    assert "model.onnx.data" in (out / "manifest.json").read_text(encoding="utf-8")
    assert Predictor.load(out)(["good film"])


@pytest.mark.exhaustive
def test_openvino_answers_as_the_run_does_and_nobody_is_told_of_its_use(
    runs, tmp_path, monkeypatch
):
    pytest.importorskip("openvino")
    told = []
    sent = "openvino.tools.ovc.telemetry_utils.tm.Telemetry.send_event"
    monkeypatch.setattr(sent, lambda _, *event, **__: told.append(event))
    found = export(Request(runs(reviews), to="openvino", out=tmp_path / "out", made=10)).parity
    assert found.gap < 1e-4
    assert found.moved_made == 0
    assert told == []


def test_a_library_that_is_missing_is_named(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[export\]'"):
        export(Request(runs(reviews), numbers="int8", out=tmp_path / "out", made=2))
