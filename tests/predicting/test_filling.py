"""Masks in a text become what the encoder would put there, as plain transformers has it."""

import json

import pytest
import torch
import transformers
from test_cli import one_object, textune

from conftest import WORDS
from families import tiny_config
from made_texts import SPECIALS, give_head, make_base, write_tokenizer
from textune.errors import DataError, ModelError
from textune.predicting.filling import Filler

__all__ = ["textune"]  # the fixture

TEXTS = [
    "the [MASK] was very good",
    "[MASK]",
    "[MASK] film [MASK] very [MASK]",
    "the day is warm and [MASK] [MASK]",
]
KINDS = ["albert", "bert", "distilbert", "modernbert", "roberta", "deberta-v2"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory, tiny_base):
    return give_head(tiny_base, tmp_path_factory.mktemp("spoken"))


@pytest.fixture(scope="module")
def filler(spoken):
    return Filler.load(spoken, device="cpu")


def answers_of(base, text):
    """Return what plain transformers has for each mask of a text; (M, V) probabilities."""
    model = transformers.AutoModelForMaskedLM.from_pretrained(base).eval()
    names = transformers.AutoTokenizer.from_pretrained(base)
    ids = names(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        logits = model(ids).logits[0]
    return logits[ids[0] == names.mask_token_id].double().softmax(1), names


@pytest.mark.parametrize("text", TEXTS)
def test_it_says_what_plain_transformers_says(filler, spoken, text):
    wanted, names = answers_of(spoken, text)
    found = filler.fill(text, top=25)
    assert len(found) == len(wanted) == text.count("[MASK]")
    for candidates, chances in zip(found, wanted, strict=True):
        assert len(candidates) == 25
        for item in candidates:
            piece = names.convert_tokens_to_ids(item.piece)
            assert item.probability == pytest.approx(chances[piece].item(), abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_says_what_plain_transformers_says(tmp_path, kind):
    base = make_base(tmp_path / kind, WORDS, kind=kind)
    text = "the [MASK] was very [MASK] , a good day"
    wanted, names = answers_of(base, text)
    for candidates, chances in zip(Filler.load(base).fill(text, top=30), wanted, strict=True):
        values = [chances[names.convert_tokens_to_ids(item.piece)].item() for item in candidates]
        assert [item.probability for item in candidates] == pytest.approx(values, abs=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_the_likeliest_comes_first_and_all_together_are_no_more_than_certain(filler, text):
    for candidates in filler.fill(text, top=10**6):
        chances = [item.probability for item in candidates]
        assert chances == sorted(chances, reverse=True)
        assert all(0 <= chance <= 1 for chance in chances)
        assert sum(chances) <= 1


@pytest.mark.parametrize("top", [1, 3])
def test_it_names_as_many_as_were_asked_for(filler, top):
    found = filler.fill(TEXTS[0], top=top)
    assert [len(candidates) for candidates in found] == [top]
    whole = filler.fill(TEXTS[0], top=25)
    assert found[0] == whole[0][:top]


def test_each_candidate_comes_with_the_whole_text(filler):
    found = filler.fill("the [MASK] was [MASK] good", top=2)
    for item in found[0]:
        assert item.text == f"the {item.piece} was [MASK] good"
    for item in found[1]:
        assert item.text == f"the [MASK] was {item.piece} good"


def test_a_piece_that_goes_on_with_a_word_is_joined_to_it(tmp_path):
    from textune.text import wordpiece

    folder = tmp_path / "base"
    wordpiece.train(["stoic stoicism stoical good better"] * 9, folder, size=60, lowercase=True)
    size = len(transformers.AutoTokenizer.from_pretrained(folder))
    config = tiny_config("bert", vocab_size=size, pad_token_id=0, max_position_embeddings=64)
    torch.manual_seed(0)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    found = Filler.load(folder).fill("a good [MASK] day", top=size)[0]
    glued = [item for item in found if item.text.startswith(f"a good{item.piece} day")]
    apart = [item for item in found if item.text == f"a good {item.piece} day"]
    assert glued
    assert apart
    assert len(glued) + len(apart) == len(found)
    assert not any("##" in item.text for item in found)


@pytest.mark.parametrize("mask", ["<mask>", "[mask]"])
def test_a_mask_may_be_written_as_people_write_it(tmp_path, mask):
    base = make_base(tmp_path / "base", WORDS, mask=mask)
    filler = Filler.load(base)
    own = filler.fill(f"the {mask} was good")
    assert filler.fill("the [MASK] was good") == own
    assert own[0][0].text == f"the {own[0][0].piece} was good"


def test_a_text_without_a_mask_is_refused(filler):
    with pytest.raises(DataError, match=r"'the film was good': has no \[MASK\] to be filled"):
        filler.fill("the film was good")


def test_a_text_longer_than_the_encoder_reads_is_refused(filler):
    filler.fill(f"[MASK]{' very' * 61}")
    with pytest.raises(DataError, match="63 tokens: this encoder reads 62 at once; shorten it"):
        filler.fill(f"[MASK]{' very' * 62}")


def test_a_base_without_a_head_is_refused(tiny_base):
    with pytest.raises(ModelError, match=r"no masked-LM head.*textune adapt TEXT --base"):
        Filler.load(tiny_base)


def test_a_tokenizer_without_a_mask_is_refused(tmp_path):
    base = make_base(tmp_path / "base", WORDS, mask=None)
    with pytest.raises(ModelError, match="has no mask token, so nothing can be filled"):
        Filler.load(base)


def test_a_tokenizer_of_another_base_is_refused(tmp_path):
    base = make_base(tmp_path / "base", WORDS, vocab_size=25)
    write_tokenizer(base, [*WORDS, *(f"w{number}" for number in range(40))])
    with pytest.raises(ModelError, match="has 65 pieces and its model rows for 25 only; take"):
        Filler.load(base)


def test_the_command_for_programs_prints_an_object_a_text(textune, spoken):
    code, out, err = textune("fill", spoken, *TEXTS[:2], "--top", "3", "--json", "--device", "cpu")
    assert (code, err) == (0, "")
    found = [json.loads(line) for line in out.splitlines()]
    assert [item["text"] for item in found] == TEXTS[:2]
    for item in found:
        assert [mask["mask"] for mask in item["masks"]] == [1]
        assert len(item["masks"][0]["candidates"]) == 3
        assert set(item["masks"][0]["candidates"][0]) == {"piece", "probability", "text"}


def test_the_command_numbers_the_masks_of_a_text(textune, spoken):
    code, out, _ = textune("fill", spoken, TEXTS[2], "--json")
    assert [mask["mask"] for mask in one_object(out)["masks"]] == [1, 2, 3]
    assert code == 0


def test_the_command_for_people_prints_a_line_a_candidate(textune, spoken):
    code, out, err = textune("fill", spoken, TEXTS[0], TEXTS[2], "--top", "2")
    assert (code, err) == (0, "")
    rows = out.splitlines()
    assert rows[0] == TEXTS[0]
    assert len(rows) == 1 + 2 + 1 + 3 * (1 + 2)
    assert all("%" in row for row in rows[1:3])
    assert rows[4].split() == ["mask", "1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["SPOKEN", "the film was good"], "'the film was good': has no [MASK] to be filled"),
        (["SPOKEN", ""], "has no [MASK] to be filled"),
        (["SPOKEN", "[MASK]" + " very" * 70], "a text of 71 tokens: this encoder reads 62"),
        (["SPOKEN", "[MASK]", "--top", "0"], "'--top'"),
        (["SPOKEN", "[MASK]", "--device", "gpu"], "device 'gpu'"),
        (["SPOKEN"], "Missing argument"),
        (["TINY", "[MASK]"], "has no masked-LM head, so it cannot fill in masks; give it one with"),
        (["./nowhere", "[MASK]"], "./nowhere: no such directory"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_mistake_is_a_message_and_exit_code_2(
    textune, spoken, tiny_base, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    known = {"SPOKEN": str(spoken), "TINY": str(tiny_base)}
    code, out, err = textune("fill", *(known.get(word, word) for word in words))
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_only_pieces_of_the_tokenizer_are_named(filler):
    assert filler.encoder.config.vocab_size > len(SPECIALS) + len(WORDS)
    pieces = [item.piece for item in filler.fill("[MASK]", top=200)[0]]
    assert sorted(pieces) == sorted([*SPECIALS, *WORDS])
