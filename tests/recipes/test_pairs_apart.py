"""Pairs of texts that are encoded apart, through the commands that users have."""

import json
import os
import random
import re
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel
from typer.testing import CliRunner

import textune
from conftest import WORDS
from made_requests import train_request
from textune.doors import cli
from textune.encoder.names import BUNDLED
from textune.errors import SettingsError, StoppedError
from textune.predicting import picking
from textune.predicting.predictor import Predictor
from textune.recipes import labelled_text
from textune.records import Message, Step
from textune.runtime import Predictor as Runtime
from textune.settings import choosing

pytestmark = pytest.mark.usefixtures("auto_recipe")

NAMED = ("--text", "one,other", "--label", "likeness", "--task", "number")
PAIR = ("a good warm film", "the dull song is very cold")
QUICK = {"effort": "quick", "device": "cpu", "precision": "fp32"}
COLUMNS = {"text": ["one", "other"], "label": "likeness", "task": "number"}


@pytest.fixture(scope="module")
def base(tiny_base, tmp_path_factory):
    """Return the tiny base as a sentence encoder."""
    folder = shutil.copytree(tiny_base, tmp_path_factory.mktemp("sentences") / "base")
    (folder / "1_Pooling").mkdir()
    says = {"pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(says), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def likenesses(tmp_path_factory):
    """Return a CSV of 60 pairs, and how many words of ten both have."""
    draw = random.Random(2)
    lines = ["one,other,likeness"]
    for number in range(60):
        words = draw.sample(WORDS, 10)
        kept = number % 11
        other = words[:kept] + draw.choices(WORDS, k=10 - kept)
        shared = len(set(words) & set(other))
        lines.append(f"{' '.join(words)},{' '.join(other)},{shared / 2}")
    file = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def run(base, likenesses, tmp_path_factory):
    """Return a run of a linear head on frozen features."""
    out = tmp_path_factory.mktemp("run") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(choosing.FORCED, raising=False)
        return textune.train(
            likenesses, base=base, out=out, test=likenesses, **COLUMNS, **QUICK
        ).path


def asked(source, base, out, *changes, resume=False):
    columns = {f"data.{name}": value for name, value in COLUMNS.items()} | {
        "data.label": ["likeness"]
    }
    return train_request(source, base, out, *changes, resume=resume, **columns)


def card_of(run):
    return json.loads((run / "model" / "decision.json").read_text(encoding="utf-8"))


def numbers_of(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def typed(*words):
    done = CliRunner().invoke(cli.app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return done.output.replace("\n  ", " ")


def test_its_folder_is_whole_and_lacks_nothing_that_its_head_does_not_read(run):
    assert textune.verify(run).faults == ()
    found = textune.inspect(run)
    assert found.new == []
    assert {each.name for each in found.groups()["output"]} == {"weight", "bias"}


def number(predictions):
    return [one.numbers["likeness"] for one in predictions]


def by_the_page(run, pairs):
    """Run the lines of a model's page on pairs."""
    page = (run / "model" / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.S)[1]
    first, second = zip(*pairs, strict=True)
    code = code.replace('["one text"]', repr(first)).replace('["the other text"]', repr(second))
    found = {}
    exec(code.replace('"model', f'"{run}/model'), found)
    return found["logits"][:, 0].tolist()


def test_numbers_of_pairs_are_learned_apart_on_a_sentence_encoder(run, base):
    assert card_of(run)["shape"]["pairs"] == "apart"
    assert numbers_of(run)["test"]["spearman"] > 0.7
    kept = {file.name for file in (run / "model").iterdir()}
    assert {"config.json", "model.safetensors", "pair_head.safetensors", "modules.json"} <= kept
    sealed = json.loads((run / "model" / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert "pair_head.safetensors" in sealed
    assert AutoModel.from_pretrained(run / "model").config.architectures == ["BertModel"]


def test_the_lines_on_the_models_page_give_its_numbers(run):
    page = (run / "model" / "README.md").read_text(encoding="utf-8")
    assert "`AutoModelForSequenceClassification` cannot compute that" in page
    found = number(Predictor.load(run, device="cpu", precision="fp32")([PAIR, PAIR[::-1]]))
    assert by_the_page(run, [PAIR, PAIR[::-1]]) == pytest.approx(found, abs=1e-5)


def test_it_answers_alike_with_torch_without_it_and_when_it_is_evaluated(run):
    with_torch = number(Predictor.load(run, device="cpu", precision="fp32")([PAIR, PAIR[::-1]]))
    assert with_torch[0] == pytest.approx(with_torch[1], abs=1e-5)  # the order says nothing
    few = Predictor.opened(run, few=True)
    assert type(few.encoder).__name__ == "PlainEncoder"
    assert number(few([PAIR, PAIR[::-1]])) == pytest.approx(with_torch, abs=1e-5)
    said = typed("predict", run, *PAIR, "--json")
    assert json.loads(said)["numbers"]["likeness"] == pytest.approx(with_torch[0], abs=1e-5)
    again = json.loads(typed("evaluate", run, "--final", "--json"))
    wanted = numbers_of(run)["test"]["spearman"]
    assert again["spearman"] == pytest.approx(wanted, abs=1e-6)


def test_sentence_transformers_gives_the_states_that_the_head_reads(run):
    sentences = pytest.importorskip("sentence_transformers")
    model = sentences.SentenceTransformer(str(run / "model"), device="cpu")
    u, v = (torch.from_numpy(row)[None] for row in model.encode(list(PAIR)))
    head = load_file(run / "model" / "pair_head.safetensors")
    both = torch.cat([(u - v).abs(), u * v, (u * v).sum(1, keepdim=True)], dim=1)
    found = both @ head["weight"].T + head["bias"]
    assert found.item() == pytest.approx(number(Predictor.load(run)([PAIR]))[0], abs=1e-4)


def test_each_text_of_a_pair_has_all_the_room(run):
    long = " ".join(["good"] * 40), " ".join(["dull"] * 40)  # of 64 tokens
    predictor = Predictor.load(run, device="cpu", precision="fp32")
    longer = long[0], f"{long[1]} cold"
    assert number(predictor([long]))[0] != pytest.approx(number(predictor([longer]))[0], abs=1e-6)
    beyond = [(" ".join(["good"] * 70), PAIR[1]), (" ".join(["good"] * 90), PAIR[1])]
    one, other = number(predictor(beyond))
    assert one == pytest.approx(other, abs=1e-6)


def test_what_is_chosen_is_said_and_can_be_chosen_otherwise(base, likenesses, tmp_path):
    def lines(*changes):
        request = asked(likenesses, base, tmp_path / "run", "train.epochs=0", *changes)
        events = list(labelled_text.learn(request))
        shutil.rmtree(tmp_path / "run")
        return [event.text for event in events if isinstance(event, Message)]

    why = "pairs apart: 60 training texts, a sentence encoder, pairs of texts, numbers"
    assert why in lines("train.recipe=auto")
    assert why not in lines("train.recipe=auto", "train.pairs=together")
    assert not any(line.startswith("pairs apart") for line in lines("train.recipe=classic"))


def test_an_export_answers_as_the_run_does(run, tmp_path):
    found = textune.export(run, out=tmp_path / "out", random=12).parity
    assert found.gap < 1e-4
    assert (tmp_path / "out" / "pair_head.onnx").is_file()
    wanted = number(Predictor.load(run, device="cpu", precision="fp32")([PAIR, PAIR[::-1]]))
    assert number(Runtime.load(tmp_path / "out")([PAIR, PAIR[::-1]])) == pytest.approx(wanted, 1e-5)


def test_a_stopped_run_goes_on_to_the_same_weights(base, likenesses, tmp_path):
    changes = ("data.valid_share=0.2", "train.epochs=2", "train.pairs=apart", "train.probe=false")
    for _ in labelled_text.learn(asked(likenesses, base, tmp_path / "whole", *changes)):
        pass
    parted = asked(likenesses, base, tmp_path / "parted", *changes)
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(parted):
            if isinstance(event, Step) and event.number == 4:
                os.kill(os.getpid(), signal.SIGTERM)
    rest = asked(likenesses, base, tmp_path / "parted", *changes, resume=True)
    for _ in labelled_text.learn(rest):
        pass
    for name in ("model.safetensors", "pair_head.safetensors"):
        one, other = (load_file(tmp_path / run / "model" / name) for run in ("whole", "parted"))
        assert all(torch.equal(one[key], other[key]) for key in one)
    begun = AutoModel.from_pretrained(base).state_dict()
    tuned = load_file(tmp_path / "whole" / "model" / "model.safetensors")
    assert not torch.equal(
        tuned["encoder.layer.0.output.dense.weight"], begun["encoder.layer.0.output.dense.weight"]
    )


def test_a_run_from_before_there_was_a_choice_goes_on_as_it_began(base, likenesses, tmp_path):
    def noted(settings, now=choosing.noted):
        found = now(settings)
        del found["chosen"]["pairs"]
        return found

    out = tmp_path / "run"
    changes = ("data.valid_share=0.2", "train.epochs=2", "train.recipe=auto")
    with pytest.MonkeyPatch.context() as patch:  # as that version had it
        rules = {**choosing.TABLE, "pairs": (choosing.Rule("together"),)}
        patch.setattr(choosing, "TABLE", rules)
        patch.setattr(choosing, "noted", noted)
        with pytest.raises(StoppedError):
            for event in labelled_text.learn(asked(likenesses, base, out, *changes)):
                if isinstance(event, Step) and event.number == 4:
                    os.kill(os.getpid(), signal.SIGTERM)
    file = out / "config.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('pairs = "together"\n', ""), "utf-8")
    for _ in labelled_text.learn(asked(likenesses, base, out, *changes, resume=True)):
        pass
    assert card_of(out)["shape"]["pairs"] == "together"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"text": ["one"]}, "there are no pairs of texts in numbers for a text"),
        ({"long": "window"}, "a text that is encoded by itself is read in one window"),
        ({"settings": ["data.pool=max", "train.pairs=apart"]}, "answers in windows are pooled"),
    ],
    ids=["single", "windows", "pool"],
)
def test_what_cannot_be_encoded_apart_is_refused(base, likenesses, tmp_path, changes, why):
    given = {**COLUMNS, "settings": ["train.pairs=apart"]} | changes
    with pytest.raises(SettingsError, match=f"train.pairs=apart: {why}.*; leave it out"):
        textune.train(likenesses, base=base, out=tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_a_forecast_and_suggestions_are_made_of_pairs(run, base, likenesses, tmp_path, monkeypatch):
    said = typed("check", likenesses, "--base", base, "--forecast", "--json", *NAMED)
    assert len(json.loads(said)["forecast"]["scores"]) == 3
    more = tmp_path / "more.csv"
    rows = [f"{' '.join(WORDS[n : n + 5])},{' '.join(WORDS[2 * n : 2 * n + 5])}" for n in range(8)]
    more.write_text("\n".join(["one,other", *rows]) + "\n", encoding="utf-8")
    read = []
    choose = picking.choose

    def choose_and_keep(features, *given, **named):
        read.append(features)
        return choose(features, *given, **named)

    monkeypatch.setattr(picking, "choose", choose_and_keep)
    assert len(textune.suggest(run, more, n=3).rows) == 3
    width = json.loads((run / "model" / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    assert read[0].shape == (8, 2 * width)  # what would outweigh all others is left out


@pytest.mark.exhaustive
def test_such_a_run_is_a_base_for_single_texts_too(run, reviews, tmp_path):
    tuned = textune.train(reviews, base=run, out=tmp_path / "tuned", **QUICK)
    assert numbers_of(tuned.path)["valid"]["accuracy"] > 0.7
    dense = load_file(tuned.path / "model" / "model.safetensors")["bert.pooler.dense.weight"]
    assert np.allclose(dense.numpy(), 0.1 * np.eye(len(dense)))


def test_few_labels_of_pairs_are_learned_apart_and_many_rows_together():
    facts = choosing.Facts(
        rows=100,
        classes=2,
        tokens=40,
        width=384,
        layers=6,
        asks="texts",
        averages=True,
        pairs=True,
    )
    for changes, wanted in (
        ({}, "apart"),
        ({"rows": 2_000}, "together"),
        ({"rows": 2_000, "numbers": True}, "apart"),
        ({"averages": False}, "together"),
        ({"pairs": False}, "together"),
    ):
        assert choosing.rule("pairs", replace(facts, **changes)).value == wanted


def test_six_pairs_teach_the_bundled_encoder_what_is_alike(tmp_path):
    file = tmp_path / "few.csv"
    rows = [
        ("a man plays the guitar", "somebody is playing a guitar", 5),
        ("the cat sleeps", "a cat is asleep", 4.5),
        ("a dog runs on the beach", "a dog is running outside", 3.5),
        ("the train is late", "she bakes bread", 0),
        ("rain in the evening", "a new phone was sold", 0.5),
        ("two boys play chess", "the soup needs salt", 0),
    ]
    lines = "".join(f"{one},{other},{number}\n" for one, other, number in rows)
    file.write_text(f"one,other,likeness\n{lines}", encoding="utf-8")
    run = textune.train(file, base=BUNDLED, out=tmp_path / "run", **COLUMNS, **QUICK).path
    pairs = [("a bird sings", "birds are singing"), ("a bird sings", "taxes were raised")]
    one, other = number(Predictor.load(run, device="cpu")(pairs))
    assert one > other + 2
    padded = by_the_page(run, pairs)
    assert padded == pytest.approx([one, other], abs=1e-4)
