"""An optimizer of the user's own: groups for AdamW, or any of torch's."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import textune
from textune.errors import SettingsError

EXAMPLE = Path(__file__).parents[2] / "examples" / "layerwise_rates.py"


@pytest.fixture
def learn(reviews, tiny_base, tmp_path):
    """Return a function that trains for an epoch and returns the weights."""

    def train(name, **options):
        given = {"base": tiny_base, "epochs": 1, "valid": reviews, "out": tmp_path / name}
        run = textune.train(reviews, **(given | options))
        return load_file(run.path / "model" / "model.safetensors")

    return train


def sgd(named, lr):
    return torch.optim.SGD([item for _, item in named], lr=1000 * lr, momentum=0.9)


def by_torch(named, lr):
    plain = [item for name, item in named if name.endswith("bias") or "LayerNorm" in name]
    known = {id(item) for item in plain}
    others = [item for _, item in named if id(item) not in known]
    groups = [{"params": others}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, weight_decay=0.01)


@pytest.mark.first(1)
def test_layerwise_rates_without_decay_are_the_default(learn, tmp_path, either_format):
    text = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "flat.py").write_text(text.replace("DECAY = 0.9", "DECAY = 1.0"), encoding="utf-8")
    default, flat = learn("default"), learn("flat", plugin=tmp_path / "flat.py")
    layered = learn("layered", plugin=EXAMPLE)
    for name, value in default.items():
        torch.testing.assert_close(flat[name], value, rtol=0, atol=1e-6, msg=name)
    word = "bert.embeddings.LayerNorm.weight"
    assert (layered[word] - 1).abs().max() < 0.8 * (default[word] - 1).abs().max()


def test_an_optimizer_of_torch_is_clipped_scheduled_and_computed_with(learn, either_format):
    default, own = learn("default"), learn("own", optimizer=by_torch)
    close = 2e-6 if either_format == "fp32" else 2e-5
    for name, value in default.items():
        torch.testing.assert_close(own[name], value, rtol=0, atol=close, msg=name)


@pytest.mark.exhaustive
def test_a_stopped_run_goes_on_to_the_same_weights(learn):
    settings = ["train.keep_checkpoints=true", "train.schedule=constant", "train.warmup_steps=2"]
    keep = {"settings": settings, "epochs": 2}
    whole = learn("whole", optimizer=sgd, **keep)
    learn("parted", optimizer=sgd, **(keep | {"epochs": 1}))
    parted = learn("parted", optimizer=sgd, resume=True, **keep)
    assert all(torch.equal(parted[name], value) for name, value in whole.items())


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (lambda named, lr: [{"params": [named[0][1]]}], r"trained parameters are in no group \("),
        (lambda named, lr: 3, "expected a torch optimizer, or a list of groups"),
        (lambda named: 3, "failed: TypeError"),
        (
            lambda named, lr: torch.optim.LBFGS([item for _, item in named]),
            "needs a closure",
        ),
    ],
    ids=["lost", "number", "arguments", "closure"],
)
def test_an_optimizer_that_cannot_be_one_is_refused(learn, optimizer, words):
    with pytest.raises(SettingsError, match=words):
        learn("run", optimizer=optimizer)
