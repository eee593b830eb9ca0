"""A head of the user's own: learned, saved, loaded where its code is given, and never unasked."""

import json
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from typer.testing import CliRunner

import textune
from conftest import write_reviews
from made_texts import own_cache
from textune.doors import cli
from textune.errors import ModelError, SettingsError
from textune.predicting import pyfunc
from textune.trackers.mlflow import LOADER

EXAMPLE = Path(__file__).parents[2] / "examples" / "mean_of_last_four_layers.py"
TEXTS = ["good fine lovely film", "bad poor", "the awful dull plot was very bad a film is"]


class AsBuilt(nn.Module):
    """What BERT's own head on tokens, or on texts, computes."""

    def __init__(self, config, outputs):
        super().__init__()
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.utils.skip_init(nn.Linear, config.hidden_size, outputs)
        nn.init.normal_(self.classifier.weight, std=config.initializer_range)
        nn.init.zeros_(self.classifier.bias)


class OfTokens(AsBuilt):
    def forward(self, states):
        return self.classifier(self.dropout(states.last))


class OfTexts(AsBuilt):
    def forward(self, states):
        return self.classifier(self.dropout(states.pooled()))


class ByRows(AsBuilt):
    """The same mean of the last four layers, over padded rows."""

    def forward(self, states):
        mixed = torch.stack(states.layers[-4:]).mean(dim=0)
        rows, mask = states.padded(mixed)
        return self.classifier((rows * mask[..., None]).sum(1) / mask.sum(1)[:, None])


class OfPacks(AsBuilt):
    def forward(self, states):
        return self.classifier(states.mean(torch.stack(states.layers[-4:]).mean(dim=0)))


@pytest.fixture
def learn(reviews, tiny_base, tmp_path):
    """Return a function that trains for an epoch."""

    def train(name, source=reviews, **options):
        given = {"base": tiny_base, "epochs": 1, "valid": source, "out": tmp_path / name}
        return textune.train(source, **(given | options))

    return train


@pytest.fixture(scope="module")
def example(tiny_base, tmp_path_factory, _kernels):
    """Return a run of the example for an epoch, which tests read."""
    with own_cache(tmp_path_factory.mktemp("example"), _kernels) as folder:
        file = write_reviews(folder / "reviews.csv")
        given = {"base": tiny_base, "epochs": 1, "valid": file, "plugin": EXAMPLE}
        return textune.train(file, out=folder / "run", **given)


def encoder(run):
    return load_file(run.path / "model" / "model.safetensors")


def test_a_copy_of_the_head_on_tokens_gives_the_same_weights_but_for_rounding(learn, tagged):
    still = {"settings": ["train.dropout=0"]}
    default, own = learn("default", tagged, **still), learn("own", tagged, head=OfTokens, **still)
    found = encoder(own) | load_file(own.path / "model" / "own_head.safetensors")
    for name, value in encoder(default).items():
        other = found[name.removeprefix("bert.")]
        torch.testing.assert_close(other, value, rtol=0, atol=3e-6, msg=name)


def test_a_copy_of_the_head_on_texts_gives_the_same_weights_but_for_rounding(learn):
    still = {"settings": ["train.dropout=0"]}
    default, own = learn("default", **still), learn("own", head=OfTexts, **still)
    found = encoder(own)
    for name, value in encoder(default).items():
        if name.startswith("bert."):
            torch.testing.assert_close(
                found[name.removeprefix("bert.")], value, rtol=0, atol=3e-6, msg=name
            )


@pytest.mark.first(1)
def test_packed_and_padded_views_of_several_layers_learn_the_same(learn, products):
    still = {"settings": ["train.dropout=0", "train.micro_tokens=64"]}
    one, other = learn("one", head=OfPacks, **still), learn("other", head=ByRows, **still)
    found = encoder(other)
    for name, value in encoder(one).items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=3e-6, msg=name)


