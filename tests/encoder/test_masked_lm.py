"""A base gets its masked-LM head, keeps the rest, and stays a directory of plain transformers."""

import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification

from families import tiny_config
from made_language import questions_of
from textune.encoder import bases, masked_lm
from textune.errors import ModelError
from textune.text import saving, tokenizers

TEXTS = ["the good film", "a very bad meal was cold", "song"]


@pytest.fixture(scope="module")
def bundled():
    return bases.find("all-MiniLM-L6-v2")


@pytest.fixture(scope="module")
def adapted(bundled, tmp_path_factory):
    """Return what the bundled encoder became, and the folder it was saved in."""
    found = masked_lm.read(bundled, seed=3)
    with torch.no_grad():  # as if it had learned something
        for value in found.encoder.model.parameters():
            value += 0.01 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    folder = tmp_path_factory.mktemp("adapted")
    masked_lm.save(found, folder)
    saving.write(tokenizers.load(bundled), folder, [])
    return found, folder


def logits(found, questions):
    with torch.no_grad():
        return found.encoder.eval()(questions.batch(range(len(questions.texts)))).logits()


def plain_logits(model, questions):
    """Return what transformers' model says of the asked tokens, padded."""
    inputs = questions.padded(model.config)
    labels = inputs.pop("labels")
    with torch.no_grad():
        found = model.eval()(**inputs)
    everything = found.get("prediction_logits")
    return (found.logits if everything is None else everything)[labels != -100]


def test_a_base_without_a_head_gets_one_on_its_own_table(bundled):
    found = masked_lm.read(bundled, seed=3)
    assert found.has_new_head
    assert not found.has_new_nsp
    model = found.encoder.model
    assert found.encoder.decoder.map.weight is model.get_input_embeddings().weight
    stock = load_file(f"{bundled}/model.safetensors")
    assert torch.equal(
        model.bert.embeddings.word_embeddings.weight, stock["embeddings.word_embeddings.weight"]
    )


def test_a_new_head_is_drawn_from_the_seed(tiny_base):
    heads = [
        masked_lm.read(
            str(tiny_base), seed=seed
        ).encoder.model.cls.predictions.transform.dense.weight
        for seed in (3, 3, 4)
    ]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_the_pooler_that_other_heads_read_stays_in_the_folder(bundled, adapted):
    _, folder = adapted
    model, info = AutoModelForSequenceClassification.from_pretrained(
        folder, output_loading_info=True
    )
    assert set(info["missing_keys"]) == {"classifier.weight", "classifier.bias"}
    stock = load_file(f"{bundled}/model.safetensors")
    for part in ("weight", "bias"):
        own = getattr(model.bert.pooler.dense, part)
        assert torch.equal(own, stock[f"pooler.dense.{part}"])


def test_a_saved_run_has_its_head_and_says_the_same(adapted):
    before, folder = adapted
    after = masked_lm.read(bases.find(folder), seed=99)
    assert not after.has_new_head
    questions = questions_of([9, 4, 17, 2])
    assert torch.equal(logits(after, questions), logits(before, questions))
    assert (
        after.spare.keys()
        == before.spare.keys()
        == {
            "bert.pooler.dense.weight",
            "bert.pooler.dense.bias",
        }
    )


def test_a_saved_run_is_read_by_plain_transformers_and_says_the_same(adapted):
    found, folder = adapted
    model = AutoModelForMaskedLM.from_pretrained(folder)
    questions = questions_of([9, 4, 17, 2])
    gap = (logits(found, questions) - plain_logits(model, questions)).abs().max()
    assert gap < 1e-5
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer("good [MASK]")["input_ids"] == [101, 2204, 103, 102]


def test_a_saved_run_can_be_saved_again_and_loses_nothing(bundled, adapted, tmp_path):
    _, folder = adapted
    masked_lm.save(masked_lm.read(str(folder)), tmp_path)
    once, twice = (load_file(place / "model.safetensors") for place in (folder, tmp_path))
    assert once.keys() == twice.keys()
    assert all(torch.equal(once[name], twice[name]) for name in once)


