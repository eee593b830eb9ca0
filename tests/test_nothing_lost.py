"""What was there before a command is there after it, unless it was replaced by something whole."""

import json
import os
import shutil
import subprocess
import sys
import tomllib

import pytest

import textune
from textune.errors import RunError
from textune.predicting import files
from textune.predicting.predictor import Predictor, Reading
from textune.recipes import evaluating, labelled_text, requests
from textune.records import Message
from textune.runs import runs
from textune.settings import config
from textune.settings.config import Settings


@pytest.fixture(scope="module")
def finished(tiny_base, tmp_path_factory):
    """Return a folder with a file and a finished run, made once."""
    folder = tmp_path_factory.mktemp("finished")
    lines = [f"{'good fine' if n % 2 else 'bad dull'} film {n},{n % 2}" for n in range(60)]
    (folder / "reviews.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    textune.train(folder / "reviews.csv", base=tiny_base, out=folder / "run", epochs=1)
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """Return a copy of that folder."""
    return shutil.copytree(finished, tmp_path / "copy")


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_not_overwritten_by_what_is_made_from_it(copy):
    before = contents(copy)
    for inputs in ({"base": copy / "run"}, {"config": copy / "run" / "config.toml"}):
        with pytest.raises(RunError, match=r"--overwrite would delete the .*choose another --out"):
            textune.train(copy / "reviews.csv", out=copy / "run", overwrite=True, **inputs)
    assert contents(copy) == before


def test_a_mistake_that_is_found_late_leaves_the_run_as_it_was(copy, tiny_base):
    before = contents(copy)
    with pytest.raises(ValueError, match="no such metric"):
        textune.train(
            copy / "reviews.csv",
            base=tiny_base,
            out=copy / "run",
            overwrite=True,
            settings=["train.metric=beauty"],
        )
    assert contents(copy) == before


def test_every_change_of_a_finished_run_is_found_and_can_be_accepted(copy):
    run = copy / "run"
    drawn = {"report.html", "README.md"}
    files = [path for path in run.rglob("*") if path.is_file() and path.name not in drawn]
    assert len(files) > 12
    assert textune.verify(run).is_whole
    for file in files:
        content = file.read_bytes()
        other = bytearray(content)
        if content:
            other[len(content) // 2] ^= 1
        file.write_bytes(bytes(other) or b"{}")
        assert file in [one.path for one in textune.verify(run).faults], file
        file.unlink()
        assert file in [one.path for one in textune.verify(run).faults], file
        file.write_bytes(content)
    seen = run / "seen_texts.npy"
    whole = seen.read_bytes()
    for damaged in (b"", *(whole[:at] + b"\xc9" + whole[at + 1 :] for at in range(6, 70, 9))):
        seen.write_bytes(damaged)
        assert seen in [one.path for one in textune.verify(run).faults], damaged[:80]
        textune.evaluate(run, copy / "reviews.csv") if not damaged else None
    seen.write_bytes(whole[:63] + bytes([whole[63] ^ 4]) + whole[64:])
    textune.train(config=run / "config.toml", out=run, resume=True)  # mends it
    assert textune.verify(run).is_whole
    settings = run / "config.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    (fault,) = textune.verify(run).faults
    assert fault.way_out.endswith(f"textune accept {run}")
    textune.train(config=settings, out=run, resume=True)
    assert textune.verify(run).faults == (fault,)  # a resume that has nothing to do accepts nothing
    assert runs.accept(run) == ["config.toml"]
    assert textune.verify(run).is_whole


def test_names_that_are_no_utf8_are_trained_on_and_written_down(copy, tiny_base):
    file = copy / os.fsdecode(b"caf\xe9.csv")
    (copy / "reviews.csv").rename(file)
    command = [sys.executable, "-m", "textune", "train", str(file), "--base", str(tiny_base)]
    command += ["--out", str(copy / "run"), "--overwrite", "--epochs", "1"]
    ascii_locale = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, capture_output=True, env=ascii_locale)
    assert done.returncode == 0, done.stderr
    settings = tomllib.loads((copy / "run" / "config.toml").read_text(encoding="utf-8"))
    assert settings["run"]["source"].endswith(r"caf\xe9.csv")
    assert (copy / "run" / "report.html").is_file()


def test_the_data_card_names_what_was_read(copy, tiny_base):
    import hashlib

    file = copy / "reviews.csv"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    settings = config.resolve(Settings, None, (), {"base": str(tiny_base), "train.epochs": 1})
    request = requests.TrainRequest(str(file), settings, copy / "other")
    for event in labelled_text.learn(request):
        if isinstance(event, Message) and event.text.startswith("encoder"):
            file.write_text("text,label\nanother,1\n", encoding="utf-8")
    card = json.loads((copy / "other" / "data_card.json").read_text(encoding="utf-8"))
    assert [item["sha256"] for item in card["files"]] == [before]


def test_files_of_the_same_name_are_judged_apart(copy):
    lines = (copy / "reviews.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    for name, count in (("a", 21), ("b", 31), ("a", 41)):
        (copy / name).mkdir(exist_ok=True)
        (copy / name / "dev.csv").write_text("".join(lines[:count]), encoding="utf-8")
        evaluating.evaluate(copy / "run", copy / name / "dev.csv", Reading())
    found = sorted((copy / "run" / "evaluations").iterdir())
    assert [file.name for file in found] == [
        *("dev-2.json", "dev-2.parquet", "dev.json", "dev.parquet")
    ]
    numbers = [json.loads(file.read_text(encoding="utf-8"))["n"] for file in found[::2]]
    assert numbers == [30, 40]


def test_an_output_that_appears_meanwhile_is_not_replaced(copy):
    predictor = Predictor.load(copy / "run")
    file, output = copy / "reviews.csv", copy / "out.csv"
    steps = files.predict_file(predictor, file, output, Reading())
    next(steps)
    output.write_text("another process's", encoding="utf-8")
    with pytest.raises(RunError, match="was written by another process meanwhile, and is kept"):
        list(steps)
    assert output.read_text(encoding="utf-8") == "another process's"
    both = [files.predict_file(predictor, file, copy / "two.csv", Reading()) for _ in range(2)]
    for one in both:
        next(one)
    list(both[0])
    whole = (copy / "two.csv").read_bytes()
    with pytest.raises(RunError, match="another process"):
        list(both[1])
    assert (copy / "two.csv").read_bytes() == whole
    assert not [path.name for path in copy.iterdir() if path.name.startswith(".")]


def test_what_a_killed_labeller_left_is_cleared(copy):
    predictor = Predictor.load(copy / "run")
    steps = files.predict_file(predictor, copy / "reviews.csv", copy / "out.csv", Reading())
    next(steps)
    (left,) = [path for path in copy.iterdir() if path.name.startswith(".")]
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    dead = left.name.replace(f"-{os.getpid()}-", f"-{process.pid}-")
    (copy / dead).touch()
    list(files.predict_file(predictor, copy / "reviews.csv", copy / "b.csv.gz", Reading()))
    list(steps)
    assert not [path.name for path in copy.iterdir() if path.name.startswith(".")]
    assert (copy / "b.csv.gz").is_file()
