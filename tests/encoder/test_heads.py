"""What every head learns is what transformers' own heads learn: losses and gradients, packed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from torch.nn import functional

from made_objectives import NO_TARGET, OBJECTIVES, gradients_of, make, of_answers, of_words

FAMILIES = ["albert", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta"]
CLOSE = 1e-5


PARTS = {"one": [range(9)], "three": [[8, 0, 4], [5, 1], [2, 3, 6, 7]]}


@pytest.fixture(params=OBJECTIVES)
def objective(request):
    return OBJECTIVES[request.param]()


def learn(encoder, objective, parts):
    """Let an encoder learn in parts; return the loss, and every gradient."""
    total = 0.0
    for rows in parts:
        batch = objective.batch(rows)
        part = objective.task.loss(encoder(batch), batch) / objective.count
        part.backward()
        total += part.item()
    return total, gradients_of(encoder.model)


def padded(objective, config):
    """Return the texts as transformers' models take them."""
    size = max(map(len, objective.texts))
    shape = (len(objective.texts), size)
    ids = torch.full(shape, config.pad_token_id)
    mask, segments = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    for row, (text, first) in enumerate(zip(objective.texts, objective.firsts, strict=True)):
        ids[row, : len(text)] = torch.from_numpy(text)
        mask[row, : len(text)] = 1
        segments[row, first : len(text)] = 1
    found = {"input_ids": ids, "attention_mask": mask}
    is_known = getattr(config, "type_vocab_size", 0) > 1 and config.model_type != "distilbert"
    return found | ({"token_type_ids": segments} if is_known else {})


def stock_loss(model, objective):
    """Compute transformers' own loss; of answers with padding and question masked."""
    inputs = padded(objective, model.config)
    wanted = torch.from_numpy(objective.wanted)
    if objective.task.asks == "answers":
        found = model(**inputs)
        seen = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
        for row, places in enumerate(objective.asked):
            seen[row, places if objective.task.may_be_none else places[1:]] = True
        ends = (
            functional.cross_entropy(logits.masked_fill(~seen, -torch.inf), wanted[:, number])
            for number, logits in enumerate((found.start_logits, found.end_logits))
        )
        return sum(ends) / 2
    if objective.task.asks == "words":
        labels = torch.full_like(inputs["input_ids"], NO_TARGET)
        labels[inputs["attention_mask"].bool()] = wanted
        return model(**inputs, labels=labels).loss
    if objective.task.name == "aspects":
        logits, cells = model(**inputs).logits, ~wanted.isnan()
        parts = [
            functional.cross_entropy(
                logits[cells[:, at[0]]][:, at], wanted[cells[:, at[0]]][:, at].double(),
                reduction="sum",
            )
            for at in objective.task.places.values()
        ]  # fmt: skip
        return sum(parts) / sum(cells[:, at[0]].sum() for at in objective.task.places.values())
    labels = wanted.double() if wanted.ndim > 1 else wanted
    return model(**inputs, labels=labels).loss


def stock_learn(encoder, objective):
    """Let transformers' model of the same weights learn the same texts, padded."""
    config = type(encoder.config).from_dict(encoder.config.to_dict())
    config._attn_implementation = "sdpa" if config.model_type == "modernbert" else "eager"
    model = getattr(transformers, type(encoder.model).__name__)(config).train()
    model.load_state_dict(encoder.model.state_dict())
    loss = stock_loss(model.double(), objective)
    loss.backward()
    return loss.item(), gradients_of(model)


def assert_same(found, wanted):
    assert found[0] == pytest.approx(wanted[0], abs=CLOSE)
    assert found[1].keys() >= wanted[1].keys()
    for name, gradient in found[1].items():
        expected = wanted[1].get(name, torch.zeros_like(gradient))
        scale = max(1.0, expected.abs().max().item())
        assert (gradient - expected).abs().max().item() < CLOSE * scale, name
    silent = [name for name, value in wanted[1].items() if value.abs().max() < 1e-4]
    assert all(name.endswith(".bias") for name in silent)  # that of keys moves no score, say


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS.keys())
@pytest.mark.covering(2)
def test_loss_and_every_gradient_equal_those_of_transformers(objective, parts, products):
    encoder = make(objective)
    assert encoder.packed, encoder.refusal
    assert encoder.has_kernels == (products == "kernels")
    assert_same(learn(encoder, objective, parts), stock_learn(encoder, objective))


def test_packed_learns_as_padded_does(objective):
    encoder, other = make(objective), make(objective)
    other.model.set_attn_implementation(other._stock)
    other.packed = False
    packed = learn(encoder, objective, PARTS["three"])
    assert_same(packed, learn(other, objective, PARTS["one"]))


@pytest.mark.parametrize("name", ["single", "tags", "answers or none"])
@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.covering(1)
def test_other_families_learn_the_same_too(kind, name):
    objective = OBJECTIVES[name]()
    encoder = make(objective, kind)
    found, wanted = learn(encoder, objective, PARTS["three"]), stock_learn(encoder, objective)
    assert_same(found, wanted)


@pytest.mark.parametrize("may_be_none", [False, True])
def test_an_answer_that_no_window_shows_is_not_learned(may_be_none):
    objective = of_answers(may_be_none)
    encoder = make(objective)
    targets = objective.targets.copy()
    targets[[1, 4]] = -1
    cut = replace(objective, targets=targets)
    whole = learn(encoder, cut, [range(9)])
    encoder.zero_grad()
    rest = [row for row in range(9) if row not in (1, 4)]
    assert cut.count == len(rest)
    found = learn(encoder, cut, [rest])
    assert whole[0] == pytest.approx(found[0], abs=1e-6)
    for name, gradient in found[1].items():
        assert torch.allclose(gradient, whole[1][name], atol=1e-5), name


def test_a_part_in_which_nothing_is_learned_has_no_gradient():
    for objective in (of_answers(may_be_none=True), of_words()):
        targets = np.full_like(
            objective.targets, -1 if objective.task.asks == "answers" else NO_TARGET
        )
        loss, gradients = learn(make(objective), replace(objective, targets=targets), [range(9)])
        assert loss == 0.0
        assert all(not gradient.any() for gradient in gradients.values())
