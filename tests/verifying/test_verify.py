"""`verify`: of runs of before, which nothing here trains, each damage is named with a way out."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from test_cli import textune

import textune as library
from textune.encoder import manifest
from textune.errors import BusyError, RunError
from textune.storage import atomic, contents, folders
from textune.verifying import verify as verifying

__all__ = ["textune"]  # the fixture
BEFORE = Path(__file__).parents[1] / "fixtures" / "runs_2026"
RUNS = sorted(place for place in BEFORE.iterdir() if (place / "config.toml").is_file())


@pytest.fixture
def single(tmp_path):
    return shutil.copytree(BEFORE / "single", tmp_path / "single")


@pytest.fixture
def stopped(tmp_path):
    return shutil.copytree(BEFORE / "stopped", tmp_path / "stopped")


def faults_of(folder):
    found = library.verify(folder)
    return {(one.path.relative_to(folder).as_posix(), one.kind): one for one in found.faults}


def test_runs_of_before_are_whole_and_stay_as_they_are(textune):
    assert len(RUNS) == 9
    before = {path: path.stat().st_mtime_ns for path in BEFORE.rglob("*")}
    code, said, noted = textune("verify", *RUNS, "--json")
    told = [json.loads(line) for line in said.splitlines()]
    assert code == 0
    assert [one["whole"] for one in told] == [True] * 9
    assert {one["kind"] for one in told} == {"a finished run", "an unfinished run"}
    assert min(one["compared"] for one in told) == 5
    assert {path: path.stat().st_mtime_ns for path in BEFORE.rglob("*")} == before
    code, said, noted = textune("verify", BEFORE / "no", BEFORE / "README.md", RUNS[0])
    assert code == 2
    assert "no such folder" in noted
    assert "is a file" in noted
    assert f"{RUNS[0]}: a finished run: whole" in said


def spoil(file, name):
    """Put NaN into a tensor, in whose place another of its shape is right."""
    tensors = load_file(file)
    tensors[name] = torch.full_like(tensors[name], float("nan"))
    save_file(tensors, file)


def test_a_model_is_compared_read_and_held_against_its_configuration(single, tmp_path):
    model = single / "model"
    content = bytearray((model / "model.safetensors").read_bytes())
    content[-9] ^= 4
    (model / "model.safetensors").write_bytes(content)
    (single / "predictions" / "valid.parquet").write_bytes(b"PAR1")
    found = faults_of(single)
    assert [*found] == [
        ("predictions/valid.parquet", "damaged"),
        ("model/model.safetensors", "changed"),
    ]
    assert "textune accept" in found["model/model.safetensors", "changed"].way_out

    shutil.rmtree(model)
    shutil.copytree(BEFORE / "single" / "model", model)
    spoil(model / "model.safetensors", "classifier.bias")
    manifest.seal(model)
    (fault,) = library.verify(model).faults
    assert fault.what == "the tensor classifier.bias holds NaN or infinity"

    shutil.rmtree(model)
    shutil.copytree(BEFORE / "single" / "model", model)
    card = json.loads((model / "decision.json").read_text())
    card["labels"] = card["labels"][::-1]
    (model / "decision.json").write_text(json.dumps(card))
    manifest.seal(model)
    (fault,) = library.verify(model).faults
    assert fault.path == model / "decision.json"
    assert fault.what.endswith("and config.json ['dry', 'wet', 'windy']")

    shutil.rmtree(model)
    assert faults_of(single)["model", "missing"].way_out == "copy the folder again, or train anew"


def test_tensors_have_the_shapes_of_the_configuration(single):
    file = single / "model" / "model.safetensors"
    tensors = load_file(file)
    name = "bert.encoder.layer.0.intermediate.dense.weight"
    tensors[name] = tensors[name][:-1].contiguous()
    save_file(tensors, file)
    manifest.seal(single / "model")
    (fault,) = library.verify(single).faults
    assert fault.kind == "unfit"
    assert name in fault.what


def test_an_unfinished_run_says_from_where_it_goes_on(stopped, textune):
    newest, older = sorted(stopped.glob("checkpoints/step-*"), reverse=True)
    (newest / "state.json").write_text("{}")
    fault = faults_of(stopped)[f"checkpoints/{newest.name}/state.json", "changed"]
    assert fault.way_out == "--resume passes it over, and goes on from step 10"
    spoil(older / "state.safetensors", "model.classifier.bias")
    code, said, _ = textune("verify", stopped)
    assert code == 4
    assert "no checkpoint is whole\n  → start again with --overwrite" in said
    with (stopped / "log.jsonl").open("a") as log:
        log.write('{"kind": "st')  # cut by a kill: no fault
    assert "log.jsonl" not in textune("verify", stopped)[1]


def test_what_killed_processes_left_is_no_damage_and_one_at_work_is_waited_for(stopped):
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with atomic.passing_folder(stopped) as mine:
        dead = stopped / mine.name.replace(f"-{os.getpid()}-", f"-{process.pid}-")
        dead.mkdir()
        (stopped / "run.lock").touch()
        half = stopped / "checkpoints" / ".tmprZ2V0w"  # as safetensors names what it writes
        half.touch()
        found = library.verify(stopped)
        assert found.is_whole
        assert found.left == (dead, half, stopped / "run.lock")
        assert dead.is_dir()
    assert contents.foreign(stopped) is None
    with (
        folders.claim(stopped, resume=True, overwrite=False),
        pytest.raises(BusyError, match=rf"process {os.getpid()} on .*wait for its end"),
    ):
        library.verify(stopped)
    assert not half.exists()
    with pytest.raises(RunError, match="holds nothing that textune wrote"):
        library.verify(BEFORE / "data")


def test_runs_are_looked_for_in_so_many_folders_and_no_more(stopped, monkeypatch):
    place = stopped.parent / "many"
    for number in range(3):
        (place / f"folder {number}").mkdir(parents=True)
    monkeypatch.setattr(verifying, "MOST", 4)
    with pytest.raises(RunError, match="holds nothing that textune wrote"):
        library.verify(place)
    stopped.rename(place / "run")  # what lies in a run does not count
    found = library.verify(place)
    assert (found.kind, found.is_whole) == ("runs", True)
    monkeypatch.setattr(verifying, "MOST", 3)
    with pytest.raises(RunError, match=r"more than 3 folders.*; give the folder of a run, or"):
        library.verify(place)
