"""Fewer layers of a model are a model: which they are, of which families, and what is refused."""

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from families import tiny_config
from textune.encoder import averaging, load, shorter
from textune.errors import SettingsError
from textune.tasks import labels

CLASS = "AutoModelForSequenceClassification"
KINDS = ("bert", "roberta", "distilbert", "electra", "mpnet", "deberta-v2")
DEEP = 4


def deep(kind):
    """Return a configuration of four layers."""
    config = tiny_config(kind)
    name = next(name for name in shorter.COUNTS if name in vars(config))
    setattr(config, name, DEEP)
    return config, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.first(3)
def test_first_and_last_layer_stay_as_they_are(kind, tmp_path):
    config, name = deep(kind)
    torch.manual_seed(1)
    before = AutoModelForSequenceClassification.from_config(config)
    before.save_pretrained(tmp_path / "whole")
    (tmp_path / "whole" / "tokenizer.json").write_text("{}")
    (tmp_path / "whole" / "decision.json").write_text("{}")
    place = tmp_path / "less"
    assert shorter.write(tmp_path / "whole", place, model_class=CLASS, layers=2, width=None) == DEEP
    after, found = AutoModelForSequenceClassification.from_pretrained(
        place, output_loading_info=True
    )
    assert not found["missing_keys"]
    assert getattr(after.config, name) == 2
    stacks = [shorter._stack(model) for model in (before, after)]
    for one, other in ((0, 0), (3, 1)):
        parts = zip(stacks[0][one].parameters(), stacks[1][other].parameters(), strict=True)
        assert all(torch.equal(mine, theirs) for mine, theirs in parts)
    head = (model.classifier.state_dict() for model in (before, after))
    assert all(torch.equal(*pair) for pair in zip(*(part.values() for part in head), strict=True))
    assert {file.name for file in place.iterdir()} == {
        *("config.json", "model.safetensors", "tokenizer.json")
    }


def test_the_layer_that_gives_the_mean_stays_beside_them(tmp_path):
    config, _ = deep("bert")
    torch.manual_seed(1)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path / "base")
    task = labels.config(("0", "1"), "single_label_classification")
    encoder = load.load(
        str(tmp_path / "base"), model_class=CLASS, config=task, seed=1, pooling="mean"
    )
    (tmp_path / "whole").mkdir()
    load.save(encoder, tmp_path / "whole")
    assert shorter.size(encoder.model) == (DEEP, config.hidden_size)
    given = {"model_class": CLASS, "layers": 2, "width": config.hidden_size}
    shorter.write(tmp_path / "whole", tmp_path / "less", **given)
    after = AutoModelForSequenceClassification.from_pretrained(tmp_path / "less")
    assert averaging.has_layer(after)
    assert (len(shorter._stack(after)), after.config.num_hidden_layers) == (3, 3)
    assert not after.bert.encoder.layer[-1].attention.self.query.weight.any()


def test_layers_of_several_kinds_are_refused(tmp_path):
    config = tiny_config("modernbert")
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path / "whole")
    with pytest.raises(SettingsError, match="modernbert: its layers are not all of one kind"):
        shorter.write(
            tmp_path / "whole", tmp_path / "less", model_class=CLASS, layers=1, width=None
        )
    assert not (tmp_path / "less").exists()
