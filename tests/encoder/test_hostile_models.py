"""Folders from anywhere: what is not whole, sound and safe is refused in words, and soon."""

import json
import os
import shutil
import socket
import struct
import threading

import pytest
import torch
from safetensors.torch import load_file, save_file

import textune
from made_runs import make_run, without_manifest
from textune.encoder import bases, description, weights
from textune.errors import ModelError, NumericsError, RunError, TextuneError
from textune.text import patterns


@pytest.fixture
def base(tiny_base, tmp_path):
    return shutil.copytree(tiny_base, tmp_path / "base")


@pytest.fixture(scope="module")
def kept_run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])


@pytest.fixture
def model(kept_run, tmp_path):
    """Return the model of a run that has no checksums, as before there were any."""
    shutil.copytree(kept_run, tmp_path / "run")
    without_manifest(tmp_path / "run" / "model")
    return tmp_path / "run" / "model"


def put(file, **changes):
    values = json.loads(file.read_text(encoding="utf-8"))
    values.update(changes)
    file.write_text(json.dumps(values), encoding="utf-8")


def put_header(folder, header, data=b""):
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def add(folder, **tensors):
    file = folder / "model.safetensors"
    save_file(load_file(file) | tensors, file, {"format": "pt"})


def spoil(folder, number):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "layer.1.output.dense.weight" in name)
    tensors[name][3, 3] = number
    save_file(tensors, file, {"format": "pt"})


def index(folder, name):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    weight_map = {"embeddings.word_embeddings.weight": name}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def fifo(file):
    file.unlink()
    os.mkfifo(file)


SIZES = [
    ("num_hidden_layers", 1_000_000, "1,000,000 layers, and the weights are of 2"),
    ("num_hidden_layers", 0, "num_hidden_layers: Input should be greater than or equal to 1"),
    ("num_hidden_layers", "2", "num_hidden_layers: Input should be a valid integer"),
    ("num_hidden_layers", None, "num_hidden_layers is null"),
    ("num_hidden_layers", 2.0, "num_hidden_layers: Input should be a valid integer"),
    ("hidden_size", 2**31, "hidden_size: Input should be less than 2147483648"),
    ("hidden_size", 0, "hidden_size: Input should be greater"),
    ("hidden_size", "64", "hidden_size: Input should be a valid integer"),
    ("hidden_size", None, "hidden_size: Input should be a valid integer"),
    ("hidden_size", 30, "base: "),
    (
        "vocab_size",
        10**9,
        "vocab_size is 1,000,000,000, and no side of any weight is longer",
    ),
    ("vocab_size", None, "vocab_size: Input should be a valid integer"),
    ("vocab_size", 10, "its tokenizer has 25 pieces and its model rows for 10 only"),
    ("intermediate_size", -5, "intermediate_size: Input should be greater"),
    ("num_attention_heads", 0, "num_attention_heads: Input should be greater"),
    ("num_attention_heads", 5, "not a multiple of the number of attention heads"),
    ("max_position_embeddings", 10**12, "max_position_embeddings: Input should be less than"),
    ("type_vocab_size", 7, r"token_type_embeddings.weight \(2 × 32 there, 7 × 32 by it\)"),
    ("pad_token_id", 120, "pad_token_id is 120, and vocab_size is 120"),
    ("pad_token_id", -1, "pad_token_id is -1"),
    ("layer_norm_eps", 0, "layer_norm_eps: Input should be greater than 0"),
    ("hidden_dropout_prob", 1.5, "hidden_dropout_prob: Input should be less than or equal to 1"),
    ("hidden_act", "\u2620", "cannot be loaded as an encoder"),
    ("model_type", "roberta", "model_type is 'roberta' and architectures names BertModel"),
    ("model_type", "perceptron", "perceptron"),
    ("quantization_config", {"quant_method": "bnb"}, "describes quantised weights"),
    ("id2label", ["a"], "id2label: Input should be a valid dictionary"),
    ("hidden_act", "nope", "its config.json says hidden_act = 'nope', which transformers does not"),
    ("model_type", "t5", "model_type is 't5' and architectures names BertModel; they must be of"),
]


@pytest.mark.parametrize(("name", "value", "message"), SIZES)
def test_sizes_that_cannot_be_are_refused(base, reviews, tmp_path, name, value, message):
    put(base / "config.json", **{name: value})
    with pytest.raises(ModelError, match=message):
        textune.train(reviews, base=base, out=tmp_path / "out", epochs=1)
    assert not (tmp_path / "out").exists()


def test_a_size_that_is_not_said_is_the_familys(base):
    values = json.loads((base / "config.json").read_text(encoding="utf-8"))
    del values["type_vocab_size"]
    (base / "config.json").write_text(json.dumps(values), encoding="utf-8")
    assert bases.find(base) == str(base)


