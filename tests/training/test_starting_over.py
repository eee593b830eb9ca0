"""A training that does not learn begins anew once, and goes on to the same weights when killed."""

import json
import os
import signal
import time

import pytest
from safetensors.torch import load_file

import textune
import thinning
from made_requests import train_request
from textune.errors import NumericsError, StoppedError
from textune.recipes import labelled_text
from textune.records import Message, Started, Step
from textune.training import scaling
from thinning import spare

WILD = {"train.lr": 0.5, "train.epochs": 6, "train.batch_size": 16}
BRIEF = WILD | {"train.epochs": 1}
GIVEN_UP = 8  # the update after which it is


def weights_of(folder):
    return load_file(folder / "model" / "model.safetensors")


def same(one, other):
    first, second = weights_of(one), weights_of(other)
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


def lines_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def warnings_of(events):
    return [event.text for event in events if isinstance(event, Message) and event.is_warning]


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_base):
    """Return a file of texts, a run on it that began anew, and its events."""
    from conftest import write_reviews

    folder = tmp_path_factory.mktemp("wild")
    file = write_reviews(folder / "reviews.csv")
    events = list(labelled_text.learn(train_request(file, tiny_base, folder / "run", **WILD)))
    return file, folder / "run", events


def test_a_rate_that_is_far_too_high_is_explained_and_tried_once_more(made):
    _, run, events = made
    (said,) = [text for text in warnings_of(events) if "It begins anew, once" in text]
    assert said.startswith("training does not learn: after 8 of 54 updates the training loss is")
    assert "constant answers by the labels' frequencies give 0.69" in said
    assert "a learning rate of 1.2e-03 instead of 5.0e-01 and a warm-up of at least 10%" in said
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["retry"]["at"] == GIVEN_UP
    assert metrics["valid"]["accuracy"] > 0.9
    assert "Training did not learn at first" in (run / "report.html").read_text()


def test_the_log_tells_of_it_and_holds_the_second_beginning_alone(made):
    _, run, events = made
    first, *rest = lines_of(run)
    assert (first["kind"], first["step"], first["at"]) == ("retry", 0, GIVEN_UP)
    assert [line["step"] for line in rest if line["kind"] == "step"] == list(range(1, 55))
    assert max(line["lr"] for line in rest if line["kind"] == "step") == pytest.approx(1.2e-3)
    assert [event.first for event in events if isinstance(event, Started)] == [1, 1]


def test_the_second_beginning_is_that_of_a_run_by_the_safer_recipe(made, tiny_base, tmp_path):
    file, run, _ = made
    asked = train_request(file, tiny_base, tmp_path / "run", **(WILD | {"train.lr": 1.2e-3}))
    assert not warnings_of(labelled_text.learn(asked))
    assert same(run, tmp_path / "run")


@pytest.mark.parametrize("moment", [spare("before it"), "with it", spare("after it")])
def test_a_stopped_run_goes_on_to_the_same_weights(made, tiny_base, tmp_path, moment):
    file, run, _ = made
    out, starts, is_asked = tmp_path / "run", 0, False
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(train_request(file, tiny_base, out, **WILD)):
            starts += isinstance(event, Started)
            number = event.number if isinstance(event, Step) else 0
            is_due = {
                "before it": (starts, number) == (1, 5),
                "with it": (starts, number) == (2, 0),
                "after it": (starts, number) == (2, 7),
            }[moment]
            if is_due and not is_asked:
                is_asked = True
                os.kill(os.getpid(), signal.SIGTERM)
    events = list(labelled_text.learn(train_request(file, tiny_base, out, resume=True, **WILD)))
    assert ("It begins anew" in str(warnings_of(events))) == (moment == "before it")
    assert same(run, out)
    assert [line["kind"] for line in lines_of(out)].count("retry") == 1


@pytest.mark.exhaustive
def test_a_killed_process_goes_on_to_the_same_weights(server, made, tiny_base, tmp_path):
    file, run, _ = made
    out = tmp_path / "run"
    command = ["train", file, "--base", tiny_base, "--epochs", 6, "--batch-size", 16]
    command += ["--lr", "0.5", "--device", "cpu", "--out", out]
    command = [str(word) for word in command]
    process = server.start(command)
    while not (out / "log.jsonl").is_file() or '"retry"' not in (out / "log.jsonl").read_text():
        time.sleep(0.002)  # a look that never rests takes the core that the run needs
    os.kill(process, signal.SIGKILL)
    assert server.wait(process).code == -signal.SIGKILL
    assert server.run([*command, "--resume"]).code == 0
    assert same(run, out)


