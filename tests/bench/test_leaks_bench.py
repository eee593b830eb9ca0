"""Planted leaks are found: a small version of `python -m bench.leaks`."""

import random

import pytest

from bench import leaks
from textune.records import Example
from textune.survey.leaks import between

SIGNS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def drawn():
    draw = random.Random(3)
    words = ["".join(draw.choices(SIGNS, k=draw.randint(3, 8))) for _ in range(2_000)]
    return [" ".join(draw.choices(words, k=draw.randint(8, 30))) for _ in range(400)], words


def made(texts):
    return [Example(text, f"a.csv:{n}", label="a") for n, text in enumerate(texts, start=2)]


@pytest.mark.parametrize("kind", leaks.BARS)
def test_planted_leaks_are_found(drawn, kind):
    texts, words = drawn
    draw = random.Random(1)
    planted = [leaks.planted(kind, text, words, draw) for text in texts[:300]]
    found = between(made(texts), made(planted), "valid")
    assert sum(one.count for one in found) >= leaks.BARS[kind] * len(planted)


def test_texts_that_are_not_there_are_not_found(drawn):
    texts, _ = drawn
    assert between(made(texts[:200]), made(texts[200:]), "valid") == []


@pytest.mark.exhaustive
def test_the_whole_command_is_measured(drawn, tmp_path):
    texts, _ = drawn
    train, valid = (
        leaks.write(tmp_path / f"{name}.csv", rows)
        for name, rows in (("train", texts[:60]), ("valid", [*texts[:6], *texts[60:64]]))
    )
    found = leaks.checked(train, valid, 10)
    assert (found["share"], found["ways"]) == (0.6, {"leak": 6})
    assert found["mebibytes"] > 50