FOLDERS = {
    "deep config": (
        lambda base: (base / "config.json").write_text("[" * 100_000),
        r"config\.json: not a JSON object",
    ),
    "NaN in config": (
        lambda base: (base / "config.json").write_text('{"model_type": "bert", "dropout": NaN}'),
        r"config\.json: not a JSON object .* NaN is no number",
    ),
    "config is a pipe": (
        lambda base: fifo(base / "config.json"),
        "no file that can be read",
    ),
    "weights are a pipe": (
        lambda base: fifo(base / "model.safetensors"),
        "no file that can be read",
    ),
    "tokenizer is a pipe": (lambda base: fifo(base / "tokenizer.json"), "no file that can be read"),
    "tokenizer is a device": (
        lambda base: (
            (base / "tokenizer.json").unlink(),
            (base / "tokenizer.json").symlink_to("/dev/zero"),
        ),
        "no file that can be read",
    ),
    "no tokenizer": (lambda base: (base / "tokenizer.json").unlink(), "no tokenizer"),
    "only weights": (
        lambda base: [file.unlink() for file in base.iterdir() if "token" in file.name],
        "no tokenizer: no tokenizer.json",
    ),
    "an index of pickles": (lambda base: index(base, "pytorch_model.bin"), "no pickles"),
    "an index that leads away": (
        lambda base: index(base, "../../x.safetensors"),
        "nothing in other folders",
    ),
    "an index that leads nowhere": (
        lambda base: index(base, "model-2.safetensors"),
        "names model-2.safetensors, which is not there",
    ),
    "an adapter": (
        lambda base: (base / "adapter_config.json").write_text("{}"),
        r"holds an adapter .*merge_and_unload",
    ),
    "int8": (
        lambda base: add(base, x=torch.zeros(2, dtype=torch.int8)),
        "x has the format I8: quantised weights cannot be trained",
    ),
    "a header too long": (
        lambda base: (base / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}"),
        "is damaged or was cut short",
    ),
    "overlapping offsets": (
        lambda base: put_header(
            base,
            {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in "ab"},
            bytes(9),
        ),
        "is damaged or was cut short",
    ),
    "an absurd shape": (
        lambda base: put_header(
            base, {"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, bytes(4)
        ),
        "is damaged or was cut short",
    ),
    "NaN": (lambda base: spoil(base, float("nan")), r"layer\.1\.output.* hold NaN or infinity"),
    "infinity": (lambda base: spoil(base, float("inf")), "hold NaN or infinity"),
    "ONNX": (
        lambda base: (base / "model.safetensors").rename(base / "model.onnx"),
        "only an ONNX export.* take the model that it was made from",
    ),
    "deep tokenizer": (
        lambda base: (base / "tokenizer.json").write_text('{"a":' * 100_000),
        r"tokenizer\.json: not a tokenizer",
    ),
    "endless pattern": (
        lambda base: put(
            base / "tokenizer.json",
            pre_tokenizer={
                "type": "Split",
                "pattern": {"Regex": "(a+)+$"},
                "behavior": "Isolated",
                "invert": False,
            },
        ),
        "searches by .*a repetition of what repeats",
    ),
    "endless normaliser": (
        lambda base: put(
            base / "tokenizer.json",
            normalizer={"type": "Replace", "pattern": {"Regex": r"(\s*x*)*y"}, "content": ""},
        ),
        "a repetition of what repeats",
    ),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_no_sound_base_is_refused(base, reviews, tmp_path, kind):
    change, message = FOLDERS[kind]
    change(base)
    with pytest.raises(ModelError, match=message):
        textune.train(reviews, base=base, out=tmp_path / "out", epochs=1)
    assert not (tmp_path / "out").exists()


def test_a_huge_tokenizer_is_refused_unread(base, monkeypatch):
    monkeypatch.setattr(description, "MOST_TOKENIZER", 100)
    with pytest.raises(ModelError, match="more than the 100 that a tokenizer may have"):
        bases.find(base)


def test_an_encoder_of_characters_is_refused_by_what_it_reads(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "canine"}', encoding="utf-8")
    said = "canine encoders read characters, not pieces, and have no fast tokenizer .*; take an"
    with pytest.raises(ModelError, match=said):
        bases.find(tmp_path)


def test_a_vocabulary_of_another_class_makes_no_tokenizer(base):
    """Transformers would make one of five pieces, to which every word is unknown."""
    (base / "tokenizer.json").unlink()
    (base / "vocab.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="no tokenizer"):
        textune.text.tokenizers.load(bases.find(base))


CARDS = [
    ({"format": 99}, "of the format 99, and this textune knows 1; update textune"),
    ({"task": "tags"}, "task is 'tags', and its contract is for 'single'"),
    ({"task": "poetry"}, "task is 'poetry'"),
    ({"decision": {"kind": "tags"}}, "decision.kind is 'tags', not for single"),
    ({"decision": {"kind": "threshold", "thresholds": {"good": float("nan")}}}, "NaN is no number"),
    ({"decision": {"kind": "threshold", "thresholds": {"good": 7}}}, r"threshold is \[7.0\]"),
    ({"labels": []}, "labels are none"),
    ({"labels": ["bad", "bad"]}, "one comes twice"),
    ({"labels": ["bad", "fine"]}, "config.json names the labels"),
    ({"labels": "bad"}, "labels: "),
    ({"shape": {"max_tokens": 0}}, "shape allows no token"),
    ({"shape": {"max_tokens": "many"}}, "shape.max_tokens: "),
    ({"shape": {"max_tokens": 5000}}, "max_tokens is 5,000, and this encoder reads at most 64"),
    ({"shape": {"max_tokens": 60, "overlap": 1.0}}, "or no end"),
    ({"shape": {"max_tokens": 60, "long": "middle"}}, "shape.long: "),
    ({"pool": "median"}, "pool: "),
    ({"state": 5}, "state: "),
]


@pytest.mark.parametrize(("change", "message"), CARDS)
def test_a_card_that_cannot_be_is_refused(model, change, message):
    put(model / "decision.json", **change)
    with pytest.raises(ModelError, match=message):
        textune.Predictor.load(model.parent)


def test_cards_of_another_task_than_the_weights_are_refused(model):
    put(model / "config.json", problem_type="multi_label_classification")
    with pytest.raises(ModelError, match=r"is for the task 'single' and config\.json says 'multi_"):
        textune.Predictor.load(model.parent)


@pytest.mark.parametrize("name", ["type_vocab_size", "layer_norm_eps", "architectures"])
def test_what_a_run_does_not_say_is_its_familys(model, kept_run, name):
    values = json.loads((model / "config.json").read_text(encoding="utf-8"))
    del values[name]
    (model / "config.json").write_text(json.dumps(values), encoding="utf-8")
    found, wanted = (textune.Predictor.load(place)(["good film"]) for place in (model, kept_run))
    assert found[0].scores == pytest.approx(wanted[0].scores, abs=1e-5)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_answer_nothing(model, number):
    spoil(model, number)
    with pytest.raises(ModelError, match="hold NaN or infinity"):
        textune.Predictor.load(model.parent)


def test_weights_that_are_too_large_answer_nothing(model):
    """Each is a number, and what is computed with them is none."""
    file = model / "model.safetensors"
    tensors = load_file(file)
    for name in ("bert.pooler.dense.weight", "classifier.weight"):
        tensors[name][:] = 3e38
    save_file(tensors, file, {"format": "pt"})
    predictor = textune.Predictor.load(model.parent)
    with pytest.raises(NumericsError, match="NaN or infinity for 2 of 2 texts, the first of them"):
        predictor(["good film", "bad film"])


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors"])
def test_a_run_without_a_file_is_refused(model, name):
    (model / name).unlink()
    with pytest.raises(ModelError, match=r"no tokenizer|no config\.json|no model\.safetensors"):
        textune.Predictor.load(model.parent)


@pytest.mark.parametrize("name", ["x" * 300, "runs/" + "x" * 300, "x\0y", "", "nobody/thing"])
def test_what_is_no_run_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"no such folder|no finished model"):
        textune.Predictor.load(name)


def test_a_model_that_is_replaced_meanwhile_opens_no_socket(model, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    opened = []
    monkeypatch.setattr(socket.socket, "connect", lambda *where: opened.append(where))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: opened.append(where) or [])
    away, is_over = model.parent / "away", threading.Event()

    def swap():
        while not is_over.is_set():
            model.rename(away)
            away.rename(model)

    other = threading.Thread(target=swap)
    other.start()
    try:
        for _ in range(20):
            try:
                textune.Predictor.load(model.parent)
            except TextuneError as error:
                assert "huggingface.co" not in str(error)  # noqa: PT017
    finally:
        is_over.set()
        other.join()
    assert opened == []


def test_weights_that_are_gone_meanwhile_are_named(tmp_path):
    (tmp_path / "model.safetensors").symlink_to(tmp_path / "gone")
    with pytest.raises(TextuneError, match=r"model\.safetensors: cannot be read .*try again"):
        weights.read(tmp_path, ["bias"])


@pytest.mark.parametrize(
    ("pattern", "is_endless"),
    [
        ("(a+)+$", True),
        ("(a*)*", True),
        ("(?:a+b?)*c", True),
        ("(a|a)*b", True),
        ("(?:a|ab)+", True),
        (r"(\w+\s?){2,}", True),
        ("((a)+)+", True),
        ("([a-z]+)*", True),
        (r"(?i:'s|'t|'re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+", False),
        (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", False),
        (r"(\p{N}{1,3})+", False),
        ("(?:ab|cd)+", False),
        ("(?>a+)+", False),
        ("(a+)?", False),
        (r"[(a+)]+\(a+\)+", False),
        ("", False),
    ],
)
def test_patterns_whose_time_doubles_with_each_sign_are_known(pattern, is_endless):
    assert patterns.is_endless(pattern) is is_endless
