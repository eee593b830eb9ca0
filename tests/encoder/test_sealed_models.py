"""A model whose files are not as they were saved does not answer, unless its owner says so."""

import json
import random
import shutil

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

import textune
from made_runs import TEXTS, make_run, without_manifest
from textune.doors import cli
from textune.encoder import bases, manifest
from textune.errors import ModelError


@pytest.fixture(scope="module")
def kept_run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])


@pytest.fixture
def run(kept_run, tmp_path):
    return shutil.copytree(kept_run, tmp_path / "run")


def flip(file, place, bit=6):
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << bit
    file.write_bytes(content)


def put(file, **changes):
    values = json.loads(file.read_text(encoding="utf-8"))
    values.update(changes)
    file.write_text(json.dumps(values), encoding="utf-8")


CHANGES = {
    "model.safetensors": lambda file: flip(file, file.stat().st_size - 1000),
    "tokenizer.json": lambda file: file.write_text(file.read_text().replace('"bad"', '"bat"')),
    "config.json": lambda file: put(file, num_attention_heads=2),
    "decision.json": lambda file: put(file, shape={"max_tokens": 8}),
    "tokenizer_config.json": lambda file: put(file, mask_token="[PAD]"),
    "vocab.txt": lambda file: file.write_text("added"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_named_until_it_is_accepted(run, name):
    CHANGES[name](run / "model" / name)
    for use in (textune.Predictor.load, bases.find):
        with pytest.raises(ModelError, match=rf"model/{name}: .* textune accept "):
            use(run)
    said = CliRunner().invoke(cli.app, ["accept", str(run)])
    assert said.exit_code == 0
    assert f"accepted as it is ({name})" in said.stdout
    textune.Predictor.load(run)
    bases.find(run)


def test_a_changed_manifest_is_named(run):
    flip(run / "model" / "manifest.json", 200, bit=0)
    with pytest.raises(ModelError, match=r"manifest\.json: "):
        textune.Predictor.load(run)


def test_a_missing_file_is_named(run):
    (run / "model" / "tokenizer_config.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer_config\.json: is not there any more"):
        textune.Predictor.load(run)


def test_a_model_of_before_answers_without_a_manifest(kept_run, run):
    without_manifest(run / "model")
    old, new = (textune.Predictor.load(place).predict(TEXTS) for place in (run, kept_run))
    assert old == new


def test_a_deleted_manifest_is_said_until_the_model_is_accepted(kept_run, run, tmp_path):
    (run / "model" / "manifest.json").unlink()
    message = r"manifest\.json: is not there any more, .* textune accept"
    with pytest.raises(ModelError, match=message):
        textune.Predictor.load(run)
    with pytest.raises(ModelError, match=message):
        bases.find(run)
    said = CliRunner().invoke(cli.app, ["accept", str(run)])
    assert said.exit_code == 0
    assert textune.Predictor.load(run).predict(TEXTS) == textune.Predictor.load(kept_run).predict(
        TEXTS
    )


def test_accepting_what_is_not_sound_is_refused(run):
    put(run / "model" / "config.json", hidden_size="64")
    said = CliRunner().invoke(cli.app, ["accept", str(run)])
    assert isinstance(said.exception, ModelError)
    assert "hidden_size" in str(said.exception)


def test_weights_that_are_no_numbers_are_not_accepted(run):
    file = run / "model" / "model.safetensors"
    tensors = load_file(file)
    tensors["classifier.bias"][0] = float("nan")
    save_file(tensors, file, {"format": "pt"})
    said = CliRunner().invoke(cli.app, ["accept", str(run)])
    assert isinstance(said.exception, ModelError)
    assert "classifier.bias hold NaN" in str(said.exception)


def test_accepting_what_was_not_changed_says_so(run):
    said = CliRunner().invoke(cli.app, ["accept", str(run)])
    assert "nothing was changed" in said.stdout


def test_what_lies_beside_and_decides_nothing_may_change(run):
    (run / "model" / "README.md").write_text("mine", encoding="utf-8")
    (run / "model" / "notes.txt").write_text("mine", encoding="utf-8")
    textune.Predictor.load(run)


def test_training_seals_its_model(tiny_base, reviews, tmp_path):
    run = textune.train(reviews, base=tiny_base, out=tmp_path / "run", epochs=1)
    flip(run.path / "model" / "model.safetensors", 5000)
    with pytest.raises(ModelError, match=r"model\.safetensors: is not as it was"):
        textune.Predictor.load(run.path)


def test_checksums_that_are_known_are_taken_and_the_files_are_not_read(tmp_path):
    for name in ("config.json", "decision.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    manifest.seal(tmp_path)
    same = manifest.told(tmp_path, ["config.json", "notes.txt"])
    assert same.keys() == {"config.json"}
    (tmp_path / "decision.json").write_text("{ }", encoding="utf-8")
    assert manifest.seal(tmp_path, same=same) == ["decision.json"]
    manifest.verify(tmp_path)
    flip(tmp_path / "config.json", 0)
    manifest.seal(tmp_path, same=same)
    with pytest.raises(ModelError, match=r"config\.json: is not as it was"):
        manifest.verify(tmp_path)


def test_every_flipped_bit_of_large_weights_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "LARGE", 1000)
    draw = random.Random(0)
    file = tmp_path / "model.safetensors"
    content = draw.randbytes(2 * manifest.BLOCK + 12_345)
    file.write_bytes(content)
    manifest.seal(tmp_path)
    manifest.verify(tmp_path)
    assert "sums" in json.loads((tmp_path / "manifest.json").read_text())["files"][file.name]
    for _ in range(100):
        flip(file, draw.randrange(len(content)), draw.randrange(8))
        with pytest.raises(ModelError, match="is not as it was"):
            manifest.verify(tmp_path)
        file.write_bytes(content)
    half = len(content) // 2
    for other in (content[:-1], content[half:] + content[:half], bytes(len(content)), b""):
        file.write_bytes(other)
        with pytest.raises(ModelError, match="is not as it was"):
            manifest.verify(tmp_path)


def test_a_model_that_fills_in_masks_is_sealed_too(tiny_base, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n\n".join(["the film was good", "a dull book is bad"] * 30), "utf-8")
    run = textune.adapt(text, base=tiny_base, out=tmp_path / "run", epochs=1).path
    file = run / "model" / "model.safetensors"
    tensors = load_file(file)
    tensors["bert.embeddings.LayerNorm.weight"][0] += 1
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(ModelError, match=r"model\.safetensors: is not as it was"):
        bases.find(run)
    assert CliRunner().invoke(cli.app, ["accept", str(run)]).exit_code == 0
    bases.find(run)
