"""Where more is needed than a model, an export is refused with the run that it was made of."""

import pytest
from typer.testing import CliRunner

import textune
from conftest import write_reviews
from textune.doors import cli
from textune.errors import RunError, SettingsError
from textune.predicting.predictor import Predictor, Reading
from textune.recipes import evaluating


@pytest.fixture(scope="module")
def made(tiny_base, tmp_path_factory):
    """Return a file, a run of it, and its exports."""
    folder = tmp_path_factory.mktemp("exported")
    source, run = write_reviews(folder / "reviews.csv"), folder / "myrun"
    options = {"epochs": 1, "lr": 5e-3, "settings": ["data.valid_share=0.25"]}
    textune.train(str(source), base=tiny_base, out=run, **options)
    for to in ("onnx", "safetensors", "torchscript"):
        textune.export(run, to=to, out=folder / to, random=2)
    return folder


@pytest.mark.parametrize("to", ["onnx", "safetensors"])
@pytest.mark.parametrize(
    ("command", "lacks"),
    [
        ("decide EXPORT --aim mcc", "keeps no answers about held-out texts"),
        ("watch EXPORT reviews.csv", "keeps no held-out texts"),
        ("report EXPORT", "keeps no numbers"),
        ("distill EXPORT --to 1", "does not say from which file it learned"),
        ("suspects reviews.csv --run EXPORT", "keeps no answers about texts that it did not learn"),
        ("evaluate EXPORT --final", "names no test file"),
    ],
)
@pytest.mark.first(2)
def test_what_a_run_alone_keeps_is_said(to, command, lacks, made, monkeypatch):
    monkeypatch.chdir(made)
    done = CliRunner().invoke(cli.app, command.replace("EXPORT", to).split())
    assert isinstance(done.exception, RunError)
    said = str(done.exception)
    assert said.startswith(f"{to}: is an export, which ")
    assert lacks in said
    assert said.endswith("give the run that it was made of (myrun)")


def test_what_needs_weights_is_said(made, monkeypatch):
    monkeypatch.chdir(made)
    done = CliRunner().invoke(cli.app, ["suggest", "onnx", "reviews.csv"])
    assert isinstance(done.exception, RunError)
    assert str(done.exception).startswith("onnx: is an export, which computes no features of texts")
    with pytest.raises(SettingsError, match="--method gradients: an export computes none; take"):
        Predictor.load(made / "onnx").explain(["a film"], method="gradients")
    done = CliRunner().invoke(cli.app, ["explain", "onnx", "a film", "--method", "gradients"])
    assert "take occlusion, or the run that it was made of" in str(done.exception)
    with pytest.raises(SettingsError, match=r"--method gradients: .*; load the model by Predictor"):
        Predictor.opened(made / "myrun", few=True).explain(["a film"], method="gradients")


@pytest.mark.parametrize("to", ["onnx", "torchscript"])
@pytest.mark.parametrize(
    "command",
    [
        "features EXPORT hello",
        "inspect EXPORT",
        "push EXPORT me/model",
        "accept EXPORT",
        "fill EXPORT [MASK]",
        "train reviews.csv --base EXPORT",
        "adapt reviews.csv --text text --base EXPORT",
    ],
)
def test_an_export_in_place_of_a_model_is_named_for_what_it_is(to, command, made, monkeypatch):
    monkeypatch.chdir(made)
    done = CliRunner().invoke(cli.app, command.replace("EXPORT", to).split())
    assert str(done.exception) == (
        f"{to}: is an export, which holds a graph in place of weights; "
        "give the run that it was made of (myrun)"
    )


def test_what_a_model_is_enough_for_goes_on(made, monkeypatch):
    monkeypatch.chdir(made)
    assert evaluating.evaluate(made / "onnx", "reviews.csv", Reading())["n"] > 0
    assert Predictor.load(made / "onnx").explain(["a film"])[0].top()
    assert Predictor.load(made / "safetensors").explain(["a film"], method="gradients")
    done = CliRunner().invoke(cli.app, ["compare", "onnx", "myrun", "--on", "reviews.csv"])
    assert done.exit_code == 0, done.output
