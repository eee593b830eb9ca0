"""What is exported answers with numpy, tokenizers and onnxruntime alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import textune
from conftest import write_reviews
from textune.doors import cli
from textune.errors import MissingExtraError, SettingsError
from textune.exporting.export import Request, export
from textune.runs import card, runs
from textune.runtime import Predictor, __main__

SRC = Path(__file__).parents[2] / "src"
ALONE = """
import sys


class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {
            "textune", "numpy", "tokenizers", "onnxruntime", "google", "flatbuffers"
        }:
            raise ModuleNotFoundError(f"no {name} here", name=name)


sys.meta_path.insert(0, Only())
from textune.runtime.__main__ import main

sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviews")
    source = write_reviews(folder / "reviews.csv")
    return textune.train(str(source), base=tiny_base, out=folder / "run", epochs=1).path


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported") / "model"
    return export(Request(run, out=out, made=3)).path


def alone(*words):
    return subprocess.run(
        [sys.executable, "-S", "-c", ALONE, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SRC), *sys.path])},
    )


def test_it_answers_where_no_other_library_is_as_predict_does(exported, run, capsys):
    texts = ["good lovely film", "a bad book", "very " * 90]
    done = alone(exported, *texts)
    assert done.returncode == 0, done.stderr
    cli.app(["predict", str(run), *texts, "--json"], standalone_mode=False)
    wanted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.keys() for one in found] == [one.keys() for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one["labels"] == other["labels"]
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-4)


def test_a_mistake_is_a_message_and_an_exit_code(exported, tmp_path, capsys):
    assert __main__.main([str(tmp_path / "none"), "text"]) == 2
    assert "no such folder; make one: textune export RUN" in capsys.readouterr().err
    assert __main__.main([str(exported), "good film", "--threshold", "2"]) == 2
    assert __main__.main([str(exported), "good film"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["text"] == "good film"


def test_predict_and_files_take_an_export_for_a_run(exported, tmp_path, capsys):
    source = write_reviews(tmp_path / "new.csv")
    out = tmp_path / "out.csv"
    words = ["predict", str(exported), "--input", str(source), "--output", str(out)]
    cli.app(words, standalone_mode=False)
    assert "160 rows" in capsys.readouterr().out
    assert len(out.read_text(encoding="utf-8").splitlines()) == 161
    cli.app(["explain", str(exported), "good film"], standalone_mode=False)
    assert "film" in capsys.readouterr().out
    for option, value in (("--precision", "bf16"), ("--device", "cuda")):
        with pytest.raises(SettingsError, match=option):
            cli.app(["predict", str(exported), "a", option, value], standalone_mode=False)


def test_the_card_is_read_as_pydantic_reads_it(exported):
    assert card.read(exported) == runs.read_card(exported)


def test_without_onnxruntime_the_extra_is_named(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[onnx\]'"):
        Predictor.load(exported)
