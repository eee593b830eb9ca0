"""Ids with explicit special tokens equal those of the tokenizer's own encoding."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.encoder import bases
from textune.errors import ModelError
from textune.text import tokenizers
from thinning import examples


@pytest.fixture(scope="module")
def minilm():
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


@given(text=st.text(max_size=60), pair=st.none() | st.text(max_size=60))
@settings(max_examples=examples(200), deadline=None)
def test_wrapping_equals_the_tokenizers_own_encoding(minilm, text, pair):
    ids = minilm.encode([text])[0]
    second = None if pair is None else minilm.encode([pair])[0]
    wrapped, first = minilm.wrap(ids, second)
    own = minilm.backend.encode(text) if pair is None else minilm.backend.encode(text, pair)
    assert wrapped.tolist() == own.ids
    assert [int(place >= first) for place in range(len(wrapped))] == own.type_ids


def test_counts_are_of_whole_texts(minilm):
    assert minilm.count(["one two three", ""]) == [5, 2]


def test_limit_is_the_encoders(minilm, tiny_base):
    assert minilm.limit == 512
    assert tokenizers.load(str(tiny_base)).limit == 64


@pytest.mark.parametrize(
    ("kind", "padding", "room"),
    [("roberta", 1, 512), ("roberta", 0, 513), ("mpnet", 0, 512), ("bert", None, 514)],
)
def test_positions_are_counted_from_beyond_padding_which_mpnet_takes_for_1(kind, padding, room):
    config = {"model_type": kind, "max_position_embeddings": 514, "pad_token_id": padding}
    assert tokenizers._room(config) == room


def test_a_damaged_tokenizer_is_named(tiny_base, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_base, broken)
    (broken / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json: not a tokenizer that can be read"):
        tokenizers.load(str(broken))


def test_a_damaged_config_is_named(tiny_base, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_base, broken)
    (broken / "config.json").write_text(json.dumps([1]) + "x", encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json: cannot be read"):
        tokenizers.load(str(broken))


def test_fingerprint_is_of_the_content(tiny_base, minilm):
    tiny = tokenizers.load(str(tiny_base))
    assert tiny.fingerprint() == tokenizers.load(str(tiny_base)).fingerprint()
    assert tiny.fingerprint() != minilm.fingerprint()
    assert np.issubdtype(tiny.encode(["good film"])[0].dtype, np.int32)
