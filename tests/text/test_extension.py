"""New pieces are what their words become, and nothing else is tokenized otherwise."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

from textune.encoder import bases
from textune.errors import DataError, ModelError
from textune.text import extension, fertility, tokenizers
from thinning import examples

WORDS = ["stoic", "syllogism", "Heraclitus", "covid-19"]
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BASES = ["wordpiece", "roberta", "bytes"]
TEXT = (
    "Know syllogism, (stoic) stoic; stoically a\n\n stoic said: Heraclitus had no covid-19. Stoic"
)
SIGNS = " \n.,'-_#Éé中🙂1\u0301" + "stoicalyhHerufmg"


@pytest.fixture(scope="module")
def paragraphs(shared):
    return (shared / "meditations" / "clean.txt").read_text(encoding="utf-8").splitlines()


def byte_level(texts, folder, kind):
    """Write a base with a byte-level BPE tokenizer, under the name of a class of transformers."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        special_tokens=SPECIALS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return write(backend, folder, kind)


def metaspace(texts, folder):
    """Write a base with a Unigram tokenizer, as sentencepiece makes it."""
    backend = Backend(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=600, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    return write(backend, folder, "PreTrainedTokenizerFast")


def write(backend, folder, kind):
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    backend.save(str(folder / "tokenizer.json"))
    names = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>"}
    names |= {"unk": "<unk>", "mask": "<mask>"}
    config = {f"{name}_token": token for name, token in names.items()}
    config |= {"tokenizer_class": kind, "model_max_length": 128}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    shape = {"model_type": "roberta", "max_position_embeddings": 130, "pad_token_id": 1}
    (folder / "config.json").write_text(json.dumps({**shape, "vocab_size": 1000}))
    return str(folder)


@pytest.fixture(scope="module")
def places(paragraphs, tmp_path_factory):
    make = tmp_path_factory.mktemp
    return {
        "wordpiece": bases.find("all-MiniLM-L6-v2"),
        "roberta": byte_level(paragraphs, make("roberta"), "RobertaTokenizer"),
        "bytes": byte_level(paragraphs, make("bytes"), "PreTrainedTokenizerFast"),
    }


@pytest.fixture(scope="module")
def extended(places, tmp_path_factory):
    """Return for each base its tokenizer before and after, and what `extend` said."""
    found = {}
    for kind in BASES:
        made = extension.extend(places[kind], WORDS, tmp_path_factory.mktemp(f"new-{kind}"))
        after = tokenizers.load(str(made.folder))
        found[kind] = (tokenizers.load(places[kind]), after, made)
    return found


@pytest.mark.parametrize("kind", BASES)
def test_each_word_has_one_piece_and_its_pieces_so_far_are_told(extended, kind):
    before, after, made = extended[kind]
    first = before.backend.get_vocab_size()
    assert list(made.pieces) == list(range(first, first + len(WORDS)))
    assert made.size == first + len(WORDS) == after.backend.get_vocab_size()
    assert made.skipped == ()
    for word, (new, parts) in zip(WORDS, made.pieces.items(), strict=True):
        assert tuple(before.encode([f" {word}"])[0].tolist()) == parts
        assert len(parts) >= 2
        for text in (word, f" {word}"):
            assert after.encode([text])[0].tolist() == [new]
        written = after.backend.decode([new])
        assert written == (word.lower() if kind == "wordpiece" else word)


def test_an_uncased_tokenizer_finds_words_in_capitals(extended):
    _, after, made = extended["wordpiece"]
    ids = after.encode(["STOIC Stoic stóic heraclitus"])[0].tolist()
    stoic, _, heraclitus, _ = made.pieces
    assert ids == [stoic] * 3 + [heraclitus]


@pytest.mark.parametrize("kind", BASES)
def test_words_stand_alone_in_a_text_without_stray_pieces(extended, kind):
    before, after, made = extended[kind]
    stoic, syllogism, heraclitus, covid = made.pieces
    ids = after.encode([TEXT])[0].tolist()
    last = stoic if kind == "wordpiece" else None  # the others know capitals
    assert [number for number in ids if number in made.pieces] == [
        syllogism, stoic, stoic, stoic, heraclitus, covid, *([last] if last else [])
    ]  # fmt: skip
    others = [number for number in ids if number not in made.pieces]
    rest = re.sub(r"\s*\b(syllogism|stoic|Heraclitus|covid-19)\b", "\0", TEXT)
    rest = re.sub(r"\s*\bStoic\b", "\0", rest) if last else rest
    assert others == [
        number for part in rest.split("\0") for number in before.encode([part])[0].tolist()
    ]


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("text", ["stoically", "astoic", "stoic_like", "syllogisms", "covid-199"])
def test_words_inside_longer_words_are_not_touched(extended, kind, text):
    before, after, _ = extended[kind]
    for written in (text, f"the {text} man"):
        assert after.encode([written])[0].tolist() == before.encode([written])[0].tolist()


@pytest.mark.parametrize("kind", BASES)
@given(text=st.text(alphabet=SIGNS, max_size=60) | st.text(max_size=60))
@settings(max_examples=examples(150), deadline=None)
def test_texts_without_the_words_have_the_ids_they_had(extended, kind, text):
    before, after, _ = extended[kind]
    known = fertility.form(text, before.backend)
    assume(not any(word.lower() in known.lower() for word in WORDS))
    assert after.backend.encode(text).ids == before.backend.encode(text).ids


@pytest.mark.parametrize("kind", BASES)
def test_plain_transformers_gives_the_same_ids(extended, kind, paragraphs):
    _, after, made = extended[kind]
    plain = AutoTokenizer.from_pretrained(made.folder)
    assert len(plain) == made.size
    for text in [TEXT, *paragraphs[:60]]:
        assert plain(text)["input_ids"] == after.backend.encode(text).ids


@pytest.mark.parametrize("kind", BASES)
def test_the_configuration_counts_the_new_pieces(extended, places, kind):
    _, after, made = extended[kind]
    config = json.loads((made.folder / "config.json").read_text(encoding="utf-8"))
    old = json.loads((Path(places[kind]) / "config.json").read_text(encoding="utf-8"))
    assert config == {**old, "vocab_size": made.size}
    assert after.limit == tokenizers.load(places[kind]).limit


@pytest.mark.exhaustive
def test_a_sentencepiece_tokenizer_leaves_no_piece_for_the_space_before_a_word(
    paragraphs, tmp_path
):
    place = metaspace(paragraphs, tmp_path)
    made = extension.extend(place, ["syllogism"], tmp_path / "new")
    before, after = tokenizers.load(place), tokenizers.load(str(made.folder))
    plain = AutoTokenizer.from_pretrained(made.folder)
    text = "the syllogism and syllogisms"
    parts = [before.encode([part])[0].tolist() for part in ("the", "and syllogisms")]
    assert after.encode([text])[0].tolist() == [*parts[0], *made.pieces, *parts[1]]
    assert plain(text, add_special_tokens=False)["input_ids"] == after.encode([text])[0].tolist()
    assert after.backend.decode(list(made.pieces)) == "syllogism"


def test_the_words_proposed_save_what_was_promised(paragraphs, places, tmp_path):
    before = tokenizers.load(places["wordpiece"])
    found = fertility.measure(paragraphs, before)
    words = fertility.propose(paragraphs, before, 100)
    made = extension.extend(places["wordpiece"], words, tmp_path)
    assert (len(made.pieces), made.skipped) == (100, ())
    after = sum(len(ids) for ids in tokenizers.load(str(tmp_path)).encode(paragraphs))
    assert found.tokens - after == found.savings[0].tokens


def test_words_that_need_no_piece_are_skipped(places, tmp_path):
    words = ["the", "stoicism", "Stoicism", "", " ", "\u0301", "##ing", "[MASK]", " wilt\n"]
    made = extension.extend(places["wordpiece"], words, tmp_path)
    after = tokenizers.load(str(tmp_path))
    assert [after.backend.decode([new]) for new in made.pieces] == ["stoicism", "wilt"]
    assert made.skipped == ("the", "Stoicism", "", " ", "\u0301", "##ing", "[MASK]")


def test_signs_that_were_unknown_get_pieces(places, tmp_path):
    made = extension.extend(places["wordpiece"], ["🙂", "中文"], tmp_path)
    assert list(made.pieces.values()) == [(100,), (1746, 1861)]
    after = tokenizers.load(str(tmp_path))
    plain = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("🙂 我中文", "(🙂中文"):
        ids = after.encode([text])[0].tolist()
        assert [number for number in ids if number in made.pieces] == list(made.pieces)
        assert plain(text, add_special_tokens=False)["input_ids"] == ids


def test_extending_once_more_begins_where_the_last_ended(extended, tmp_path):
    _, _, made = extended["wordpiece"]
    more = extension.extend(str(made.folder), ["stoic", "aurelius"], tmp_path)
    assert list(more.pieces) == [made.size]
    assert more.skipped == ("stoic",)
    both = tokenizers.load(str(tmp_path)).encode(["stoic Aurelius"])[0].tolist()
    assert both == [next(iter(made.pieces)), made.size]


def test_a_word_with_a_space_is_refused(places, tmp_path):
    with pytest.raises(DataError, match=r"^word 2 of those to add: 'two words' has a space inside"):
        extension.extend(places["wordpiece"], ["stoic", "two words"], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_of_words_is_read_line_by_line(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes("\ufeffstoic\r\n\n  #tag \nÉtat\n".encode())
    assert extension.read_words(file) == ["stoic", "#tag", "État"]


def test_faults_of_a_file_are_told_with_their_lines(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("stoic\n\ntwo words\nof gold\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"(?s)2 problems.*txt:3: 'two words' has.*txt:4: 'of gold'"
    ):
        extension.read_words(file)
    file.write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError, match=r"words\.txt: cannot be read .*; give a UTF-8 file"):
        extension.read_words(file)
    with pytest.raises(DataError, match=r"none\.txt: cannot be read .*No such file"):
        extension.read_words(tmp_path / "none.txt")


def test_a_base_with_damaged_settings_of_its_tokenizer_is_named(paragraphs, tmp_path):
    place = byte_level(paragraphs, tmp_path, "RobertaTokenizer")
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"tokenizer_config\.json: not a JSON object"):
        extension.extend(place, ["stoic"], tmp_path / "new")
