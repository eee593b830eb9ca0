"""A base's vocabulary grows by the text's own words, or a text gets a vocabulary of its own."""

import json

import pytest
import torch
import transformers
from safetensors.torch import load_file

from conftest import WORDS
from made_texts import give_head, make_base, write_blocks, write_lines
from textune.doors import keywords, language_api
from textune.errors import DataError, ModelError, SettingsError
from textune.recipes import recipe, requests, vocabularies
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.text import tokenizers, wordpiece

OWN = ["stoicism", "virtue", "epictetus"]


@pytest.fixture
def base(tmp_path):
    """Return a base of word pieces that writes the text's own words in several of them."""
    folder = tmp_path / "base"
    signs = "".join(sorted(set("".join(OWN))))  # twice, so that each is known inside a word too
    known = " ".join([*WORDS * 3, "and", "and", signs + signs])
    wordpiece.train([known], folder, size=150, lowercase=True, max_tokens=64)
    size = len(transformers.AutoTokenizer.from_pretrained(folder))
    config = transformers.BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=64,
        pad_token_id=0,
    )
    torch.manual_seed(0)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    assert not {"[UNK]", *OWN}.intersection(pieces_of(folder, " ".join(OWN)))
    return folder


@pytest.fixture
def text(tmp_path):
    """Return text with words that the base writes in pieces."""
    rows = [f"the {OWN[n % 3]} was very {WORDS[n % 10]} and {OWN[n % 2]} is" for n in range(60)]
    file = tmp_path / "text.txt"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def prepared(source, settings, folder):
    """Return what a run starts from, and what was said on the way."""
    folder.mkdir(exist_ok=True)
    steps = vocabularies.prepare([str(source)], settings, folder)
    said = []
    while True:
        try:
            said.append(next(steps).text)
        except StopIteration as end:
            return end.value, said


def adapting(base, **given):
    return keywords.resolve(AdaptSettings, {"base": str(base), "device": "cpu", **given})


def pretraining(**given):
    return keywords.resolve(PretrainSettings, {"device": "cpu", **given})


def pieces_of(place, text):
    tokenizer = tokenizers.load(str(place))
    return [tokenizer.backend.id_to_token(number) for number in tokenizer.encode([text])[0]]


def test_a_base_is_taken_as_it_is(base, text, tmp_path):
    start, said = prepared(text, adapting(base), tmp_path / "run")
    assert (start.tokenizer, start.base, start.added, said) == (base, str(base), {}, [])
    assert not list((tmp_path / "run").iterdir())
    assert prepared(text, adapting(base, add_words=0), tmp_path / "run")[0] == start


@pytest.mark.parametrize("wanted", [2, "2"])
def test_the_dearest_words_of_a_text_are_added(base, text, tmp_path, wanted):
    start, said = prepared(text, adapting(base, add_words=wanted), tmp_path / "run")
    assert len(start.added) == 2
    assert said == ["2 words were added to the vocabulary: stoicism, virtue"]
    assert pieces_of(start.tokenizer, "stoicism virtue") == ["stoicism", "virtue"]
    assert len(pieces_of(start.tokenizer, "epictetus")) > 1  # it saves fewer tokens
    before = tokenizers.load(str(base))
    for piece, parts in start.added.items():
        assert before.backend.decode(list(parts)) in OWN[:2]
        assert piece >= before.size


def test_the_words_of_a_file_are_added(base, text, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("Epictetus\n\nfilm\nvirtue\nvirtue\n", encoding="utf-8")
    start, said = prepared(text, adapting(base, add_words=str(file)), tmp_path / "run")
    assert len(start.added) == 2
    assert said[0].startswith("2 words were passed over (a piece already, or named twice): film, v")
    assert said[1] == "2 words were added to the vocabulary: epictetus, virtue"
    assert pieces_of(start.tokenizer, "epictetus virtue") == ["epictetus", "virtue"]


def test_where_all_words_are_pieces_none_is_added(base, text, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("film\nbook\n", encoding="utf-8")
    start, said = prepared(text, adapting(base, add_words=str(file)), tmp_path / "run")
    assert start == vocabularies.Start(base, str(base))
    assert said[-1] == "no word was added to the vocabulary"
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("missing.txt", "--add-words missing.txt: expected how many words to add, or a file of"),
        ("-3", "--add-words -3: expected how many words to add"),
        ("2.5", "--add-words 2.5: expected how many words to add"),
    ],
)
def test_words_that_are_not_there_are_refused(base, text, tmp_path, wanted, message):
    with pytest.raises(SettingsError, match=message):
        prepared(text, adapting(base, add_words=wanted), tmp_path / "run")


def test_a_negative_number_of_words_is_refused(base):
    with pytest.raises(SettingsError, match=r"add_words: expected a number.*found -3"):
        adapting(base, add_words=-3)


