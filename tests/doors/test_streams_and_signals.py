"""A reader that goes away, a full disk behind a log, a hang-up, a Ctrl-C: no run is lost."""

import json
import os
import signal
import subprocess
import sys

import pytest
import typer

from textune.doors import cli, console
from textune.errors import StoppedError
from textune.objectives.labelled import Labelled
from textune.recipes import labelled_text, requests
from textune.records import Step
from textune.settings import config
from textune.settings.config import Settings
from textune.survey import survey

GIVEN = {"train.epochs": 2, "train.batch_size": 16, "train.lr": 2e-3, "train.precision": "fp32"}
START = """
import importlib.abc, os, signal, sys

class Interrupted(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "textune.doors.cli":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.meta_path.insert(0, Interrupted())
from textune.__main__ import main
main()
"""


@pytest.fixture(autouse=True)
def _hang_up():
    """Let a hang-up end runs, where a suite that nohup started would ignore it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def request(file, base, out, *, resume=False):
    settings = config.resolve(Settings, None, (), {"base": str(base), **GIVEN})
    return requests.TrainRequest(str(file), settings, out, resume=resume)


def train(reviews, base, out):
    command = [sys.executable, "-m", "textune", "train", str(reviews), "--base", str(base)]
    return [*command, "--epochs", "1", "--device", "cpu", "--out", str(out)]


def test_a_reader_that_goes_away_ends_the_printing_alone(reviews, tiny_base, tmp_path):
    read, written = os.pipe()
    command = train(reviews, tiny_base, tmp_path / "run")
    with subprocess.Popen(command, stdout=written, stderr=written) as process:
        os.close(written)
        assert os.read(read, 10)
        os.close(read)
        assert process.wait() == 0
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.exhaustive
def test_a_closed_output_and_a_full_log_end_nothing(reviews, tiny_base, tmp_path):
    command = train(reviews, tiny_base, tmp_path / "run")
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        closing = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
        assert subprocess.run(closing, stderr=full).returncode == 0
    assert (tmp_path / "run" / "report.html").is_file()
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_ctrl_c_while_the_program_is_loaded_is_no_traceback():
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: stopped\n")


@pytest.mark.parametrize("raised", [KeyboardInterrupt, typer.Abort])
def test_a_ctrl_c_within_a_command_is_said(monkeypatch, capsys, raised):
    def stopped(*_, **__):
        raise raised

    monkeypatch.setattr(survey, "check", stopped)
    monkeypatch.setattr(sys, "argv", ["textune", "check", "reviews.csv"])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "error: stopped\n"


@pytest.mark.parametrize("which", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_last_validation_ends_the_run_with_its_state_saved(
    reviews, tiny_base, tmp_path, which, monkeypatch
):
    asked = request(reviews, tiny_base, tmp_path / "run")
    judge, times = Labelled.judge, []

    def killing(self, *words, **named):
        times.append(1)
        if len(times) == 2:
            os.kill(os.getpid(), which)
        return judge(self, *words, **named)

    monkeypatch.setattr(Labelled, "judge", killing)
    with pytest.raises(StoppedError, match="state saved; continue with --resume") as found:
        list(labelled_text.learn(asked))
    assert found.value.exit_code == 128 + which
    assert not (tmp_path / "run" / "model").exists()
    monkeypatch.undo()
    events = labelled_text.learn(request(reviews, tiny_base, tmp_path / "run", resume=True))
    assert not [event for event in events if isinstance(event, Step)]
    lines = (tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["kind"] for line in lines].count("validation") == 2


def test_a_signal_before_anything_is_learned_leaves_nothing(
    reviews, tiny_base, tmp_path, monkeypatch
):
    def killing(*_):
        os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(Labelled, "of", killing)
    with pytest.raises(StoppedError, match="stopped by SIGHUP; nothing was saved yet") as found:
        list(labelled_text.learn(request(reviews, tiny_base, tmp_path / "run")))
    assert found.value.exit_code == 129
    assert not (tmp_path / "run").exists()


def test_a_hang_up_that_is_ignored_stays_so(reviews, tiny_base, tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        for event in labelled_text.learn(request(reviews, tiny_base, tmp_path / "run")):
            if isinstance(event, Step) and event.number == 2:
                os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (tmp_path / "run" / "report.html").is_file()


def test_names_that_are_too_long_or_begin_with_a_dash(server, reviews, tmp_path):
    name = str(tmp_path / ("n" * 300))
    for words in (
        ["train", reviews, "--out", name],
        ["train", name],
        ["check", name],
        ["train", reviews, "--valid", name],
        ["predict", name, "text"],
        ["evaluate", name, reviews],
        ["fill", name, "text"],
    ):
        ended = server.run(words)
        assert (ended.code, ended.is_clean) == (2, True), ended.errors
        words_ = " ".join(ended.errors.split())
        said = ("File name too long", "no such directory", "no such folder")
        assert any(each in words_ for each in said), ended.errors
    assert console.argument("-dash") == "./-dash"
