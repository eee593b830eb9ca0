import os
import shutil
import stat

import pytest
import torch
from safetensors.torch import load_file

from textune.encoder import load, weights
from textune.errors import ModelError
from textune.tasks.registry import make
from textune.text import saving, tokenizers

LABELS = ("bad", "good", "so-so")


def loaded(place, *, labels=LABELS, seed=0):
    task = make("single", labels)
    return load.load(str(place), model_class=task.model_class, config=task.config(), seed=seed)


def head_of(encoder):
    return encoder.model.classifier.weight.detach()


def test_the_body_comes_from_the_base_and_the_head_from_the_seed(tiny_base):
    one, again, other = (loaded(tiny_base, seed=seed) for seed in (3, 3, 4))
    base = load_file(tiny_base / "model.safetensors")
    table = one.model.get_input_embeddings().weight
    assert table.equal(base["embeddings.word_embeddings.weight"])
    assert head_of(one).shape == (3, 32)
    assert head_of(one).equal(head_of(again))
    assert not head_of(one).equal(head_of(other))
    assert one.config.id2label == dict(enumerate(LABELS))


def test_what_is_saved_loads_again_to_the_same_weights(tiny_base, tmp_path):
    encoder = loaded(tiny_base)
    load.save(encoder, tmp_path)
    again = load.load(
        str(tmp_path), model_class="AutoModelForSequenceClassification", config={}, seed=9
    )
    before, after = encoder.model.state_dict(), again.model.state_dict()
    assert before.keys() == after.keys()
    assert all(before[name].equal(after[name]) for name in before)
    load.check_labels(again, LABELS, "here")


def test_a_head_of_another_size_is_drawn_anew(tiny_base, tmp_path):
    encoder = loaded(tiny_base)
    load.save(encoder, tmp_path)
    other = loaded(tmp_path, labels=("a", "b", "c", "d", "e"))
    assert head_of(other).shape == (5, 32)
    assert other.config.id2label[4] == "e"
    table = encoder.model.get_input_embeddings().weight
    assert other.model.get_input_embeddings().weight.equal(table)


def test_loading_and_saving_are_silent(tiny_base, tmp_path, capfd):
    load.save(loaded(tiny_base), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_labels_in_another_order_are_refused(tiny_base):
    with pytest.raises(ModelError, match=r"config\.json names the labels \['bad', 'good', 'so-so'"):
        load.check_labels(loaded(tiny_base), ("good", "bad", "so-so"), "run/model")


def test_more_than_ten_labels_are_compared_by_number_not_by_alphabet(tiny_base):
    labels = tuple(f"label {number}" for number in range(23))
    load.check_labels(loaded(tiny_base, labels=labels), labels, "here")


def test_a_name_that_the_hub_cannot_give_is_explained():
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    with pytest.raises(ModelError, match="nobody/nothing: cannot be loaded as an encoder: "):
        loaded("nobody/nothing")


@pytest.mark.parametrize("damage", ["empty", "short", "zeros"])
def test_damaged_weights_are_refused(tiny_base, tmp_path, damage):
    shutil.copytree(tiny_base, tmp_path / "base")
    file = tmp_path / "base" / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes({"empty": b"", "short": whole[:-100], "zeros": bytes(len(whole))}[damage])
    with pytest.raises(ModelError, match="base: cannot be loaded as an encoder: "):
        loaded(tmp_path / "base")


def test_an_unknown_architecture_is_refused(tiny_base, tmp_path):
    shutil.copytree(tiny_base, tmp_path / "base")
    (tmp_path / "base" / "config.json").write_text('{"model_type": "perceptron"}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"base: cannot be loaded as an encoder: .*perceptron"):
        loaded(tmp_path / "base")


def test_code_that_comes_with_a_base_is_not_run(tiny_base, tmp_path):
    shutil.copytree(tiny_base, tmp_path / "base")
    config = (
        '{"model_type": "mine", "auto_map": {"AutoConfig": "mine.C", '
        '"AutoModelForSequenceClassification": "mine.M"}}'
    )
    (tmp_path / "base" / "config.json").write_text(config, encoding="utf-8")
    (tmp_path / "base" / "mine.py").write_text(
        f"open({str(tmp_path / 'executed')!r}, 'w')\n", encoding="utf-8"
    )
    with pytest.raises(ModelError, match="cannot be loaded as an encoder"):
        loaded(tmp_path / "base")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_weights_are_as_readable_as_their_folder(tiny_base, tmp_path, umask):
    encoder = loaded(tiny_base)
    before = os.umask(umask)
    try:
        (tmp_path / "model").mkdir()
        load.save(encoder, tmp_path / "model")
        saving.write(tokenizers.load(str(tiny_base)), tmp_path / "model", ["a good film"])
        weights.write({"one": torch.zeros(1)}, tmp_path / "model" / "one.safetensors")
    finally:
        os.umask(before)
    files = list((tmp_path / "model").iterdir())
    assert len(files) >= 5
    modes = {stat.S_IMODE(file.stat().st_mode) for file in files}
    assert modes == {0o666 & ~umask}


def test_what_safetensors_says_of_the_disk_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        weights.write({"one": torch.zeros(1)}, tmp_path / "nowhere" / "one.safetensors")
