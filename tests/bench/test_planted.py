import random
from pathlib import Path

import pytest

from bench import planted, planted_measure
from bench.planted import CUE_WORDS, LABELS, TOKENS, job, parse, prepare, texts, verdict
from bench.quality_sets import read

CUES = {word: label for label, words in CUE_WORDS.items() for word in words}


def found(window: float, head: float) -> dict[str, dict[str, float]]:
    return {"window": {"accuracy": window}, "head": {"accuracy": head}}


def test_evidence_lies_only_in_the_last_fifth_and_is_of_the_label() -> None:
    rows = texts(random.Random(0), 60, tokens=TOKENS)
    assert [row["label"] for row in rows[:4]] == [*LABELS, *LABELS]
    for row in rows:
        tokens = row["text"].replace(".", " .").split()
        places = [at for at, token in enumerate(tokens) if token in CUES]
        assert 0.9 * TOKENS < len(tokens) < 1.1 * TOKENS
        assert len(places) == planted.CUES
        assert places[0] >= 0.8 * len(tokens) - 15  # the sentence that reaches over it
        assert {CUES[tokens[at]] for at in places} == {row["label"]}


def test_beginnings_have_the_same_words_whatever_the_label() -> None:
    rows = texts(random.Random(0), 200, tokens=300)
    both = [
        {word for row in rows if row["label"] == label for word in row["text"].split()[:200]}
        for label in LABELS
    ]
    assert both[0] == both[1]


def test_the_texts_are_those_of_the_seed() -> None:
    one, again, other = (texts(random.Random(seed), 4, tokens=200) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_verdict_asks_windows_for_more_than_95_and_beginnings_for_chance() -> None:
    said = verdict(found(0.96, 0.52), 100)
    assert "windows find the evidence" in said
    assert "beginnings score by chance" in said
    said = verdict(found(0.95, 0.70), 100)
    assert "DO NOT find" in said
    assert "DO NOT score by chance" in said
    assert "beginnings score by chance" in verdict(found(1.0, 0.70), 25)


@pytest.mark.parametrize("long", planted.LONGS)
def test_a_tiny_training_reads_as_it_is_told(long: str, tmp_path: Path, tiny_base: Path) -> None:
    given = ["--texts", "16", "--test-texts", "8", "--tokens", "60", "--max-tokens", "24"]
    options = parse([*given, "--base", str(tiny_base), "--epochs", "1", "--threads", "1"])
    files = prepare(options, tmp_path)
    assert [len(read(files[part])) for part in ("train", "valid", "test")] == [16, 8, 8]
    measured = planted_measure.train(job(options, files, long))
    assert 0 <= measured["accuracy"] <= 1
    tokens = measured["tokens_per_second"] * measured["train_seconds"]
    if long == "head":
        assert tokens == pytest.approx(16 * 24, rel=0.01)
    else:
        assert tokens > 16 * 60
