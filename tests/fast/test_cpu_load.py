"""Clocks of processors become threads: neighbours are noticed, hiccups are not followed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from textune.fast import cpu_load
from textune.fast.cpu_load import QUIET, TICK, WINDOW, Pace, Sample, between, busy_seconds
from textune.fast.threads import Team

STAT = """\
cpu  900 90 300 5000 10 9 21 7 0 0
cpu0 500 50 200 2000 5 4 11 3 0 0
cpu1 400 40 100 3000 5 5 10 4 0 0
intr 196551 0 0
ctxt 335765
"""


class Machine:
    """Clocks that are set by hand: others use some cores, and this process its threads."""

    def __init__(self, monkeypatch, cores=2):
        self.moment = self.busy = self.own = 0.0
        self.cores, self.others, self.nice = cores, 0.0, 0.0
        self.given = 0.0
        monkeypatch.setattr(cpu_load.time, "monotonic", lambda: self.moment)
        self.pace = Pace(cores, frozenset(range(cores)), read=self.read)

    def read(self, processors, quota):
        del processors, quota
        return Sample(self.moment, self.busy, self.own, nice=self.given)

    def pass_time(self, seconds):
        """Let time pass, beside neighbours; return the threads of each look."""
        found = []
        for _ in range(round(seconds / WINDOW)):
            self.moment += WINDOW * 1.001
            own = min(self.pace.threads, self.cores - self.others / 2) * WINDOW
            self.own += own
            self.busy += own + self.others * WINDOW
            idle = self.cores - self.pace.threads - self.others
            self.given += min(self.nice, idle if idle > 0 else self.nice / 8) * WINDOW
            found.append(self.pace.look())
        return found


@pytest.mark.parametrize(
    ("processors", "expected"), [({0}, (715, 50)), ({1}, (515, 40)), ({0, 1}, (1230, 90))]
)
def test_only_our_processors_count_and_who_gives_way_is_told_apart(processors, expected):
    found = busy_seconds(STAT, processors)
    assert found is not None
    assert tuple(round(seconds * TICK) for seconds in found) == expected


@pytest.mark.parametrize("text", ["", "intr 5\n", "cpu  1 2 3 4 5 6 7\n", "cpu7 1 2 3 4 5 6 7\n"])
def test_a_system_that_does_not_say_has_no_neighbours(text):
    assert busy_seconds(text, {0}) is None


def test_what_this_process_uses_is_not_a_neighbour():
    load = between(Sample(1.0, 10.0, 5.0), Sample(2.0, 12.0, 6.9))
    assert load.others == pytest.approx(0.1)
    assert between(Sample(1.0, 10.0, 5.0), Sample(2.0, 11.0, 6.9)).others == 0.0


@pytest.mark.skipif(not Path("/proc/stat").is_file(), reason="this system has no such clocks")
def test_a_process_that_was_awaited_is_no_neighbour():
    processors = frozenset({0})
    before = cpu_load.sample(processors, None)
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)
    after = cpu_load.sample(processors, None)
    assert before is not None
    assert after is not None
    assert after.own - before.own >= 0.05


def test_others_in_the_group_of_a_quota_are_seen():
    load = between(Sample(0.0, 0.0, 0.0, 0.0), Sample(1.0, 2.0, 1.0, 1.6))
    assert load.in_group == pytest.approx(0.6)


def test_a_quiet_machine_computes_with_all_threads(monkeypatch):
    machine = Machine(monkeypatch)
    assert set(machine.pass_time(60)) == {2}
    machine.others = 0.15  # what a desktop does all the time
    assert set(machine.pass_time(60)) == {2}


def test_a_busy_neighbour_costs_a_thread_at_once_and_its_end_gives_it_back(monkeypatch):
    machine = Machine(monkeypatch)
    machine.pass_time(5)
    machine.others = 1.0
    assert set(machine.pass_time(30)) == {1}
    machine.others = 0.0
    found = machine.pass_time(5)
    assert found[: QUIET - 1] == [1] * (QUIET - 1)
    assert set(found[QUIET - 1 :]) == {2}


def test_a_neighbour_that_comes_and_goes_does_not_make_threads_flicker(monkeypatch):
    machine = Machine(monkeypatch)
    changes, before = 0, 2
    for number in range(100):
        machine.others = float(number % 2)
        for threads in machine.pass_time(2 * WINDOW * QUIET):
            changes += threads != before
            before = threads
    assert changes < 40  # 200 times it came or went


def test_a_neighbour_that_gives_way_costs_no_thread_for_long(monkeypatch):
    machine = Machine(monkeypatch)
    machine.nice = 1.0
    assert set(machine.pass_time(10)) == {2}
    machine.others = 1.0
    machine.pass_time(10)
    machine.others = 0.0  # one thread now, and what gives way has the other core to itself
    assert machine.pass_time(10)[-1] == 2


def test_many_that_give_way_are_neighbours_all_the_same(monkeypatch):
    machine = Machine(monkeypatch)
    machine.nice = 8.0
    assert machine.pass_time(60).count(1) > 100


@pytest.mark.parametrize("kind", ["others", "nice"])
def test_what_cost_a_thread_is_said_while_it_is_missing(monkeypatch, kind):
    machine = Machine(monkeypatch)
    setattr(machine, kind, 8.0)
    while machine.pace.threads == 2:
        machine.pass_time(WINDOW)
    setattr(machine, kind, 0.0)
    machine.pass_time(WINDOW)  # less than it takes to come back
    team = Team(2, "fewer while other programs compute", machine.pace)
    team.now = machine.pace.threads
    used = re.fullmatch(r"1 thread of 2 \(other programs used (\d+\.\d) cores\)", team.words())
    assert used is not None
    assert float(used[1]) >= cpu_load.MANY


def test_more_neighbours_than_cores_leave_one_thread(monkeypatch):
    machine = Machine(monkeypatch, cores=8)
    machine.others = 1.0
    assert machine.pass_time(2)[-1] == 7
    machine.others = 20.0
    assert machine.pass_time(2)[-1] == 1


def test_looking_more_often_than_the_clocks_tick_reads_nothing(monkeypatch):
    machine = Machine(monkeypatch)
    reads = []
    machine.pace.read = lambda *given: reads.append(given)
    for _ in range(100):
        machine.moment += WINDOW / 200
        machine.pace.look()
    assert reads == []


def test_without_clocks_the_number_stays(monkeypatch):
    monkeypatch.setattr(cpu_load.time, "monotonic", lambda: 1e9)
    pace = Pace(4, frozenset(range(4)), read=lambda *_: None)
    assert pace.look() == 4
