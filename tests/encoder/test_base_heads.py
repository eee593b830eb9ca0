"""Of a base's head the rows of labels of the same name are kept; what does not fit is refused."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForTokenClassification

import textune
from families import tiny_config
from made_runs import make_run, without_manifest
from textune.encoder import bases, load
from textune.errors import ModelError
from textune.tasks import registry


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["neg", "pos", "so-so"])


def rows(place, task, labels, *, seed=0):
    """Load a base for a task; return its head's rows by label, and what was said."""
    made = registry.make(task, tuple(labels))
    encoder = load.load(
        bases.find(place),
        model_class=made.model_class,
        config=made.config(),
        per_token=made.asks != "texts",
        seed=seed,
    )
    head = encoder.model.classifier
    found = {
        label: (weight.tolist(), bias)
        for label, weight, bias in zip(labels, head.weight, head.bias.tolist(), strict=True)
    }
    return found, " ".join(encoder.remarks)


@pytest.fixture(scope="module")
def old(run):
    return rows(run, "single", ["neg", "pos", "so-so"])[0]


@pytest.mark.parametrize("task", ["single", "multi"])
def test_rows_follow_their_labels_into_another_order(run, old, task):
    found, said = rows(run, task, ["pos", "so-so", "neg"])
    assert found == old
    assert said == "head: the base's rows of 'pos', 'so-so', 'neg' are kept, by name"


def test_new_labels_are_drawn_from_the_seed_beside_known_ones(run, old):
    one, said = rows(run, "single", ["other", "pos", "neg", "more"], seed=1)
    two, _ = rows(run, "single", ["other", "pos", "neg", "more"], seed=2)
    assert said.endswith("rows of 'pos', 'neg' are kept, by name; new are 'other', 'more'")
    for label in ("pos", "neg"):
        assert one[label] == two[label] == old[label]
    assert one["other"] != two["other"]
    assert one["other"] not in old.values()
    assert abs(torch.tensor(one["other"][0])).max() < 0.1  # as new rows are drawn


@pytest.mark.parametrize("labels", [["apos", "zneg", "zz"], ["blue", "red"]])
def test_other_labels_take_over_nothing(run, old, labels):
    found, said = rows(run, "single", labels)
    assert said == "head: new, none of the base's labels has a name of these"
    assert not {tuple(row) for row, _ in found.values()} & {tuple(row) for row, _ in old.values()}


@pytest.mark.parametrize(
    ("task", "reason"), [("number", "units of their own"), ("tags", "was of another kind")]
)
def test_a_head_of_another_task_is_drawn_anew(run, old, task, reason):
    found, said = rows(run, task, ["neg", "pos", "so-so"])
    assert reason in said
    assert not {tuple(row) for row, _ in found.values()} & {tuple(row) for row, _ in old.values()}


def test_tags_keep_their_rows(tiny_base, tmp_path):
    shutil.copytree(tiny_base, tmp_path / "base")
    named = {"id2label": {0: "B-X", 1: "I-X", 2: "O"}, "label2id": {"B-X": 0, "I-X": 1, "O": 2}}
    model = AutoModelForTokenClassification.from_config(tiny_config("bert", **named))
    model.save_pretrained(tmp_path / "base")
    found, said = rows(tmp_path / "base", "tags", ["O", "B-X", "I-X"])
    assert "are kept" in said
    assert found["O"][0] == model.classifier.weight[2].tolist()


def test_a_run_as_base_knows_its_labels_in_another_order(tiny_base, reviews, tmp_path):
    """Its labels become the second and the third; nothing is learned any more."""
    first = textune.train(reviews, base=tiny_base, out=tmp_path / "a", epochs=3, lr=1e-2)
    assert first.metrics["valid"]["mcc"] > 0.5
    other = tmp_path / "other.csv"
    new = "".join(f"{word} the a very,aaa\n" for word in ("film", "book", "meal", "song") * 4)
    other.write_text(reviews.read_text(encoding="utf-8") + new, encoding="utf-8")
    second = textune.train(other, base=first.path, out=tmp_path / "b", epochs=1, lr=1e-7)
    assert second.metrics["valid"]["mcc"] > 0.5


def changed(tiny_base, folder, change):
    shutil.copytree(tiny_base, folder)
    file = folder / "model.safetensors"
    tensors = load_file(file)
    save_file(change(tensors), file, {"format": "pt"})
    return folder


FITS = {
    "another prefix": (
        lambda old: {f"backbone.{name}": value for name, value in old.items()},
        r"missing are bert\.embeddings\.LayerNorm\.bias, .* more; not known are backbone\.emb",
    ),
    "a layer's weight left out": (
        lambda old: {name: old[name] for name in old if "layer.1.output.dense.weight" not in name},
        r"missing are bert\.encoder\.layer\.1\.output\.dense\.weight\. Take config",
    ),
    "a layer too many": (
        lambda old: old | {"encoder.layer.0.adapter.weight": torch.zeros(2, 2)},
        r"not known are encoder\.layer\.0\.adapter\.weight",
    ),
}


@pytest.mark.parametrize("kind", FITS)
def test_weights_that_do_not_fit_are_refused_by_name(tiny_base, reviews, tmp_path, kind):
    change, message = FITS[kind]
    base = changed(tiny_base, tmp_path / "base", change)
    with pytest.raises(ModelError, match=message):
        textune.train(reviews, base=base, out=tmp_path / "run", epochs=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("intermediate_size", 60, r"intermediate\.dense\.bias \(48 there, 60 by it\)"),
        ("vocab_size", 100, r"word_embeddings\.weight \(120 × 32 there, 100 × 32 by it\)"),
        ("num_hidden_layers", 1, r"config\.json: 1 layers, and the weights are of 2"),
        ("num_hidden_layers", 3, r"config\.json: 3 layers, and the weights are of 2"),
    ],
)
def test_a_configuration_of_another_size_is_refused(
    tiny_base, reviews, tmp_path, name, value, message
):
    base = tmp_path / "base"
    shutil.copytree(tiny_base, base)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    (base / "config.json").write_text(json.dumps({**config, name: value}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        textune.train(reviews, base=base, out=tmp_path / "run", epochs=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("with_prefix", [False, True])
def test_a_base_without_a_pooler_gets_one_and_it_is_said(tiny_base, tmp_path, with_prefix):
    prefix = "bert." if with_prefix else ""
    base = changed(
        tiny_base,
        tmp_path / "base",
        lambda old: {prefix + name: old[name] for name in old if "pooler" not in name},
    )
    _, said = rows(base, "single", ["a", "b"])
    assert said.startswith("the base has no pooler: it is drawn anew with the head head: new")


def test_buffers_and_other_heads_of_older_versions_are_passed_over(tiny_base, tmp_path):
    more = {"embeddings.position_ids": torch.zeros(1, 64), "cls.predictions.bias": torch.zeros(3)}
    base = changed(tiny_base, tmp_path / "base", lambda old: old | more)
    assert rows(base, "single", ["a", "b"])[1] == "head: new, the base has none"


def test_a_finished_model_without_its_head_does_not_answer(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    file = tmp_path / "run" / "model" / "model.safetensors"
    tensors = load_file(file)
    del tensors["classifier.weight"]
    save_file(tensors, file, {"format": "pt"})
    without_manifest(file.parent)
    with pytest.raises(ModelError, match=r"missing are classifier\.weight"):
        textune.Predictor.load(tmp_path / "run")