def test_the_example_learns_and_answers_through_every_door(learn, reviews, tmp_path, either_format):
    run = learn("run", plugin=EXAMPLE, epochs=2, lr=3e-3)
    assert run.metrics["valid"]["accuracy"] > 0.8
    predictor = textune.Predictor.load(run.path, plugin=EXAMPLE)
    alone = [predictor([text])[0].scores["good"] for text in TEXTS]
    together = [each.scores["good"] for each in predictor(TEXTS)]
    np.testing.assert_allclose(alone, together, atol=1e-5 if either_format == "fp32" else 2e-2)
    again = textune.evaluate(run.path, reviews, plugin=EXAMPLE)
    assert again["accuracy"] == pytest.approx(run.metrics["valid"]["accuracy"], abs=0.01)
    command = ["predict", str(run.path), TEXTS[0], "--plugin", str(EXAMPLE), "--json"]
    done = CliRunner().invoke(cli.app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["labels"] == ["good"]


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow, of itself
def test_a_model_with_a_head_of_its_own_asks_for_the_code(example, tmp_path):
    run = example
    with pytest.raises(ModelError, match=r"MeanOfLastFour, whose code is not run unasked.*plugin"):
        textune.Predictor.load(run.path)
    changed = tmp_path / "changed.py"
    changed.write_text(EXAMPLE.read_text(encoding="utf-8") + "# other\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"the code of changed\.py:MeanOfLastFour is another one"):
        textune.Predictor.load(run.path, plugin=changed)
    copy = shutil.copy(run.path / "model" / "plugin.py", tmp_path / "copy.py")
    assert textune.Predictor.load(run.path, plugin=copy)(TEXTS)
    with pytest.raises(ModelError, match="whose code is not run unasked"):
        pyfunc._load_pyfunc(str(run.path / "model"), {"plugin": ""})
    frame = pd.DataFrame({"text": TEXTS})
    kept = tmp_path / "kept"
    mlflow.pyfunc.save_model(
        str(kept),
        loader_module=LOADER,
        data_path=str(run.path / "model"),
        model_config={"plugin": ""},
        pip_requirements=[],
    )
    loaded = mlflow.pyfunc.load_model(str(kept), model_config={"plugin": str(copy)})
    assert len(loaded.predict(frame)) == len(TEXTS)


def test_runs_with_code_of_their_own_are_compared_by_a_file(example, learn, reviews):
    one, other = example, learn("other", seed=7)
    words = ["compare", str(one.path), str(other.path), "--plugin", str(EXAMPLE)]
    with pytest.raises(SettingsError, match=r"--plugin: .* give --on FILE"):
        CliRunner().invoke(cli.app, words, catch_exceptions=False)
    with pytest.raises(ModelError, match="whose code is not run unasked"):
        textune.compare(one.path, other.path, on=reviews)
    words += ["--on", str(reviews), "--json"]
    done = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert json.loads(done.output)["texts"] == 160


@pytest.mark.exhaustive
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(learn, tmp_path):
    whole = learn("whole", head=OfPacks, epochs=2, settings="train.keep_checkpoints=true")
    learn("parted", head=OfPacks, epochs=1, settings="train.keep_checkpoints=true")
    with pytest.raises(textune.TextuneError, match=r"own.head"):
        learn("parted", head=ByRows, epochs=1, resume=True)
    assert whole.metrics["best"]["step"]


def test_windows_of_long_texts_and_frozen_layers(learn):
    run = learn(
        "run",
        head=OfPacks,
        settings=["train.freeze=1", "data.pool=learned"],
        max_tokens=8,
        long="window",
    )
    predictor = textune.Predictor.load(run.path, plugin={"head": OfPacks})
    assert len(predictor(TEXTS)) == len(TEXTS)
    valid = run.metrics["valid"]
    again = textune.evaluate(run.path, run.path.parent / "reviews.csv", plugin={"head": OfPacks})
    assert again["log_loss"] == pytest.approx(valid["log_loss"], abs=1e-5)


@pytest.mark.exhaustive
def test_few_rows_are_cross_validated_with_a_head_of_ones_own(learn):
    run = learn("run", head=OfPacks, valid=None, recipe="auto")
    assert run.metrics["valid"]["cross_validation"]["folds"]


class Short(AsBuilt):
    def forward(self, states):
        return self.classifier(states.last)


class Broken(AsBuilt):
    def forward(self, states):
        return self.missing(states)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (Short, r"expected logits of the shape \(\d+, 2\), a row for each text, found"),
        (Broken, r"Broken\) failed: AttributeError"),
        (lambda config, outputs: 3, r"expected a torch.nn.Module, found int"),
        (lambda config: 3, r"failed: TypeError: .*configuration and the number of outputs"),
    ],
    ids=["shape", "fails", "no module", "arguments"],
)
def test_a_head_that_cannot_be_one_is_refused(learn, head, words):
    with pytest.raises(SettingsError, match=words):
        learn("run", head=head)


def test_texts_are_suggested_and_explained_by_a_model_with_a_head_of_its_own(example, tmp_path):
    run = example
    file = tmp_path / "pool.txt"
    file.write_text("\n".join([*TEXTS, "fine fine", "cold plot"]) + "\n", encoding="utf-8")
    command = ["suggest", str(run.path), str(file), "-n", "2", "--plugin", str(EXAMPLE), "--json"]
    done = CliRunner().invoke(cli.app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 2
    for method in ("occlusion", "gradients"):
        words = ["explain", str(run.path), TEXTS[0], "--plugin", str(EXAMPLE), "--method", method]
        done = CliRunner().invoke(cli.app, [*words, "--json"], catch_exceptions=False)
        (reason,) = json.loads(done.stdout)["reasons"]
        assert len(reason["words"]) == len(TEXTS[0].split())


def test_a_head_of_ones_own_is_described_without_its_code(example):
    run = example
    found = textune.inspect(run.path)
    saved = load_file(run.path / "model" / "own_head.safetensors")
    output = {one.name: one.shape for one in found.groups()["output"] if "pooler" not in one.name}
    assert output == {name: tuple(tensor.shape) for name, tensor in saved.items()}
    assert not found.new
