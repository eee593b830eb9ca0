"""Memory that all processes of one machine see: each lays its numbers down, and adds a share.

What goes through sockets is copied by the cores that compute, several times. The memory has no
name in any folder, so a process that is killed leaves nothing of it.
"""

import mmap
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

HEAD = mmap.PAGESIZE  # bytes before the numbers; the first eight of them name the memory
WIDTH = 4  # bytes of a number in fp32
NAME = "textune-gradients"
CACHED = 1 << 17  # numbers that are added at once: a cache holds those of two processes

Sum = Callable[[Tensor], None]  # makes a tensor the sum of those of all processes, on the spot


class Shared:
    """N numbers of each of W processes, which become their sums.

    Args:
        numbers: (W, N) fp32, which all of them see.
        rank: Of this process.
    """

    def __init__(self, numbers: Tensor, rank: int):
        world, size = numbers.shape
        share = slice(size * rank // world, size * (rank + 1) // world)
        self._numbers, self._rank, self._share = numbers, rank, share

    @property
    def own(self) -> Tensor:
        """Return where this process lays its numbers down, (N,)."""
        return self._numbers[self._rank]

    def add(self, meet: Callable[[], None]) -> None:
        """Make what each process has laid down the sums over all; all have laid theirs down.

        Args:
            meet: Returns once all processes have called it.
        """
        for numbers in torch.split(self._numbers[:, self._share], CACHED, dim=1):
            own = numbers[self._rank]
            others = [each for rank, each in enumerate(numbers) if rank != self._rank]
            for other in others:
                own += other
            for other in others:
                other.copy_(own)
        meet()


def opened(rank: int, world: int, size: int, add: Sum) -> Shared | None:
    """Open memory that all processes see; None where they do not, or where there is none.

    Args:
        rank: Of this process.
        world: W, how many there are.
        size: N, numbers of each.
        add: Brings all to know where the memory is, and whether each of them has it.
    """
    length = HEAD + world * size * WIDTH
    own = _made(length) if rank == 0 else None
    where = torch.zeros(3, dtype=torch.int64)  # process, its descriptor, what names the memory
    if own is not None:
        where[:] = torch.tensor([os.getpid(), own, secrets.randbits(62)])
    mapped = None if own is None else _mapped(own, length)
    if mapped is not None:
        mapped[:8] = int(where[2]).to_bytes(8, "little")
    add(where)
    process, descriptor, name = where.tolist()
    if rank and process:
        mapped = _found(Path(f"/proc/{process}/fd/{descriptor}"), length, name)
    lacking = torch.tensor([int(mapped is None)])
    add(lacking)
    if own is not None:
        os.close(own)
    if mapped is None or int(lacking):
        return None
    numbers = torch.frombuffer(mapped, dtype=torch.float32, offset=HEAD)
    return Shared(numbers.view(world, size), rank)


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
