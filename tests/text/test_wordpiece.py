"""Learned vocabularies are the same everywhere, complete for their text, and plainly loadable."""

import json
import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from transformers import AutoTokenizer, BertTokenizerFast

from textune.errors import DataError, SettingsError
from textune.text import tokenizers, wordpiece
from thinning import examples

FILES = ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
TEXTS = [
    "The stoic reads; the stoic writes, and the stoics read the stoic's writings.",
    "Nothing happens to any man which he is not formed by nature to bear.",
    "Über Gefühle: die Stoiker schrieben über Gefühle. 智慧 智者 3.14 «où»",
] * 2
SCRIPT = """
import sys
from pathlib import Path
from textune.text import wordpiece
texts = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
wordpiece.train(texts, Path(sys.argv[2]), size=int(sys.argv[3]), lowercase=sys.argv[4] == "yes")
"""


@pytest.fixture(scope="module")
def paragraphs(shared):
    return (shared / "meditations" / "clean.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def learned(paragraphs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("learned")
    return folder, wordpiece.train(paragraphs, folder, size=2000, lowercase=True, max_tokens=128)


def bytes_of(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize(("size", "lowercase"), [("500", "yes"), ("3000", "no")])
@pytest.mark.first(1)
def test_two_processes_write_the_same_bytes(shared, tmp_path, size, lowercase):
    source = shared / "meditations" / "clean.txt"
    found = []
    for number, (seed, threads) in enumerate([("1", "1"), ("77", "4")]):
        folder = tmp_path / str(number)
        surroundings = {**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads}
        command = [sys.executable, "-c", SCRIPT, str(source), str(folder), size, lowercase]
        subprocess.run(command, check=True, timeout=120, env=surroundings)
        found.append(bytes_of(folder))
    assert found[0] == found[1]


def test_the_order_of_the_texts_makes_no_difference(paragraphs, learned, tmp_path):
    wordpiece.train(iter(paragraphs[::-1]), tmp_path, size=2000, lowercase=True, max_tokens=128)
    assert bytes_of(tmp_path) == bytes_of(learned[0])


def test_the_vocabulary_has_the_size_and_begins_with_the_special_pieces(learned, paragraphs):
    folder, trained = learned
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert trained == wordpiece.Trained(pieces=2000, texts=len(paragraphs), left_out=0)
    assert len(set(pieces)) == 2000
    assert tuple(pieces[:5]) == wordpiece.SPECIALS == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    backend = Backend.from_file(str(folder / "tokenizer.json"))
    assert [backend.token_to_id(piece) for piece in pieces] == list(range(2000))
    assert {"the", "reason", "##ing"} <= set(pieces)


def test_plain_transformers_loads_it_and_gives_the_same_ids(learned, paragraphs):
    folder, _ = learned
    backend = Backend.from_file(str(folder / "tokenizer.json"))
    for plain in (AutoTokenizer.from_pretrained(folder), BertTokenizerFast.from_pretrained(folder)):
        assert len(plain) == 2000
        assert plain.model_max_length == 128
        assert (plain.pad_token_id, plain.unk_token_id, plain.mask_token_id) == (0, 1, 4)
        for text in [*paragraphs[:50], "Ünïcödé TEXT [MASK] qxz 智慧"]:
            assert plain(text)["input_ids"] == backend.encode(text).ids


def test_textune_loads_it_beside_a_configuration(learned, tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes((learned[0] / name).read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": 128}))
    loaded = tokenizers.load(str(tmp_path))
    ids, pair = loaded.encode(["the soul", "and reason"])
    wrapped, first = loaded.wrap(ids, pair)
    own = loaded.backend.encode("the soul", "and reason")
    assert wrapped.tolist() == own.ids
    assert own.type_ids == [0] * first + [1] * (len(wrapped) - first)
    assert loaded.limit == 128


def test_every_word_of_the_text_can_be_written_and_read_again(learned, paragraphs):
    backend = Backend.from_file(str(learned[0] / "tokenizer.json"))
    for text in paragraphs[:100]:
        ids = backend.encode(text, add_special_tokens=False).ids
        assert 1 not in ids
        written = backend.decode(ids).replace(" ", "")
        assert written == backend.normalizer.normalize_str(text).replace(" ", "")


@pytest.mark.parametrize(("lowercase", "same"), [(True, True), (False, False)])
def test_case_and_accents_count_as_told(tmp_path, lowercase, same):
    wordpiece.train(TEXTS, tmp_path, size=400, lowercase=lowercase)
    plain = AutoTokenizer.from_pretrained(tmp_path)
    assert plain.init_kwargs["do_lower_case"] is lowercase
    ids = [plain(text, add_special_tokens=False)["input_ids"] for text in ("Über", "uber")]
    assert (ids[0] == ids[1]) == same


def test_a_small_text_makes_fewer_pieces_than_wished_for(tmp_path):
    trained = wordpiece.train(TEXTS, tmp_path, size=30_000, lowercase=True)
    assert 100 < trained.pieces < 300
    assert len((tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()) == trained.pieces


def test_the_least_size_is_named_and_is_enough(tmp_path):
    with pytest.raises(SettingsError, match=r"of 12 pieces is too small .* and more$") as caught:
        wordpiece.train(TEXTS, tmp_path / "none", size=12, lowercase=True)
    assert not (tmp_path / "none").exists()
    least = int(str(caught.value).split("allowed are ")[1].split()[0])
    with pytest.raises(SettingsError, match=f"allowed are {least} and more"):
        wordpiece.train(TEXTS, tmp_path, size=least - 1, lowercase=True)
    assert wordpiece.train(TEXTS, tmp_path, size=least, lowercase=True).pieces == least
    backend = Backend.from_file(str(tmp_path / "tokenizer.json"))
    assert 1 not in backend.encode(TEXTS[0]).ids
    assert wordpiece.train(TEXTS, tmp_path, size=least + 1, lowercase=True).pieces == least + 1


@pytest.mark.parametrize("texts", [[], ["", " \n\t "], ["x" * 101]])
def test_texts_without_a_word_are_refused(texts, tmp_path):
    with pytest.raises(DataError, match=rf"none of the {len(texts)} texts holds a word"):
        wordpiece.train(texts, tmp_path / "none", size=100, lowercase=True)
    assert not (tmp_path / "none").exists()


def test_an_endless_text_without_spaces_neither_hangs_nor_is_learned(tmp_path):
    endless = "abcdefgh" * 500_000
    start = time.monotonic()
    trained = wordpiece.train([*TEXTS, endless], tmp_path, size=300, lowercase=True)
    assert time.monotonic() - start < 30
    assert trained.left_out == 4000
    pieces = (tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert "abcdefgh" not in pieces
    assert "stoic" in pieces


def test_words_up_to_the_longest_are_counted(tmp_path):
    longest, longer = "ab" * 50, "cd" * 50 + "c"
    trained = wordpiece.train([f"{longest} {longer}"] * 3, tmp_path, size=60, lowercase=True)
    assert trained.left_out == 3
    pieces = (tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert "ab" in pieces
    assert not any("c" in piece for piece in pieces[5:])


def test_special_names_in_a_text_are_plain_words(tmp_path):
    trained = wordpiece.train(["[MASK] [CLS] mask ##a"] * 3, tmp_path, size=50, lowercase=False)
    pieces = (tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert trained.pieces == len(pieces) == len(set(pieces))
    assert {"[", "]", "MASK", "#", "mask"} <= set(pieces)


@given(st.lists(st.text(alphabet=" \n\t.,ab\u00e9\u3000\x85中", max_size=40), max_size=5))
@settings(max_examples=examples(100), deadline=None)
def test_stretches_hold_the_words_of_whole_texts(texts):
    backend = Backend.from_str(MINIMAL)
    whole = Counter(word for text in texts for word in words_of(backend, text))
    parts = Counter()
    for counted in wordpiece.counts(texts):
        for stretch, count in counted.items():
            for word in words_of(backend, stretch):
                parts[word] += count
    assert parts == whole


MINIMAL = json.dumps(
    {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
    }
)


def words_of(backend, text):
    parts = backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(text))
    return [word for word, _ in parts]


def test_counts_come_in_bounded_numbers_and_lose_nothing(monkeypatch):
    monkeypatch.setattr(wordpiece, "STRETCHES", 10)
    monkeypatch.setattr(wordpiece, "PART", 16)
    text = " ".join(f"w{number % 37}" for number in range(500))
    found = list(wordpiece.counts([text, "w1 end"]))
    assert len(found) > 5
    assert max(map(len, found)) < 20
    assert sum(found, Counter()) == Counter(f"{text} w1 end".split())


def test_the_rarest_words_are_dropped_and_their_signs_kept(monkeypatch, tmp_path):
    words = Counter({"often": 9, "twice": 2, "once": 1, "also": 1})
    wordpiece.prune(words, 4)
    assert len(words) == 4
    wordpiece.prune(words, 3)
    assert words == {"often": 9, "twice": 2}
    wordpiece.prune(words, 1)
    assert words == {"often": 9}
    monkeypatch.setattr(wordpiece, "MOST_WORDS", 1)
    wordpiece.train(["often often once xyz"], tmp_path, size=100, lowercase=True)
    pieces = set((tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines())
    assert {"often", "x", "##y", "##z", "##c"} <= pieces
    assert "once" not in pieces
