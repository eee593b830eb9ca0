"""What words cost in the pieces of a tokenizer, and whether it knows their script."""

import json

import pytest
from tokenizers import ByteLevelBPETokenizer
from transformers import PreTrainedTokenizerFast
from typer.testing import CliRunner

from textune.data.words import words_of
from textune.doors.cli import app
from textune.encoder import bases
from textune.records import Example
from textune.text import tokenizers, unknown

TEXTS = {
    "english": "The quick brown fox jumps over the lazy dog because it was hungry",
    "tweets": "@user lol this is sooo good http://t.co/abc123 #winning cant wait 4 more",
    "technical": "Phosphorylation of the kinase inhibits transcription in murine cells",
    "german": "Die Geschwindigkeit auf der Autobahn wurde gestern von der Regierung begrüßt",
    "french": "Les députés ont adopté hier le projet de loi, malgré l'opposition des syndicats",
    "russian": "Быстрая коричневая лиса прыгает через ленивую собаку, потому что голодна",
    "greek": "Μία γρήγορη καφέ αλεπού πηδά πάνω από το τεμπέλικο σκυλί",
    "korean": "서울은 대한민국의 수도이며 많은 사람들이 살고 있습니다",
    "amharic": "አዲስ አበባ የኢትዮጵያ ዋና ከተማ ናት እና ብዙ ሰዎች ይኖራሉ",
    "chinese": "北京大学是中国最好的大学之一,很多学生想去那里学习",
    "thai": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
}


@pytest.fixture(scope="module")
def minilm():
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


@pytest.fixture(scope="module")
def of_bytes(tmp_path_factory):
    """Return a tokenizer of bytes that learned English."""
    folder = tmp_path_factory.mktemp("bytes")
    made = ByteLevelBPETokenizer()
    made.train_from_iterator([TEXTS["english"].lower(), TEXTS["english"]] * 50, vocab_size=600)
    backend = made._tokenizer
    PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="!").save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 64}))
    return tokenizers.load(str(folder))


def found(tokenizer, language, count=30):
    texts = [Example(TEXTS[language], f"row {n}") for n in range(count)]
    cost = unknown.cost(tokenizer, texts, words_of)
    return cost, unknown.finding(tokenizer, cost)


@pytest.mark.parametrize("language", ["english", "tweets", "technical"])
def test_languages_of_the_base_are_passed_over(minilm, language):
    cost, said = found(minilm, language)
    assert said is None
    assert cost.pieces_per_word < unknown.MANY


@pytest.mark.parametrize("language", ["german", "french"])
def test_a_language_that_the_base_was_not_made_for_is_warned_of(minilm, language):
    cost, said = found(minilm, language)
    assert not cost.is_spelled
    assert "of the words are written in several pieces of the tokenizer of" in said.message
    assert "bert-base-multilingual-cased" in said.message
    assert found(minilm, language, count=1)[1] is None  # too little to tell


def test_pieces_of_many_languages_or_of_few_words_say_nothing(minilm, monkeypatch):
    for known in (range(40_000, 100_000), range(20_000)):
        monkeypatch.setattr(unknown, "OF_ONE_LANGUAGE", known)
        assert found(minilm, "german")[1] is None


@pytest.mark.parametrize("language", ["russian", "greek", "korean"])
def test_words_in_a_piece_a_letter_are_warned_of(minilm, language):
    cost, said = found(minilm, language)
    assert cost.unknown_share < unknown.MUCH
    assert "nearly a piece a letter: it hardly knows this language or script" in said.message
    assert "--base" in said.message
    assert "textune pretrain" in said.message


@pytest.mark.parametrize("language", ["amharic", "chinese", "thai"])
def test_unknown_pieces_are_warned_of(minilm, language):
    _, said = found(minilm, language)
    assert "are unknown to the tokenizer" in said.message
    assert "bert-base-multilingual-cased" in said.message
    assert said.rows == ("row 0", "row 1", "row 2")


@pytest.mark.parametrize("language", ["russian", "chinese", "thai", "amharic"])
def test_a_tokenizer_of_bytes_knows_every_sign_and_is_warned_of(of_bytes, language):
    cost, said = found(of_bytes, language)
    assert cost.unknown == 0
    assert "nearly a piece a letter" in said.message
    assert found(of_bytes, "english")[1] is None


def test_of_few_words_nothing_is_said(minilm):
    assert found(minilm, "russian", count=2)[1] is None


def test_check_says_what_words_cost(tmp_path):
    path = tmp_path / "made.csv"
    rows = [f"{TEXTS['russian'].replace(',', '')} {n},{'ab'[n % 2]}" for n in range(20)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    said = " ".join(CliRunner().invoke(app, ["check", str(path)]).output.split())
    assert "pieces of the tokenizer: " in said
    assert "a word takes" in said
    result = CliRunner().invoke(app, ["check", str(path), "--json"])
    costs = json.loads(result.stdout)["fertility"]
    assert costs["pieces_per_word"] > 4
    assert costs["unknown_share"] < 0.01
