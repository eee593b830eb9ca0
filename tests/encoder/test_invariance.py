"""A text is answered alike alone and in company, by every family and with a renumbered table."""

import shutil

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM, XLNetModel

import textune
from families import PADDED, random_texts, tiny_config
from textune.encoder import invariance, load, masked_lm, vocabulary
from textune.encoder.model import Encoder
from textune.errors import ModelError
from textune.text import batches

OWN = {
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48, "pad_token_id": 5},
    "fnet": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "pad_token_id": 3,
    },
}
HEADS = {
    "text": ("AutoModelForSequenceClassification", False),
    "token": ("AutoModelForTokenClassification", True),
}
LENGTHS = [3, 9, 3, 14, 1, 9]


def made(kind, head):
    model_class, per_token = HEADS[head]
    if kind in OWN:
        config = AutoConfig.for_model(kind, vocab_size=120, num_labels=3, **OWN[kind])
    else:
        config = tiny_config(kind)
    return load.build(config, model_class=model_class, per_token=per_token, seed=1).eval()


def answers(encoder, texts):
    with torch.no_grad():
        return encoder(batches.pack_ids(texts, [len(text) for text in texts]))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", [*OWN, *PADDED])
def test_company_changes_no_answer(kind, head):
    encoder = made(kind, head)
    assert not encoder.packed
    texts = random_texts(LENGTHS)
    together = answers(encoder, texts)
    by_themselves = torch.cat([answers(encoder, [text]) for text in texts])
    torch.testing.assert_close(together, by_themselves, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", OWN)
def test_where_padding_changes_answers_texts_of_one_length_are_computed_together(kind):
    assert made(kind, "text").apart
    assert not made("mpnet", "text").apart


def test_gradients_pass_through_texts_of_one_length_at_a_time():
    encoder = made("fnet", "text").train()
    encoder(batches.pack_ids(random_texts(LENGTHS), LENGTHS)).sum().backward()
    assert encoder.model.get_input_embeddings().weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", [*OWN, *PADDED])
def test_a_renumbered_table_changes_no_answer(kind):
    encoder = made(kind, "text")
    texts = [text % 30 + 60 for text in random_texts(LENGTHS)]
    before = answers(encoder, texts)
    used = np.zeros(120, dtype=bool)
    used[60:90] = True
    assert vocabulary.shrink(encoder, used) is not None
    torch.testing.assert_close(answers(encoder, texts), before, atol=2e-6, rtol=1e-5)


def test_a_head_that_looks_for_a_number_gets_the_whole_table(monkeypatch):
    encoder = made("mpnet", "text")
    plain = encoder.model.forward

    def looking(input_ids=None, **inputs):
        found = plain(input_ids=input_ids, **inputs)
        found.logits = found.logits + (input_ids == 60).sum(1, keepdim=True)
        return found

    monkeypatch.setattr(encoder.model, "forward", looking)
    used = np.zeros(120, dtype=bool)
    used[60:90] = True
    table = encoder.model.get_input_embeddings()
    assert vocabulary.shrink(encoder, used) is None
    assert encoder.table is None
    assert encoder.model.get_input_embeddings() is table
    assert "the whole vocabulary is trained" in encoder.remarks[0]


def test_a_model_that_mixes_texts_is_refused(monkeypatch):
    encoder = made("mpnet", "text")
    plain = encoder.model.forward

    def mixing(input_ids=None, **inputs):
        found = plain(input_ids=input_ids, **inputs)
        found.logits = found.logits + found.logits.mean(0, keepdim=True) * len(input_ids)
        return found

    monkeypatch.setattr(encoder.model, "forward", mixing)
    with pytest.raises(ValueError, match="otherwise in company than alone"):
        Encoder(encoder.model)


def test_masks_are_not_filled_in_where_padding_changes_answers():
    config = AutoConfig.for_model("fnet", vocab_size=120, **OWN["fnet"])
    model = AutoModelForMaskedLM.from_config(config)
    with pytest.raises(ModelError, match="padding changes what fnet answers"):
        masked_lm.open_head(model, "here")


@pytest.mark.parametrize("per_token", [False, True])
def test_texts_keep_their_order(per_token):
    batch = batches.pack_ids(random_texts(LENGTHS), LENGTHS)

    def first(part):
        return (part.ids if per_token else part.ids[part.borders[:-1]])[:, None]

    found = invariance.by_length(first, batch, per_token=per_token)
    assert found.tolist() == first(batch).tolist()


def test_a_base_whose_answers_padding_changes_is_trained_and_answers_the_same(
    tiny_base, reviews, tmp_path
):
    base = tmp_path / "base"
    shutil.copytree(tiny_base, base)
    config = AutoConfig.for_model("xlnet", vocab_size=120, **OWN["xlnet"] | {"pad_token_id": 1})
    XLNetModel(config).save_pretrained(base)
    run = textune.train(
        reviews, base=base, out=tmp_path / "run", epochs=1, max_tokens=32, device="cpu"
    )
    predictor = textune.Predictor.load(run.path, device="cpu")
    texts = ["good", "a very bad and dull book", "the film was fine"]
    together = [item.scores for item in predictor(texts)]
    for scores, text in zip(together, texts, strict=True):
        assert predictor([text])[0].scores == pytest.approx(scores, abs=1e-5)
