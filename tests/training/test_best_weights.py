"""The best weights are kept, and a run ends where it gets no better."""

import json

import pytest

import textune
from made_requests import train_request
from textune.recipes import labelled_text
from textune.records import Message, Step, Validated


@pytest.mark.usefixtures("either_format")
@pytest.mark.first(1)
def test_the_best_weights_are_kept_not_the_last(reviews, tiny_base, tmp_path):
    changes = ("train.schedule=constant", "train.lr=0.02", "train.warmup_steps=0")
    asked = train_request(reviews, tiny_base, tmp_path / "run", *changes, **{"train.epochs": 6})
    found = [item for item in labelled_text.learn(asked) if isinstance(item, Validated)]
    best = max(found, key=lambda item: (item.metrics["mcc"], -item.metrics["log_loss"]))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert best.metrics["log_loss"] < found[-1].metrics["log_loss"]
    assert metrics["best"]["step"] == best.step
    assert metrics["valid"]["mcc"] == pytest.approx(best.metrics["mcc"])
    assert metrics["valid"]["log_loss"] == pytest.approx(best.metrics["log_loss"], abs=1e-6)


def test_between_equals_the_lower_loss_is_best(reviews, tiny_base, tmp_path):
    changes = ("train.lr=1e-5", "train.metric=mcc", "train.precision=fp32")
    asked = train_request(reviews, tiny_base, tmp_path / "run", *changes)
    found = [item for item in labelled_text.learn(asked) if isinstance(item, Validated)]
    losses = [item.metrics["log_loss"] for item in found]
    assert len({item.metrics["mcc"] for item in found}) == 1
    assert losses == sorted(losses, reverse=True)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["best"]["step"] == 27


def test_patience_ends_a_run_that_gets_no_better(reviews, tiny_base, tmp_path):
    changes = ("train.lr=1e-9", "train.patience=2")
    asked = train_request(reviews, tiny_base, tmp_path / "run", *changes, **{"train.epochs": 9})
    events = list(labelled_text.learn(asked))
    assert sum(isinstance(event, Validated) for event in events) == 3
    said = [event.text for event in events if isinstance(event, Message)]
    assert any("stopped early: no better MCC in 2 validations" in text for text in said)


def test_where_the_metric_is_undefined_patience_follows_the_one_that_decides(
    reviews, tiny_base, tmp_path
):
    """MCC is undefined where the validation texts are of one class; log loss goes on falling."""
    valid = tmp_path / "valid.csv"
    good = [line for line in reviews.read_text().splitlines() if line.endswith(",good")]
    valid.write_text("\n".join(["text,label", *good[:20]]) + "\n", encoding="utf-8")
    settings = ["train.patience=2", "train.schedule=constant"]
    options = {"epochs": 5, "batch_size": 16, "lr": 1e-4, "seed": 5}
    run = textune.train(
        reviews, valid=valid, base=tiny_base, out=tmp_path / "run", settings=settings, **options
    )
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    checks = [line for line in lines if line["kind"] == "validation"]
    assert [line["is_best"] for line in checks[:4]] == [True] * 4
    assert all(line["metrics"]["mcc"] is None for line in checks)
    assert len(checks) == 5
    assert run.metrics["best"]["epoch"] == 5


def test_a_run_out_of_patience_is_not_trained_further(reviews, tiny_base, tmp_path):
    changes = ("train.lr=1e-9", "train.patience=1")
    asked = train_request(reviews, tiny_base, tmp_path / "run", *changes, **{"train.epochs": 9})
    for event in labelled_text.learn(asked):  # killed after its last validation, before the end
        if isinstance(event, Message) and event.text.startswith("stopped early"):
            break
    again = train_request(
        reviews, tiny_base, tmp_path / "run", *changes, resume=True, **{"train.epochs": 9}
    )
    assert not any(isinstance(event, Step) for event in labelled_text.learn(again))
    assert (tmp_path / "run" / "metrics.json").is_file()