@pytest.mark.parametrize("cast", [None, torch.bfloat16], ids=["fp32", "bf16"])
def test_the_format_of_products_is_not_that_of_the_file(cast, tmp_path, tiny_base, kernels):
    found = masked_lm.read(str(tiny_base))
    if cast is not None:
        assert found.encoder.compute_in(cast)
        found.encoder.halves()
    masked_lm.save(found, tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    assert {value.dtype for value in saved.values()} == {torch.float32}
    assert not masked_lm.read(str(tmp_path)).has_new_head


FAMILIES = {
    "AlbertForMaskedLM": "albert",
    "BertForMaskedLM": "bert",
    "BertForPreTraining": "bert",
    "DebertaV2ForMaskedLM": "deberta-v2",
    "DistilBertForMaskedLM": "distilbert",
    "ElectraForMaskedLM": "electra",
    "EuroBertForMaskedLM": "eurobert",
    "ModernBertForMaskedLM": "modernbert",
    "RobertaForMaskedLM": "roberta",
    "XLMRobertaForMaskedLM": "xlm-roberta",
}


def stored(name, folder):
    torch.manual_seed(5)
    model = getattr(transformers, name)(tiny_config(FAMILIES[name], initializer_range=0.1))
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("name", FAMILIES)
def test_a_base_with_a_head_keeps_it(name, tmp_path):
    model = stored(name, tmp_path)
    found = masked_lm.read(str(tmp_path), seed=8)
    assert not found.has_new_head
    questions = questions_of([9, 4, 17, 2])
    gap = (logits(found, questions) - plain_logits(model, questions)).abs().max()
    assert gap < 1e-5


def test_heads_of_pretraining_are_both_kept(tmp_path):
    stored("BertForPreTraining", tmp_path)
    found = masked_lm.read(str(tmp_path), nsp=True)
    assert not found.has_new_head
    assert not found.has_new_nsp
    batch = questions_of([9, 4]).batch(range(2))
    assert found.encoder(batch).nsp_logits.shape == (2, 2)


def test_a_base_that_never_judged_next_sentences_gets_a_head_for_them(tmp_path):
    stored("BertForMaskedLM", tmp_path)
    found = masked_lm.read(str(tmp_path), nsp=True)
    assert not found.has_new_head
    assert found.has_new_nsp


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("RobertaForMaskedLM", "roberta encoders have no head for next sentences .* or choose a"),
        ("ElectraForMaskedLM", "electra encoders have no head for next sentences .* or choose a"),
        ("ModernBertForMaskedLM", "cannot be loaded as an encoder: Unrecognized configuration"),
    ],
)
def test_next_sentences_need_a_head_that_transformers_has(name, message, tmp_path):
    stored(name, tmp_path)
    with pytest.raises(ModelError, match=message):
        masked_lm.read(str(tmp_path), nsp=True)


def test_a_head_of_another_build_is_refused(tmp_path):
    torch.manual_seed(5)
    transformers.MobileBertForMaskedLM(
        tiny_config("mobilebert", embedding_size=16)
    ).save_pretrained(tmp_path)
    message = "its masked-LM head does not end in a product with the vocabulary"
    with pytest.raises(ModelError, match=message):
        masked_lm.read(str(tmp_path))


def test_a_head_without_a_table_is_refused():
    message = "its masked-LM head is not understood: a NoneType is no linear map"
    with pytest.raises(ModelError, match=message):
        masked_lm.make(tiny_config("electra"), nsp=True, seed=1)


def test_a_head_that_changes_what_the_decoder_says_is_refused(monkeypatch):
    model = transformers.BertForMaskedLM(tiny_config("bert"))
    head = model.cls.forward
    monkeypatch.setattr(model.cls, "forward", lambda states: head(states).tanh())
    with pytest.raises(ModelError, match=r"some/base: .* \(answers differ by \d"):
        masked_lm.open_head(model, "some/base")


def test_a_directory_without_weights_is_named(tiny_base, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_base, broken)
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="broken: cannot be loaded as an encoder"):
        masked_lm.read(str(broken))


def test_words_that_are_added_get_rows_before_the_head_is_opened(tmp_path):
    stored("BertForMaskedLM", tmp_path)
    found = masked_lm.read(str(tmp_path), added={120: (7, 8), 121: (9,)})
    table = found.encoder.model.get_input_embeddings().weight
    assert table.shape == (122, 32)
    assert torch.allclose(table[120], table[[7, 8]].mean(0))
    assert logits(found, questions_of([9, 4])).shape[1] == 122


def test_a_made_encoder_has_new_heads_and_the_same_weights_by_its_seed():
    made = [masked_lm.make(tiny_config("bert"), nsp=True, seed=seed) for seed in (1, 1, 2)]
    assert all(found.has_new_head and found.has_new_nsp for found in made)
    weights = [torch.cat([v.flatten() for v in found.encoder.parameters()]) for found in made]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
