"""Time that is limited decides how far a run is, over all its sessions."""

import numpy as np
import pytest
import torch

from textune.training import clock, optim, schedules
from textune.training.clock import Clock


class Time:
    """Stands in for the time of day."""

    def __init__(self):
        self.now = 5000.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    found = Time()
    monkeypatch.setattr(clock.time, "perf_counter", found.perf_counter)
    return found


def started(time, **given):
    return Clock(**given, began=time.now)


def test_a_clock_begins_when_it_is_made():
    found = Clock(budget=3600.0)
    assert 0 <= found.seconds() < 60
    assert found.share() < 0.02


def test_earlier_sessions_count(time):
    found = started(time, budget=100.0, before=30.0)
    assert (found.seconds(), found.share(), found.left()) == (30.0, 0.3, 70.0)
    time.now += 45
    assert (found.seconds(), found.share(), found.left()) == (75.0, 0.75, 25.0)
    assert not found.is_over()


@pytest.mark.parametrize(("passed", "over"), [(79.9, False), (80.0, True), (95.0, True)])
def test_the_time_is_over_before_what_is_reserved(time, passed, over):
    found = started(time, budget=100.0, reserve=20.0)
    time.now += passed
    assert found.is_over() == over
    assert found.share() == pytest.approx(min(passed / 80, 1.0))
    assert found.left() == pytest.approx(max(80 - passed, 0.0))


def test_without_a_limit_it_is_never_over(time):
    found = started(time, before=7.0)
    time.now += 1e9
    assert found.seconds() == 1e9 + 7
    assert found.share() == 0.0
    assert found.left() is None
    assert not found.is_over()


@pytest.mark.parametrize("reserve", [10.0, 50.0])
def test_a_limit_shorter_than_its_reserve_is_over_at_once(time, reserve):
    found = started(time, budget=10.0, reserve=reserve)
    time.now += 1e-6
    assert found.is_over()
    assert found.left() == 0.0


def rates(time, name, *, warmup_share, passing, before=0.0, reserve=0.0):
    """Return the learning rates of a run of 100 seconds after so many seconds."""
    optimizer = optim.adamw(
        torch.nn.Linear(2, 2), lr=0.5, weight_decay=0.0, betas=(0.9, 0.99), eps=1e-8
    )
    found = started(time, budget=100.0, before=before, reserve=reserve)
    schedule = schedules.by_time(optimizer, name, warmup_share=warmup_share, spent=found.share)
    seen = [optimizer.param_groups[0]["lr"]]
    for seconds in passing:
        time.now = found.began + seconds
        optimizer.step()
        schedule.step()
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


def test_the_rate_rises_with_the_time_and_falls_to_zero_at_its_end(time):
    seen = rates(time, "linear", warmup_share=0.1, passing=[5, 10, 55, 99, 100, 130])
    assert seen == pytest.approx([0.0, 0.25, 0.5, 0.25, 0.5 / 90, 0.0, 0.0])


@pytest.mark.parametrize("name", ["linear", "cosine", "one-cycle"])
def test_the_rate_only_rises_and_then_only_falls(name, time):
    seen = rates(time, name, warmup_share=0.2, passing=range(1, 101))
    changes = np.diff(seen)
    assert (changes[:20] > 0).all()
    assert (changes[20:] < 0).all()
    assert max(seen) == pytest.approx(0.5)
    assert seen[-1] == pytest.approx(0.0, abs=1e-5)


def test_a_constant_rate_stays_after_its_rise(time):
    seen = rates(time, "constant", warmup_share=0.5, passing=[25, 50, 75, 100])
    assert seen == pytest.approx([0.0, 0.25, 0.5, 0.5, 0.5])


def test_without_a_rise_the_rate_begins_at_its_highest(time):
    assert rates(time, "linear", warmup_share=0.0, passing=[50, 100]) == pytest.approx(
        [0.5, 0.25, 0]
    )


def test_a_run_that_is_all_rise_ends_at_its_highest_and_stops(time):
    seen = rates(time, "linear", warmup_share=1.0, passing=[50, 99, 100])
    assert seen == pytest.approx([0.0, 0.25, 0.495, 0.0])


def test_a_later_session_goes_on_where_the_time_stands(time):
    whole = rates(time, "linear", warmup_share=0.1, passing=[60, 70, 80], reserve=20.0)
    later = rates(time, "linear", warmup_share=0.1, passing=[10, 20, 30], before=50.0, reserve=20.0)
    assert later[1:] == pytest.approx(whole[1:])
    assert later[0] == pytest.approx(0.5 * (1 - 50 / 80) / 0.9)


def test_a_schedule_that_is_moved_follows_the_time_all_the_same(time):
    optimizer = optim.adamw(
        torch.nn.Linear(2, 2), lr=0.5, weight_decay=0.0, betas=(0.9, 0.99), eps=1e-8
    )
    found = started(time, budget=100.0)
    schedule = schedules.by_time(optimizer, "linear", warmup_share=0.0, spent=found.share)
    time.now += 40
    schedules.move(schedule, 1234)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.3)
