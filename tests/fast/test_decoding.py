"""What is learned from masked tokens is what transformers' own models learn from them."""

import re

import pytest
import torch
import transformers

from families import tiny_config
from made_language import objective_of, questions_in, questions_of
from textune.encoder import masked_lm
from textune.objectives.masked import Masked
from textune.text import tokenizers
from textune.training import optim

LENGTHS = [2, 3, 7, 16, 33, 40, 9, 25, 4]
PARTS = {"one": [range(9)], "three": [[8, 0, 4], [5, 1], [2, 3, 6, 7]]}
KINDS = [
    "albert",
    "camembert",
    "data2vec-text",
    "deberta-v2",
    "distilbert",
    "electra",
    "ernie",
    "eurobert",
    "modernbert",
    "mpnet",
    "roberta",
    "xlm-roberta",
]
KEY_BIAS = re.compile(r"\b(k|k_lin|key|key_proj)\.bias$")  # it moves no score against another
OBJECTIVE = Masked(None, 8)  # its loss asks for no library


def wide_awake(kind):
    """Return a configuration whose random weights are large enough for all gradients to show."""
    return tiny_config(kind, initializer_range=0.15)


def make(kind="bert", *, nsp=False):
    if kind == "bert":
        return masked_lm.make(wide_awake(kind), nsp=nsp, seed=1).encoder.train()
    torch.manual_seed(1)
    made = getattr(transformers, masked_lm.CLASSES[nsp]).from_config(wide_awake(kind))
    return masked_lm.open_head(made, kind).train()


def gradients_of(encoder):
    halves = encoder.halves()
    found = {}
    for name, parameter in encoder.model.named_parameters():
        short = halves[parameter].gradient if parameter in halves else None
        gradient = parameter.grad if short is None else short
        if gradient is not None:
            found[name] = gradient.detach().double()
    return found


def learn(encoder, questions, parts):
    """Let an encoder learn as the loop does; return the loss over all, and all gradients."""
    total = 0.0
    for rows in parts:
        batch = questions.batch(rows)
        part = OBJECTIVE.loss(encoder(batch), batch) / max(questions.asked, 1)
        part.backward()
        total += part.item()
    return total, gradients_of(encoder)


def stock_learn(encoder, questions, *, nsp=False):
    """Let transformers' model of the same weights learn the same, padded, with its own loss."""
    config = wide_awake(encoder.config.model_type)
    config._attn_implementation = "sdpa" if config.model_type == "modernbert" else "eager"
    model = getattr(transformers, type(encoder.model).__name__)(config).train()
    model.load_state_dict(encoder.model.state_dict())
    inputs = questions.padded(config)
    if nsp:
        inputs["next_sentence_label"] = torch.tensor(questions.nsp_labels)
    loss = model.double()(**inputs).loss
    loss.backward()
    return loss.item(), {
        name: value.grad for name, value in model.named_parameters() if value.grad is not None
    }


def assert_same(found, wanted, within):
    assert found[0] == pytest.approx(wanted[0], abs=within)
    for name, gradient in wanted[1].items():  # each is large enough to be compared
        assert KEY_BIAS.search(name) or gradient.abs().max() > 1e-4, name
    assert found[1].keys() >= wanted[1].keys()
    for name, gradient in found[1].items():
        expected = wanted[1].get(name, torch.zeros_like(gradient))
        scale = max(1.0, expected.abs().max().item())
        assert (gradient - expected).abs().max().item() < within * scale, name


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS.keys())
@pytest.mark.parametrize("nsp", [False, True], ids=["masked", "pretraining"])
def test_loss_and_every_gradient_equal_those_of_transformers(nsp, parts, products):
    encoder, questions = make(nsp=nsp), questions_of(LENGTHS)
    assert encoder.has_kernels == (products == "kernels")
    found = learn(encoder, questions, parts)
    assert_same(found, stock_learn(encoder, questions, nsp=nsp), 1e-6)
    assert any("word_embeddings" in name for name in found[1])
    assert any("pooler" in name for name in found[1]) == nsp


