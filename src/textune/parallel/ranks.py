"""Processes that learn one run say words, add numbers and bring answers together.

The first one decides and says what comes next; the others hear it. What computes and adds is
torch.distributed: gloo between processors, nccl between cards. Processes on the processors of one
machine do so in memory that all of them see, once they have it (`textune.parallel.meeting`).
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

from textune.errors import RanksError, TextuneError, first_line
from textune.parallel import answers, lost, meeting, shared
from textune.parallel.answers import Answer, Rows
from textune.parallel.place import FIRST, Place
from textune.parallel.pulse import Pulse
from textune.parallel.shared import Shared, Sizes

WORDS = 512  # bytes of a word that goes out in one message
FOREVER = timedelta(days=365)
LOOK = timedelta(seconds=meeting.LOOK)  # between two looks whether the first process lives
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
        self._sizes = Sizes()  # that they asked for

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
        if self.memory is not None:
            with self.watched():
                self.memory.words.say(text, self._patient(within.total_seconds()))
            return
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
        if self.memory is not None:
            with self.watched():
                heard: dict[str, Any] = json.loads(self.memory.words.hear(self._while_seen()))
            return heard
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
            return nothing
        if self.memory is not None and meeting.fit(tensors):
            with self.watched():
                self.memory.meetings.add(tensors, self._patient(self._joined.seconds))
            return nothing
        with self.watched():
            begun = [dist.all_reduce(item, async_op=True) for item in tensors]

        def wait() -> None:
            with self.watched():
                for one in begun:
                    one.wait()

        return wait

    def stack(self, own: Tensor | None, device: torch.device) -> tuple[Tensor, slice]:
        """Return the rows of all processes, those of the first one first, and which are its own.

        Args:
            own: (n, W); of a process without rows (0, 0). None: memory was lacking for them.
            device: On which they lie.

        Raises:
            MemoryError: It was lacking in some process: all of them hear it.
        """
        rank, world = self.place.rank, self.place.world
        sizes = torch.zeros(world, 2, dtype=torch.int64, device=device)
        sizes[rank] = torch.tensor([-1, 0] if own is None else own.shape, device=device)
        self.add([sizes])()
        if own is None or bool((sizes < 0).any()):
            raise MemoryError("a process lacks memory")
        start, count = int(sizes[:rank, 0].sum()), len(own)
        found = own.new_zeros(int(sizes[:, 0].sum()), int(sizes[:, 1].max()))
        here = slice(start, start + count)
        if count:
            found[here] = own
        self.add([found])()
        return found, here

    def meet(self) -> None:
        """Return once all processes have called this."""
        if self._joined is None or self.memory is None:
            self.add([torch.zeros(1)])()
            return
        with self.watched():
            self.memory.meetings.meet(self._patient(self._joined.seconds))

    def share_memory(self, sizes: Sizes) -> Shared | None:
        """Return memory that all processes see, for so many numbers; None where they have none.

        All ask for it at the same time. It stays until they ask for other sizes.
        """
        if self._sizes != sizes:
            self._let_go()
            self._sizes, place = sizes, self.place
            self.memory = shared.opened(
                place.rank, place.world, sizes, lambda item: self.add([item])()
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
        self._let_go()
        if self._joined is not None:
            self._joined.pulse.end()
            ending = threading.Thread(target=dist.destroy_process_group, daemon=True)
            ending.start()
            ending.join(LEAVE)

    def _let_go(self) -> None:
        """Let go of the memory that all processes see; from now on they speak by torch."""
        if self.memory is not None:
            self.memory.close()
        self.memory = None

    def _spread(self, item: Tensor) -> None:
        assert self._joined is not None
        dist.broadcast(item, 0, group=self._joined.words)

    def _await(self, begun: Any) -> None:
        """Wait for a message of the first process, while that is seen to live."""
        look = self._while_seen()
        while True:
            try:
                begun.wait(LOOK)
            except RuntimeError:
                if begun.is_completed():  # it has failed; else it has not come yet
                    raise
            else:
                return
            look()

    def _while_seen(self) -> Callable[[], None]:
        """Return what raises an error once the first process has not been seen for long."""
        assert self._joined is not None
        pulse, limit = self._joined.pulse, self._joined.seconds
        count, seen = -1, time.monotonic()

        def look() -> None:
            nonlocal count, seen
            now = time.monotonic()
            before, count = count, pulse.count(0)
            seen = now if count != before else seen
            if now - seen > limit:
                raise RuntimeError(f"rank 0 was not seen for {limit:g} seconds")

        return look

    def _patient(self, seconds: float) -> Callable[[], None]:
        """Return what raises an error so many seconds from now, or once another process failed."""
        assert self._joined is not None
        pulse, end = self._joined.pulse, time.monotonic() + seconds
        others = [rank for rank in range(self.place.world) if rank != self.place.rank]

        def look() -> None:
            if time.monotonic() > end:
                raise RuntimeError(f"the others have not come within {seconds:g} seconds")
            if pulse.faults(others):
                raise RuntimeError("another process has failed")

        return look

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
            assert self._joined is not None
            raise lost.named(error, self.place, self._joined.pulse) from error


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


def nothing() -> None:
    """Wait for nothing."""


def _bytes(item: Tensor) -> Tensor:
    """See a tensor on the CPU as bytes; (…) → (N,) uint8 of the same memory."""
    assert item.is_contiguous()
    return item.reshape(-1).view(torch.uint8)
