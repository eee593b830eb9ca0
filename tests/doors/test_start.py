"""What is wrong is said, and a text is answered, before torch and its like are imported."""

import json
import subprocess
import sys

import numpy as np
import pytest

import textune
from made_runs import make_run
from textune import Predictor
from textune.encoder.plain import PlainEncoder

HEAVY = ("torch", "transformers", "sklearn", "scipy", "matplotlib", "pandas")
TEXTS = ["a very good film", "bad", "the meal was cold and the song awful " * 9]
WORDS = ("good", "fine", "bad", "poor", "dull", "cold")
MISTAKES = {
    "train missing.csv": "no such file",
    "train few.csv --label lbl": "is not a column",
    "train faulty.csv": "never closed",
    "train few.csv --set train.lrr=3": "did you mean 'lr'",
    "train few.csv --out occupied": "already exists",
    "train few.csv --base no/such/base": "no such directory",
    "train few.csv --device gpu": "device 'gpu'",
    "check missing.csv": "no such file",
    "check few.csv --label lbl": "is not a column",
    "evaluate RUN missing.csv": "no such file",
    "evaluate RUN few.csv --label lbl": "did you mean 'label'",
    "evaluate missing few.csv": "no such folder",
    "predict missing good": "no such folder",
    "predict RUN good --device gpu": "device 'gpu'",
    "predict RUN good --precision fp8": "--precision fp8",
    "predict RUN good --threshold 2": "between 0 and 1",
    "predict RUN --input missing.csv": "no such file",
    "predict RUN --input faulty.csv --output out.csv": "never closed",
    "predict RUN --input few.csv --output few.csv": "is the input itself",
    "adapt missing.txt": "no such file",
    "adapt few.csv --base no/such/base": "no such directory",
    "adapt few.csv --set train.lrr=3": "did you mean 'lr'",
    "adapt few.csv --device gpu": "device 'gpu'",
    "adapt few.csv --out occupied": "already exists",
    "pretrain missing.txt": "no such file",
    "pretrain few.csv --out occupied": "already exists",
    "fill no/such/base good": "no such directory",
    "fill RUN good --device gpu": "device 'gpu'",
}
DRIVER = f"""
import contextlib, io, json, sys
from textune.doors import cli
for words in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            cli.app(words, standalone_mode=False)
        except Exception as error:
            said.write(str(error))
    print(json.dumps([said.getvalue(), [name for name in {HEAVY!r} if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def single_run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])


@pytest.fixture(scope="module")
def said(single_run, tmp_path_factory):
    """Give every command to one process; return what each said, and what was loaded by then."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "few.csv").write_text("text,label\ngood film,good\nbad film,bad\n")
    (folder / "faulty.csv").write_text('text,label\ngood film,good\nbad film\n"oops')
    (folder / "occupied").mkdir()
    (folder / "occupied" / "file").touch()
    commands = [[str(single_run) if word == "RUN" else word for word in line.split()]
                for line in MISTAKES]  # fmt: skip
    commands.append(["predict", str(single_run), *TEXTS, "--json"])
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        timeout=120,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip([*MISTAKES, "predict"], found, strict=True))


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_said_before_anything_heavy_is_loaded(said, command):
    words, loaded = said[command]
    assert MISTAKES[command] in words
    assert loaded == []


def test_a_text_is_answered_without_torch_as_with_it(said, single_run):
    words, loaded = said["predict"]
    assert loaded == []
    found = [json.loads(line) for line in words.splitlines()]
    wanted = Predictor.load(single_run, device="cpu", precision="fp32").predict(TEXTS)
    assert [tuple(item["labels"]) for item in found] == [item.labels for item in wanted]
    for item, other in zip(found, wanted, strict=True):
        assert item["scores"] == pytest.approx(dict(other.scores), abs=1e-5)
    assert np.ptp([item.scores["good"] for item in wanted]) > 0.01


@pytest.mark.parametrize(
    ("options", "is_plain"),
    [
        ({}, True),
        ({"device": "cpu", "precision": "fp32"}, True),
        ({"precision": "bf16"}, False),
        ({"few": False}, False),
    ],
    ids=str,
)
def test_numpy_answers_a_few_texts_in_fp32_alone(single_run, options, is_plain):
    found = Predictor.opened(single_run, **{"few": True, **options})
    assert isinstance(found.encoder, PlainEncoder) == is_plain
    assert len(found(TEXTS)) == len(TEXTS)


def assert_alike(run, texts):
    """Compare what NumPy and torch say of some texts."""
    quick = Predictor.opened(run, few=True)
    slow = Predictor.load(run, device="cpu", precision="fp32")
    assert isinstance(quick.encoder, PlainEncoder)
    for one, other in zip(quick(texts), slow(texts), strict=True):
        assert one.labels == other.labels
        assert one.scores == pytest.approx(dict(other.scores), abs=1e-5)
        assert one.numbers == pytest.approx(dict(other.numbers), abs=1e-4)
        for entity, wanted in zip(one.entities, other.entities, strict=True):
            assert (entity.start, entity.end, entity.label) == (
                (wanted.start, wanted.end, wanted.label)
            )
            assert entity.score == pytest.approx(wanted.score, abs=1e-5)


@pytest.mark.parametrize("kind", ["multi", "number"])
def test_texts_are_answered_alike_with_and_without_torch(tiny_base, tmp_path, kind):
    assert_alike(make_run(tmp_path, tiny_base, kind, ["warm", "cold"]), TEXTS)


def test_words_in_windows_are_answered_alike_with_and_without_torch(tiny_base, tmp_path):
    lines = [f"{one}\tB-X\nfilm\tI-X\nwas\tO\n{two}\tB-Y\n" for one in WORDS for two in WORDS]
    file = tmp_path / "words.conll"
    file.write_text("\n".join(lines))
    textune.train(str(file), base=tiny_base, out=tmp_path / "run", epochs=1)
    assert_alike(tmp_path / "run", ["good film was bad", "a bad film", "good film was bad " * 40])


def test_passages_are_answered_alike_with_and_without_torch(tiny_base, tmp_path):
    rows = [
        {
            "question": "what film",
            "context": f"the {one} day was {two} and the film good",
            "answers": {"text": ["film"], "answer_start": []},
        }
        for one in WORDS
        for two in WORDS
    ]
    for row in rows:
        row["answers"]["answer_start"] = [row["context"].index("film")]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    textune.train(str(file), base=tiny_base, out=tmp_path / "run", epochs=1)
    passages = [("what film", "the film was good"), ("which day", "the song was warm " * 40)]
    assert_alike(tmp_path / "run", passages)
