"""A person sees how far a run is, and how long its parts took, with a terminal and without."""

import io
import json
import re
import threading
import time

import pytest
import torch
from rich.console import Console

import textune
from textune.doors import api, watching
from textune.metrics import written
from textune.records import Message, Started, Step, Validated
from textune.runs.events import AuxiliaryStep


def step(number, epoch=1, loss=0.5, lr=1e-3):
    return Step(number, epoch, torch.tensor(loss), torch.tensor(1.0), lr, 8, 80, 80)


def validated(number, epoch=1.0):
    metrics = {"accuracy": 0.75, "log_loss": 0.5}
    return Validated(number, epoch, metrics, "accuracy", is_best=True, seconds=2.5)


def started(**changes):
    return Started(**({"steps": 20, "first": 1, "epochs": 2, "tokens": 800} | changes))


def test_where_there_is_no_bar_a_line_says_how_far_the_run_is():
    shown = watching.Watch()
    assert re.fullmatch(r"0\.\d s elapsed; no update of the weights yet", shown.progress())
    shown.show(started())
    for number, loss in ((1, 1.0), (2, 0.5)):
        shown.show(step(number, loss=loss))
    assert re.fullmatch(
        r"epoch 1/2  step 2/20  \S+ s elapsed  \S+ s left  loss 0\.750  [\d,]+ texts/s",
        shown.progress(),
    )


def test_a_training_beside_the_runs_own_says_how_far_it_is():
    shown = watching.Watch()
    for number in (1, 2):
        shown.show(AuxiliaryStep("fold 1 of 3", number, 4))
    assert re.fullmatch(r"0\.\d s elapsed; fold 1 of 3: update 2/4", shown.progress())
    shown.show(AuxiliaryStep("fold 1 of 3", 4, 4))
    assert "no update of the weights yet" in shown.progress()
    shown.show(AuxiliaryStep("fold 2 of 3", 1, None))
    assert shown.progress().endswith("fold 2 of 3: update 1")
    shown.show(started())
    assert "fold" not in shown.progress()


@pytest.fixture
def on_a_terminal(monkeypatch):
    """Let a terminal of 140 columns be there, for a bar."""
    monkeypatch.setattr(
        watching, "err", Console(file=io.StringIO(), force_terminal=True, width=140)
    )


def shown_by(watch):
    return [task.fields["part"] for task in watch._bar.tasks]


def test_one_bar_at_a_time_is_of_a_training_beside_the_runs_own(on_a_terminal):
    with watching.Watch() as shown:
        shown.show(AuxiliaryStep("fold 1", 1, 4))
        shown.show(AuxiliaryStep("fold 1", 2, 4))
        shown.show(AuxiliaryStep("fold 1", 1, 4))  # it begins anew
        assert shown_by(shown) == ["fold 1"]
        assert [task.completed for task in shown._bar.tasks] == [1]
        shown.show(AuxiliaryStep("fold 2", 1, 4))  # the first has failed
        assert shown_by(shown) == ["fold 2"]
        for number in (2, 3, 4):
            shown.show(AuxiliaryStep("fold 2", number, 4))
        assert shown_by(shown) == []
        shown.show(AuxiliaryStep("the new head", 1, None))  # ends when it will
        shown.show(started())
        assert shown_by(shown) == ["epoch 1/2"]


def test_what_trains_nothing_says_what_it_does_instead():
    shown = watching.Watch(waiting="texts are answered")
    assert shown.progress().endswith(" elapsed; texts are answered")


@pytest.mark.exhaustive
def test_folds_and_a_learning_curve_are_told_of_update_by_update(few, tiny_base, tmp_path):
    asked = {"base": tiny_base, "out": tmp_path / "run", "epochs": 1, "recipe": "auto"}
    events = api.events_of(textune.train, few, **asked, curve=True, device="cpu")
    told = [event for event in events if isinstance(event, AuxiliaryStep)]
    names = list(dict.fromkeys(event.what for event in told))
    folds = [f"cross-validation of fine-tuning: fold {n} of 8" for n in range(1, 9)]
    assert names[:8] == folds
    assert names[8:]
    assert all(name.startswith("learning curve, fine-tuning on ") for name in names[8:])
    for name in names:
        (steps,) = {event.steps for event in told if event.what == name}
        last = [event.step for event in told if event.what == name][-steps:]
        assert last == [*range(1, steps + 1)]  # it may have begun anew


def test_a_run_that_ends_by_time_says_what_is_left_of_it():
    shown = watching.Watch()
    shown.show(started(steps=None, seconds=3600.0))
    shown.show(step(1))
    assert re.search(r"^epoch 1  step 1  .* (59:59|1:00:00) left", shown.progress())


def lines_within(capsys, wanted, seconds=20.0):
    """Wait for a line; return whatever was printed."""
    found, end = "", time.monotonic() + seconds
    while not re.search(wanted, found) and time.monotonic() < end:
        time.sleep(0.01)
        found += capsys.readouterr().err
    return found


def test_nothing_of_it_runs_on_when_it_ends():
    with watching.Watch():
        assert "textune-progress" in {thread.name for thread in threading.enumerate()}
    assert "textune-progress" not in {thread.name for thread in threading.enumerate()}