def test_a_word_with_a_space_is_refused_with_its_line(base, text, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("virtue\nmarcus aurelius\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"words\.txt:2: 'marcus aurelius' has a space inside"):
        prepared(text, adapting(base, add_words=str(file)), tmp_path / "run")


def test_added_words_are_learned_and_saved_with_the_model(base, text, tmp_path):
    run = language_api.adapt(
        text, base=base, out=tmp_path / "run", add_words=3, epochs=2, device="cpu"
    )
    assert run.metrics["added_words"] == 3
    model, found = transformers.AutoModelForMaskedLM.from_pretrained(
        run.path / "model", output_loading_info=True
    )
    assert not any(found.values())
    names = transformers.AutoTokenizer.from_pretrained(run.path / "model")
    assert [names.tokenize(word) for word in OWN] == [[word] for word in OWN]
    rows = model.get_input_embeddings().num_embeddings
    assert rows == model.config.vocab_size == len(names)
    before = load_file(base / "model.safetensors")["bert.embeddings.word_embeddings.weight"]
    assert rows == len(before) + 3
    assert not (run.path / ".tokenizer").exists()


def test_an_added_word_begins_as_the_mean_of_its_pieces(base, text, tmp_path):
    run = language_api.adapt(
        text, base=base, out=tmp_path / "run", add_words=3, epochs=0, device="cpu"
    )
    name = "bert.embeddings.word_embeddings.weight"
    before = load_file(base / "model.safetensors")[name]
    after = load_file(run.path / "model" / "model.safetensors")[name]
    assert after[: len(before)].equal(before)
    names = transformers.AutoTokenizer.from_pretrained(run.path / "model")
    old = tokenizers.load(str(base))
    for word in OWN:
        mean = before[old.encode([word])[0].tolist()].mean(0)
        assert after[names.convert_tokens_to_ids(word)].allclose(mean, atol=1e-6)


def test_a_text_gets_a_vocabulary_of_its_own(tmp_path):
    blocks = write_blocks(tmp_path / "blocks.txt", 20)
    start, said = prepared(blocks, pretraining(vocab=120, size="1x64"), tmp_path / "run")
    assert (start.base, start.tokenizer) == (None, tmp_path / "run" / vocabularies.NEW)
    assert said[0] == ("learning a vocabulary of 120 pieces from the text that is not held out")
    assert start.config.vocab_size == tokenizers.load(str(start.tokenizer)).size
    settled = vocabularies.move_tokenizer(start, tmp_path / "run")
    assert settled.tokenizer == tmp_path / "run" / "tokenizer"
    assert not start.tokenizer.exists()


def test_a_text_may_give_fewer_pieces_than_were_asked_for(tmp_path):
    lines = write_lines(tmp_path / "lines.txt", 20)
    start, said = prepared(lines, pretraining(vocab=5000, size="1x64"), tmp_path / "run")
    assert start.config.vocab_size < 200
    assert said[1] == f"the text gives {start.config.vocab_size:,} pieces only"


def test_the_same_text_gives_the_same_vocabulary(tmp_path):
    blocks = write_blocks(tmp_path / "blocks.txt", 20)
    files = []
    for name in ("one", "other"):
        start, _ = prepared(blocks, pretraining(vocab=120, size="1x64"), tmp_path / name)
        files.append((start.tokenizer / "tokenizer.json").read_bytes())
    assert files[0] == files[1]


def test_a_vocabulary_too_small_for_the_signs_of_a_text_is_refused(tmp_path):
    lines = write_lines(tmp_path / "lines.txt", 20)
    with pytest.raises(SettingsError, match="a vocabulary of 20 pieces is too small"):
        prepared(lines, pretraining(vocab=20, size="1x64"), tmp_path / "run")


@pytest.mark.parametrize("size", ["huge", "0x64", "2x100", "97x64", "x", "2x"])
def test_a_size_that_cannot_be_is_refused_before_anything_is_read(tmp_path, size):
    with pytest.raises(SettingsError, match=f"--size {size}: "):
        prepared(tmp_path / "missing.txt", pretraining(size=size), tmp_path / "run")


def test_a_tokenizer_that_transformers_cannot_extend_is_refused(text, tmp_path):
    base = give_head(make_base(tmp_path / "made", WORDS), tmp_path / "base")
    file = base / "tokenizer.json"
    values = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(values["model"]), encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json: not a tokenizer that can be read"):
        prepared(text, adapting(base, add_words=2), tmp_path / "run")


def test_nothing_is_left_of_a_tokenizer_whose_run_was_never_begun(tmp_path):
    asked = requests.TextRequest((), pretraining(), tmp_path / "run")
    with recipe._claimed(asked, {vocabularies.NEW}) as folder:
        (folder / vocabularies.NEW).mkdir()
    assert not list(tmp_path.iterdir())
