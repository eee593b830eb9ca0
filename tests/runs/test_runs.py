import os

import pytest

from textune.decisions.rule import Decision
from textune.errors import ModelError, RunError
from textune.records import Contract, Shape
from textune.runs import runs
from textune.runs.runs import Card

CARD = Card(
    task="single",
    labels=("bad", "good"),
    decision=Decision("threshold", {"bad": 0.5, "good": 0.25}, fitted=True),
    shape=Shape(64),
    contract=Contract("single", ("text",), ("label",), "name", reasons=("because",)),
    header=True,
    delimiter=",",
)


def test_a_card_reads_back_as_it_was_written(tmp_path):
    runs.write_card(tmp_path, CARD)
    assert runs.read_card(tmp_path) == CARD


@pytest.mark.parametrize(
    "content",
    [None, "", "{", "[]", "{}", '{"contract": {}}', '{"contract": {"colour": 1}}', '"text"'],
)
def test_a_damaged_card_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "decision.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"decision\.json: not what textune train wrote"):
        runs.read_card(tmp_path)


def test_the_model_is_found_from_the_run_or_from_itself(tmp_path):
    model = tmp_path / "run" / "model"
    model.mkdir(parents=True)
    runs.write_card(model, CARD)
    assert runs.model_folder(tmp_path / "run") == model
    assert runs.model_folder(model) == model


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (None, "no such folder; RUN is a folder that `textune train` wrote"),
        ("notes.txt", "no finished model in it: not a run"),
        ("config.toml", "its training has not finished; continue it with --resume"),
        ("checkpoints", "its training has not finished; continue it with --resume"),
    ],
)
def test_where_no_model_is_the_reason_is_said(tmp_path, mark, message):
    run = tmp_path / "run"
    if mark is not None:
        run.mkdir()
        (run / mark).touch()
    with pytest.raises(RunError, match=message):
        runs.model_folder(run)


def test_a_model_that_was_moved_out_of_a_finished_run_is_missed(tmp_path):
    (tmp_path / "config.toml").touch()
    (tmp_path / ".textune").write_text('{"finished": true}')
    with pytest.raises(RunError, match="it was there when the run was finished; put it back as m"):
        runs.model_folder(tmp_path)


def test_the_capsule_names_versions_and_machine():
    found = runs.capsule()
    assert found["versions"]["torch"].startswith("2.")
    assert found["cores"] == os.cpu_count()
