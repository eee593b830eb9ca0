"""Runs that an earlier version made are read, judged and resumed, or it is said why not."""

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from test_cli import textune

from textune import Predictor

__all__ = ["textune"]  # the fixture

MADE = Path(__file__).parents[1] / "fixtures" / "runs_2026"
NOTES = json.loads((MADE / "notes.json").read_text(encoding="utf-8"))
LABELLED = ["single", "multi", "number", "pairs", "tags", "answers"]
PLAIN = ["adapted", "pretrained"]
FINISHED = [*LABELLED, *PLAIN]
CPU = ("--device", "cpu")
NEAR = 1e-5  # another processor adds in another order
LAST = 48  # updates of the stopped run, had it gone on


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a copy of the runs, their base and their data, which is the working folder."""
    copied = shutil.copytree(MADE, tmp_path / "made")
    monkeypatch.chdir(copied)
    return copied


def near(found, wanted):
    """Tell whether two values of JSON's kinds are the same but for the last digits of numbers."""
    if isinstance(wanted, dict):
        return all(name in found and near(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        pairs = zip(found, wanted, strict=True)
        return len(found) == len(wanted) and all(near(*pair) for pair in pairs)
    if isinstance(wanted, float):
        return found == pytest.approx(wanted, abs=NEAR, rel=NEAR)
    return found == wanted


def said(prediction, names):
    """Return what a prediction says under some names, as JSON has it."""
    values = {name: getattr(prediction, name) for name in names}
    return json.loads(json.dumps(values, default=asdict))


def test_every_kind_of_run_is_there():
    assert set(NOTES) == {*FINISHED, "stopped"}
    assert {path.name for path in MADE.iterdir() if path.is_dir()} == {*NOTES, "base", "data"}
    assert sum(path.stat().st_size for path in MADE.rglob("*") if path.is_file()) < 1.5e6


@pytest.mark.parametrize("name", LABELLED)
def test_a_run_of_before_answers_as_it_did(name):
    predictor = Predictor.load(MADE / name, device="cpu", precision="fp32")
    texts = [tuple(one) if isinstance(one, list) else one for one in NOTES[name]["texts"]]
    answers = predictor(texts)
    assert len(answers) == len(NOTES[name]["answers"]) >= 2
    for found, wanted in zip(answers, NOTES[name]["answers"], strict=True):
        assert near(said(found, wanted), wanted)


@pytest.mark.parametrize("name", FINISHED)
def test_a_run_of_before_scores_as_it_did(textune, place, name):
    words = ("evaluate", name, NOTES[name]["file"], *CPU, "--precision", "fp32", "--json")
    code, out, err = textune(*words)
    assert (code, err) == (0, "")
    assert near(json.loads(out), NOTES[name]["metrics"])
    assert len(list((place / name / "evaluations").glob("*.json"))) == 1


@pytest.mark.parametrize("name", LABELLED)
def test_a_file_is_labelled_by_a_run_of_before(textune, place, name):
    words = ("--input", NOTES[name]["file"], "-o", "labelled.jsonl", *CPU)
    code, out, _ = textune("predict", name, *words, "--precision", "fp32", "--json")
    assert (code, json.loads(out)["rows"]) == (0, NOTES[name]["metrics"]["n"])


@pytest.mark.parametrize("name", PLAIN)
def test_a_run_of_before_fills_in_masks_as_it_did(textune, name):
    code, out, _ = textune("fill", MADE / name, NOTES[name]["text"], *CPU, "--json")
    assert code == 0
    assert near(json.loads(out), NOTES[name]["filled"])


@pytest.mark.parametrize("name", PLAIN)
def test_a_run_of_before_is_a_base(textune, place, name):
    words = ("data/single_train.csv", "--base", name, "--epochs", "0", "--out", "new", *CPU)
    code, out, _ = textune("train", *words, "--precision", "fp32", "--json")
    assert code == 0
    assert json.loads(out)["valid"]["n"] > 0


@pytest.mark.parametrize("name", FINISHED)
def test_a_finished_run_of_before_has_nothing_to_resume(textune, place, name):
    """Its page stays as it is; where there is none, it is written from what the run noted."""
    page = place / name / "report.html"
    before = page.read_bytes() if page.exists() else b""
    assert bool(before) == (name == "single")
    kept = {path: path.read_bytes() for path in (place / name / "model").iterdir()}
    numbers = (place / name / "metrics.json").read_bytes()
    code, out, err = textune(*NOTES[name]["command"], "--out", name, "--resume")
    assert code == 0, err
    assert f"{name}: this run is finished; there is nothing to resume" in out + err
    assert "written anew" not in out + err
    assert b"<html" in page.read_bytes()
    assert not before or page.read_bytes() == before
    assert {path: path.read_bytes() for path in (place / name / "model").iterdir()} == kept
    assert (place / name / "metrics.json").read_bytes() == numbers


@pytest.mark.parametrize("name", ["single", "adapted"])
@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--lr", "0.5"), "the settings changed after the checkpoint was written (train.lr: 0.01"),
        (("--epochs", "99"), "and its checkpoints are gone, so that it cannot go on to 99"),
    ],
    ids=["lr", "epochs"],
)
def test_a_finished_run_of_before_is_not_another(textune, place, name, more, reason):
    code, out, err = textune(*NOTES[name]["command"], *more, "--out", name, "--resume")
    assert code == 4
    assert reason in " ".join(err.split())
    assert "Traceback" not in out + err


@pytest.mark.parametrize("name", ["single", "adapted"])
def test_a_setting_that_came_later_was_at_its_default(textune, place, name):
    mark = json.loads((place / name / ".textune").read_text(encoding="utf-8"))
    del mark["fingerprints"]["settings"]["train.schedule"]
    (place / name / ".textune").write_text(json.dumps(mark), encoding="utf-8")
    command = (*NOTES[name]["command"], "--out", name, "--resume")
    code, out, err = textune(*command, "--set", "train.schedule=cosine")
    assert code == 4
    assert "(train.schedule: linear → cosine)" in " ".join(err.split())
    code, out, err = textune(*command)
    assert code == 0, err
    assert "there is nothing to resume" in out + err


def test_a_stopped_run_goes_on_where_settings_came_later(textune, place):
    for checkpoint in (place / "stopped" / "checkpoints").glob("step-*"):
        state = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        del state["fingerprints"]["settings"]["train.schedule"]
        (checkpoint / "state.json").write_text(json.dumps(state), encoding="utf-8")
        files = json.loads((checkpoint / "MANIFEST.json").read_text(encoding="utf-8"))
        content = (checkpoint / "state.json").read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        files["state.json"] = {"bytes": len(content), "sha256": digest}
        (checkpoint / "MANIFEST.json").write_text(json.dumps(files), encoding="utf-8")
    command = (*NOTES["single"]["command"], "--out", "stopped", "--resume", "--accept-changes")
    code, _, err = textune(*command)
    assert code == 0, err
    assert len((place / "stopped" / "log.jsonl").read_text().splitlines()) > LAST


def test_a_stopped_run_of_before_is_not_taken_for_a_model(textune, place):
    code, _, err = textune("predict", "stopped", "the sun")
    assert code == 2
    assert "its training has not finished; continue it with --resume" in " ".join(err.split())


def test_a_stopped_run_of_before_goes_on_or_says_why_not(textune, place):
    """Other kernels, versions or processors give other bits: that is asked about."""
    command = (*NOTES["single"]["command"], "--out", "stopped", "--resume")  # fewer checkpoints
    code, out, err = textune(*command)
    assert "Traceback" not in out + err
    if code:
        line = " ".join(err.split())
        assert code == 4
        assert "stopped: cannot continue to the same weights: " in line
        assert any(
            name in line for name in ("textune: ", "torch: ", "the layers: ", "the device: ")
        )
        assert "go on regardless with --accept-changes" in line
        assert not (place / "stopped" / "model").exists()
        code, out, err = textune(*command, "--accept-changes")
        assert code == 0, err
    lines = (place / "stopped" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [one["step"] for one in map(json.loads, lines) if one["kind"] == "step"]
    assert steps == list(range(1, LAST + 1))
    predictor = Predictor.load(place / "stopped", device="cpu", precision="fp32")
    answers = predictor(NOTES["single"]["texts"])
    for found, wanted in zip(answers, NOTES["single"]["answers"], strict=True):
        assert found.labels == tuple(wanted["labels"])  # as of the run that was not stopped
        assert found.scores == pytest.approx(wanted["scores"], abs=1e-2)


def test_a_stopped_run_of_before_is_not_another(textune, place):
    command = (*NOTES["stopped"]["command"], "--lr", "0.5", "--out", "stopped", "--resume")
    code, out, err = textune(*command)
    assert code == 4
    assert (
        "the settings changed after the checkpoint was written (train.lr: 0.01 → 0.5)"
        in " ".join(err.split())
    )
    assert "Traceback" not in out + err
