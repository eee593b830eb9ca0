"""Metrics by the names that people know, and settings without effect: understood or refused."""

import random
import re
import sys

import pytest

import textune
from conftest import WORDS
from textune.doors import cli, keywords
from textune.errors import SettingsError
from textune.metrics import catalogue
from textune.objectives import labelled
from textune.recipes import labelled_text, plain_text, requests
from textune.records import Message
from textune.settings import config
from textune.settings.config import Settings
from textune.settings.language_config import AdaptSettings
from textune.tasks import registry

QUICK = {"epochs": 1, "limit": 40, "batch_size": 64, "seed": 3}


def write(path, rows):
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path, reviews, comments):
    """Return a file of each task."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=6)) for _ in range(60)]
    numbers = [f"{text},{1000 * draw.random():.1f}" for text in texts]
    words = [
        "\n".join(f"{word} {'B-X' if word in WORDS[:5] else 'O'}" for word in text.split()) + "\n"
        for text in texts
    ]
    three = [f"{text},{'abc'[number % 3]}" for number, text in enumerate(texts)]
    return {
        "single": reviews,
        "three": write(tmp_path / "three.csv", ["text,label", *three]),
        "multi": comments,
        "number": write(tmp_path / "numbers.csv", ["text,score", *numbers]),
        "tags": write(tmp_path / "words.conll", words),
    }


@pytest.mark.parametrize(
    ("task", "wanted", "meant"),
    [
        ("single", "eval_f1", "labels.good.f1"),
        ("multi", "eval_loss", "log_loss"),
        ("number", "mse", "rmse"),
        ("tags", "eval_overall_f1", "f1"),
    ],
)
def test_names_of_transformers_select_the_best(files, tiny_base, tmp_path, task, wanted, meant):
    out = tmp_path / "run"
    settings = [f"train.metric={wanted}"]
    run = textune.train(files[task], base=tiny_base, out=out, settings=settings, **QUICK)
    best = run.metrics["best"]
    assert best["metric"] == meant
    assert best["value"] == catalogue.value(run.metrics["valid"], meant)
    assert meant in (out / "log.jsonl").read_text()


@pytest.mark.parametrize(
    ("task", "change", "words"),
    [
        ("three", "train.metric=f1", "3 labels there are several; say which: macro_f1"),
        ("multi", "train.metric=precision", "macro_f1, micro_f1, or that of one label, such as"),
        ("number", "train.metric=f1", r"\(number\) has no such number; allowed: pearson"),
        ("number", "train.metric=accuracy", "allowed: pearson, spearman, rmse, mae"),
        ("tags", "train.metric=mcc", "allowed: accuracy, macro_f1, f1"),
        ("tags", "train.metric=rmse", r"\(tags\) has no such number"),
        ("single", "train.metric=perplexity", "no such number"),
        ("single", "train.metric=labels.godo.f1", "did you mean 'good'"),
        ("single", "train.metric=acuracy", "did you mean 'accuracy'"),
        ("number", "train.class_weights=balanced", "train.class_weights: would change nothing"),
        ("single", "data.unlabelled=0.5", r"several labels a text \(multi\)"),
        ("number", "data.most_per_class=5", "data.most_per_class: would change nothing"),
    ],
)
def test_what_the_task_lacks_is_refused_before_a_folder_is_made(
    files, tiny_base, tmp_path, monkeypatch, capsys, task, change, words
):
    out = tmp_path / "run"
    command = ["train", files[task], "--base", tiny_base, "--out", out, "--set", change]
    monkeypatch.setattr(sys, "argv", ["textune", *map(str, command)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 2
    assert re.search(words, capsys.readouterr().err)
    assert not out.exists()


def test_every_metric_has_one_name_and_one_way():
    names = [*catalogue.METRICS, *catalogue.ALIASES]
    assert len(names) == len(set(names)) >= 45
    for task in ("single", "multi", "number", "tags", "answers"):
        judged = registry.TASKS[task].judged
        own = [name for name in catalogue.METRICS if name in judged.metrics]
        assert own
        assert all(
            catalogue.selecting(f"eval_{name}", task, judged, ("a", "b")) == name for name in own
        )


def test_a_metric_of_another_task_names_those_there_are():
    with pytest.raises(SettingsError, match="different units; allowed: pearson"):
        catalogue.selecting("mse", "number", registry.of("number").judged, ("a", "b"))
    with pytest.raises(SettingsError, match="allowed: f1, exact_match"):
        catalogue.selecting("loss", "answers", registry.of("answers").judged, ("start", "end"))


def test_plain_masks_can_be_asked_for_in_python(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(plain_text, "learn", lambda request: iter(asked.append(request) or ()))
    textune.adapt(str(tmp_path / "text.txt"), plain_mask=True)
    assert asked[0].settings.mask.mask_share == 1
    assert asked[0].settings.mask.random_share == 0
    assert keywords.resolve(AdaptSettings, {}).mask.mask_share < 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["train.epochs=0"], "epochs 0: nothing will be learned"),
        (["train.warmup_steps=500"], "the warm-up of 500 steps does not end before the last of 9"),
        (["train.warmup_epochs=3"], "the warm-up of 27 steps does not end"),
        (["train.warmup_steps=2"], None),
    ],
)
def test_what_will_not_happen_is_said(changes, words):
    settings = config.resolve(Settings, None, ["train.epochs=1", *changes], {})
    said = [item.text for item in labelled.forewarnings(settings.train, 9)]
    assert [text.startswith(words) for text in said] == ([] if words is None else [True])


def test_no_epoch_is_said_before_the_run_ends(reviews, tiny_base, tmp_path):
    settings = config.resolve(Settings, None, [], {"base": str(tiny_base), "train.epochs": 0})
    events = list(
        labelled_text.learn(requests.TrainRequest(str(reviews), settings, tmp_path / "run"))
    )
    said = [event.text for event in events if isinstance(event, Message)]
    assert any(text.startswith("epochs 0: nothing will be learned") for text in said)
