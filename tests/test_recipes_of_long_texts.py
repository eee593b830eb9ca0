"""The scripts of the recipes on a book and on film reviews do what their pages say."""

import csv
import gzip
import re
import runpy
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from made_texts import make_base

RECIPES = Path(__file__).parents[1] / "docs" / "recipes"


def words_of(text, number=150):
    """Return the commonest words of a text, and those that the questions hold."""
    common = [word for word, _ in Counter(re.findall(r"[a-z]+", text.lower())).most_common(number)]
    return list(dict.fromkeys([*common, "the", "emperor", "wrote", "his", "in", "greek", "."]))


@pytest.fixture
def typed(monkeypatch, tmp_path, capsys):
    """Return a function that runs a script of the recipes and returns what it prints."""

    def run(name, *words):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        runpy.run_path(str(RECIPES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_an_encoder_is_adapted_to_a_book_and_fills_a_mask(shared, tmp_path, typed):
    file = shared / "meditations" / "clean.txt"
    base = make_base(tmp_path / "base", words_of(file.read_text(encoding="utf-8")))
    out = tmp_path / "run"
    said = typed("meditations.py", file, "--rows", 30, "--base", base, "--out", out)
    assert (out / "model" / "model.safetensors").is_file()
    assert said.count("Candidate(") == 5


def few_reviews(file, target, step):
    """Write one review of every so many, of both labels."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as source:
        rows = list(islice(csv.reader(source), 0, None, step))
    with target.open("w", encoding="utf-8", newline="") as output:
        csv.writer(output).writerows([["file", "rating", "label", "text"], *rows[1:]])
    return target


@pytest.mark.exhaustive
def test_reviews_are_learned_in_one_cycle_and_judged(shared, tmp_path, typed):
    train = few_reviews(shared / "imdb" / "train.csv.gz", tmp_path / "train.csv", 400)
    test = few_reviews(shared / "imdb" / "test.csv.gz", tmp_path / "test.csv", 1000)
    base = make_base(tmp_path / "base", words_of(train.read_text(encoding="utf-8")))
    out = tmp_path / "run"
    said = typed("imdb.py", train, test, "--rows", 40, "--base", base, "--out", out)
    assert 0 <= float(re.search(r"accuracy ([\d.]+)", said)[1]) <= 1
    assert 'schedule = "one-cycle"' in (out / "config.toml").read_text(encoding="utf-8")
    assert re.search(r"label \S*[01]", said)
