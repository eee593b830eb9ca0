import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from textune.doors.demo import COLUMNS, SENTENCES, _joined, write_corpus
from textune.errors import MissingExtraError

needs_corpus = pytest.mark.usefixtures("corpus")


@pytest.fixture(scope="module")
def corpus() -> None:
    pytest.importorskip("chatterbot_corpus", reason="the extra demo is not installed")


@pytest.fixture(scope="module")
def rows(corpus: None, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    return read(write_corpus(tmp_path_factory.mktemp("demo") / "new" / "folder"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def test_every_utterance_of_the_corpus_is_written(rows: list[dict[str, str]]) -> None:
    assert len(rows) == 4419
    assert tuple(rows[0]) == COLUMNS
    assert len({row["topic"] for row in rows}) == 21


def test_a_text_never_stands_in_two_conversations(rows: list[dict[str, str]]) -> None:
    places = defaultdict(set)
    for row in rows:
        if row["text"].strip():
            places[plain(row["text"])].add(row["conversation"])
    assert max(len(groups) for groups in places.values()) == 1


def test_conversations_without_a_shared_text_stay_apart(rows: list[dict[str, str]]) -> None:
    sizes = Counter(row["conversation"] for row in rows)
    assert len(sizes) == 702
    assert max(sizes.values()) < len(rows) / 10


def test_a_question_stays_with_all_its_answers(rows: list[dict[str, str]]) -> None:
    asked = [at for at, row in enumerate(rows) if row["text"] == "What is AI?"]
    assert len(asked) > 1
    pairs = {rows[at + step]["conversation"] for at in asked for step in (0, 1)}
    assert len(pairs) == 1


def test_groups_grow_through_chains_of_shared_texts() -> None:
    said = [(0, "a"), (0, "b"), (1, "c"), (1, "d"), (2, "e"), (3, "d"), (3, "b"), (4, ""), (5, "")]
    groups = _joined(said)
    assert groups[0] == groups[1] == groups[3]
    assert len(set(groups.values())) == 4


def test_texts_with_line_breaks_survive(rows: list[dict[str, str]]) -> None:
    code = [row for row in rows if "def quicksort(arr):\n    if len(arr) <= 1:" in row["text"]]
    assert {row["topic"] for row in code} == {"coding"}


@needs_corpus
def test_without_repeats_a_text_stands_once_in_a_topic(tmp_path: Path) -> None:
    kept = read(write_corpus(tmp_path, repeats=False))
    assert max(Counter((row["topic"], plain(row["text"])) for row in kept).values()) == 1
    assert all(row["text"].strip() for row in kept)
    assert 1800 < len(kept) < 2000


@needs_corpus
def test_writing_again_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    first = write_corpus(tmp_path).read_bytes()
    assert write_corpus(tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["chatterbot.csv"]


def test_the_sentences_to_predict_are_not_in_the_corpus(rows: list[dict[str, str]]) -> None:
    assert len(set(SENTENCES)) == 5
    assert not {plain(row["text"]) for row in rows} & {plain(text) for text in SENTENCES}


@pytest.mark.parametrize("name", ["chatterbot_corpus", "yaml"])
def test_a_missing_package_names_the_command_that_installs_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:2])  # built-in and frozen modules only
    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[offline,demo\]'"):
        write_corpus(tmp_path)
    assert not list(tmp_path.iterdir())
