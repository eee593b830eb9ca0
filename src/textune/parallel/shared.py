"""Memory that all processes of one machine see: each lays its numbers down, and adds a share.

Other numbers in it belong to all of them at once. What goes through sockets is copied by the cores
that compute, several times. The memory has no name in any folder, so a process that is killed
leaves nothing of it.
"""

import mmap
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from textune.parallel import meeting
from textune.parallel.meeting import Counts, Meetings, Processes, Words

HEAD = mmap.PAGESIZE  # bytes before all else; the first eight of them name the memory
LINE = 64  # bytes of a line of the cache: processes that count in the same one slow each other
WIDTH = 4  # bytes of a number in fp32
NAME = "textune-memory"
CACHED = 1 << 17  # numbers that are added at once: a cache holds those of two processes

AddUp = Callable[[Sequence[Tensor], Tensor], float]  # rows and their sum to that of its squares
Sum = Callable[[Tensor], None]  # makes a tensor the sum of those of all processes, on the spot


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many numbers there are."""

    each: int = 0  # in fp32, of each process
    halves: int = 0  # in bf16, of each process
    common: int = 0  # in fp32, of all processes at once


class Shared:
    """N numbers of each of W processes, which become their sums, and others that are of all.

    Args:
        numbers: (W, N) fp32, which all of them see.
        halves: (W, N) bf16, where some of them may lie instead; (W, 0) where none do.
        common: (M,) fp32, of all of them at once.
        rank: Of this process.
        others: The other processes.
        told: Where they meet, and what the first one says, in the same memory.
    """

    def __init__(
        self,
        numbers: Tensor,
        halves: Tensor,
        common: Tensor,
        rank: int,
        others: Processes,
        told: tuple[Meetings, Words],
    ):
        self._numbers, self._halves, self.common = numbers, halves, common
        self._rank, self._others = rank, others
        self.meetings, self.words = told

    @property
    def own(self) -> Tensor:
        """Return where this process lays its numbers down, (N,)."""
        return self._numbers[self._rank]

    @property
    def own_halves(self) -> Tensor:
        """Return where this process lays down those that are in bf16, (N,)."""
        return self._halves[self._rank]

    def share(self, size: int | None = None) -> slice:
        """Return which of so many numbers are this process's share; of those it lays down: None."""
        world, whole = len(self._numbers), self._numbers.shape[1] if size is None else size
        return slice(whole * self._rank // world, whole * (self._rank + 1) // world)

    def close(self) -> None:
        """Let go of the other processes; the memory goes with what reads it."""
        self._others.close()

    def add_share(self, places: Sequence[tuple[slice, bool]], add_up: AddUp) -> float:
        """Make this process's share of its numbers the sums over all, which have laid theirs down.

        Args:
            places: Of numbers, and whether all processes have laid these down in bf16. What else
                there is stays as it is.
            add_up: Adds rows, of which the first one may be the sum.

        Returns:
            The sum of the squares of this process's sums.
        """
        share, squares = self.share(), 0.0
        for place, are_halves in places:
            start, stop = max(place.start, share.start), min(place.stop, share.stop)
            if start < stop:
                rows = (self._halves if are_halves else self._numbers)[:, start:stop]
                own = rows[self._rank]
                squares += add_up([own, *self._others_of(rows)], self.own[start:stop])
        return squares

    def add(self, meet: Callable[[], None]) -> None:
        """Make what each process has laid down the sums over all; all have laid theirs down.

        Args:
            meet: Returns once all processes have called it.
        """
        for numbers in torch.split(self._numbers[:, self.share()], CACHED, dim=1):
            own, others = numbers[self._rank], self._others_of(numbers)
            for other in others:
                own += other
            for other in others:
                other.copy_(own)
        meet()

    def _others_of(self, rows: Tensor) -> list[Tensor]:
        """Return the rows of the other processes."""
        return [row for rank, row in enumerate(rows) if rank != self._rank]


def opened(rank: int, world: int, sizes: Sizes, add: Sum) -> Shared | None:
    """Open memory that all processes see; None where they do not, or where there is none.

    Args:
        rank: Of this process.
        world: W, how many there are.
        sizes: N numbers of each in fp32, those in bf16, and M of all at once.
        add: Brings all to know where the memory is, and whether each of them has it.
    """
    length = bytes_of(world, sizes)
    own = _made(length) if rank == 0 else None
    where = torch.zeros(2 + world, dtype=torch.int64)  # descriptor, name, processes
    where[2 + rank] = os.getpid()
    if own is not None:
        where[:2] = torch.tensor([own, secrets.randbits(62)])
    mapped = None if own is None else _mapped(own, length)
    if mapped is not None:
        mapped[:8] = int(where[1]).to_bytes(8, "little")
    add(where)
    descriptor, name, *processes = where.tolist()
    if rank and name:
        mapped = _found(Path(f"/proc/{processes[0]}/fd/{descriptor}"), length, name)
    others = None if mapped is None else _watched(processes, rank)
    lacking = torch.tensor([int(others is None)])
    add(lacking)
    if own is not None:
        os.close(own)
    if mapped is None or others is None:
        return None
    if int(lacking):
        others.close()
        return None
    everything = torch.frombuffer(mapped, dtype=torch.uint8, offset=HEAD)
    lines, said, brought, common, numbers, halves = everything.split(_sizes(world, sizes))
    counts = [
        Counts(one, rank, others) for one in lines.view(torch.int64).view(2, world, -1)[..., 0]
    ]
    meetings = Meetings(counts[0], brought.view(2, world, -1), rank)
    words = Words(counts[1], said)
    each = _rows(numbers.view(torch.float32), world)[:, : sizes.each]
    short = _rows(halves.view(torch.bfloat16), world)[:, : sizes.halves]
    whole = common.view(torch.float32)[: sizes.common]
    return Shared(each, short, whole, rank, others, (meetings, words))


def _rows(flat: Tensor, world: int) -> Tensor:
    """See numbers as a row for each process; there may be none."""
    return flat.view(world, len(flat) // world)


def bytes_of(world: int, sizes: Sizes) -> int:
    """Return how long the memory is, for so many numbers of each process, and of all at once."""
    return HEAD + sum(_sizes(world, sizes))


def _sizes(world: int, sizes: Sizes) -> tuple[int, ...]:
    """Return the bytes of the counts, of what is said, of what is brought, and of all numbers."""
    common, each = (-(-size // LINE) * LINE * WIDTH for size in (sizes.common, sizes.each))
    halves = -(-sizes.halves // LINE) * LINE * WIDTH // 2
    told = (2 * world * LINE, meeting.ROOM, 2 * world * meeting.ROOM)
    return *told, common, world * each, world * halves


def _watched(processes: Sequence[int], rank: int) -> Processes | None:
    """Watch the other processes; None where the system cannot."""
    with suppress(OSError, AttributeError):  # it is not Linux, or an old one
        return Processes({each: number for each, number in enumerate(processes) if each != rank})
    return None


def _made(length: int) -> int | None:
    """Take so many bytes of memory, and return the descriptor of it; None where there are none."""
    if not hasattr(os, "memfd_create"):  # Linux has it
        return None
    descriptor = None
    with suppress(OSError):
        descriptor = os.memfd_create(NAME)
        os.posix_fallocate(descriptor, 0, length)  # now, or a write would end the process
        return descriptor
    if descriptor is not None:
        os.close(descriptor)
    return None


def _found(path: Path, length: int, name: int) -> mmap.mmap | None:
    """Map the memory that another process of this machine has made; None where it is not there."""
    with suppress(OSError):
        if not str(path.readlink()).startswith(f"/memfd:{NAME}"):  # of a process on another machine
            return None
        descriptor = os.open(path, os.O_RDWR)
        mapped = _mapped(descriptor, length)
        os.close(descriptor)
        if mapped is not None and int.from_bytes(mapped[:8], "little") == name:
            return mapped
    return None


def _mapped(descriptor: int, length: int) -> mmap.mmap | None:
    with suppress(OSError, ValueError):  # it is shorter, or there is no room for it
        return mmap.mmap(descriptor, length)
    return None
