"""A run says what it chose and keeps it: in its settings, and when it goes on."""

import json
import tomllib

import pytest
from typer.testing import CliRunner

import textune
from made_requests import end_after, train_request
from textune.doors import cli
from textune.errors import CheckpointError
from textune.recipes import labelled_text
from textune.records import Message
from textune.settings import choosing
from textune.storage import contents, folders
from textune.training import fingerprints

pytestmark = pytest.mark.usefixtures("auto_recipe")

HELD_OUT = "data.valid_share=0.1"
CHOSEN = ("batch size ", "epochs ", "lr ", "warm-up ", "dropout ")


@pytest.fixture
def trained(reviews, tiny_base, tmp_path):
    """Return a function that trains by typed words and gives what was said and the settings."""

    def run(*words, source=reviews, out="run"):
        place = tmp_path / out
        asked = ["train", *([source] if source else []), "--base", tiny_base, "--out", place]
        done = CliRunner().invoke(cli.app, list(map(str, [*asked, *words])))
        assert done.exit_code == 0, done.output
        train = tomllib.loads((place / "config.toml").read_text(encoding="utf-8"))["train"]
        lines = done.output.replace("\n  ", " ").splitlines()
        return [line for line in lines if line.startswith(CHOSEN) and ": " in line], train

    return run


@pytest.fixture
def two_passes(monkeypatch):
    """Let the recipe choose two passes, whatever there is to learn from."""
    rules = (choosing.Rule(choosing.Passes(0, 2, 2)),)
    monkeypatch.setattr(choosing, "TABLE", {**choosing.TABLE, "epochs": rules})


@pytest.mark.usefixtures("two_passes")
def test_a_run_says_what_it_chose_and_repeats_it_by_its_settings(trained, tmp_path):
    said, train = trained("--limit", 60, "--set", HELD_OUT)
    assert [line.partition(":")[0] for line in said[:2]] == [
        f"batch size {train['batch_size']}",
        f"epochs {train['epochs']}",
    ]
    assert len(said) == len(CHOSEN)
    assert (train["recipe"], train["epochs"]) == ("auto", 2)
    again, same = trained("--config", tmp_path / "run" / "config.toml", out="again")
    assert [line for line in again if not line.startswith("warm-up")] == []
    assert same == train


def test_what_is_given_is_not_explained(trained):
    said, train = trained(
        "--epochs", 1, "--batch-size", 32, "--set", "train.lr=1e-3", "--limit", 20
    )
    assert [line.split()[0] for line in said] == ["warm-up", "dropout"]
    assert (train["epochs"], train["batch_size"], train["lr"]) == (1, 32, 1e-3)


def test_no_pass_is_still_forewarned(reviews, tiny_base, tmp_path):
    request = train_request(
        reviews, tiny_base, tmp_path / "run", "train.epochs=0", "train.probe=false"
    )
    said = [one.text for one in labelled_text.learn(request) if isinstance(one, Message)]
    assert any(text.startswith("epochs 0: nothing will be learned") for text in said)


def test_the_classic_recipe_says_nothing_and_takes_the_papers_numbers(trained):
    said, train = trained("--recipe", "classic", "--limit", 40)
    assert said == []
    assert (train["epochs"], train["batch_size"], train["lr"]) == (3, 32, 5e-5)
    assert train["recipe"] == "classic"


def test_a_settings_file_of_a_run_before_there_were_recipes_means_classic(trained, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[train]\nlr = 1e-3\nepochs = 1\n[run]\nsource = 'x'\n", encoding="utf-8")
    said, train = trained("--config", file)
    assert said == []
    assert (train["recipe"], train["epochs"], train["batch_size"]) == ("classic", 1, 32)


@pytest.mark.usefixtures("two_passes")
def test_another_recipe_chooses_anew_what_the_one_before_chose(trained, tmp_path):
    trained("--set", "train.lr=3e-3", "--limit", 60, "--set", HELD_OUT)
    file = tmp_path / "run" / "config.toml"
    _, train = trained("--config", file, "--recipe", "classic", "--limit", 40, out="again")
    assert (train["epochs"], train["batch_size"], train["lr"]) == (3, 32, 3e-3)
    assert train["recipe"] == "classic"


def test_a_run_goes_on_as_it_chose_when_it_began(reviews, tiny_base, tmp_path, monkeypatch):
    def asked(**given):
        changes = ("train.epochs=auto", "train.lr=auto", "train.batch_size=auto", HELD_OUT)
        return train_request(reviews, tiny_base, tmp_path / "run", *changes, **given)

    four = (choosing.Rule(choosing.Passes(0, 4, 4)),)
    monkeypatch.setattr(choosing, "TABLE", {**choosing.TABLE, "epochs": four})
    end_after(labelled_text.learn(asked()), 12)
    before = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))
    other = {name: (rules[-1],) for name, rules in choosing.TABLE.items()}
    other["epochs"] = (choosing.Rule(choosing.Passes(0, 2, 2)),)
    monkeypatch.setattr(choosing, "TABLE", other)
    said = [one.text for one in labelled_text.learn(asked(resume=True)) if isinstance(one, Message)]
    assert f"epochs {before['train']['epochs']}: as this run began" in said
    after = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))
    assert after["train"] == before["train"]
    with pytest.raises(CheckpointError, match=r"train.epochs: \d+ → 3"):
        list(labelled_text.learn(asked(resume=True, **{"train.recipe": "classic"})))


def test_a_finished_run_from_before_there_were_recipes_is_classic(
    reviews, tiny_base, tmp_path, monkeypatch
):
    out = tmp_path / "run"
    monkeypatch.setenv(choosing.FORCED, "classic")
    textune.train(reviews, base=tiny_base, out=out, limit=40)
    monkeypatch.delenv(choosing.FORCED)
    mark = folders.read_mark(out)
    del mark["fingerprints"][fingerprints.CHOICES]
    (out / contents.MARK).write_text(json.dumps(mark), encoding="utf-8")
    textune.train(reviews, base=tiny_base, out=out, limit=40, resume=True)
    with pytest.raises(CheckpointError, match=r"train.lr: 5e-05 → "):
        textune.train(reviews, base=tiny_base, out=out, limit=40, resume=True, recipe="auto")


def test_a_warm_up_that_is_asked_for_takes_the_place_of_the_file_s(trained, tmp_path):
    trained("--epochs", 1, "--limit", 60, "--set", HELD_OUT)
    file = tmp_path / "run" / "config.toml"
    _, train = trained("--config", file, "--set", "train.warmup_steps=0", out="again")
    assert train["warmup_steps"] == 0
    assert "warmup_share" not in train
