"""Free cores, and the load by other programs, become the threads of torch and the kernels.

Threads never decide what is computed: where the bits of a product would follow from their number
(`exact.holds`), it stays.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import torch

from textune.fast import cores, cpu_load, exact
from textune.fast.cpu_load import Pace

Item = TypeVar("Item")
VARIABLE = "OMP_NUM_THREADS"


@dataclass(slots=True)
class Team:
    """The threads of one piece of work.

    Args:
        most: Threads that compute while nothing else does.
        why: Where that number comes from, in words.
        pace: Follows the load by other programs; None where the number stays.
    """

    most: int
    why: str
    pace: Pace | None = None
    now: int = field(init=False)
    least: int = field(init=False)  # that ever computed
    is_said: bool = field(init=False, default=False)  # that there are fewer
    is_fixed: bool = field(init=False, default=False)  # as bits would follow from the number
    helper: threading.Thread | None = field(init=False, default=None)  # of ours, beside them

    def __post_init__(self) -> None:
        self.now = self.least = self.most

    def look(self) -> int:
        """Compute with as many threads as suit the load by other programs, and our own helper."""
        count = self.most if self.pace is None else self.pace.look()
        if count > 1 and self._is_helped() and exact.holds(self.most):
            torch.set_num_threads(count - 1)  # not what `least` is about
            return count - 1
        return self.set(count)

    def _is_helped(self) -> bool:
        """Tell whether a thread of ours needs a core, and the number may follow."""
        return not self.is_fixed and self.helper is not None and self.helper.is_alive()

    def set(self, count: int) -> int:
        """Compute with so many threads, here and in the kernels."""
        if count != torch.get_num_threads():
            torch.set_num_threads(count)
        self.now, self.least = count, min(self.least, count)
        return count

    def stay(self, why: str) -> None:
        """Keep the number of threads the same from here on, whatever the load."""
        self.is_fixed = True
        if self.pace is not None:
            self.pace, self.why = None, f"{self.why}; their number stays: {why}"
            self.set(self.most)

    def words(self) -> str:
        """Say how many threads compute, and why."""
        if self.pace is None or self.now == self.most:
            return f"{_threads(self.now)} ({self.why})"
        used = self.pace.taken
        return f"{_threads(self.now)} of {self.most} (other programs used {used:.1f} cores)"


_own = threading.local()  # torch keeps the number by thread, too


@contextmanager
def shared(asked: int | None = None, *, why: str = "as asked for") -> Iterator[Team]:
    """Compute with the threads that are free; afterwards with as many as were found.

    Within another such piece of work the outer one decides.

    Args:
        asked: By a setting; None for what is free, at most what torch was told before.
        why: Where the number that is asked for comes from, in words.
    """
    outer: Team | None = getattr(_own, "team", None)
    if outer is not None:
        yield outer
        return
    found = torch.get_num_threads()
    exact.is_strict()
    team = _form(found) if asked is None else Team(asked, why)
    _own.team = team
    try:
        team.look()
        yield team
    finally:
        _own.team = None
        team.set(found)


@contextmanager
def alone() -> Iterator[None]:
    """Compute with one thread, for what is measured; then with as many as before."""
    found = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(found)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Let a thread of its own do something else beside what is computed; it is waited for.

    Where the bits of products do not follow from the threads, one fewer computes until it is done.
    """
    team: Team | None = getattr(_own, "team", None)
    helper = threading.Thread(target=work, name="textune-meanwhile", daemon=True)
    helper.start()
    if team is not None:
        team.helper = helper
    try:
        yield
    finally:
        helper.join()
        if team is not None:
            team.helper = None
            team.look()


def over(items: Iterable[Item]) -> Iterator[Item]:
    """Yield what there is to compute, with the threads that suit before each."""
    for item in items:
        team: Team | None = getattr(_own, "team", None)
        if team is not None:
            team.look()
        yield item


def stay(why: str) -> None:
    """Let this work's number of threads be the same from here on."""
    team: Team | None = getattr(_own, "team", None)
    if team is not None:
        team.stay(why)


def decide(*, by_kernels: bool) -> bool:
    """Tell whether training has other bits with another number of threads."""
    return not by_kernels or not exact.holds(used()[0])


def count() -> int:
    """Return how many threads compute now."""
    return torch.get_num_threads()


def news() -> list[str]:
    """Say once, in words, that fewer threads compute beside other programs."""
    team: Team | None = getattr(_own, "team", None)
    if team is None or team.is_said or team.now == team.most:
        return []
    team.is_said = True
    return [f"from here on {team.words()}; more again once they are done, with the same result"]


def words() -> str:
    """Say how many threads compute, and why."""
    team: Team | None = getattr(_own, "team", None)
    if team is None:
        return _threads(torch.get_num_threads())
    team.look()
    team.is_said = team.is_said or team.now < team.most
    return team.words()


def used() -> tuple[int, int]:
    """Return the threads on an idle machine, and the fewest that computed beside other programs."""
    team: Team | None = getattr(_own, "team", None)
    now = torch.get_num_threads()
    return (now, now) if team is None else (team.most, team.least)


def _form(found: int) -> Team:
    """Form a team of what is free."""
    if os.environ.get(VARIABLE):
        return Team(found, f"{VARIABLE}={os.environ[VARIABLE]}")
    quota = cores.quota()
    processors = cores.allowed()
    most = min(cores.threads_for(len(processors), quota), found)
    total = os.cpu_count() or 1
    if quota is not None and quota.cores < len(processors):
        why = f"a quota of {quota.cores:g} of {total} cores"
    elif len(processors) < total:
        why = f"{len(processors)} of {total} cores are free to this process"
    else:
        why = "fewer while other programs compute" if most > 1 else "of one core"
    team = Team(most, why, _pace(most, processors, quota) if most > 1 else None)
    if most > 1 and not exact.holds(most):
        team.stay("products here would have other bits with another one")
    return team


@lru_cache(maxsize=8)
def _pace(most: int, processors: frozenset[int], quota: cores.Quota | None) -> Pace:
    """Follow the load over all that a process does: what was seen last is known at once."""
    return Pace(most, processors, quota, cpu_load.sample)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
