"""`check` says what `train` would choose, in its words."""

import json
import random
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import textune
from conftest import WORDS
from textune.doors import api, cli
from textune.recipes.selection import choices
from textune.records import Message
from textune.settings import choosing

pytestmark = pytest.mark.usefixtures("auto_recipe")

TITLE = "what train chooses, where nothing else is asked for\n"


def said(*words):
    done = CliRunner().invoke(cli.app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return done.output


def untold(told, file, base, out):
    """Return what training does not say of what was told, and end it once it has said all."""
    left = set(told)
    for event in api.events_of(textune.train, file, base=base, out=out, device="cpu"):
        left -= {event.text} if isinstance(event, Message) else set()
        if not left:  # what follows is learning
            break
    return left


@pytest.fixture
def file(request, reviews, tmp_path):
    """Return a file of a kind."""
    draw = random.Random(3)
    match request.param:
        case "few":
            return reviews
        case "many":
            rows = [f"{' '.join(draw.choices(WORDS, k=6))},{n % 9}" for n in range(700)]
            made = tmp_path / "many.csv"
            made.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
            return made
        case _:
            return request.getfixturevalue("tagged")


@pytest.mark.parametrize("file", ["few", "many", "tags"], indirect=True)
def test_it_is_what_training_says(file, tiny_base, tmp_path):
    told = json.loads(said("check", file, "--base", tiny_base, "--json"))["recipe"]
    names = ["batch size", "epochs", "lr", "warm-up", "dropout", "class weights", "linear probing"]
    of = [next(name for name in names if one.startswith(name)) for one in told[: len(names) - 1]]
    assert of == [name for name in names if name in of]
    assert len(of) == len(names) - 1
    shown = said("check", file, "--base", tiny_base)
    lines = [line.strip() for line in shown.partition(TITLE)[2].splitlines()]
    assert lines == told
    assert untold(told, file, tiny_base, tmp_path / "run") == set()


def test_passes_that_cross_validation_has_no_time_for_are_told(
    reviews, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(choices.affording, "BUDGET", 0)
    monkeypatch.setattr(choices.affording, "EACH", 0)
    told = json.loads(said("check", reviews, "--base", tiny_base, "--json"))["recipe"]
    assert any("of these" in line and line.startswith("epochs 4") for line in told)
    assert untold(told, reviews, tiny_base, tmp_path / "run") == set()


def test_what_stops_training_and_what_is_too_large_is_said(reviews, tiny_base, monkeypatch):
    file = reviews.with_name("one.csv")
    file.write_text("text,label\n" + "a good film,good\n" * 20, encoding="utf-8")
    told = said("check", file, "--base", tiny_base, "--label", "label", "--text", "text")
    assert "none, for train would stop: one.csv: all 20 texts are the same" in told
    monkeypatch.setattr(choices, "MOST_ROWS", 100)
    assert "more than 100 rows train says it" in said("check", reviews, "--base", tiny_base)


def test_the_classic_recipe_has_nothing_to_say(reviews, tiny_base, monkeypatch):
    monkeypatch.setenv(choosing.FORCED, "classic")
    assert json.loads(said("check", reviews, "--base", tiny_base, "--json"))["recipe"] == []
    assert TITLE not in said("check", reviews, "--base", tiny_base)


def test_no_torch_is_loaded_for_it(reviews, tiny_base):
    code = (
        "import sys\nfrom textune.doors import cli\n"
        f"sys.argv = ['textune', 'check', {str(reviews)!r}, '--base', {str(tiny_base)!r}]\n"
        "try:\n    cli.run()\nexcept SystemExit:\n    pass\n"
        "print('heavy:', sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert TITLE in done.stdout
    assert done.stdout.endswith("heavy: []\n")
