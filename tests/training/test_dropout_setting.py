"""`train.dropout` sets all rates of the base, on the way that a run takes."""

import json

import pytest
import torch
from safetensors.torch import load_file

import families
import textune
from made_texts import give_head, write_lines
from textune.encoder import load
from textune.errors import SettingsError
from textune.fast import dropout


def weights(run):
    return load_file(run.path / "model" / "model.safetensors")


def train(reviews, base, out, *settings):
    return textune.train(reviews, base=base, out=out, epochs=1, lr=2e-3, seed=5, settings=settings)


def test_a_rate_is_that_of_a_base_that_has_it(reviews, tiny_base, tmp_path):
    without = tmp_path / "without"
    without.mkdir()
    for file in tiny_base.iterdir():
        (without / file.name).write_bytes(file.read_bytes())
    values = json.loads((without / "config.json").read_text(encoding="utf-8"))
    values |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (without / "config.json").write_text(json.dumps(values), encoding="utf-8")
    own = train(reviews, tiny_base, tmp_path / "own")
    none = train(reviews, tiny_base, tmp_path / "none", "train.dropout=0")
    wanted = train(reviews, without, tmp_path / "wanted")
    names = weights(own).keys()
    assert all(weights(none)[name].equal(weights(wanted)[name]) for name in names)
    assert not all(weights(none)[name].equal(weights(own)[name]) for name in names)
    assert "dropout = 0.0" in (none.path / "config.toml").read_text(encoding="utf-8")
    assert 'dropout = "base"' in (own.path / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", families.PACKABLE + families.PADDED)
def test_every_rate_of_every_family_is_set(kind, tmp_path):
    config = families.tiny_config(kind, dropout=0.3)
    changed = type(config).from_dict(config.to_dict() | dropout.overrides(config.to_dict(), 0.05))
    encoder = load.build(changed, model_class="AutoModelForSequenceClassification")
    assert dropout.rates(encoder.config.to_dict()) == [0.05]
    places = {part.p for part in encoder.modules() if isinstance(part, torch.nn.Dropout)}
    assert places <= {0.0, 0.05}  # a family may leave a place out


def test_adapting_takes_it_too(tiny_base, tmp_path, capsys):
    base = give_head(tiny_base, tmp_path / "base")
    lines = write_lines(tmp_path / "lines.txt", 40)
    found = [
        textune.adapt(
            lines, base=base, out=tmp_path / name, epochs=1, settings=[f"train.dropout={rate}"]
        )
        for name, rate in (("none", 0), ("much", 0.5))
    ]
    one, other = map(weights, found)
    assert not all(one[name].equal(other[name]) for name in one)


@pytest.mark.parametrize("value", ["1", "-0.1", "much", "nan"])
def test_what_is_no_rate_is_refused(reviews, tiny_base, tmp_path, value):
    with pytest.raises(SettingsError, match=r"train\.dropout"):
        train(reviews, tiny_base, tmp_path / "run", f"train.dropout={value}")
    assert not (tmp_path / "run").exists()


def test_pretraining_has_a_setting_of_its_own(tmp_path):
    lines = write_lines(tmp_path / "lines.txt", 40)
    with pytest.raises(SettingsError, match="its rate is set by dropout"):
        textune.pretrain(lines, out=tmp_path / "run", settings=["train.dropout=0.1"])


@pytest.mark.parametrize("numbers", ["fp32", "bf16"])
def test_the_number_format_is_an_option_of_training(reviews, tiny_base, tmp_path, numbers):
    from textune.doors import cli

    command = ["train", str(reviews), "--base", str(tiny_base), "--epochs", "1", "--precision"]
    cli.app([*command, numbers, "--out", str(tmp_path / "run")], standalone_mode=False)
    capsule = json.loads((tmp_path / "run" / "capsule.json").read_text(encoding="utf-8"))
    assert capsule["precision"] == numbers


@pytest.mark.parametrize("command", ["adapt", "pretrain"])
def test_the_number_format_is_an_option_of_plain_text(tiny_base, tmp_path, command):
    from textune.doors import cli

    lines = write_lines(tmp_path / "lines.txt", 40)
    words = [command, str(lines), "--epochs", "1", "--precision", "bf16"]
    words += ["--out", str(tmp_path / "run")]
    made = ["--size", "1x64", "--vocab", "99"]
    base = give_head(tiny_base, tmp_path / "base")
    words += ["--base", str(base)] if command == "adapt" else made
    cli.app(words, standalone_mode=False)
    capsule = json.loads((tmp_path / "run" / "capsule.json").read_text(encoding="utf-8"))
    assert capsule["precision"] == "bf16"