@pytest.mark.parametrize("micro_tokens", [100, 4096])
@pytest.mark.parametrize("nsp", [False, True], ids=["masked", "pretraining"])
@pytest.mark.covering(2)
def test_an_update_of_an_objective_is_that_of_transformers_on_the_whole_batch(
    nsp, micro_tokens, tiny_base, products
):
    """Both means are over the whole update, however it is parted."""
    objective = objective_of(
        tokenizers.load(str(tiny_base)), [[9, 4, 13, 7] * 4] * 5, nsp=nsp, batch_size=6
    )
    encoder = make(nsp=nsp)
    work = next(objective.work(encoder, 1, after=0, micro_tokens=micro_tokens))
    parts = list(work.parts)
    assert (len(parts) > 1) == (micro_tokens == 100)
    total = 0.0
    for batch in parts:
        part = objective.loss(encoder(batch), batch) / work.count
        part.backward()
        total += part.item()
    questions = questions_in(parts)
    assert len(questions.texts) == work.texts == 6
    assert (questions.pairs > 0) == nsp
    wanted = stock_learn(encoder, questions, nsp=nsp)
    assert_same((total, gradients_of(encoder)), wanted, 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_other_families_learn_the_same_too(kind):
    encoder, questions = make(kind), questions_of(LENGTHS)
    found = learn(encoder, questions, PARTS["three"])
    assert_same(found, stock_learn(encoder, questions), 1e-5)


def silent_beside_others():
    """Return questions of which the first three texts ask for nothing."""
    found = questions_of(LENGTHS, seed=4)
    for row in range(3):
        found.places[row] = found.places[row][:0]
        found.pieces[row] = found.pieces[row][:0]
    return found


SILENT = {
    "first": [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
    "between": [[3, 4, 5], [2, 0, 1], [6, 7, 8]],
    "last": [[3, 4, 5, 6], [7, 8], [0, 2, 1]],
}


@pytest.mark.parametrize("parts", SILENT.values(), ids=SILENT.keys())
@pytest.mark.parametrize("nsp", [False, True], ids=["masked", "pretraining"])
@pytest.mark.covering(2)
def test_a_micro_batch_may_ask_for_nothing(nsp, parts, products):
    encoder, questions = make(nsp=nsp), silent_beside_others()
    found = learn(encoder, questions, parts)
    assert_same(found, stock_learn(encoder, questions, nsp=nsp), 1e-6)


@pytest.mark.parametrize("kind", ["eurobert", "deberta-v2"])
def test_a_micro_batch_may_ask_other_families_for_nothing(kind):
    """A decoder without a bias, and an encoder whose batches are padded."""
    encoder, questions = make(kind), silent_beside_others()
    found = learn(encoder, questions, SILENT["first"])
    assert_same(found, stock_learn(encoder, questions), 1e-5)


@pytest.mark.parametrize("parts", SILENT.values(), ids=SILENT.keys())
def test_of_one_update_nothing_is_left_in_the_next(parts, products):
    encoder, questions = make(), silent_beside_others()
    optimizer = optim.adamw(encoder.model, lr=0.0, weight_decay=0.0, betas=(0.9, 0.99), eps=1e-8)
    once = learn(encoder, questions, parts)
    once = once[0], {name: value.clone() for name, value in once[1].items()}
    optimizer.step()
    optimizer.zero_grad()
    assert gradients_of(encoder) == {}
    assert_same(learn(encoder, questions, parts), once, 1e-6)


def test_where_nothing_at_all_is_masked_next_sentences_are_learned_alone(products):
    encoder, questions = make(nsp=True), questions_of(LENGTHS, share=0.0)
    assert questions.asked == 0
    loss, found = learn(encoder, questions, PARTS["three"])
    batch = questions.batch(range(9))
    with torch.no_grad():
        logits = encoder(batch).nsp_logits
    wanted = torch.nn.functional.cross_entropy(logits, batch.nsp_labels, ignore_index=-100)
    assert loss == pytest.approx(wanted.item(), abs=1e-6)
    assert found["cls.seq_relationship.weight"].abs().max() > 1e-3
    assert found["bert.embeddings.word_embeddings.weight"].abs().max() > 1e-5
    assert not found["cls.predictions.bias"].any()


def test_the_vocabulary_meets_the_asked_tokens_alone():
    encoder, questions = make(), questions_of(LENGTHS)
    answers = encoder(questions.batch(range(9)))
    assert answers.states.shape == (questions.asked, 32)
    assert answers.logits().shape == (questions.asked, 120)
    assert answers.nsp_logits is None


def test_losses_are_those_of_the_logits(products):
    encoder, questions = make(), questions_of(LENGTHS)
    batch = questions.batch(range(9))
    answers = encoder(batch)
    chances = answers.logits().double().log_softmax(1)
    wanted = -chances[torch.arange(len(batch.mlm_targets)), batch.mlm_targets]
    assert torch.allclose(answers.losses(batch.mlm_targets).double(), wanted, atol=1e-5)
    with torch.no_grad():
        assert torch.allclose(encoder(batch).losses(batch.mlm_targets).double(), wanted, atol=1e-5)


def test_a_frozen_table_gets_no_gradient_and_passes_that_of_the_states(products):
    questions, whole = questions_of(LENGTHS), make()
    wanted = learn(whole, questions, PARTS["three"])[1]
    encoder = make()
    table = encoder.model.get_input_embeddings().weight
    table.requires_grad = False
    found = learn(encoder, questions, PARTS["three"])[1]
    assert table.grad is None
    assert wanted.keys() - found.keys() == {"bert.embeddings.word_embeddings.weight"}
    for name, gradient in found.items():
        assert torch.allclose(gradient, wanted[name], atol=1e-6), name


@pytest.fixture
def in_bf16(kernels):
    encoder = make()
    assert encoder.compute_in(torch.bfloat16)
    return encoder


def distance(found, wanted):
    """How far apart two gradients are, relative to the norm of the second."""
    return ((found - wanted).norm() / wanted.norm()).item()


TABLE = "bert.embeddings.word_embeddings.weight"


def table_parts(encoder, questions):
    """Return the gradients of the table as embedding and as decoder, by transformers."""
    config = wide_awake("bert")
    config.tie_word_embeddings = False
    model = transformers.BertForMaskedLM(config).train()
    state = encoder.model.state_dict()
    model.load_state_dict(state | {"cls.predictions.decoder.weight": state[TABLE]})
    model(**questions.padded(config)).loss.backward()
    return (
        model.bert.embeddings.word_embeddings.weight.grad.double(),
        model.cls.predictions.decoder.weight.grad.double(),
    )


@pytest.mark.parametrize("parts", [*PARTS.values(), SILENT["first"]], ids=[*PARTS, "silent"])
def test_in_bf16_the_tied_table_learns_as_embedding_and_as_decoder(parts, in_bf16):
    questions = silent_beside_others()
    given, told = table_parts(in_bf16, questions)
    found = learn(in_bf16, questions, parts)[1][TABLE]
    assert distance(found, given + told) < 0.03
    assert distance(given, given + told) > 0.3
    assert distance(told, given + told) > 0.3


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS.keys())
def test_in_bf16_all_gradients_are_near_those_in_fp32(parts, in_bf16):
    questions = questions_of(LENGTHS)
    wanted = learn(make(), questions, parts)[1]
    found = learn(in_bf16, questions, parts)[1]
    assert found.keys() == wanted.keys()
    flat = [torch.cat([values[name].flatten() for name in wanted]) for values in (found, wanted)]
    assert 0 < distance(*flat) < 0.03
    assert all(value.dtype == torch.float32 for value in in_bf16.parameters())


def test_an_update_reaches_the_bf16_copy_of_the_table(in_bf16):
    questions = questions_of(LENGTHS)
    batch = questions.batch(range(9))
    halves = in_bf16.halves()
    weight = in_bf16.model.get_input_embeddings().weight
    before = halves[weight].copy.clone()
    optimizer = optim.adamw(
        in_bf16.model, lr=0.05, weight_decay=0.1, betas=(0.9, 0.99), eps=1e-8, halves=halves
    )
    for _ in range(2):
        learn(in_bf16, questions, PARTS["three"])
        optimizer.clip(1.0)
        optimizer.step()
        optimizer.zero_grad()
    assert (halves[weight].copy - before).abs().max() > 0.05
    for parameter, half in halves.items():
        assert torch.equal(half.copy, parameter.detach().to(torch.bfloat16))
    fresh = make()
    fresh.model.load_state_dict(in_bf16.model.state_dict())
    assert fresh.compute_in(torch.bfloat16)
    with torch.no_grad():
        assert torch.equal(in_bf16(batch).logits(), fresh(batch).logits())


def test_weights_that_were_changed_elsewhere_reach_the_bf16_copy_by_a_refresh(in_bf16):
    batch = questions_of(LENGTHS).batch(range(9))
    with torch.no_grad():
        before = in_bf16(batch).logits()
        in_bf16.model.get_input_embeddings().weight.mul_(2.0)
        in_bf16.refresh()
        assert (in_bf16(batch).logits() - before).abs().max() > 0.1
    for parameter, half in in_bf16.halves().items():
        assert torch.equal(half.copy, parameter.detach().to(torch.bfloat16))


def test_memory_of_gradients_is_given_back(in_bf16):
    learn(in_bf16, questions_of(LENGTHS), PARTS["three"])
    in_bf16.release()
    assert gradients_of(in_bf16) == {}
