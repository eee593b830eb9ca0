"""Text that is held out is judged as transformers would judge it, and every time the same."""

import json
import math

import numpy as np
import pytest
import torch
import transformers

from families import tiny_config
from made_language import objective_of, questions_in, questions_of
from textune.encoder import masked_lm
from textune.evaluation import language
from textune.evaluation.language import Tally
from textune.text import masking, tokenizers
from thinning import crossed

SIZES = [[9, 4, 13, 7, 20, 3] * 3] * 7 + [[30, 150], [2], [1], [61, 1], [400]]


@pytest.fixture(scope="module")
def tiny(tiny_base):
    return tokenizers.load(str(tiny_base))


@pytest.fixture(scope="module", params=[False, True], ids=["masked", "pretraining"])
def nsp(request):
    return request.param


@pytest.fixture(scope="module")
def encoder(nsp):
    """Return an encoder whose answers depend on dropout while it learns."""
    config = tiny_config("bert", dropout=0.2, initializer_range=0.3, vocab_size=25)
    return masked_lm.make(config, nsp=nsp, seed=1).encoder.train()


@pytest.fixture(scope="module")
def objective(tiny, nsp):
    return objective_of(tiny, SIZES, nsp=nsp)


def stock(encoder, objective):
    """Let transformers answer, padded: loss and hits of each masked token and of each pair."""
    config = encoder.config
    model = getattr(transformers, type(encoder.model).__name__)(
        tiny_config("bert", initializer_range=0.3, vocab_size=25, attn_implementation="eager")
    ).eval()
    model.load_state_dict(encoder.model.state_dict())
    library = objective.library
    rows = np.arange(len(library.valid))
    questions = questions_in([library.masked_batch(library.valid, rows, epoch=masking.HELD_OUT)])
    inputs = questions.padded(config)
    labels, next_labels = inputs.pop("labels"), torch.tensor(questions.nsp_labels)
    with torch.no_grad():
        found = model.double()(**inputs)
    logits = found.get("prediction_logits")
    pairs = [_judged(found.seq_relationship_logits, next_labels)] if logits is not None else []
    return [_judged(found.logits if logits is None else logits, labels), *pairs]


def _judged(logits, labels):
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), reduction="none"
    )
    asked = labels != -100
    return losses.view(labels.shape), (logits.argmax(-1) == labels) & asked, asked


def test_loss_and_accuracy_are_those_of_transformers(encoder, objective, nsp):
    found = objective.judge(encoder, micro_tokens=512)
    (losses, hits, asked), *pairs = stock(encoder, objective)
    assert asked.sum() > 200
    assert 0 < hits.sum() < asked.sum()
    assert found["masked"] == asked.sum()
    assert found["loss"] == pytest.approx(losses[asked].mean().item(), abs=1e-6)
    assert found["perplexity"] == pytest.approx(losses[asked].mean().exp().item(), rel=1e-6)
    assert found["masked_accuracy"] == pytest.approx((hits.sum() / asked.sum()).item(), abs=1e-6)
    assert ("nsp_loss" in found) == ("nsp_accuracy" in found) == nsp
    for losses, hits, asked in pairs:
        assert asked.sum() > 10
        assert found["nsp_loss"] == pytest.approx(losses[asked].mean().item(), abs=1e-6)
        assert found["nsp_accuracy"] == pytest.approx((hits.sum() / asked.sum()).item(), abs=1e-6)


def test_each_passage_has_its_own_row(encoder, objective, nsp):
    library = objective.library
    found = language.tally(
        encoder,
        library.valid.lengths(library.specials),
        lambda rows: library.masked_batch(library.valid, rows, epoch=masking.HELD_OUT),
    )
    assert library.valid.lengths(library.specials).sum() > 1024  # more than one batch on a CPU
    (losses, hits, asked), *pairs = stock(encoder, objective)
    assert found.masked.tolist() == asked.sum(1).tolist()
    assert found.hits.tolist() == hits.sum(1).tolist()
    assert found.loss == pytest.approx((losses * asked).sum(1).numpy(), abs=1e-4)
    if not nsp:
        assert not found.pairs.any()
    for losses, hits, asked in pairs:
        assert found.pairs.tolist() == asked.tolist()
        assert found.next_hits.tolist() == hits.tolist()
        assert found.next_loss == pytest.approx((losses * asked).numpy(), abs=1e-5)


def test_the_first_token_of_a_passage_counts_for_it(encoder):
    questions = questions_of([9, 4, 17, 2, 30], share=0.6, vocabulary=25)
    found = language.tally(encoder, np.asarray([9, 4, 17, 2, 30]), questions.batch)
    assert any(0 in places for places in questions.places[1:])
    assert found.masked.tolist() == [len(places) for places in questions.places]