def test_no_silence_is_long_even_where_nothing_happens(capsys):
    with watching.Watch(silence=0.05) as shown:
        assert "no update of the weights yet" in lines_within(capsys, "yet")
        shown.show(started())
        shown.show(step(3))
        found = lines_within(capsys, r"(step 3/20.*\n.*){2}")
        assert found.count("step 3/20") >= 2
    capsys.readouterr()
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


def test_a_program_is_told_nothing(capsys):
    with watching.Watch(quiet=True, silence=0.02) as shown:
        shown.show(started())
        shown.show(step(3))
        time.sleep(0.2)
    assert capsys.readouterr().err == ""


def test_of_several_processes_only_the_first_says_how_far_the_run_is(capsys, monkeypatch):
    monkeypatch.setenv(watching.SECONDS, "0.02")
    for name, value in {"WORLD_SIZE": 2, "MASTER_ADDR": "h", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))

    def events():
        time.sleep(0.2)
        yield from ()

    for rank, is_heard in (("0", True), ("1", False)):
        monkeypatch.setenv("RANK", rank)
        watching.watch(events(), quiet=False)
        assert ("elapsed" in capsys.readouterr().err) is is_heard


def test_a_validation_says_how_long_updates_and_judging_took(capsys):
    with watching.Watch() as shown:
        shown.show(started())
        shown.show(step(10))
        shown._seconds = 75.0
        shown.show(validated(10))
    header, line = capsys.readouterr().err.splitlines()
    assert header.split()[:5] == ["epoch", "step", "loss", "train", "judge"]
    assert line.split()[:6] == ["1", "10", "0.500", "1:15", "2.5", "s"]


def test_a_tiny_loss_does_not_touch_the_step(capsys):
    with watching.Watch() as shown:
        shown.show(started())
        shown.show(step(10, loss=1.234e-05))
        shown.show(validated(10))
    assert capsys.readouterr().err.splitlines()[1].split()[:3] == ["1", "10", "1.23e-05"]


def test_an_epoch_that_no_validation_ends_says_how_long_it_took(capsys):
    with watching.Watch() as shown:
        shown.show(started())
        shown.show(step(9))
        shown.show(validated(9, 0.9))
        shown.show(step(10))
        shown.show(step(11, epoch=2))
        shown.show(step(20, epoch=2))
        shown.show(validated(20, 2.0))
    found = re.findall(r"epoch \d: \S+ s of training", capsys.readouterr().err)
    assert [line[:8] for line in found] == ["epoch 1:"]


def test_the_last_epoch_too_says_how_long_it_took_where_nothing_judged_it(capsys):
    with watching.Watch() as shown:
        shown.show(started())
        shown.show(step(10))
        shown.show(step(20, epoch=2))
        shown.show(Message("everything is in runs/x"))
        shown.show(Message("done"))
    found = re.findall(r"epoch \d: \S+ s of training", capsys.readouterr().err)
    assert [line[:8] for line in found] == ["epoch 1:", "epoch 2:"]


def test_updates_before_the_run_s_own_are_no_epochs_of_it(capsys):
    with watching.Watch() as shown:
        shown.show(step(1))  # of a new head, which is trained alone at first
        shown.show(step(2, epoch=2))
    assert "of training" not in capsys.readouterr().err
    assert shown._seconds < 60


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "0:10"), (75.2, "1:15"), (3700.0, "1:01:40")],
)
def test_times_are_short(seconds, shown):
    assert written.clock(seconds) == shown


def test_the_last_learning_rate_is_nothing_but_zero():
    shown = watching.Watch()
    shown.show(started())
    shown.show(step(20, lr=0.0))
    assert "lr 0 " in f"{shown._numbers(step(20, lr=0.0))} "
    assert "0e+00" not in shown._numbers(step(20, lr=0.0))


def test_log_and_report_have_the_time_of_each_epoch_and_validation(tiny_base, reviews, tmp_path):
    options = {"base": tiny_base, "device": "cpu", "batch_size": 32, "out": tmp_path / "run"}
    run = textune.train(reviews, epochs=2, settings=["train.validate_every=3"], **options)
    log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    epochs = [line for line in log if line["kind"] == "epoch"]
    assert [line["epoch"] for line in epochs] == [1, 2]
    for line in epochs:
        steps = [one for one in log if one["kind"] == "step" and one["epoch"] == line["epoch"]]
        assert line["step"] == steps[-1]["step"]
        assert line["seconds"] == pytest.approx(sum(one["seconds"] for one in steps), abs=1e-3)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "<h3>Time</h3>" in page
    assert re.search(r'<th scope="row" class="n">all</th><td class="n">[\d.:]+', page)


@pytest.mark.parametrize("value", [2.81e-05, 8873.123, 0.5, 123456.789])
def test_columns_do_not_touch_whatever_the_unit(capsys, value):
    with watching.Watch() as shown:
        shown.show(started())
        shown.show(step(10))
        metrics = {"rmse": value, "pearson": -0.5, "spearman": -0.21, "mae": value}
        shown.show(Validated(10, 1.0, metrics, "rmse", is_best=True, seconds=0.01))
    _, line = capsys.readouterr().err.splitlines()
    assert line.split()[-5:] == [
        written.decimals(value),
        "-0.500",
        "-0.210",
        written.decimals(value),
        "best",
    ]
