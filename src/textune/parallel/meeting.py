"""Processes of one machine count in memory that all of them see: they meet, add, say and hear.

A message through a socket takes a thread that the scheduler has to wake, on a core that computes;
a number in memory is seen at once.
"""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from torch import Tensor

ROOM = 1 << 20  # bytes that a process says, or brings to a meeting, at once
MOST = 4 * ROOM  # bytes that are added here; of more, torch.distributed adds faster
SPIN = 1e-3  # seconds that a process looks without a pause
PAUSES = (5e-5, 1e-2)  # seconds between two looks later on: a sixteenth of the time so far
LOOK = 1.0  # seconds after which the caller looks whether it is worth waiting
LENGTH = 8  # bytes of the number in front of a text

Look = Callable[[], None]


class Processes:
    """The other processes of a run on this machine: the system says which of them have ended.

    Args:
        numbers: Of each rank's process.

    Raises:
        OSError: It cannot say so of one of them.
    """

    def __init__(self, numbers: dict[int, int]):
        self._poll, self._descriptors = select.poll(), {}
        try:
            for rank, number in numbers.items():
                descriptor = os.pidfd_open(number)
                self._descriptors[descriptor] = rank
                self._poll.register(descriptor, select.POLLIN)
        except OSError:
            self.close()
            raise

    def ended(self) -> list[int]:
        """Return the ranks of processes that have ended."""
        return sorted(self._descriptors[descriptor] for descriptor, _ in self._poll.poll(0))

    def close(self) -> None:
        """Let go of the processes."""
        while self._descriptors:
            descriptor, _ = self._descriptors.popitem()
            self._poll.unregister(descriptor)
            os.close(descriptor)


class Counts:
    """A number of each process, which all of them see, and which each counts up.

    Args:
        numbers: (W,) int64, zeros in the beginning.
        rank: Of this process.
        others: Says who has ended.
    """

    def __init__(self, numbers: Tensor, rank: int, others: Processes):
        self._numbers, self._rank, self._others = numbers.numpy(), rank, others
        self._lock = threading.Lock()
        self._lock.acquire()

    def up(self) -> None:
        """Count one more; who sees it sees all that was written before."""
        self._order()
        self._numbers[self._rank] += 1

    def wait(self, number: int, look: Look, *, only_first: bool = False) -> None:
        """Wait until all processes, or the first one, have counted so far.

        Args:
            number: How far.
            look: Raises what ends the waiting; asked once a second.
            only_first: Whether to wait for the first process alone.

        Raises:
            RuntimeError: A process has ended.
        """
        began = looked = time.monotonic()
        numbers = self._numbers[:1] if only_first else self._numbers
        while int(numbers.min()) < number:
            now = time.monotonic()
            if now - began < SPIN:
                os.sched_yield()
                continue
            ended = self._others.ended()
            if ended and int(numbers.min()) < number:  # they may have counted just before
                raise RuntimeError(f"rank {ended[0]} has ended")
            if now - looked >= LOOK:
                looked = now
                look()
            time.sleep(min(max((now - began) / 16, PAUSES[0]), PAUSES[1]))
        self._order()

    def _order(self) -> None:
        """Keep the processor from moving loads and stores across: it may, unless it is an x86."""
        self._lock.release()
        self._lock.acquire()


class Meetings:
    """Meets the others again and again; what each brings is added.

    It lies in one of two places in turn: who comes to a meeting has read what was there in the one
    before it.

    Args:
        counts: Of meetings that each process has come to.
        brought: (2, W, ROOM) uint8, which all see.
        rank: Of this process.
    """

    def __init__(self, counts: Counts, brought: Tensor, rank: int):
        self._counts, self._brought, self._rank = counts, brought, rank
        self._number = 0  # of the last meeting that this process has come to

    def meet(self, look: Look) -> None:
        """Return once all processes have called this.

        Args:
            look: As in `Counts.wait`.

        Raises:
            RuntimeError: A process has ended.
        """
        self._number += 1
        self._counts.up()
        self._counts.wait(self._number, look)

    def add(self, tensors: Sequence[Tensor], look: Look) -> None:
        """Make tensors their sums over all processes, on the spot, in the order of the ranks.

        Args:
            tensors: On the CPU, contiguous, of the same shapes and formats in all processes.
            look: As in `Counts.wait`.

        Raises:
            RuntimeError: A process has ended.
        """
        for pieces in _batches(tensors):
            places = self._places(pieces)
            for piece, parts in zip(pieces, places, strict=True):
                parts[self._rank].copy_(piece)
            self.meet(look)
            for piece, parts in zip(pieces, places, strict=True):
                piece.copy_(parts[0])
                for part in parts[1:]:
                    piece += part

    def _places(self, pieces: Sequence[Tensor]) -> list[Tensor]:
        """Return where such tensors of each process lie in the next meeting, (W, N) each."""
        place, start = self._brought[(self._number + 1) % 2], 0
        found = []
        for piece in pieces:
            size = piece.numel() * piece.element_size()
            found.append(place[:, start : start + size].view(piece.dtype))
            start += _aligned(size)
        return found


class Words:
    """Texts that the first process says and all others hear, whatever they meet for meanwhile.

    Args:
        said: Counts of pieces that the first process has said, and that the others have heard.
        place: (ROOM,) uint8, which all see: the last piece.
    """

    def __init__(self, said: Counts, place: Tensor):
        self._said, self._place = said, place.numpy()
        self._number = 0  # of the last piece

    def say(self, text: bytes, look: Look) -> None:
        """Say a text; does not wait until all of it is heard.

        Args:
            text: Of any length.
            look: As in `Counts.wait`.

        Raises:
            RuntimeError: A process has ended.
        """
        told = len(text).to_bytes(LENGTH, "little") + text
        for start in range(0, len(told), ROOM):
            piece = np.frombuffer(told[start : start + ROOM], dtype=np.uint8)
            self._said.wait(self._number, look)
            self._place[: len(piece)] = piece
            self._number += 1
            self._said.up()

    def hear(self, look: Look) -> bytes:
        """Return what the first process says next.

        Args:
            look: As in `Counts.wait`.

        Raises:
            RuntimeError: A process has ended.
        """
        heard, size = bytearray(), 0
        while len(heard) < size or not size:
            self._number += 1
            self._said.wait(self._number, look, only_first=True)
            size = size or LENGTH + int.from_bytes(self._place[:LENGTH].tobytes(), "little")
            heard += self._place[: size - len(heard)].tobytes()
            self._said.up()
        return bytes(heard[LENGTH:])


def fit(tensors: Sequence[Tensor]) -> bool:
    """Tell whether tensors are few enough to be added here."""
    size = sum(item.numel() * item.element_size() for item in tensors)
    return size <= MOST and all(item.device.type == "cpu" for item in tensors)


def _aligned(size: int) -> int:
    """Return the next multiple of eight bytes."""
    return -(-size // 8) * 8


def _batches(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Part tensors into what a process can say at once; (…) → (N,), of the same memory."""
    batch: list[Tensor] = []
    left = ROOM
    for item in tensors:
        flat = item.view(-1)
        while flat.numel():
            count = min(left // flat.element_size(), flat.numel())
            if count:
                batch.append(flat[:count])
                flat = flat[count:]
                left -= _aligned(count * item.element_size())
            if flat.numel():
                yield batch
                batch, left = [], ROOM
    if batch:
        yield batch
