"""A function of Python is described once, and the command line has its options from there."""

import inspect

import pytest
import typer
from typer.testing import CliRunner

import textune
from textune.doors import (
    api,
    cli,
    evaluating_api,
    keywords,
    language_api,
    suggestion_api,
    sweep_api,
)
from textune.doors.options import PYTHON, arguments, command, descriptions
from textune.settings.language_config import AdaptSettings

COMMANDS = getattr(typer.main.get_command(cli.app), "commands", {})
SAME = {
    "train": api.train,
    "folds": api.cross_validate,
    "evaluate": evaluating_api.evaluate,
    "adapt": language_api.adapt,
    "pretrain": language_api.pretrain,
    "suggest": suggestion_api.suggest,
    "sweep": sweep_api.sweep,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_and_option_has_words(name):
    shown = [each for each in COMMANDS[name].params if each.name != "help"]
    assert len(COMMANDS) >= 15
    assert shown
    assert [each.name for each in shown if not each.help] == []
    assert [each.name for each in shown if '"' in each.help or "in Python" in each.help] == []


@pytest.mark.parametrize("name", SAME)
def test_every_keyword_is_an_option(name):
    keywords = [key for key in inspect.signature(SAME[name]).parameters if key not in PYTHON]
    options = [each.name for each in COMMANDS[name].params]
    assert options[: len(keywords)] == keywords
    # how a command prints, what it writes beside and in how many processes it runs; from Python
    # `textune.report` writes pages, and torchrun starts processes
    mere = {"as_json", "gpus", "max_cell_mib", "processes", "quiet", "report"}
    assert set(options[len(keywords) :]) <= mere


@pytest.mark.parametrize("name", ["train", "evaluate", "adapt"])
def test_every_keyword_is_described(name):
    assert [*descriptions(SAME[name])] == [*inspect.signature(SAME[name]).parameters]


def described(
    file: object,
    *,
    rate: float | None = None,
    skip: str | list[str] = (),
    many_words: str | int | None = None,
    cold: bool | None = None,
    again: bool = False,
    turns: int = 3,
) -> None:
    """Do it.

    Args:
        file: The "file" (in Python: or a frame).
        rate: As long
            as `many_words`.
        turns: How often.

    Returns:
        Nothing: of it.
    """


def test_a_signature_and_a_docstring_make_a_command():
    app, got = typer.Typer(rich_markup_mode=None), {}

    @command(app, described)
    def do(**options):
        """Do something."""
        got.update(options)

    words = ["x", "--rate", "2", "--skip", "a", "--skip", "b", "--many-words", "7", "--no-cold"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert got == {
        **{"file": "x", "rate": 2.0, "skip": ["a", "b"], "many_words": "7", "cold": False},
        **{"again": False, "turns": 3, "as_json": False},
    }
    assert arguments(described, "x", rate=2)["turns"] == 3
    said = CliRunner().invoke(app, ["--help"]).output
    for line in ("Do something.", "The file.", "As long as --many-words.", "--cold / --no-cold"):
        assert line in said
    assert "--no-again" not in said
    assert "[default: 3]" in said
    assert CliRunner().invoke(app, ["x", "--rate", "fast"]).exit_code == 2


def test_a_keyword_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="epoch"):
        textune.train("x.csv", epoch=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="texts"):
        textune.adapt()  # type: ignore[call-arg]


def test_a_run_is_made_again_from_its_settings_in_python(reviews, tiny_base, tmp_path):
    first = textune.train(reviews, base=tiny_base, epochs=1, limit=30, out=tmp_path / "first")
    again = textune.train(config=first.path / "config.toml", out=tmp_path / "again")
    assert again.metrics["valid"] == first.metrics["valid"]
    with pytest.raises(textune.SettingsError, match="name the FILE to train on, or give --config"):
        textune.train(base=tiny_base)


def test_folds_are_written_beside_runs_of_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for taken, wanted in (("a", "a-folds"), ("a-folds", "a-folds-2"), ("a-folds-2", "a-folds-3")):
        (tmp_path / "runs" / taken).mkdir(parents=True)
        request = keywords.labelled(arguments(api.cross_validate, "a.csv"), suffix="-folds")
        assert request.out.name == wanted


def test_one_setting_need_not_be_a_list_in_python():
    given = {"prove": "a.csv", "prove_set": "train.epochs=1", "settings": "train.epochs=4"}
    request = keywords.plain(AdaptSettings, arguments(language_api.adapt, "a.txt", **given))
    assert request.proof.changes == ("train.epochs=1",)
    assert request.settings.train.epochs == 4
    assert request.source == ("a.txt",)
