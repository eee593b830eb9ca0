"""The names of labels become words near them, of the vocabulary of a sentence encoder."""

import pytest

from textune.encoder import bases, load, near
from textune.encoder.names import BUNDLED
from textune.tasks import label_texts, registry
from textune.text import tokenizers


@pytest.fixture(scope="module")
def tokenizer():
    return tokenizers.load(bases.find(BUNDLED))


@pytest.fixture(scope="module")
def encoder(tokenizer):
    given = {"model_class": "AutoModelForSequenceClassification", "config": {"num_labels": 2}}
    return load.load(tokenizer.place, **given, pooling="auto", quick=True)


def ids(tokenizer, *labels):
    return label_texts.ids(registry.make("single", labels), tokenizer, ())


@pytest.mark.exhaustive
def test_words_are_of_the_label_whose_name_they_are_nearer_to(encoder, tokenizer):
    found = near.find(encoder, tokenizer, ids(tokenizer, "sports", "cookery"), 20)
    sports, cookery = map(set, found.words)
    assert len(sports) == len(cookery) == 20
    assert not sports & cookery
    assert {"athletic", "football"} <= sports
    assert {"cooking", "chefs"} <= cookery
    for words, texts in zip(found.words, found.texts, strict=True):
        decoded = tokenizer.backend.decode_batch([text.tolist() for text in texts])
        assert [word.strip() for word in decoded] == list(words)


@pytest.mark.parametrize("labels", [1, near.MOST_LABELS + 1])
def test_one_label_has_none_and_many_have_none(encoder, tokenizer, labels):
    names = ids(tokenizer, "sports") * labels
    assert near.find(encoder, tokenizer, names, 50) is None


@pytest.mark.parametrize("other", ["Sports", "[UNK]"])
def test_names_that_the_vocabulary_cannot_tell_apart_or_does_not_know_have_none(
    encoder, tokenizer, other
):
    names = [tokenizer.wrap(name, None)[0] for name in tokenizer.encode(["sports", other])]
    assert near.find(encoder, tokenizer, names, 50) is None
