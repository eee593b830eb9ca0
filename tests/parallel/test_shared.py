"""Memory that several processes see holds the sums of what each has laid down."""

import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from textune.parallel import shared
from textune.parallel.shared import Sizes

WORLD, SIZE = 3, 10  # which no three share evenly


class Met:
    """Adds numbers of several threads, as processes do by what joins them."""

    def __init__(self, world):
        self._barrier, self._lock = threading.Barrier(world, timeout=20), threading.Lock()
        self._sum = None

    def add(self, item):
        with self._lock:
            self._sum = item.clone() if self._sum is None else self._sum + item
        self._barrier.wait()
        item.copy_(self._sum)
        if self._barrier.wait() == 0:
            self._sum = None
        self._barrier.wait()

    def meet(self):
        self._barrier.wait()


def add_up(rows, out):
    out.copy_(torch.stack(list(rows)).float().sum(0))
    return float(out.square().sum())


def by_all(task, world=WORLD):
    met = Met(world)
    with ThreadPoolExecutor(world) as threads:
        return list(threads.map(lambda rank: task(rank, met), range(world)))


def test_each_has_the_sums_update_after_update():
    def task(rank, met):
        memory = shared.opened(rank, WORLD, Sizes(SIZE), met.add)
        found = []
        for update in range(20):
            memory.own.copy_(torch.arange(SIZE) * (rank + 1) + update)
            met.meet()
            memory.add(met.meet)
            found.append(memory.own.clone())
        return torch.stack(found)

    wanted = torch.stack([torch.arange(SIZE) * 6.0 + 3 * update for update in range(20)])
    for found in by_all(task):
        assert found.equal(wanted)


def test_each_has_the_sums_of_its_share_and_what_others_wrote_to_the_common_numbers():
    def task(rank, met):
        memory = shared.opened(rank, WORLD, Sizes(SIZE, SIZE, SIZE), met.add)
        memory.own[:-1] = torch.arange(SIZE - 1) * (rank + 1)
        memory.own_halves[-1] = (SIZE - 1) * (rank + 1)
        met.meet()
        memory.add_share([(slice(0, SIZE - 1), False), (slice(SIZE - 1, SIZE), True)], add_up)
        memory.common[memory.share()] = memory.own[memory.share()] + 1
        met.meet()
        return memory.common.clone(), memory.own.clone(), memory.share()

    found = by_all(task)
    for rank, (common, own, share) in enumerate(found):
        assert common.tolist() == [6 * n + 1 for n in range(SIZE)]
        mine = range(SIZE)[share]
        laid = [n * (rank + 1) for n in range(SIZE - 1)] + [0]  # the last one beside the others
        assert own.tolist() == [6 * n if n in mine else laid[n] for n in range(SIZE)]
    assert sorted(n for *_, share in found for n in range(SIZE)[share]) == list(range(SIZE))


def test_there_is_no_memory_for_what_nobody_lays_down():
    sizes = [shared.bytes_of(2, Sizes(*each)) for each in ((64,), (64, 64), (64, 64, 64))]
    assert [more - sizes[0] for more in sizes] == [0, 2 * 64 * 2, 2 * 64 * 2 + 64 * 4]
    memory = shared.opened(0, 1, Sizes(SIZE), lambda _: None)
    assert (len(memory.own), len(memory.own_halves), len(memory.common)) == (SIZE, 0, 0)


def test_memory_that_one_of_them_cannot_see_is_no_memory_of_any():
    def task(rank, met):
        size = SIZE << 16 if rank == 1 else SIZE  # more than there is
        return shared.opened(rank, WORLD, Sizes(size), met.add)

    assert by_all(task) == [None] * WORLD


def test_where_there_is_too_little_none_has_any_and_nothing_stays_open():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = set(Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        assert (
            by_all(lambda rank, met: shared.opened(rank, 2, Sizes(1 << 20), met.add), 2)
            == [None] * 2
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_what_a_number_of_another_machine_names_is_not_opened(tmp_path):
    file = tmp_path / "memfd"
    file.write_bytes(bytes(shared.bytes_of(WORLD, Sizes(SIZE))))
    with file.open("r+b") as opened:

        def task(rank, met):
            def add(item):
                if rank == 0 and len(item) > 1:  # its own memory is not what is named
                    item[0] = opened.fileno()
                met.add(item)

            return shared.opened(rank, WORLD, Sizes(SIZE), add)

        assert by_all(task) == [None] * WORLD
    assert file.read_bytes().count(0) == shared.bytes_of(WORLD, Sizes(SIZE))


def test_one_process_alone_has_what_it_has_laid_down():
    memory = shared.opened(0, 1, Sizes(SIZE), lambda _: None)
    memory.own.copy_(torch.arange(SIZE))
    memory.add(lambda: None)
    assert memory.own.tolist() == list(range(SIZE))
