"""A size's name gives the BERT that is known by it."""

import pytest
import torch
from transformers import BertModel

from textune.encoder import sizes
from textune.errors import SettingsError

PUBLISHED = {  # parameters, as counted for the models that Turc et al. (2019) published
    "tiny": 4_385_920,
    "mini": 11_170_560,
    "small": 28_763_648,
    "medium": 41_373_184,
    "base": 109_482_240,
    "large": 335_141_888,
}


def configure(size, **changes):
    given = {"pieces": 30_522, "positions": 512, "dropout": 0.1} | changes
    return sizes.configure(size, **given)


def test_every_size_is_tested():
    assert PUBLISHED.keys() == sizes.SIZES.keys()


@pytest.mark.parametrize("size", PUBLISHED)
def test_a_named_size_has_the_parameters_of_its_namesake(size):
    with torch.device("meta"):
        model = BertModel(configure(size))
    assert sum(value.numel() for value in model.parameters()) == PUBLISHED[size]
    assert model.config.hidden_size == 64 * model.config.num_attention_heads


@pytest.mark.parametrize("size", ["6x384", "6 × 384", " 6X384 ", "6×384"])
def test_a_size_is_given_as_layers_and_width(size):
    found = configure(size)
    assert (found.num_hidden_layers, found.hidden_size) == (6, 384)
    assert (found.num_attention_heads, found.intermediate_size) == (6, 1536)


def test_a_name_is_known_in_either_case():
    assert configure("Mini").to_dict() == configure("mini").to_dict()


def test_vocabulary_positions_and_dropout_are_as_told():
    found = configure("1x64", pieces=77, positions=20, dropout=0.3)
    assert (found.vocab_size, found.max_position_embeddings, found.pad_token_id) == (77, 20, 0)
    assert (found.hidden_dropout_prob, found.attention_probs_dropout_prob) == (0.3, 0.3)


@pytest.mark.parametrize("size", ["huge", "", "6", "x384", "6x", "6x384x2", "-6x384", "6.5x64"])
def test_what_is_no_size_is_refused_with_all_names(size):
    message = f"^--size {size}: expected tiny, mini, small, medium, base, large, or layers x width"
    with pytest.raises(SettingsError, match=message):
        configure(size)


@pytest.mark.parametrize("size", ["0x64", "97x64", "2x0", "2x100", "2x63", "2x8256"])
def test_sizes_that_cannot_be_built_are_refused(size):
    message = f"^--size {size}: layers must be 1 to 96, and the width a multiple of 64 up to 8192"
    with pytest.raises(SettingsError, match=message):
        configure(size)


@pytest.mark.parametrize("size", ["1x64", "96x64", "1x8192"])
def test_the_ends_of_what_can_be_built_are_allowed(size):
    assert configure(size).num_hidden_layers in (1, 96)


def test_for_tuning_the_usual_dropout_is_written_down():
    found = configure("1x64", dropout=0.0)
    sizes.prepare_for_tuning(found)
    usual = BertModel.config_class()
    assert found.hidden_dropout_prob == usual.hidden_dropout_prob
    assert found.attention_probs_dropout_prob == usual.attention_probs_dropout_prob