@pytest.mark.parametrize(("micro_tokens", "batch_size"), crossed([16, 512, 100_000], [1, 8, 64]))
def test_two_judgements_are_the_same_to_the_last_bit(
    encoder, objective, tiny, nsp, micro_tokens, batch_size
):
    once = json.dumps(objective.judge(encoder, micro_tokens=512))
    other = objective_of(tiny, SIZES, nsp=nsp, batch_size=batch_size)
    assert json.dumps(other.judge(encoder, micro_tokens=micro_tokens)) == once


@pytest.mark.parametrize("is_training", [True, False])
def test_judging_is_without_dropout_and_leaves_the_encoder_as_it_was(
    encoder, objective, is_training
):
    encoder.train(is_training)
    before = torch.get_rng_state()
    once = objective.judge(encoder, micro_tokens=512)
    assert encoder.training == encoder.model.training == is_training
    assert torch.equal(torch.get_rng_state(), before)
    assert once == objective.judge(encoder.train(), micro_tokens=512)


def test_the_numbers_lie_in_their_intervals(encoder, objective, nsp):
    found = objective.judge(encoder, micro_tokens=512)
    names = ["loss", "perplexity", "masked_accuracy", *["nsp_loss", "nsp_accuracy"][: 2 * nsp]]
    assert list(found["intervals"]) == names
    for name, (low, high) in found["intervals"].items():
        assert low < found[name] < high


def test_of_a_sample_the_first_passages_are_judged(encoder, objective):
    sample = objective.sampled(300)
    count = len(sample.library.valid)
    assert 0 < count < len(objective.library.valid)
    (losses, _, asked), *_ = stock(encoder, objective)
    wanted = losses[:count][asked[:count]].mean().item()
    assert sample.judge(encoder, micro_tokens=512)["loss"] == pytest.approx(wanted, abs=1e-6)


def made(losses, *, masked=10.0, hits=None, pairs=None):
    """Make up the tally of passages with these mean losses of a masked token."""
    losses = np.asarray(losses, dtype=np.float64)
    nothing = np.zeros(len(losses))
    return Tally(
        masked=nothing + masked,
        loss=losses * masked,
        hits=nothing + masked / 2 if hits is None else np.asarray(hits, dtype=np.float64),
        pairs=nothing if pairs is None else np.asarray(pairs, dtype=np.float64),
        next_loss=nothing,
        next_hits=nothing,
    )


def width(found, name="loss"):
    low, high = found["intervals"][name]
    return high - low


@pytest.mark.parametrize("count", [25, 400, 3000])
def test_an_interval_is_as_wide_as_the_spread_of_so_many_documents(count):
    """Of documents alike in size the loss is a plain mean, whose spread is known."""
    losses = np.random.default_rng(count).normal(3, 1, size=count)
    found = language.judge(made(losses), np.arange(count))
    expected = 2 * 1.96 * losses.std() / math.sqrt(count)
    assert found["n"] == count
    assert width(found) == pytest.approx(expected, rel=0.15)
    assert np.mean(found["intervals"]["loss"]) == pytest.approx(losses.mean(), abs=expected / 10)


def test_passages_of_a_document_are_not_independent():
    losses = np.random.default_rng(0).normal(3, 1, size=100)
    alone = language.judge(made(losses), np.arange(100))
    tenfold = language.judge(made(np.repeat(losses, 10)), np.repeat(np.arange(100), 10) + 7)
    apart = language.judge(made(np.repeat(losses, 10)), np.arange(1000))
    assert tenfold["n"] == 100
    assert tenfold["loss"] == pytest.approx(alone["loss"])
    assert width(tenfold) == pytest.approx(width(alone), rel=0.01)
    assert width(apart) < 0.5 * width(alone)


def test_of_one_document_the_passages_are_resampled():
    losses = np.random.default_rng(0).normal(3, 1, size=100)
    found = language.judge(made(losses), np.full(100, 5))
    assert found["n"] == 1
    assert found["intervals"] == language.judge(made(losses), np.arange(100))["intervals"]
    assert width(found) > 0.1


def test_the_same_seed_resamples_the_same():
    tally, owners = made(np.random.default_rng(0).normal(3, 1, size=30)), np.arange(30)
    found = [language.judge(tally, owners, seed=seed)["intervals"] for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_a_token_counts_the_same_wherever_it_stands():
    found = language.judge(made([1.0, 4.0], masked=np.asarray([30.0, 10.0])), np.arange(2))
    assert found["loss"] == pytest.approx((30 * 1 + 10 * 4) / 40)


def test_where_nothing_was_masked_nothing_is_said_of_it():
    found = language.judge(made([0.0] * 3, masked=0.0, pairs=[1, 1, 0]), np.arange(3))
    assert found["masked"] == 0
    assert found["loss"] is found["perplexity"] is found["masked_accuracy"] is None
    assert found["nsp_accuracy"] == 0
    assert found["intervals"].keys() == {"nsp_loss", "nsp_accuracy"}
    assert json.loads(json.dumps(found)) == found


def test_a_loss_beyond_all_numbers_is_still_written():
    found = language.judge(made([5000.0] * 3), np.arange(3))
    assert found["loss"] == 5000.0
    assert math.isfinite(found["perplexity"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
