"""Adapters are peft's own, packed; merged they are weights, and apart peft puts them on a base."""

import copy

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, inject_adapter_in_model
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForSequenceClassification

from families import random_texts, tiny_config
from textune.encoder import adapters, load, weights
from textune.encoder.adapters import Lora
from textune.errors import SettingsError
from textune.tasks import labels as named
from textune.text import batches
from textune.training import snapshot

# peft reads every attribute of transformers' model, one of which is deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
LENGTHS = [1, 2, 7, 33, 60]
TASK = named.config(("bad", "fair", "good"), "single_label_classification")
CLASS = "AutoModelForSequenceClassification"
KINDS = ("bert", "roberta", "distilbert", "deberta-v2", "modernbert")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a function that writes a small base of random weights once."""

    def write(kind):
        folder = tmp_path_factory.getbasetemp() / f"adapted-{kind}"
        if not folder.exists():
            torch.manual_seed(3)
            AutoModel.from_config(tiny_config(kind)).save_pretrained(folder)
        return str(folder)

    return write


def adapted(folder, *, quick=False, targets="query-value", dropout=0.0):
    """Load a base with adapters of random weights, which change its answers."""
    encoder = load.load(folder, model_class=CLASS, config=TASK, seed=5, quick=quick).eval()
    lora = Lora(4, 8.0, dropout, targets)
    adapters.put(encoder.model, lora, seed=1)
    torch.manual_seed(2)
    with torch.no_grad():
        for name, weight in encoder.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.3)
    return encoder, lora


def batch():
    return batches.pack_ids(random_texts(LENGTHS), LENGTHS)


def padded(model, ids=None):
    """Return logits of plain transformers, padded."""
    texts = random_texts(LENGTHS)
    longest = max(map(len, texts))
    pad = model.config.pad_token_id or 0
    rows = torch.tensor([[*text, *[pad] * (longest - len(text))] for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    with torch.no_grad():
        return model.eval()(input_ids=rows, attention_mask=mask).logits


@pytest.mark.parametrize(
    ("kind", "targets"),
    [*((kind, "query-value") for kind in KINDS), ("bert", "all"), ("modernbert", "all")],
)
@pytest.mark.first(3)
def test_saved_adapters_are_those_of_peft_and_merged_ones_answer_alike(
    kind, targets, place, tmp_path
):
    encoder, lora = adapted(place(kind), targets=targets)
    before = encoder.logits(batch())
    assert not load.save(encoder, tmp_path, adapter=(lora, place(kind)))
    torch.testing.assert_close(encoder.logits(batch()), before, atol=0, rtol=0)
    merged = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    torch.testing.assert_close(padded(merged), before, atol=1e-5, rtol=1e-5)
    base = AutoModelForSequenceClassification.from_pretrained(place(kind), num_labels=3)
    assert (padded(base) - before).abs().max() > 1e-3
    found = PeftModel.from_pretrained(base, tmp_path / adapters.NAME)
    torch.testing.assert_close(padded(found), before, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("quick", [True, False])
def test_the_forward_pass_and_its_gradients_are_those_of_plain_peft(quick, place):
    encoder, _ = adapted(place("bert"), quick=quick)
    plain = AutoModelForSequenceClassification.from_pretrained(place("bert"), num_labels=3)
    names = ["query", "value"]
    known = get_peft_model(
        plain,
        LoraConfig(r=4, lora_alpha=8, target_modules=names, modules_to_save=["classifier"]),
    )
    own = encoder.model.state_dict()
    inner = known.base_model.model
    with torch.no_grad():
        for name, weight in inner.named_parameters():
            usual = name.replace("modules_to_save.default.", "").replace("original_module.", "")
            weight.copy_(own[usual])
    torch.testing.assert_close(padded(known), encoder.logits(batch()), atol=1e-5, rtol=1e-5)
    encoder(batch()).square().sum().backward()
    assert [n for n, p in encoder.model.named_parameters() if p.grad is None] == [
        n for n, p in encoder.model.named_parameters() if not p.requires_grad
    ]
    assert not encoder.has_kernels
    assert encoder.why_no_kernels == "kernels know no adapters"
    trained = {name for name, part in encoder.model.named_parameters() if part.requires_grad}
    kinds = {name.split(".lora_")[0].rpartition(".")[2] for name in trained if "lora_" in name}
    assert kinds == {"query", "value"}
    assert {name for name in trained if "lora_" not in name} == {
        *("bert.pooler.dense.weight", "bert.pooler.dense.bias"),
        *("classifier.weight", "classifier.bias"),
    }


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_first_values_and_gradients_are_those_of_peft(kind, place):
    plain = AutoModelForSequenceClassification.from_pretrained(place(kind), num_labels=3)
    known, own = plain, copy.deepcopy(plain)
    names = adapters._targets(plain, "all")
    for model in (known, own):
        torch.manual_seed(1)
        if model is own:
            adapters.put(model, Lora(4, 8.0, 0.0, "all"), seed=1)
        else:
            inject_adapter_in_model(LoraConfig(r=4, lora_alpha=8, target_modules=names), model)
        torch.manual_seed(2)
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, 0, 0.3)
        ids = torch.arange(2, 20).view(2, 9)
        model.eval()(input_ids=ids).logits.square().sum().backward()
    others = dict(known.named_parameters())
    compared = [name for name, _ in own.named_parameters() if ".lora_" in name]
    assert len(compared) == 2 * len(names)
    for name in compared:
        weight = own.get_parameter(name)
        torch.testing.assert_close(weight, others[name], atol=0, rtol=0)
        torch.testing.assert_close(weight.grad, others[name].grad, atol=1e-6, rtol=1e-5)


def test_weights_written_one_by_one_are_the_file_of_all_at_once(tmp_path):
    tensors = {"b.weight": torch.randn(3, 5), "a": torch.randn(7), "ü": torch.zeros(())}
    weights.write(tensors, tmp_path / "all", metadata={"format": "pt"})
    parts = {name: value.clone for name, value in tensors.items()}
    weights.write_one_by_one(parts, tmp_path / "each", metadata={"format": "pt"})
    assert (tmp_path / "each").read_bytes() == (tmp_path / "all").read_bytes()
    found = weights.read_one_by_one(tmp_path / "each")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in tensors.items())


def test_a_checkpoint_that_holds_the_frozen_weights_too_is_read(place):
    encoder, _ = adapted(place("bert"))
    kept = {name: value + 1 for name, value in snapshot._contiguous(encoder.model).items()}
    whole = {name: value.detach() for name, value in encoder.model.state_dict().items()}
    before = {name: value.clone() for name, value in whole.items()}
    for tensors in (kept, {**whole, **kept}):
        snapshot._put(tensors, encoder.model)
        state = encoder.model.state_dict()
        assert {name for name in state if not torch.equal(state[name], before[name])} == {*kept}
    del kept["classifier.weight"]
    with pytest.raises(KeyError):
        snapshot._put(kept, encoder.model)


def test_bf16_leaves_the_layers_to_torch(place):
    encoder, _ = adapted(place("bert"), quick=True)
    assert not encoder.compute_in(torch.bfloat16)


def test_a_base_of_other_names_is_refused_by_its_family(place):
    model = copy.deepcopy(load.load(place("bert"), model_class=CLASS, config=TASK, seed=5).model)
    for layer in model.base_model.encoder.layer:
        layer.attention.self = torch.nn.Identity()
    with pytest.raises(SettingsError, match=r"no layer of bert .* train\.lora_targets=all"):
        adapters.put(model, Lora(4, 8.0, 0.0, "query-value"), seed=1)


def test_the_folder_of_adapters_holds_no_weight_of_the_base(place, tmp_path):
    encoder, lora = adapted(place("bert"))
    load.save(encoder, tmp_path, adapter=(lora, "some/base"))
    found = load_file(tmp_path / adapters.NAME / "adapter_model.safetensors")
    assert all(".lora_" in name or ".classifier." in name or ".pooler." in name for name in found)
    assert not any("default" in name or "base_layer" in name for name in found)


def test_the_layer_that_gives_the_mean_has_no_adapters(tmp_path):
    torch.manual_seed(3)
    AutoModel.from_config(tiny_config("bert")).save_pretrained(tmp_path)
    encoder = load.load(str(tmp_path), model_class=CLASS, config=TASK, seed=5, pooling="mean")
    last = encoder.model.config.num_hidden_layers - 1
    adapters.put(encoder.model, Lora(4, 8.0, 0.0, "all"), seed=1)
    names = {name for name, _ in adapters._adapted(encoder.model)}
    assert {int(name.split(".")[3]) for name in names} == set(range(last))
    assert len(names) == 6 * last
