"""Runs that train adapters on a frozen base: what changes, what is saved, what is refused."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch
from peft import LoraConfig, PeftModel, inject_adapter_in_model
from pyarrow.parquet import read_table
from safetensors.torch import load_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)
from typer.testing import CliRunner

import textune
from made_requests import end_after, train_request
from textune.doors import cli
from textune.encoder import adapters, load
from textune.errors import SettingsError
from textune.predicting.predictor import Predictor
from textune.recipes import labelled_text
from textune.tasks import labels
from textune.training import room, starting_over

# peft reads every attribute of transformers' model, one of which is deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
GIVEN = {"lora": 4, "epochs": 6, "batch_size": 16, "lr": 0.01, "device": "cpu"}
APART = "train.lora_merge=false"


@pytest.fixture(scope="module")
def reviews_file(tmp_path_factory):
    """Return a file of 70 texts."""
    lines = [f"{'good fine' if n % 2 else 'bad dull'} film {n},{n % 2}" for n in range(70)]
    file = tmp_path_factory.mktemp("texts") / "reviews.csv"
    file.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def run(reviews_file, tiny_base, tmp_path_factory):
    """Return a finished run with a folder of adapters."""
    out = tmp_path_factory.mktemp("lora") / "run"
    options = {**GIVEN, "base": str(tiny_base), "out": out, "settings": [APART]}
    textune.train(reviews_file, precision="fp32", **options)
    return out


def test_only_layers_with_adapters_and_the_head_differ_from_the_base(run, tiny_base):
    base, saved = (load_file(folder / "model.safetensors") for folder in (tiny_base, run / "model"))
    changed = {
        name
        for name, weight in saved.items()
        if name.startswith("bert.") and not torch.equal(weight, base[name.removeprefix("bert.")])
    }
    attention = "bert.encoder.layer.{}.attention.self.{}.weight"
    wanted = {attention.format(n, part) for n in range(2) for part in ("query", "key", "value")}
    others = ("attention.output.dense", "intermediate.dense", "output.dense")
    wanted |= {f"bert.encoder.layer.{n}.{part}.weight" for n in range(2) for part in others}
    assert changed == {*wanted, "bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    assert not any("lora" in name or "base_layer" in name for name in saved)


def test_peft_puts_the_folder_of_adapters_onto_the_base_with_equal_answers(run, tiny_base):
    config = labels.config(("0", "1"), "single_label_classification")
    base = AutoModelForSequenceClassification.from_pretrained(tiny_base, **config)
    merged = AutoModelForSequenceClassification.from_pretrained(run / "model")
    found = PeftModel.from_pretrained(base, run / "model" / adapters.NAME)
    ids = torch.arange(2, 20).view(2, 9)
    with torch.no_grad():
        logits = [model.eval()(input_ids=ids).logits for model in (merged, found)]
    torch.testing.assert_close(logits[0], logits[1], atol=1e-5, rtol=1e-5)
    told = json.loads((run / "model" / adapters.NAME / "adapter_config.json").read_text())
    assert (told["r"], told["lora_alpha"]) == (4, 8)
    assert told["base_model_name_or_path"] == str(tiny_base)


def test_the_merged_model_predicts_what_the_adapters_did_in_the_run(run):
    rows = read_table(run / "predictions" / "valid.parquet").to_pylist()
    assert all((row["p(1)"] > 0.5) == (row["truth"] == "1") for row in rows)
    found = Predictor.load(run).predict([row["text"] for row in rows])
    for row, one in zip(rows, found, strict=True):
        assert one.scores["1"] == pytest.approx(row["p(1)"], abs=1e-5)


@pytest.mark.first(1)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("probe", [True, False])
def test_a_killed_run_goes_on_to_the_same_weights(
    precision, probe, reviews_file, tiny_base, tmp_path
):
    def learn(out, *, last=None, **given):
        changes = {
            **{"train.epochs": 2, "train.batch_size": 16, "train.lr": 0.01, "train.lora": 4},
            **{"train.lora_dropout": 0.1, "train.probe": probe, "train.precision": precision},
            "train.validate_every": 3,
        }
        asked = train_request(reviews_file, tiny_base, out, **changes, **given)
        end_after(labelled_text.learn(asked), last)

    learn(tmp_path / "whole")
    learn(tmp_path / "killed", last=5)
    assert not (tmp_path / "killed" / "model").exists()
    learn(tmp_path / "killed", resume=True)
    whole, killed = (
        load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "killed")
    )
    assert whole.keys() == killed.keys()
    assert all(torch.equal(weight, killed[name]) for name, weight in whole.items())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--set", "train.freeze=-1"), "lora freezes the whole base; leave out freeze"),
        (("--effort", "quick"), "effort quick the head alone; give one"),
        (("--curve",), "--curve: is not possible beside train.lora"),
        (("--effort", "best"), "--effort best: is not possible beside train.lora"),
        (("--set", "train.lora_rank=3"), "train.lora_rank: no such setting"),
        (("--lora", "65"), "train.lora: 65 is above the rank that layers of this base can have; "),
        (("--lora", "100000"), "train.lora: 100,000 is above the rank that layers of this base "),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_beside_adapters_is_refused(more, said, reviews_file, tiny_base, tmp_path):
    base = ("--base", tiny_base, "--out", tmp_path / "run", "--lora", 4)
    words = ("train", reviews_file, *base, *more)
    done = CliRunner().invoke(cli.app, list(map(str, words)))
    assert isinstance(done.exception, SettingsError)
    assert said in str(done.exception)


def test_cross_validation_is_refused_with_a_way_out(auto_recipe, reviews_file, tiny_base, tmp_path):
    with pytest.raises(SettingsError, match=r"train\.lora: .* data\.valid_share=0\.1"):
        textune.train(reviews_file, base=tiny_base, out=tmp_path / "run", lora=4)


def test_adapters_of_no_rank_and_those_of_plain_text_are_refused(reviews_file, tiny_base, tmp_path):
    with pytest.raises(SettingsError, match=r"lora_alpha: of adapters, whose rank is lora"):
        textune.train(reviews_file, settings=["train.lora_alpha=3"], out=tmp_path / "run")
    with pytest.raises(SettingsError, match="lora can be set for labelled text only"):
        textune.adapt(reviews_file, settings=["train.lora=3"], out=tmp_path / "run")


def test_a_folder_of_adapters_for_a_mean_that_the_base_lacks_is_refused(
    reviews_file, tiny_base, tmp_path
):
    given = {**GIVEN, "settings": [APART, "train.pooling=mean"]}
    with pytest.raises(SettingsError, match=r"lora_merge=false: .* give train\.pooling=base"):
        textune.train(reviews_file, base=tiny_base, out=tmp_path / "run", **given)


def test_adapters_are_trained_and_saved_without_peft(
    reviews_file, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "peft", None)  # whose import takes more than the training
    given = {**GIVEN, "epochs": 1, "settings": [APART, "train.keep_checkpoints=true"]}
    textune.train(reviews_file, base=tiny_base, out=tmp_path / "run", **given)
    assert (tmp_path / "run" / "model" / "adapter" / "adapter_config.json").is_file()
    best = load_file(tmp_path / "run" / "checkpoints" / "best.safetensors")
    (folder,) = (tmp_path / "run" / "checkpoints").glob("step-*")
    state = load_file(folder / "state.safetensors")
    kept = {*best, *(name.removeprefix("model.") for name in state if name.startswith("model."))}
    kinds = {name.split(".lora_")[0].rpartition(".")[2] for name in kept if ".lora_" in name}
    assert kinds == {"query", "key", "value", "dense"}
    others = {name for name in kept if ".lora_" not in name}
    assert all(name.startswith(("bert.pooler", "classifier", "textune")) for name in others)


def test_adapters_learn_forty_times_as_fast_as_the_head_beside_them(
    reviews_file, tiny_base, tmp_path
):
    given = {"lora": 2, "epochs": 1, "base": tiny_base, "precision": "fp32"}
    textune.train(reviews_file, out=tmp_path / "run", **given)
    written = (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    assert "\nlr = 0.002\n" in written
    assert "\nlora_head_lr = 5e-05\n" in written
    assert '\nlora_targets = "all"\n' in written


def test_a_new_beginning_of_adapters_has_a_rate_of_adapters(tiny_base):
    given = {"model_class": "AutoModelForSequenceClassification", "config": {"num_labels": 2}}
    encoder = load.load(str(tiny_base), **given)
    settings = SimpleNamespace(train=SimpleNamespace(lr=9.0))
    progress = SimpleNamespace(step=3)
    one = SimpleNamespace(settings=settings, encoder=encoder, progress=progress)
    whole = starting_over.safer(one, "why")["lr"]
    adapters.put(encoder.model, adapters.Lora(4, 8.0, 0.0, "query-value"), seed=1)
    assert starting_over.safer(one, "why")["lr"] == pytest.approx(40 * whole)


def test_fewer_tokens_are_computed_at_once_where_torch_keeps_all_states(tiny_base):
    given = {"model_class": "AutoModelForSequenceClassification", "config": {"num_labels": 2}}
    encoder = load.load(str(tiny_base), **given)
    whole = room.usual_tokens(encoder)
    adapters.put(encoder.model, adapters.Lora(4, 8.0, 0.0, "query-value"), seed=1)
    assert room.usual_tokens(encoder) == whole // 8


@pytest.mark.parametrize("targets", ["query-value", "all"])
def test_training_ends_at_the_weights_of_a_plain_loop_with_peft(
    targets, reviews_file, tiny_base, tmp_path
):
    made = ["train.probe=false", "train.retry=false", "train.dropout=0", "data.valid_share=0"]
    made += [APART, f"train.lora_targets={targets}", "train.weight_decay=0.1"]
    made.append("train.lora_head_lr=0.002")
    given = {**GIVEN, "epochs": 12, "batch_size": 70, "seed": 1, "settings": made}
    textune.train(
        reviews_file, base=tiny_base, valid="none", out=tmp_path, precision="fp32", **given
    )
    rows = [line.split(",") for line in reviews_file.read_text(encoding="utf-8").splitlines()[1:]]
    known, texts = peft_model(tiny_base, targets), AutoTokenizer.from_pretrained(tiny_base)
    ids = texts([text for text, _ in rows], padding=True, return_tensors="pt")
    truth = torch.tensor([int(label) for _, label in rows])
    trained = {name: each for name, each in known.named_parameters() if each.requires_grad}
    groups = [
        {
            "params": [each],
            "weight_decay": 0.1 * (each.ndim > 1),
            "lr": GIVEN["lr"] if "lora_" in name else 0.002,
        }
        for name, each in trained.items()
    ]
    optimizer = torch.optim.AdamW(groups, lr=GIVEN["lr"])
    schedule = get_linear_schedule_with_warmup(optimizer, 1, 12)
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(known(**ids).logits, truth)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    own = load_file(tmp_path / "model" / adapters.NAME / "adapter_model.safetensors")
    assert len(own) == len(trained)
    for name, weight in trained.items():
        saved = own["base_model.model." + name.replace(".default.", ".")]
        torch.testing.assert_close(saved, weight.detach(), atol=1e-4, rtol=1e-3)


def peft_model(place, targets):
    """Give transformers' model of a base peft's adapters, with the values a run begins with."""
    task = labels.config(("0", "1"), "single_label_classification")
    given = {"model_class": "AutoModelForSequenceClassification", "config": task}
    own = load.load(str(place), **given, seed=1).model
    known = AutoModelForSequenceClassification.from_pretrained(place, **task, dtype=torch.float32)
    names = adapters._targets(known, targets)
    adapters.put(own, adapters.Lora(4, 8.0, 0.0, targets), seed=1)
    inject_adapter_in_model(LoraConfig(r=4, lora_alpha=8, target_modules=names), known)
    for name, weight in known.named_parameters():
        weight.requires_grad_("lora_" in name or "pooler" in name or "classifier" in name)
        weight.data.copy_(own.get_parameter(name))
    return known.eval()
