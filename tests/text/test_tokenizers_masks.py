"""Of each kind of tokenizer it is known what masks, what stands for no text, what begins a word."""

import json
import shutil

import numpy as np
import pytest
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Backend

from textune.encoder import bases
from textune.errors import ModelError
from textune.text import tokenizers
from textune.text.tokenizers import Tokenizer

SPECIALS = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]


def finished(backend, *, specials=SPECIALS, limit=32):
    """Return a tokenizer that puts <s> and </s> around a text."""
    backend.add_special_tokens(specials)
    start, end = (backend.token_to_id(name) for name in ("<s>", "</s>"))
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", start), ("</s>", end)],
    )
    return Tokenizer(backend, limit=limit, place="made up")


def vocabulary(pieces, *, specials=SPECIALS):
    return {piece: number for number, piece in enumerate([*specials, *pieces])}


def byte_level():
    """As RoBERTa and ModernBERT."""
    pieces = ["a", "b", "c", "Ġ", "n", "Ġb", "an", "Ġban", "."]
    merges = [("Ġ", "b"), ("a", "n"), ("Ġb", "an")]
    backend = Backend(models.BPE(vocab=vocabulary(pieces), merges=merges, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.decoder = decoders.ByteLevel()
    return finished(backend)


def sentence_piece(mark):
    """As XLM-RoBERTa and CamemBERT, or with the mark put there by the normalizer."""
    pieces = ["▁", "a", "b", "c", "n", "▁b", "▁ban", "an", "."]
    scores = [(piece, -2.0 - n) for piece, n in vocabulary(pieces).items()]
    backend = Backend(models.Unigram(scores, unk_id=1, byte_fallback=False))
    if mark == "Metaspace":
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        )
    else:
        backend.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    return finished(backend)


def word_pieces(prefix):
    pieces = ["ban", f"{prefix}an", f"{prefix}a", "b", "c", "a", "."]
    model = models.WordPiece(
        vocab=vocabulary(pieces), unk_token="<unk>", continuing_subword_prefix=prefix
    )
    backend = Backend(model)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return finished(backend)


def words():
    backend = Backend(models.WordLevel(vocabulary(["banana", "a", "b", "c"]), unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return finished(backend)


KINDS = {
    "byte level": (byte_level, ["Ġban", "an", "a", "Ġb"]),
    "Metaspace": (lambda: sentence_piece("Metaspace"), ["▁ban", "an", "a", "▁b"]),
    "Prepend": (lambda: sentence_piece("Prepend"), ["▁ban", "an", "a", "▁b"]),
    "WordPiece": (lambda: word_pieces("##"), ["ban", "##an", "##a", "b"]),
    "another prefix": (lambda: word_pieces("~"), ["ban", "~an", "~a", "b"]),
    "words": (words, ["banana", "b"]),
}
every_kind = pytest.mark.parametrize(("make", "pieces"), KINDS.values(), ids=KINDS.keys())


@every_kind
def test_of_two_words_two_pieces_begin_a_word(make, pieces):
    tokenizer = make()
    encoded = tokenizer.backend.encode("banana b", add_special_tokens=False)
    assert encoded.tokens == pieces
    assert np.flatnonzero(tokenizer.word_starts()[encoded.ids]).tolist() == [0, len(pieces) - 1]


@every_kind
def test_special_tokens_and_nothing_else_stand_for_no_text(make, pieces):
    tokenizer = make()
    special = tokenizer.special()
    assert np.flatnonzero(special).tolist() == [0, 1, 2, 3, 4]
    assert len(special) == len(tokenizer.word_starts()) == tokenizer.size
    assert tokenizer.mask_id == 4
    assert not special[tokenizer.encode(["banana b"])[0]].any()


def test_what_sentencepiece_cannot_write_is_special_where_no_token_says_so():
    scores = [(piece, -1.0) for piece in ("<unk>", "a", "b", "c")]
    backend = Backend(models.Unigram(scores, unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = Tokenizer(backend, limit=8, place="pieces")
    assert tokenizer.special().tolist() == [True, False, False, False]


def test_added_words_begin_a_word_and_stand_for_text():
    tokenizer = byte_level()
    tokenizer.backend.add_tokens([AddedToken("banana", special=False)])
    added = tokenizer.backend.token_to_id("banana")
    assert added == tokenizer.size - 1
    assert tokenizer.word_starts()[added]
    assert not tokenizer.special()[added]


def test_tokens_around_a_text_stand_for_none_even_if_they_are_not_marked_so():
    model = models.WordLevel(vocabulary(["a", "b", "c"]), unk_token="<unk>")
    backend = Backend(model)
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = np.flatnonzero(finished(backend, specials=[]).special())
    assert {2, 3, 4} <= set(special.tolist())


def test_what_stands_for_unknown_words_is_no_text_even_if_it_is_not_marked_so():
    model = models.WordLevel(vocabulary(["a", "b", "c"]), unk_token="<unk>")
    backend = Backend(model)
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = finished(backend, specials=[])
    (unknown,) = tokenizer.encode(["zzz"])[0]
    assert tokenizer.special()[unknown]


def test_the_bundled_tokenizer_has_five_tokens_that_stand_for_no_text():
    tokenizer = tokenizers.load(bases.find("all-MiniLM-L6-v2"))
    assert np.flatnonzero(tokenizer.special()).tolist() == [0, 100, 101, 102, 103]
    assert tokenizer.mask_id == 103
    ids = tokenizer.encode(["The unfathomable seas, unfathomably."])[0]
    tokens = [tokenizer.backend.id_to_token(number) for number in ids.tolist()]
    found = [
        token for token, head in zip(tokens, tokenizer.word_starts()[ids], strict=True) if not head
    ]
    assert found == ["##fat", "##hom", "##able", "##fat", "##hom", "##ably"]


@pytest.fixture
def renamed(tiny_base, tmp_path):
    """Return a base whose mask has an unusual name."""
    folder = tmp_path / "renamed"
    shutil.copytree(tiny_base, folder)
    for file in folder.glob("*.json"):
        file.write_text(file.read_text(encoding="utf-8").replace("[MASK]", "[HIDDEN]"))
    return folder


def test_an_unusual_mask_is_found_by_the_settings(renamed):
    assert tokenizers.load(str(renamed)).mask_id == 4


@pytest.mark.parametrize("form", ["token", "map"])
def test_a_mask_is_found_in_either_form_of_settings(renamed, form):
    (renamed / "tokenizer_config.json").unlink()
    file = renamed / "special_tokens_map.json"
    mask = {"content": "[HIDDEN]", "lstrip": True} if form == "map" else "[HIDDEN]"
    file.write_text(json.dumps({"mask_token": mask}), encoding="utf-8")
    assert tokenizers.load(str(renamed)).mask_id == 4


@pytest.mark.parametrize("settings", ["{}", '{"mask_token": null}'])
def test_without_settings_an_unusual_mask_is_not_known(renamed, settings):
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        (renamed / name).write_text(settings, encoding="utf-8")
    assert tokenizers.load(str(renamed)).mask_id is None


@pytest.mark.parametrize("settings", ["{", "[1]"])
def test_settings_that_are_no_json_object_are_refused(renamed, settings):
    (renamed / "tokenizer_config.json").write_text(settings, encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer_config\.json: not a JSON object"):
        tokenizers.load(str(renamed))


def test_a_mask_that_the_vocabulary_lacks_is_none(renamed):
    file = renamed / "tokenizer_config.json"
    file.write_text(json.dumps({"mask_token": "[GONE]"}), encoding="utf-8")
    assert tokenizers.load(str(renamed)).mask_id is None
