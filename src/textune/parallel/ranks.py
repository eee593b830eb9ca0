"""Processes that learn one run say words, add numbers and bring answers together.

The first one decides and says what comes next; the others hear it. What computes and adds is
torch.distributed: gloo between processors, nccl between cards.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from textune.errors import OutOfMemoryError, RanksError, TextuneError, first_line
from textune.parallel import answers, shared
from textune.parallel.answers import Answer, Rows
from textune.parallel.place import FIRST, Place
from textune.parallel.pulse import Pulse
from textune.parallel.shared import Shared

WORDS = 512  # bytes of a word that goes out in one message
FOREVER = timedelta(days=365)
LOOK = timedelta(seconds=1)  # between two looks whether the first process lives
LEAVE = 5.0  # seconds
END = {"do": "end"}


class Stop(Protocol):
    """Whether somebody asked this process to stop."""

    signal: int | None


@dataclass(frozen=True, slots=True)
class _Joined:
    """What joins the processes."""

    pulse: Pulse
    words: Any  # a group for what the first one says: it may compute alone for long
    seconds: float  # that processes wait for each other


class Ranks:
    """The processes of one run, as one of them sees the others; of one alone nothing is sent."""

    def __init__(self, place: Place, joined: _Joined | None = None):
        self.place = place
        self.stop: Stop | None = None  # what notes signals in this process
        self.are_stopped = False  # whether another process was asked to stop
        self._joined = joined
        self.memory: Shared | None = None  # that all processes see
        self._size = 0  # numbers that they asked for

    @property
    def is_first(self) -> bool:
        """Whether this process decides, writes and speaks."""
        return self.place.is_first

    @property
    def are_several(self) -> bool:
        """Whether there are others."""
        return self._joined is not None

    def words(self, rank: int) -> str:
        """Name one of the processes, and its machine."""
        host = "" if self._joined is None else self._joined.pulse.host(rank)
        return Place(rank, self.place.world).words(host)

    def say(self, word: dict[str, Any], *, within: timedelta = FOREVER) -> None:
        """Tell the others what comes next.

        Args:
            word: What they shall do.
            within: How long they may take to hear it.

        Raises:
            RanksError: One of them is lost, or does not hear it.
        """
        if self._joined is None:
            return
        text = json.dumps(word).encode()
        head = np.zeros(WORDS, dtype=np.uint8)
        head[:8] = np.frombuffer(np.int64(len(text)).tobytes(), dtype=np.uint8)
        short = text[: WORDS - 8]
        head[8 : 8 + len(short)] = np.frombuffer(short, dtype=np.uint8)
        with self.watched():
            dist.broadcast(torch.from_numpy(head), 0, self._joined.words, async_op=True).wait(
                within
            )
            if rest := text[len(short) :]:
                self._spread(torch.frombuffer(bytearray(rest), dtype=torch.uint8))

    def hear(self) -> dict[str, Any]:
        """Wait for what the first process says next, as long as that lives.

        Raises:
            RanksError: It is lost.
        """
        assert self._joined is not None
        head = torch.zeros(WORDS, dtype=torch.uint8)
        with self.watched():
            self._await(dist.broadcast(head, 0, group=self._joined.words, async_op=True))
            size = int(np.frombuffer(head[:8].numpy().tobytes(), dtype=np.int64)[0])
            text = head[8 : 8 + size].numpy().tobytes()
            if len(text) < size:
                rest = torch.zeros(size - len(text), dtype=torch.uint8)
                self._spread(rest)
                text += rest.numpy().tobytes()
        found: dict[str, Any] = json.loads(text)
        return found

    def send(self, tensors: dict[str, Tensor]) -> None:
        """Give the others a copy of some tensors, each by its name."""
        shapes = {name: [str(item.dtype), list(item.shape)] for name, item in tensors.items()}
        self.say({"do": "tensors", "shapes": shapes})
        with self.watched():
            for item in tensors.values():
                if item.numel():
                    self._spread(_bytes(item.detach().cpu()))

    def receive(self) -> dict[str, Tensor]:
        """Return the copies that the first process sends."""
        found = {}
        for name, (kind, shape) in self.hear()["shapes"].items():
            item = torch.empty(shape, dtype=getattr(torch, kind.removeprefix("torch.")))
            with self.watched():
                if item.numel():
                    self._spread(_bytes(item))
            found[name] = item
        return found

    def add(self, tensors: Sequence[Tensor]) -> Callable[[], None]:
        """Begin to add tensors over all processes, in place; return what waits for the sums.

        All processes give tensors of the same shapes, in the same order.
        """
        if self._joined is None:
            return lambda: None
        with self.watched():
            begun = [dist.all_reduce(item, async_op=True) for item in tensors]

        def wait() -> None:
            with self.watched():
                for one in begun:
                    one.wait()

        return wait

    def meet(self) -> None:
        """Return once all processes have called this."""
        self.add([torch.zeros(1)])()

    def share_memory(self, size: int) -> Shared | None:
        """Return memory that all processes see, for so many numbers of each; None: they have none.

        All ask for it at the same time. It stays until they ask for another size.
        """
        if size != self._size:
            self.memory, self._size = None, size
            place = self.place
            self.memory = shared.opened(
                place.rank, place.world, size, lambda item: self.add([item])()
            )
        return self.memory

    def deal(self, groups: Iterable[Rows], sizes: NDArray[np.int64]) -> list[Rows]:
        """Return this process's share of groups of texts, about as many tokens as any other's.

        Args:
            groups: Places of texts; the same in every process.
            sizes: (N,) tokens of each text.
        """
        everything = list(groups)
        loads = [0] * self.place.world
        mine = []
        costs = [int(sizes[group].sum()) for group in everything]
        for number in sorted(range(len(costs)), key=lambda number: -costs[number]):
            lightest = loads.index(min(loads))
            loads[lightest] += costs[number]
            if lightest == self.place.rank:
                mine.append(number)
        return [everything[number] for number in sorted(mine)]

    def gather(self, parts: Iterable[Answer]) -> Iterator[Answer]:
        """Bring the answers of all processes to the first one; none comes out in the others."""
        if self._joined is None:
            yield from parts
            return
        mine = list(parts)
        if not self.is_first:
            with self.watched():
                answers.send(mine)
            return
        yield from mine
        for rank in range(1, self.place.world):
            with self.watched():
                found = answers.receive(rank)
            yield from found

    def seed(self, seed: int, step: int) -> None:
        """Let dropout draw by the run's seed, the step and the process."""
        if self._joined is not None:
            drawn = np.random.SeedSequence([seed, step, self.place.rank])
            torch.manual_seed(int(drawn.generate_state(1, np.uint64)[0] >> np.uint64(1)))

    def fail(self, text: str, code: int) -> None:
        """Leave for the others what went wrong in this process, and the exit code of that."""
        if self._joined is not None:
            with suppress(RuntimeError):  # the store may have ended
                self._joined.pulse.fail(text, code)

    def leave(self) -> None:
        """End what joins the processes; what waits for one that has failed does not end so soon."""
        if self._joined is not None:
            self._joined.pulse.end()
            ending = threading.Thread(target=dist.destroy_process_group, daemon=True)
            ending.start()
            ending.join(LEAVE)

    def _spread(self, item: Tensor) -> None:
        assert self._joined is not None
        dist.broadcast(item, 0, group=self._joined.words)

    def _await(self, begun: Any) -> None:
        """Wait for a message of the first process, while that is seen to live."""
        assert self._joined is not None
        count, seen = -1, time.monotonic()
        while True:
            try:
                begun.wait(LOOK)
            except RuntimeError:
                if begun.is_completed():  # it has failed; else it has not come yet
                    raise
            else:
                return
            now = time.monotonic()
            before, count = count, self._joined.pulse.count(0)
            seen = now if count != before else seen
            if now - seen > self._joined.seconds:
                raise RuntimeError(f"rank 0 was not seen for {self._joined.seconds:g} seconds")

    @contextmanager
    def watched(self, but: Callable[[BaseException], bool] | None = None) -> Iterator[None]:
        """Turn what torch says of a lost process into an error that names it.

        Args:
            but: Tells errors that stay as they are.
        """
        try:
            yield
        except RuntimeError as error:
            if isinstance(error, TextuneError) or (but is not None and but(error)):
                raise
            raise self._lost(error) from error

    def _lost(self, error: RuntimeError) -> RanksError:
        """Say which process is lost, and of what."""
        assert self._joined is not None
        pulse, me = self._joined.pulse, self.place
        others = [rank for rank in range(me.world) if rank != me.rank]
        try:
            if not (faults := pulse.faults(others)):
                silent = pulse.silent(others)
                faults = pulse.faults(others)
            else:
                silent = []
            hosts = {rank: pulse.host(rank) for rank in (*faults, *silent)}
        except RuntimeError:  # the store has ended, which is the first process's or its agent's
            return _told_by(me, [0], f"rank 0 of {me.world}, or what started it, has ended")
        names = {rank: Place(rank, me.world).words(hosts[rank]) for rank in hosts}
        if faults:
            text = "; ".join(f"{names[rank]}: {text}" for rank, (text, _) in faults.items())
        elif silent:
            listed = ", ".join(names[rank] for rank in silent)
            text = f"{listed}: has ended, or stands still; nothing is heard of it"
        else:
            text = (
                f"the processes wait for each other in vain, though all {me.world} live "
                f"({first_line(error)})"
            )
        lost = _told_by(me, silent, text)
        if any(code == OutOfMemoryError.exit_code for _, code in faults.values()):
            lost.exit_code = OutOfMemoryError.exit_code
        return lost