@pytest.mark.exhaustive
def test_the_linear_head_is_what_it_begins_anew_with(reviews, tiny_base, tmp_path):
    given = BRIEF | {"train.probe": True}
    out = tmp_path / "wild"
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(train_request(reviews, tiny_base, out, **given)):
            if isinstance(event, Step) and event.number == 5:
                os.kill(os.getpid(), signal.SIGTERM)
    asked = train_request(reviews, tiny_base, out, resume=True, **given)
    assert "It begins anew" in str(warnings_of(labelled_text.learn(asked)))
    calm = train_request(reviews, tiny_base, tmp_path / "calm", **(given | {"train.lr": 1.2e-3}))
    assert not warnings_of(labelled_text.learn(calm))
    assert same(out, tmp_path / "calm")


def test_a_gradient_that_is_not_finite_is_tried_once_more(reviews, tiny_base, tmp_path):
    asked = train_request(reviews, tiny_base, tmp_path / "run", **(BRIEF | {"train.lr": 1e30}))
    said = warnings_of(labelled_text.learn(asked))
    assert "step 3: the gradient is not finite (loss nan). It begins anew, once" in said[0]
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["retry"]["at"] == 2


@pytest.mark.exhaustive
def test_where_no_scale_of_fp16_helps_it_begins_anew_with_the_first_scale(
    reviews, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(scaling, "START", 4.0)
    given = BRIEF | {"train.precision": "fp16"}
    wild = train_request(reviews, tiny_base, tmp_path / "wild", **(given | {"train.lr": 1e30}))
    said, *_ = warnings_of(labelled_text.learn(wild))
    assert "after 8 of 9 updates the training loss is nan" in said  # told before a norm is
    assert "It begins anew, once" in said
    calm = train_request(reviews, tiny_base, tmp_path / "calm", **(given | {"train.lr": 1.2e-3}))
    list(labelled_text.learn(calm))
    assert same(tmp_path / "wild", tmp_path / "calm")
    assert "left_out" not in json.loads((tmp_path / "wild" / "metrics.json").read_text())


@pytest.mark.parametrize(("lr", "ends"), [(1e30, True), (0.5, False)])
def test_on_request_it_is_only_explained(reviews, tiny_base, tmp_path, lr, ends):
    asked = train_request(
        reviews, tiny_base, tmp_path / "run", "train.retry=false", **(BRIEF | {"train.lr": lr})
    )
    if ends:
        with pytest.raises(NumericsError, match="step 3: the gradient is not finite"):
            list(labelled_text.learn(asked))
        return
    (said,) = [text for text in warnings_of(labelled_text.learn(asked)) if "does not learn" in text]
    assert "it goes on as it is. What may help: a lower --lr" in said
    assert "retry" not in json.loads((tmp_path / "run" / "metrics.json").read_text())


def test_a_second_time_it_is_explained_and_goes_on(reviews, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setattr("textune.training.starting_over.SAFE", 1e3)
    asked = train_request(reviews, tiny_base, tmp_path / "run", **(WILD | {"train.lr": 2.0}))
    said = [text for text in warnings_of(labelled_text.learn(asked)) if "not learn" in text]
    assert len(said) == 2
    assert "It begins anew, once" in said[0]
    assert said[1].startswith("training does not learn by the safer recipe either: after")
    retry = json.loads((tmp_path / "run" / "metrics.json").read_text())["retry"]
    assert retry["again"] in said[1]


@pytest.mark.parametrize("rare", [thinning.spare(2), 40])
def test_ordinary_trainings_are_left_alone(tiny_base, tmp_path, rare):
    lines = [
        f"{'good fine' if n % rare else 'bad dull'} film {n},{n % rare > 0}" for n in range(200)
    ]
    file = tmp_path / "rare.csv"
    file.write_text("\n".join(["text,label", *lines]) + "\n")
    run = textune.train(
        file, base=tiny_base, out=tmp_path / "run", epochs=3, batch_size=8, lr=1e-4, label="label"
    )
    assert "retry" not in run.metrics
