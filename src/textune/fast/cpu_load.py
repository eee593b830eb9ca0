"""Times of processors become what other programs use, and how many threads suit beside them.

Threads that wait for each other many hundred times an update lose far more than a share where one
of them has no core: beside one busy program two threads on two cores reach a fifth of their speed,
and one thread three fifths.
"""

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from textune.fast import cores
from textune.fast.cores import Quota

WINDOW = 0.4  # seconds over which is measured: ticks of 10 ms are coarse
MANY = 0.35  # of a core that others use: from here on a thread fewer computes
FEW = 0.2  # up to here the core counts as free again
QUIET = 2  # windows without load by others before threads come back
MOST_QUIET = 32  # the same where they came back in vain again and again
SETTLED = 20.0  # seconds after which a return was not in vain
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Sample:
    """Clocks at one moment, in seconds."""

    moment: float
    busy: float  # of our processors, by whatever program
    own: float  # of this process, all threads, and of those that it has started and awaited
    group: float | None = None  # of the control group with the quota
    nice: float = 0.0  # of our processors, by programs that give way to this one


@dataclass(frozen=True, slots=True)
class Load:
    """What other programs used, in cores."""

    others: float
    in_group: float = 0.0  # of them those that share the quota
    nice: float = 0.0  # by programs that give way, not among the others


def busy_seconds(text: str, processors: Collection[int]) -> tuple[float, float] | None:
    """Add up what `/proc/stat` says of some processors; None where it says nothing.

    Returns:
        Seconds of programs as they usually are, and of those that give way to others.

    Example:
        >>> [seconds * TICK for seconds in busy_seconds("cpu0 300 40 100 900 0 0 20 0 0 0", {0})]
        [420.0, 40.0]
    """
    usual, giving, seen = 0, 0, False
    for line in text.splitlines():
        name, *rest = line.split()
        if not name.startswith("cpu"):
            break
        number = name.removeprefix("cpu")
        if number.isdigit() and int(number) in processors and len(rest) >= 7:
            user, nice, system, _, _, hard, soft = map(int, rest[:7])
            usual += user + system + hard + soft
            giving += nice
            seen = True
    return (usual / TICK, giving / TICK) if seen else None


def sample(processors: Collection[int], quota: Quota | None) -> Sample | None:
    """Read the clocks; None where this system has none."""
    try:
        with Path("/proc/stat").open(encoding="ascii") as opened:
            text = opened.read(256 * (max(processors) + 2))  # what follows is long, and not ours
    except OSError:
        return None
    found = busy_seconds(text, processors)
    if found is None:
        return None
    busy, nice = found if os.nice(0) <= 0 else (sum(found), 0.0)
    group = None if quota is None else cores.used_by_group(quota.folder)
    times = os.times()  # a compiler that this process has waited for is no neighbour
    own = time.process_time() + times.children_user + times.children_system
    return Sample(time.monotonic(), busy, own, group, nice)


def between(first: Sample, last: Sample) -> Load:
    """Tell what others used from one moment to another."""
    seconds = max(last.moment - first.moment, 1e-9)
    own = last.own - first.own
    in_group = 0.0
    if first.group is not None and last.group is not None:
        in_group = max((last.group - first.group - own) / seconds, 0.0)
    others = max((last.busy - first.busy - own) / seconds, 0.0)
    return Load(others, in_group, max((last.nice - first.nice) / seconds, 0.0))


@dataclass(slots=True)
class Pace:
    """Follows what other processes use, and chooses how many threads compute.

    A thread is given up at once where a neighbour is seen, and taken back after a while without
    one; where that was in vain, the while becomes longer.

    Args:
        most: Threads on an idle machine.
        processors: Whose clocks are read.
        quota: Of the control group, if there is one.
        read: Reads the clocks.
    """

    most: int
    processors: frozenset[int]
    quota: Quota | None = None
    read: Callable[[Collection[int], Quota | None], Sample | None] = sample
    threads: int = field(init=False)
    last: Sample | None = field(init=False)
    load: Load = field(init=False, default=Load(0.0))
    taken: float = field(init=False, default=0.0)  # cores, when a thread was given up last
    _quiet: int = field(init=False, default=0)  # windows
    _needed: int = field(init=False, default=QUIET)
    _returned: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.threads = self.most
        self.last = self.read(self.processors, self.quota)

    def look(self) -> int:
        """Look at the clocks if it is time to, and return how many threads shall compute."""
        if self.last is None or self.most == 1:
            return self.threads
        if time.monotonic() - self.last.moment < WINDOW:
            return self.threads
        now = self.read(self.processors, self.quota)
        if now is not None:
            self.load = between(self.last, now)
            self._follow(now.moment)
            self.last = now
        return self.threads

    def _follow(self, moment: float) -> None:
        # those that give way count where they have a core in spite of that, not on an idle one
        taken = self.load.others + self.load.nice
        if self._fitting(taken, MANY) < self.threads:
            if self._returned is not None:
                in_vain = moment - self._returned < SETTLED
                self._needed = min(2 * self._needed, MOST_QUIET) if in_vain else QUIET
                self._returned = None
            self.threads, self._quiet = self._fitting(taken, MANY), 0
            self.taken = taken
            return
        wanted = self._fitting(self.load.others, FEW)
        self._quiet = self._quiet + 1 if wanted > self.threads else 0
        if self._quiet >= self._needed:
            self.threads, self._quiet, self._returned = wanted, 0, moment

    def _fitting(self, taken: float, spare: float) -> int:
        """Return how many threads have a core, up to a part of it that others use."""
        free = len(self.processors) - taken
        if self.quota is not None:
            free = min(free, self.quota.cores + 0.5 - MANY - self.load.in_group)
        return max(min(int(free + spare), self.most), 1)