ALONE = Ranks(FIRST)


def join(place: Place, *, seconds: float, by_cards: bool) -> Ranks:
    """Join the processes of one run.

    Args:
        place: Of this one.
        seconds: That processes wait for each other.
        by_cards: Whether gradients lie on cards of NVIDIA: nccl adds them.

    Raises:
        RanksError: The others do not come.
    """
    limit = timedelta(seconds=seconds)
    where = f"env://?rank={place.rank}&world_size={place.world}"
    try:
        store, *_ = next(rendezvous(where, timeout=limit))
        # torchrun keeps one store over its restarts: what was said in the one before is not heard
        store = PrefixStore(f"textune/{place.restarts}", store)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if by_cards else "gloo",
            store=store,
            rank=place.rank,
            world_size=place.world,
            timeout=limit,
        )
        words = dist.new_group(backend="gloo", timeout=FOREVER)
        pulse = Pulse(store, place.rank, socket.gethostname())
    except RuntimeError as error:
        raise RanksError(
            f"{place.words(socket.gethostname())}: the {place.world} processes did not come "
            f"together within {seconds:g} seconds ({first_line(error)}); were all of them "
            "started, and does MASTER_ADDR lead to the first one? Of several networks name one by "
            "GLOO_SOCKET_IFNAME and NCCL_SOCKET_IFNAME"
        ) from error
    return Ranks(place, _Joined(pulse, words, seconds))


def _told_by(me: Place, lost: Sequence[int], text: str) -> RanksError:
    """Make the error of a lost process; where the first one is lost, the next one says so."""
    error = RanksError(text)
    living = (rank for rank in range(me.world) if rank not in lost)
    error.is_told_here = 0 in lost and me.rank == next(living, me.rank)
    return error


def _bytes(item: Tensor) -> Tensor:
    """See a tensor on the CPU as bytes; (…) → (N,) uint8 of the same memory."""
    assert item.is_contiguous()
    return item.reshape(-1).view(torch.uint8)
