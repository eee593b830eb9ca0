"""What one command is told of a file, or advises, the others understand too."""

import inspect
import json
import sys

import pytest

import textune
from made_runs import make_run
from textune.doors import cli
from textune.errors import CheckpointError, DataError, RunError, SettingsError

READING = {"text", "label", "task", "header", "delimiter", "rows", "sheet"}
READING |= {"group", "names", "weight", "skip"}


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["textune", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    return ended.value.code, *capsys.readouterr()


@pytest.mark.parametrize("command", [textune.check, textune.train, textune.cross_validate])
def test_every_word_on_how_a_file_is_read_is_a_keyword(command):
    assert set(inspect.signature(command).parameters) >= READING


@pytest.mark.parametrize("command", ["check", "train", "folds"])
def test_every_word_on_how_a_file_is_read_is_an_option(command, monkeypatch, capsys):
    _, out, _ = run(monkeypatch, capsys, command, "--help")
    assert {name for name in READING if f"--{name}" in out} == READING


def labelled(tmp_path, *rows, head="text,label"):
    file = tmp_path / "more.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return file


def test_evaluation_leaves_out_the_rows_that_it_says_can_be_left_out(
    tiny_base, tmp_path, monkeypatch, capsys
):
    model = make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"])
    file = labelled(tmp_path, "warm film,good", "dull book,", "the meal,bad")
    with pytest.raises(DataError, match="or only those without a label: `--skip label=`"):
        textune.evaluate(model, file)
    assert textune.evaluate(model, file, skip="label=")["n"] == 2
    assert textune.evaluate(model, file, skip=["label=", "label=bad"])["n"] == 1
    code, out, _ = run(monkeypatch, capsys, "evaluate", model, file, "--skip", "label=", "--json")
    assert code == 0
    assert json.loads(out)["n"] == 2
    with pytest.raises(SettingsError, match="'lable' is not a column; did you mean 'label'"):
        textune.evaluate(model, file, skip="lable=")


def test_check_reads_weights_and_names_as_training_does(tmp_path, monkeypatch, capsys):
    rows = [f"the text {n} is long enough,{n % 2},{n / 8 + 0.1}" for n in range(40)]
    file = labelled(tmp_path, *rows, head="text,label,share")
    names = tmp_path / "names.txt"
    names.write_text("bad\ngood\n", encoding="utf-8")
    options = ["--names", names, "--weight", "share", "--label", "label"]
    code, out, _ = run(monkeypatch, capsys, "check", file, *options, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["labels"] == {"bad": 20, "good": 20}
    assert f"--names {names} --weight share" in found["command"]
    assert "share" not in found["left_out"]
    assert "'share' says how much each text weighs in the loss, as asked" in found["reasons"]
    assert any("0 = 'bad', 1 = 'good'" in reason for reason in found["reasons"])


def test_check_names_what_training_would_refuse(tmp_path):
    file = labelled(tmp_path, "a good film,0,1", "a bad film,1,-2", head="text,label,share")
    with pytest.raises(DataError, match="'share' holds '-2'; allowed: the weight of the text"):
        textune.check(file, label="label", weight="share")
    with pytest.raises(SettingsError, match="--names nam: neither a file nor a column"):
        textune.check(file, label="label", names="nam")


@pytest.fixture
def folds(reviews, tiny_base, tmp_path):
    """Return a function that cross-validates quickly."""

    def made(**options):
        wanted = {"folds": 2, "base": tiny_base, "out": tmp_path / "folds", "epochs": 1, "seed": 1}
        return textune.cross_validate(reviews, settings=["data.limit=40"], **wanted | options)

    return made


def test_finished_folds_are_kept_and_the_others_trained(folds, tmp_path):
    with pytest.raises(RunError, match="nothing to resume there"):
        folds(resume=True)
    before = folds()
    first, second = (tmp_path / "folds" / f"fold-{n}" for n in (1, 2))
    was = (first / "log.jsonl").stat().st_mtime_ns
    with pytest.raises(RunError, match="--resume keeps the folds that are finished"):
        folds()
    with pytest.raises(
        RunError, match="a fold, whose model is kept only with textune folds --keep"
    ):
        textune.Predictor.load(first)
    (second / "metrics.json").unlink()
    again = folds(resume=True)
    assert again.numbers == before.numbers
    assert (first / "log.jsonl").stat().st_mtime_ns == was
    with pytest.raises(CheckpointError, match=r"train\.lr: 5e-05 → 0\.1"):
        folds(resume=True, lr=0.1)


@pytest.mark.parametrize(
    ("option", "name"),
    [({"skip": "a="}, "skip"), ({"label": "a"}, "label"), ({"threshold": 0.5}, "threshold")],
)
def test_what_plain_text_has_no_use_for_is_refused(tmp_path, option, name):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "language.json").write_text("{}")
    with pytest.raises(SettingsError, match=f"--{name}: .* fills in masks and is judged by plain"):
        textune.evaluate(tmp_path / "run", tmp_path / "text.txt", **option)


@pytest.mark.parametrize("option", ["--label", "--show-of"])
def test_a_folder_of_text_has_no_labels_to_be_checked(tmp_path, monkeypatch, capsys, option):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("the film was good\n")
    code, _, err = run(monkeypatch, capsys, "check", tmp_path / "texts", option, "a")
    assert code == 2
    assert f"{option}:" in err
    assert "folder or pattern of plain text" in " ".join(err.split())
