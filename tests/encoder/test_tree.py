"""A tree of our own is the model of transformers: names, weights, answers, gradients, files."""

import json

import pytest
import torch
from transformers import AutoModel, AutoModelForTokenClassification

from families import random_texts, tiny_config
from textune.encoder import light, load, pooling
from textune.encoder.plain import HEADS, PREFIXES
from textune.encoder.tree import Tree
from textune.encoder.units import Units
from textune.tasks import labels as named
from textune.text import batches

pytestmark = pytest.mark.usefixtures("kernels")
LENGTHS = [1, 2, 7, 33, 60]
KINDS = sorted(PREFIXES)
every_kind = pytest.mark.parametrize("kind", KINDS)
every_head = pytest.mark.parametrize("asks", sorted(HEADS))
TASK = named.config(("bad", "fair", "good", "best"), "single_label_classification")


def write(folder, kind, auto=AutoModel, **changes):
    torch.manual_seed(3)
    config = tiny_config(kind, dropout=0.25, **changes)
    auto.from_config(config).save_pretrained(folder)
    return folder


def both(folder, asks, config, **options):
    """Load an encoder as a tree of our own, and with transformers' modules."""
    found = [
        load.load(
            str(folder),
            model_class=f"AutoModel{HEADS[asks]}",
            config={"num_labels": 2} if asks == "answers" else config,
            per_token=asks != "texts",
            seed=5,
            quick=quick,
            **options,
        )
        for quick in (True, False)
    ]
    assert [isinstance(one.model, Tree) for one in found] == [True, False]
    return found


def learned(encoder):
    """Return logits under dropout, and the gradients of all weights, by name and in order."""
    torch.manual_seed(7)
    encoder.train()
    logits = encoder(batches.pack_ids(random_texts(LENGTHS), [max(1, n // 2) for n in LENGTHS]))
    (logits * torch.linspace(-1, 1, logits.numel()).view(logits.shape)).sum().backward()
    return {"": logits} | {name: item.grad for name, item in encoder.model.named_parameters()}


def assert_same(one, other):
    assert list(one) == list(other)
    for name, value in other.items():
        if value is None:  # a pooler that is not read
            assert one[name] is None
        else:
            assert torch.equal(one[name], value), name


def assert_saved_alike(encoders, folder, **options):
    for number, encoder in enumerate(encoders):
        (folder / str(number)).mkdir()
        load.save(encoder, folder / str(number), **options)
    files = sorted(file.name for file in (folder / "1").iterdir())
    assert files == ["config.json", "model.safetensors"]
    for name in files:
        assert (folder / "0" / name).read_bytes() == (folder / "1" / name).read_bytes()


def test_every_family_and_head_is_tested():
    assert KINDS == ["bert", "camembert", "roberta", "xlm-roberta"]
    assert sorted(HEADS) == ["answers", "texts", "words"]


@every_kind
@every_head
@pytest.mark.covering(1)
def test_a_base_with_a_new_head_becomes_the_same_encoder(kind, asks, tmp_path):
    own, stock = both(write(tmp_path / "base", kind), asks, TASK)
    assert own.remarks == stock.remarks
    assert_same(own.model.state_dict(), stock.model.state_dict())
    assert_same(learned(own), learned(stock))
    assert any(isinstance(part, torch.nn.Dropout) and part.p == 0.25 for part in own.modules())
    assert_saved_alike([own, stock], tmp_path)


@pytest.mark.parametrize("numbers", [torch.float32, torch.bfloat16], ids=str)
@every_head
@pytest.mark.covering(1)
def test_dropout_happens_and_both_number_formats_are_the_same(asks, numbers, tmp_path):
    found = both(write(tmp_path / "base", "bert"), asks, TASK)
    assert all(encoder.compute_in(numbers) for encoder in found)
    dropped, wanted = map(learned, found)
    assert_same(dropped, wanted)
    still = both(tmp_path / "base", asks, TASK, rate=0.0)[0]
    assert still.config.hidden_dropout_prob == 0.0
    still.compute_in(numbers)
    assert not torch.allclose(learned(still)[""], dropped[""], atol=0.01)


def test_rows_of_the_bases_own_head_are_kept_by_name(tmp_path):
    names = dict(enumerate(("good", "bad", "other")))
    base = write(tmp_path / "base", "bert", AutoModelForTokenClassification, id2label=names)
    own, stock = both(base, "words", TASK)
    assert "are kept, by name" in own.remarks[-1]
    assert own.remarks == stock.remarks
    assert_same(own.model.state_dict(), stock.model.state_dict())
    assert_saved_alike(both(base, "answers", TASK), tmp_path)
    own, stock = both(base, "texts", TASK)  # a pooler, too, is drawn anew
    assert len(own.remarks) == 2
    assert own.remarks == stock.remarks
    assert_same(own.model.state_dict(), stock.model.state_dict())


def test_numbers_and_a_learned_pool_are_saved_alike(tmp_path):
    task = named.config(("price", "size"), "regression")
    found = both(write(tmp_path / "base", "roberta"), "texts", task)
    for encoder in found:
        encoder.pool_as("learned", 2)
    assert_saved_alike(found, tmp_path, numbers=Units((3.0, 70.0), (2.0, 12.0)))
    assert pooling.saved(tmp_path / "0") is not None
    assert "textune_units" in json.loads((tmp_path / "0" / "config.json").read_text())
    assert found[0].config.to_dict().get("textune_units") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"finetuning_task": "mine"},
        {"hidden_act": "relu"},
        {"problem_type": "none of these"},
        {"dtype": "float99"},
        {"use_cache": "yes"},
        {"bos_token_id": "[CLS]"},
        {"gradient_checkpointing": True},
        {"position_embedding_type": "relative_key"},
    ],
    ids=str,
)
def test_what_config_json_says_beyond_the_usual_is_left_to_transformers(changes, tmp_path):
    folder = write(tmp_path, "bert")
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes), encoding="utf-8")
    auto = "AutoModelForSequenceClassification"
    assert light.read_model(str(folder), auto, seed=0, config=TASK) is None
