"""What was there before a command is there after it, unless it was replaced by something whole."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

import textune
from textune.encoder import headers
from textune.errors import DataError, ModelError, RunError, SettingsError
from textune.predicting import files
from textune.predicting.outputs import Output
from textune.predicting.predictor import Predictor, Reading
from textune.recipes import cross_validation, evaluating, labelled_text, requests
from textune.records import Message
from textune.runs import runs
from textune.settings import config
from textune.settings.config import Settings
from textune.storage import atomic


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


def test_a_folder_whose_name_is_no_utf8_is_refused_before_anything_is_learned(copy, tiny_base):
    no_utf8 = copy / os.fsdecode(b"caf\xe9")
    with pytest.raises(SettingsError, match=r"caf\\xe9: is no UTF-8.*choose another --out"):
        textune.train(copy / "reviews.csv", base=tiny_base, out=no_utf8, epochs=1)
    assert not no_utf8.exists()
    (copy / "run").rename(no_utf8)
    for read in (
        lambda: Predictor.load(no_utf8),
        lambda: textune.train(copy / "reviews.csv", base=no_utf8, out=copy / "other"),
    ):
        with pytest.raises(
            SettingsError, match=r"rename it, or go into it and name \. in its place"
        ):
            read()


def test_folds_are_put_beside_nothing_else(copy, tiny_base):
    before = contents(copy)
    for out in ("run", "."):
        with pytest.raises(RunError, match="which no cross-validation writes; choose another"):
            textune.cross_validate(
                copy / "reviews.csv", base=tiny_base, out=copy / out, overwrite=True
            )
    assert contents(copy) == before


def test_folds_of_an_earlier_cross_validation_of_more_are_gone(copy):
    out = copy / "folds"
    for name in ("fold-1", "fold-2", "fold-3", "fold-9x"):
        (out / name).mkdir(parents=True)
        (out / name / ".textune").write_text("{}")
    cross_validation._clear(out, 2)
    assert sorted(path.name for path in out.iterdir()) == ["fold-1", "fold-2", "fold-9x"]


def test_what_a_killed_process_left_among_seeds_and_epochs_is_deleted(copy):
    left = [atomic._beside(copy / "run" / name / "any") for name in ("seeds", "epochs")]
    for folder in left:
        folder.mkdir(parents=True)
    textune.train(config=copy / "run" / "config.toml", out=copy / "run", resume=True)
    assert not [folder for folder in left if folder.exists()]


def test_an_output_that_is_no_file_is_refused(copy):
    output = copy / "out.csv"
    os.mkfifo(output)
    with pytest.raises(RunError, match=r"out.csv: this is no regular file .*name a file"):
        Output(output, overwrite=True).check(copy / "reviews.csv")


def test_a_file_that_a_disk_does_not_give_is_named():
    if not Path("/proc/self/mem").exists():
        pytest.skip("no such file on this system")
    with pytest.raises(DataError, match="/proc/self/mem: cannot be read"):
        textune.check("/proc/self/mem")


def test_settings_in_a_pipe_are_refused_at_once(copy):
    os.mkfifo(copy / "settings.toml")
    with pytest.raises(SettingsError, match=r"no regular file .*write its content to a file first"):
        textune.train(copy / "reviews.csv", config=copy / "settings.toml")


def test_weights_that_somebody_may_not_read_are_not_called_damaged(tiny_base):
    with tempfile.TemporaryDirectory() as made:  # not below a folder that is closed to others
        folder = shutil.copytree(tiny_base, Path(made) / "base")
        for place in (Path(made), folder):
            place.chmod(0o755)
        (folder / "model.safetensors").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # for whom there are permissions
        try:
            with pytest.raises(ModelError, match=r"cannot be read \(Permission denied\)"):
                headers.read(folder)
        finally:
            os.seteuid(user)
