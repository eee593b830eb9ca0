"""Of documents that are held out nothing reaches what is learned: no word, no sign, no count."""

import json
import random

import numpy as np
import pytest
import transformers
from safetensors.torch import load_file

from conftest import WORDS
from made_texts import make_base
from textune.doors import language_api
from textune.errors import DataError
from textune.records import Paragraph
from textune.splits import held_out
from textune.text import tokenizers, wordpiece

OWN = [f"own{first}{second}" for first in "abcdef" for second in "abcdef"]  # one a document
SIGNS = [chr(0x4E00 + number) for number in range(len(OWN))]
ZERO = {"epochs": 0, "device": "cpu", "seed": 3}


def write(file, own, *, times=4, blank="\n"):
    """Write documents of one line each, of common words and of one word that is theirs alone."""
    draw = random.Random(0)
    rows = [" ".join([*draw.choices(WORDS, k=8), *[word] * times]) for word in own]
    file.write_text(blank.join(rows) + "\n", encoding="utf-8")
    return file


def card_of(run):
    return json.loads((run.path / "data_card.json").read_text(encoding="utf-8"))


def adapted(text, base, out, **given):
    given = {"settings": ["warm_head=never"], **ZERO, **given}
    return language_api.adapt(text, base=base, out=out, **given)


@pytest.fixture
def headless(tmp_path):
    """Return a base without a masked-LM head that knows every document's own word."""
    return make_base(tmp_path / "headless", [*WORDS, *OWN], head="SequenceClassification")


def words_without_a_count(run, headless):
    """Return the documents' own words that the new head thinks as rare as what never stands."""
    bias = load_file(run.path / "model" / "model.safetensors")["cls.predictions.bias"]
    ids = tokenizers.load(str(headless)).encode([" ".join(OWN)])[0]
    return [word for word, number in zip(OWN, ids, strict=True) if bias[number] == bias.min()]


def test_a_new_head_begins_with_the_frequencies_of_what_is_learned_from(headless, tmp_path):
    run = adapted(write(tmp_path / "text.txt", OWN), headless, tmp_path / "run")
    held = words_without_a_count(run, headless)
    assert len(held) == card_of(run)["splits"]["valid"] > 0


def test_the_most_frequent_piece_is_that_of_what_is_learned_from(headless, tmp_path):
    first = adapted(write(tmp_path / "text.txt", OWN), headless, tmp_path / "first")
    held = words_without_a_count(first, headless)
    rows = [OWN[-1] if word in held else word for word in OWN]  # of equals the first is named
    second = adapted(write(tmp_path / "text.txt", rows, times=40), headless, tmp_path / "second")
    simple = second.metrics["baselines"]["most_frequent"]
    assert simple["piece"] != OWN[-1]
    assert simple["masked_accuracy"] < 0.5


def test_a_vocabulary_is_learned_without_what_is_held_out(tmp_path):
    text = write(tmp_path / "text.txt", SIGNS)
    options = {"size": "1x64", "vocab": 400, **ZERO}
    run = language_api.pretrain(text, out=tmp_path / "run", **options)
    known = transformers.AutoTokenizer.from_pretrained(run.path / "model").get_vocab()
    absent = [sign for sign in SIGNS if sign not in known]
    assert len(absent) == card_of(run)["splits"]["valid"] > 0


def test_of_an_only_document_the_end_is_kept_from_the_vocabulary(tmp_path):
    text = write(tmp_path / "text.txt", SIGNS, blank=" ")
    options = {"size": "1x64", "vocab": 400, "max_tokens": 32, **ZERO}
    run = language_api.pretrain(text, out=tmp_path / "run", **options)
    known = transformers.AutoTokenizer.from_pretrained(run.path / "model").get_vocab()
    absent = [sign for sign in SIGNS if sign not in known]
    assert absent == SIGNS[-len(absent) :]
    card = card_of(run)
    assert card["splits"]["valid"] == 0  # documents
    assert 0.05 < card["tokens_valid"] / card["tokens"] < 0.2


def test_words_to_add_are_those_of_what_is_learned_from(tmp_path):
    base = tmp_path / "base"
    signs = "".join(sorted(set("".join(OWN))))
    wordpiece.train([" ".join([*WORDS * 3, signs + signs])], base, size=150, lowercase=True)
    config = transformers.BertConfig(
        vocab_size=len(transformers.AutoTokenizer.from_pretrained(base)),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=64,
        pad_token_id=0,
    )
    transformers.BertForMaskedLM(config).save_pretrained(base)
    text = write(tmp_path / "text.txt", OWN)
    run = adapted(text, base, tmp_path / "run", add_words=len(OWN))
    plain = adapted(text, base, tmp_path / "plain")
    held = card_of(run)["splits"]["valid"]
    assert held == card_of(plain)["splits"]["valid"] > 0  # the same documents, added words or not
    assert run.metrics["added_words"] == len(OWN) - held


@pytest.mark.parametrize("cut", [1, 6, 11, 12, 13, 14, 20, 24])
def test_an_only_document_is_parted_at_a_blank_and_nothing_is_lost(cut):
    rows = ["one two three", "four five", "six"]
    given = [Paragraph(row, f"a.txt:{n}", n == 0) for n, row in enumerate(rows)]
    division = held_out.Division(np.array([1]), np.array([0]), cut)
    found = list(held_out.parted(given, division))
    assert " ".join(part.text for part in found).split() == " ".join(rows).split()
    assert sum(part.begins for part in found) == 1 + (cut <= 22)
    learned = list(held_out.learned_texts(given, division))
    assert len("".join(learned)) >= min(cut, 25)
    assert all(text in " ".join(rows) for text in learned)


def test_too_few_documents_for_next_sentences_are_refused():
    with pytest.raises(DataError, match="next sentences need 4 documents at least"):
        held_out.draw(np.ones(3, int), share=0.1, most=9, limit=None, nsp=True, seed=0)
