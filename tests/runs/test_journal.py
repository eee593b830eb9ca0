"""The log holds the time of each epoch, whether a run was stopped in it or not."""

import json

import pytest
import torch

from textune.records import Step, Validated
from textune.report import pages, pictures
from textune.report.pages import Files
from textune.runs.journal import Journal


def step(number, epoch):
    return Step(number, epoch, torch.tensor(0.5), torch.tensor(1.0), 1e-3, 8, 80, 80)


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def noted(journal, numbers, epoch, seconds):
    for number in numbers:
        journal.step(step(number, epoch), seconds, 1)


@pytest.mark.parametrize("stopped_after", [None, 2, 4])
def test_the_time_of_an_epoch_is_that_of_all_its_updates(tmp_path, stopped_after):
    file = tmp_path / "log.jsonl"
    journal = Journal(file)
    noted(journal, [1, 2, 3], 1, 0.5)
    if stopped_after == 2:  # the third update is done again
        journal.close()
        journal = Journal(file, after=2)
        noted(journal, [3], 1, 0.5)
    journal.epoch(step(3, 1))
    noted(journal, [4], 2, 0.25)
    if stopped_after == 4:
        journal.close()
        journal = Journal(file, after=4)
    noted(journal, [5, 6], 2, 0.25)
    journal.epoch(step(6, 2))
    journal.close()
    epochs = [line for line in lines(file) if line["kind"] == "epoch"]
    assert epochs == [
        {"kind": "epoch", "step": 3, "epoch": 1, "seconds": 1.5},
        {"kind": "epoch", "step": 6, "epoch": 2, "seconds": 0.75},
    ]
    assert [line["step"] for line in lines(file) if line["kind"] == "step"] == [1, 2, 3, 4, 5, 6]


def test_an_update_that_a_card_left_out_is_no_line_of_the_log(tmp_path):
    file = tmp_path / "log.jsonl"
    journal = Journal(file)
    noted(journal, [1], 1, 0.5)
    broken = torch.tensor(float("nan"))
    journal.step(Step(2, 1, broken, broken, 1e-3, 8, 80, 80), 0.5, 1)
    journal.close()
    assert [line["step"] for line in lines(file)] == [1]
    assert "NaN" not in file.read_text(encoding="utf-8")


def test_a_loss_that_is_no_number_of_an_update_left_out_for_its_scale_is_none(tmp_path):
    file = tmp_path / "log.jsonl"
    journal = Journal(file)
    noted(journal, [1], 1, 0.5)
    broken = torch.tensor(float("nan"))
    left_out = Step(2, 1, broken, broken, 1e-3, 8, 80, 80, scale=torch.tensor(4.0))
    journal.step(left_out, 0.5, 1)
    journal.close()
    assert [line["loss"] for line in lines(file)] == [0.5, None]
    assert lines(file)[1]["left_out"] is True
    assert "NaN" not in file.read_text(encoding="utf-8")


def test_of_a_card_the_last_steps_are_written_later(tmp_path):
    file = tmp_path / "log.jsonl"
    journal = Journal(file)
    for number in range(1, 23):
        loss = torch.tensor(float(number))
        told = Step(number, 1, loss, loss, 1e-4, 8, 100, 100, lambda it=loss: (float(it), 1.0))
        journal.step(told, 0.1, 1)
    assert len(file.read_text("utf-8").splitlines()) == 15
    journal.close()
    assert [json.loads(line)["loss"] for line in file.read_text("utf-8").splitlines()] == list(
        map(float, range(1, 23))
    )


def of_all_kinds(file):
    journal = Journal(file)
    journal.tell_retry({"at": 2, "why": "constant predictions", "lr": 1e-5, "warmup_share": 0.2})
    noted(journal, [1, 2], 1, 0.5)
    journal.epoch(step(2, 1))
    found = {"loss": 0.5, "log_loss": 0.5, "mcc": 0.25, "accuracy": 0.75, "n": 8}
    journal.validated(Validated(2, 1.0, found, "mcc", is_best=True, seconds=0.1))
    journal.close()
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def changes(line):
    """Yield a line whose keys are lost or whose values have other types, one at a time."""
    for key in line:
        yield {name: value for name, value in line.items() if name != key}
        for value in (None, "a", True, -1, 1e400, [1], {"a": "b"}):
            yield line | {key: value}


def test_a_changed_line_of_a_log_breaks_no_page_and_no_run_that_goes_on(tmp_path):
    file = tmp_path / "log.jsonl"
    whole = of_all_kinds(file)
    assert [line["kind"] for line in whole] == ["retry", "step", "step", "epoch", "validation"]
    for place, line in enumerate(whole):
        for changed in changes(line):
            rows = [*whole[:place], changed, *whole[place + 1 :]]
            file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
            told = Files.read(tmp_path, needed=False).log
            assert len(told) >= len(whole) - 1
            pages.times(told)
            pictures.charts(told, {})
            Journal(file, after=2)
            assert len(file.read_text(encoding="utf-8").splitlines()) >= len(whole) - 2
