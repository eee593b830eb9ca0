"""The shell, the notebook, logging: help, completion, version, quiet, colours, a bar, HTML."""

import logging
import os
import subprocess
import sys
from types import ModuleType
from typing import ClassVar

import pytest
import typer
from test_cli import textune

import textune as library
from textune.doors import cli, help
from textune.runs.runs import Run

__all__ = ["textune"]  # the fixture

TRAIN = ["--batch-size", "16", "--epochs", "1", "--device", "cpu"]


@pytest.mark.parametrize("width", ["80", "120"])
def test_help_groups_all_commands_and_options(textune, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERMINAL_WIDTH", width)
    code, out, _ = textune("--help")
    assert code == 0
    titles = [line for line in out.splitlines() if line.endswith(":") and line[0] != " "]
    groups = ["Options:", *(f"{title}:" for title in help.COMMANDS)]
    assert titles[: len(groups)] == groups
    assert max(map(len, out.splitlines())) <= int(width)
    shown = ""
    for command in ("train", "explain", "serve"):  # whose options are of all groups
        _, out, _ = textune(command, "--help")
        shown += out
        assert max(map(len, out.splitlines())) <= int(width)
    assert [title for title in help.OPTIONS if f"{title}:" not in shown] == []


def test_every_command_of_a_group_is_one():
    commands = typer.main.get_command(cli.app).commands
    assert {name for names in help.COMMANDS.values() for name in names} <= commands.keys()


def test_words_are_completed_in_a_shell():
    asked = {"_TEXTUNE_COMPLETE": "complete_bash", "COMP_WORDS": "textune ev", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['textune']; "
         "from textune.doors import cli; cli.run()"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["evaluate"], done.stderr


def test_the_version_is_printed(textune):
    code, out, _ = textune("--version")
    assert (code, out) == (0, "textune 0.1.0\n")


def test_quiet_leaves_out_progress_and_keeps_results(textune, reviews, tiny_base, tmp_path):
    words = ["train", reviews, "--base", tiny_base, "--out", tmp_path / "run", *TRAIN]
    code, out, err = textune(*words, "--quiet")
    assert code == 0
    assert "split:" not in err
    assert "judge" not in err
    assert "beside simple rules" in out
    _, _, err = textune(*words, "--overwrite")
    assert "split:" in err


def test_no_color_has_no_colours():
    code = "from textune.doors import console; console.warn('x'); console.fail('y')"
    for wish, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color", **wish},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("\x1b[33m" in done.stderr) is is_coloured


class ZMQInteractiveShell:
    """What IPython calls its shell in a notebook."""


class Handle:
    """Keeps what a notebook would show."""

    shown: ClassVar[list[str]] = []

    def update(self, text):
        self.shown.append(text)


@pytest.fixture
def notebook(monkeypatch):
    """Let Python run in a notebook, as far as textune can tell."""
    module, display = ModuleType("IPython"), ModuleType("IPython.display")
    module.get_ipython = ZMQInteractiveShell
    display.HTML = str
    display.display = lambda *_, **__: Handle()
    module.display = display
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(Handle, "shown", [])
    return Handle.shown


def test_a_notebook_shows_a_bar(notebook, reviews, tiny_base, tmp_path):
    library.train(
        reviews, base=tiny_base, out=tmp_path / "run", epochs=1, batch_size=16, device="cpu"
    )
    assert '<progress value="9" max="9"></progress> update 9 of 9' in notebook[-1]
    assert "epoch 1: MCC" in notebook[-1]


def _train(is_asked, file, options):
    logging.getLogger().handlers.clear()  # of the tests
    if is_asked:
        logging.basicConfig(level=logging.INFO)
    library.train(file, **options)


def test_python_logs_what_the_command_line_would_say(reviews, tiny_base, tmp_path, forks):
    """In a process of its own, where nothing was said of logging, and where something was."""
    said = []
    for number, is_asked in enumerate((False, True)):
        out, log = tmp_path / f"run{number}", tmp_path / f"{number}.log"
        wanted = {"limit": 24, "effort": "quick", "epochs": 3, "base": str(tiny_base)}
        started = forks.start(_train, is_asked, str(reviews), {**wanted, "out": str(out)}, log=log)
        assert started.wait() == 0
        said.append(log.read_text(encoding="utf-8"))
    (line,) = said[0].splitlines()  # of both streams
    assert line.startswith("--epochs has no effect beside --effort quick")
    assert "WARNING:textune:--epochs has no effect beside --effort quick" in said[1]
    assert f"INFO:textune:everything is in {tmp_path / 'run1'}" in said[1]


def test_a_run_that_is_printed_says_its_main_numbers_alone(tmp_path):
    parts = {"valid": {"mcc": 0.5, "n": 3, "labels": {"a": {"f1": 1.0}}}, "test": {"mcc": None}}
    run = Run(tmp_path / "run", parts)
    assert str(run) == f"{tmp_path / 'run'}\n  validation: MCC 0.500\n  test: no main number"
    assert repr(run) == f"Run(path={tmp_path / 'run'!r})"


def test_a_run_is_a_table_in_a_notebook_and_escapes_what_it_names(tmp_path):
    run = Run(tmp_path / "<b>x</b>", {"valid": {"mcc": 0.5, "n": 3}, "test": {"mcc": None}})
    text = run._repr_html_()
    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "<td>MCC</td><td>0.500</td><td>–</td>" in text
    assert "report.html" in text
