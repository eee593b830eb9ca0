"""Sentences are cut where their language ends them, and nothing of the text is lost."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textune.encoder import bases
from textune.text import sentences, tokenizers
from thinning import examples

LANGUAGES = ["en", "de", "zh", "ja", "hi", "am", "ar", "zzz"]
SIGNS = "ab A1é.!?…。।;:,-\"'()[]/@ \n\r\t\u2028\x85\u3000\u0301😀"
texts = st.one_of(st.text(max_size=80), st.text(alphabet=SIGNS, max_size=80))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Dr. Smith went home. He slept!", ["Dr. Smith went home.", "He slept!"]),
        ("en", "Did he?  Yes, e.g. at 3.14 p.m.", ["Did he?", "Yes, e.g. at 3.14 p.m."]),
        ("de", "Das ist z.B. gut. Am 3. Mai kam er.", ["Das ist z.B. gut.", "Am 3. Mai kam er."]),
        ("zh", "你好。再见。", ["你好。", "再见。"]),
        ("hi", "यह है। वह है।", ["यह है।", "वह है।"]),
        ("zzz", "One. Two.", ["One.", "Two."]),
        ("en", "no end at all", ["no end at all"]),
        ("en", "\U00010f86A", ["\U00010f86A"]),  # a sign that ends sentences, and no tokenizer's
        ("en", " \n\n ", []),
        ("en", "", []),
    ],
)
def test_a_text_is_parted_by_the_rules_of_its_language(language, text, expected):
    assert [found.strip() for found in sentences.splitter(language)(text)] == expected


@pytest.mark.parametrize("blank", "\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_blank_of_several_bytes_after_an_initial_is_a_blank(blank, language):
    text = f"Plan A{blank}. It went on."
    found = sentences.splitter(language)(text)
    assert "".join(found) == text
    assert len(found) == len(sentences.splitter(language)("Plan A . It went on."))


@given(text=texts, language=st.sampled_from(LANGUAGES))
@settings(max_examples=examples(400), deadline=None)
def test_nothing_but_blanks_is_lost(text, language):
    found = sentences.splitter(language)(text)
    assert all(sentence.strip() for sentence in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.fixture(scope="module")
def minilm():
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


@given(text=texts, language=st.sampled_from(LANGUAGES))
@example(text="0\x85\x850", language="en")  # a control that BERT's tokenizer drops
@settings(max_examples=examples(400), deadline=None)
def test_the_pieces_of_sentences_are_those_of_the_text(minilm, text, language):
    whole = minilm.encode([text])[0].tolist()
    parts = minilm.encode(sentences.splitter(language)(text))
    assert [piece for part in parts for piece in part.tolist()] == whole
