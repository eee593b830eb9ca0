"""Processes that see the same memory meet, add numbers and hear words there, in threads here."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from textune.parallel import meeting
from textune.parallel.meeting import Counts, Meetings, Processes, Words

WORLD = 3


FAILED = threading.Event()  # in one of the threads


def patient():
    """Wait as long as no other thread has failed."""
    assert not FAILED.is_set()


class Memory:
    """What all processes see, and what each makes of it; by number, which processes others are."""

    def __init__(self, **others):
        self.counts = torch.zeros(2, WORLD, dtype=torch.int64)
        self.brought = torch.zeros(2, WORLD, meeting.ROOM, dtype=torch.uint8)
        self.said = torch.zeros(meeting.ROOM, dtype=torch.uint8)
        self.numbers = {int(rank[1:]): number for rank, number in others.items()}

    def of(self, rank):
        others = Processes(self.numbers)
        meetings = Counts(self.counts[0], rank, others)
        words = Counts(self.counts[1], rank, others)
        return Meetings(meetings, self.brought, rank), Words(words, self.said)


def by_all(task):
    memory = Memory()
    FAILED.clear()

    def watched(rank):
        try:
            return task(rank, *memory.of(rank))
        except BaseException:
            FAILED.set()
            raise

    with ThreadPoolExecutor(WORLD) as threads:
        return list(threads.map(watched, range(WORLD)))


def brought(rank, update):
    """Return tensors of several formats, some longer than what goes at once."""
    return [
        torch.arange(7) * (rank + 1) + update,
        torch.tensor([rank == 1], dtype=torch.int32),
        torch.full((2, meeting.ROOM // 7), float(rank + update)),
        torch.zeros(0),
        torch.tensor(rank / 3, dtype=torch.float64),
        torch.arange(5, dtype=torch.bfloat16) * rank,
    ]


def test_each_has_the_sums_of_all_meeting_after_meeting():
    updates = range(6)

    def task(rank, meetings, _):
        found = []
        for update in updates:
            time.sleep(0.004 * ((rank + update) % WORLD))  # another one is late each time
            tensors = brought(rank, update)
            meetings.add(tensors, patient)
            found.append(tensors)
        return found

    found = by_all(task)
    for update in updates:
        for place in range(len(brought(0, 0))):
            wanted = sum(brought(rank, update)[place] for rank in range(WORLD))
            for of_one in found:
                assert of_one[update][place].equal(wanted)


def test_sums_are_in_the_order_of_the_ranks():
    numbers = torch.tensor([1e8, -1e8, 1.0])  # in fp32 another order is another sum

    def task(rank, meetings, _):
        item = numbers[rank].clone().reshape(1)
        meetings.add([item], patient)
        return float(item)

    assert by_all(task) == [1.0] * WORLD


def test_words_of_any_length_are_heard_in_order_whoever_is_slow():
    texts = [b"", b"first", b"x" * (2 * meeting.ROOM + 5), b"last", bytes(meeting.ROOM - 8)]

    def task(rank, _, words):
        if rank == 0:
            for text in texts:
                words.say(text, patient)
            return texts
        found = []
        for _ in texts:
            time.sleep(0.003 * rank)
            found.append(words.hear(patient))
        return found

    assert by_all(task) == [texts] * WORLD


def test_a_word_is_not_taken_for_what_is_added():
    def task(rank, meetings, words):
        item = torch.tensor([1.0])
        if rank == 0:
            words.say(b"end", patient)  # while the others wait for the first one's number
            time.sleep(0.05)
        meetings.add([item], patient)
        return float(item), b"end" if rank == 0 else words.hear(patient)

    assert by_all(task) == [(WORLD, b"end")] * WORLD


def test_processes_that_have_ended_are_named():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        others = Processes({2: other.pid})
        assert others.ended() == []
        other.communicate(b"\n")
        assert others.ended() == [2]
    others.close()
    assert others.ended() == []


def test_a_process_that_is_not_there_is_not_watched():
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        other.wait()
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match="No such process"):
        Processes({1: os.getpid(), 2: other.pid})
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.fixture(scope="module")
def ended():
    """Return the number of a process that has ended, and whose number is kept until now."""
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE) as other:
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        yield other.pid


def test_who_waits_for_a_process_that_has_ended_is_told(ended):
    meetings, words = Memory(r2=ended).of(0)
    with pytest.raises(RuntimeError, match="rank 2 has ended"):
        meetings.meet(patient)
    words.say(b"the last one, which nobody hears", patient)
    with pytest.raises(RuntimeError, match="rank 2 has ended"):
        words.say(b"another", patient)


def test_what_a_process_counted_before_it_ended_counts(ended):
    memory = Memory(r1=ended, r2=ended)
    memory.counts[:, 1:] = 1
    meetings, words = memory.of(0)
    meetings.meet(patient)
    words.say(b"one", patient)
    words.say(b"two", patient)
    assert memory.counts[:, 0].tolist() == [1, 2]


def test_the_caller_looks_once_a_second_whether_it_is_worth_waiting(monkeypatch):
    monkeypatch.setattr(meeting, "LOOK", 0.05)
    looks = []

    def look():
        looks.append(time.monotonic())
        if len(looks) == 3:
            raise RuntimeError("in vain")

    meetings, _ = Memory().of(0)
    with pytest.raises(RuntimeError, match="in vain"):
        meetings.meet(look)
    assert looks[2] - looks[0] >= 2 * 0.05


@pytest.mark.parametrize(("numbers", "fits"), [(meeting.MOST // 4, True), (meeting.MOST, False)])
def test_many_numbers_are_left_to_torch(numbers, fits):
    assert meeting.fit([torch.empty(numbers), torch.empty(0)]) is fits


def test_numbers_of_another_device_are_left_to_torch():
    assert not meeting.fit([torch.empty(1, device="meta")])
