"""New rows are the means of their pieces, and nothing else changes."""

import pytest
import torch
import transformers

from families import PACKABLE, PADDED, tiny_config
from textune.encoder import new_rows
from textune.errors import ModelError

OLD, NEW = 120, 123
PIECES = {120: (7, 8), 121: (9, 50, 119), 122: (11,)}
KINDS = [kind for kind in PACKABLE + PADDED if kind != "mobilebert"]
CLASSES = {
    "BertForMaskedLM": "bert",
    "BertForPreTraining": "bert",
    "BertModel": "bert",
    "BertForSequenceClassification": "bert",
    "RobertaForMaskedLM": "roberta",
    "DistilBertForMaskedLM": "distilbert",
    "ElectraForMaskedLM": "electra",
    "ElectraForPreTraining": "electra",
    "ModernBertForMaskedLM": "modernbert",
}


def build(name, **changes):
    torch.manual_seed(3)
    model = getattr(transformers, name)(tiny_config(CLASSES[name], **changes))
    with torch.no_grad():  # biases begin as zeros, with which no mean can be wrong
        for _, table in tables(model):
            table.copy_(torch.randn(table.shape))
    return model


def tables(model):
    return [
        (name, value)
        for name, value in model.named_parameters(remove_duplicate=False)
        if value.shape[0] in (OLD, NEW)
    ]


def copies(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("name", CLASSES)
def test_new_rows_are_means_and_old_ones_keep_every_bit(name):
    model = build(name)
    before = copies(model)
    new_rows.extend(model, PIECES, NEW)
    after = model.state_dict()
    assert after.keys() == before.keys()
    grown = dict(tables(model))
    assert grown
    for key, value in before.items():
        if key not in grown:
            assert torch.equal(after[key], value), key
            continue
        assert after[key].shape == (NEW, *value.shape[1:])
        assert torch.equal(after[key][:OLD], value), key
        for row, parts in PIECES.items():
            mean = sum(value[part] for part in parts) / len(parts)
            assert torch.allclose(after[key][row], mean, atol=1e-6), key
    assert model.config.vocab_size == NEW


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_grows_and_keeps_its_ties(kind):
    model = transformers.AutoModelForMaskedLM.from_config(tiny_config(kind))
    before = [name for name, value in tables(model)]
    ties = shared(model)
    new_rows.extend(model, PIECES, NEW)
    assert [name for name, _ in tables(model)] == before
    assert all(value.shape[0] == NEW for _, value in tables(model))
    assert shared(model) == ties
    assert all(value.requires_grad for _, value in tables(model))
    ids = torch.tensor([[5, 120, 121, 122]])
    assert model.eval()(input_ids=ids).logits.shape == (1, 4, NEW)


def shared(model):
    """Return which tables are one storage, by name."""
    groups = {}
    for name, value in tables(model):
        groups.setdefault(value.data_ptr(), []).append(name)
    return sorted(groups.values())


def test_no_family_is_left_out():
    assert len(KINDS) == 16


def test_an_untied_head_gets_means_of_its_own_rows():
    model = build("BertForMaskedLM", tie_word_embeddings=False)
    head = model.get_output_embeddings().weight.clone()
    new_rows.extend(model, PIECES, NEW)
    assert len(shared(model)) == 3  # table, decoder, and the one bias of two names
    found = model.get_output_embeddings().weight
    assert torch.allclose(found[120], (head[7] + head[8]) / 2, atol=1e-6)
    assert not torch.equal(found[120], model.get_input_embeddings().weight[120])


@pytest.mark.parametrize("name", CLASSES)
def test_saving_and_loading_by_plain_transformers_keeps_everything(name, tmp_path):
    model = build(name)
    new_rows.extend(model, PIECES, NEW)
    model.save_pretrained(tmp_path)
    loaded = getattr(transformers, name).from_pretrained(tmp_path)
    assert loaded.config.vocab_size == NEW
    assert shared(loaded) == shared(model)
    state = loaded.state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(state[key], value), key


def test_the_state_of_the_random_numbers_makes_no_difference():
    states = []
    for seed in (0, 1):
        model = build("BertForMaskedLM")
        torch.manual_seed(seed)
        new_rows.extend(model, PIECES, NEW)
        states.append(model.state_dict())
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_texts_without_new_words_have_the_same_hidden_states():
    model = build("BertModel").eval()
    ids = torch.tensor([[2, 7, 9, 50, 3]])
    before = model(input_ids=ids).last_hidden_state
    new_rows.extend(model, PIECES, NEW)
    assert torch.equal(model(input_ids=ids).last_hidden_state, before)


def test_spare_rows_of_the_base_are_used_and_none_are_cut_off():
    model = build("BertForMaskedLM")
    before = copies(model)
    new_rows.extend(model, {116: (7, 8)}, 117)
    table = model.get_input_embeddings().weight
    old = before["bert.embeddings.word_embeddings.weight"]
    assert model.config.vocab_size == len(table) == OLD
    assert torch.equal(table[116], (old[7] + old[8]) / 2)
    others = [row for row in range(OLD) if row != 116]
    assert torch.equal(table[others], old[others])


def test_the_table_keeps_its_padding_row_and_number_format():
    model = build("BertModel").to(torch.bfloat16)
    new_rows.extend(model, PIECES, NEW)
    assert model.get_input_embeddings().padding_idx == 1
    assert model.get_input_embeddings().weight.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("pieces", "size", "named"),
    [
        ({121: (7,)}, 122, "id 120 is of no word"),  # the tokenizer had an id without a row
        ({120: (7, 130)}, 121, "id 130 is of no word"),
        ({120: (7,), 121: (120,)}, 122, "id 120 is of no word"),
        ({120: (7,), 121: (8,)}, 121, "id 121 is of no word"),
        ({120: ()}, 121, "id 120 is of no word"),
    ],
)
def test_a_tokenizer_of_another_model_is_refused(pieces, size, named):
    model = build("BertModel")
    with pytest.raises(ModelError, match=rf"bert: .* has 120 rows and shall have {size}: {named}"):
        new_rows.extend(model, pieces, size)
    assert model.config.vocab_size == OLD


def test_a_head_that_stores_rows_in_parts_is_refused():
    model = transformers.AutoModelForMaskedLM.from_config(
        tiny_config("mobilebert", embedding_size=16)
    )
    with pytest.raises(ModelError, match="mobilebert: its head stores a part of each row"):
        new_rows.extend(model, PIECES, NEW)
