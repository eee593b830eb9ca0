"""The gradients of several processes become one: the exact mean over the whole optimizer batch.

Each process has divided its losses by what the whole batch counts, so the gradients are added.
Large ones go as the last backward pass of an update completes them, while it goes on; where a
layer's lie in one stretch of memory nothing is copied. Those of biases and norms, and of those rows
of an embedding that some process has used, go together in the end. The processors of one machine
lay large ones down in memory that all of their processes see (`textune.parallel.shared`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from textune.encoder.precision import Plain
from textune.fast import calls
from textune.fast.lacking import is_lack
from textune.fast.matrices import Rows
from textune.parallel.ranks import Ranks, nothing
from textune.parallel.shared import Shared, Sizes
from textune.training import buckets, joint
from textune.training.buckets import Bucket
from textune.training.joint import Joint
from textune.training.optim import AdamW
from textune.training.room import Lack

Pair = tuple[nn.Parameter, Tensor | None]


@dataclass(slots=True)
class Rest:
    """What no bucket holds, laid down to be added over the processes."""

    large: list[Tensor]  # gradients that go by themselves
    spread: list[Tensor]  # where sums are laid back to
    flat: Tensor  # (1 + N,) the loss, and the gradients of these
    rows: list[tuple[Tensor, Tensor, Tensor]]  # of a table's gradient: whole, which, and these


class Adding(Protocol):
    """What adds up an update over several processes."""

    def open(self) -> None:
        """Make ready, before an update is computed."""

    def begin(self) -> None:
        """Send gradients from here on, in the last backward pass."""

    def stack(self, own: Tensor | None, device: torch.device) -> tuple[Tensor, slice]:
        """Return the rows of all processes, and which are this one's; None: it lacks memory."""

    def agree(self, own: Lack, *, is_lacking: bool) -> list[Lack]:
        """Hear which processes lacked memory."""

    def end(self, total: Tensor) -> Tensor:
        """Wait for all sums; return the loss of all processes, of that of this one."""

    def close(self) -> None:
        """Let the weights be this process's own, once nothing more is to be added."""


class Reducer:
    """Adds the gradients of an update over all processes, in place.

    A parameter without a gradient here has zeros added for it where any process has one; where
    none has one it stays without, and is not updated, as with one process. All processes send the
    same buckets in the same order: from the head down to the embeddings, as they become complete.

    Args:
        ranks: The processes.
        model: Whose parameters get gradients.
        optimizer: Of these parameters.
    """

    def __init__(self, ranks: Ranks, model: Plain, optimizer: AdamW):
        self._ranks, self._model, self._optimizer = ranks, model, optimizer
        self._halves = {id(weight): half for weight, half in model.encoder.halves().items()}
        self._buckets = list(buckets.of(model))
        self._hooks: list[Any] = []
        self._rest: Rest | None = None
        self._memory: Shared | None = None
        self._joint: Joint | None = None

    def open(self) -> None:
        """Take the memory that all processes see, where gradients lie in that of a machine."""
        is_here = bool(self._buckets) and self._buckets[0].weights[0].device.type == "cpu"
        if not is_here or self._memory is not None:
            return
        places = buckets.places(self._buckets, self._model) if self._optimizer.may_join else {}
        size, by_halves = self._buckets[-1].place.stop, bool(self._halves)
        sizes = Sizes(size)
        if places:
            common = joint.room(places, by_halves=by_halves)
            sizes = Sizes(size, size if by_halves else 0, common)
        self._memory = memory = self._ranks.share_memory(sizes)
        if memory is not None and places:
            shares = buckets.shares(places, self._buckets, memory.share)
            given = (self._ranks, memory.common, self._model.encoder, places, shares)
            self._joint = Joint(
                *given, {weight for each in self._buckets for weight in each.weights}
            )
            self._optimizer.join(self._joint)

    def close(self) -> None:
        """Let the weights be this process's own; the moments stay where they are."""
        if self._joint is not None:
            self._joint.leave()
            self._optimizer.join(None)
            self._joint = None

    def begin(self) -> None:
        """Send gradients from here on as they become complete."""
        for bucket in self._buckets:

            def heard(_: Tensor, bucket: Bucket = bucket) -> None:
                self._completed(bucket)

            leaf: Any = bucket.leaf
            self._hooks.append(leaf.register_post_accumulate_grad_hook(heard))

    def stack(self, own: Tensor | None, device: torch.device) -> tuple[Tensor, slice]:
        """Return the rows of all processes, and which are this one's; None: it lacks memory.

        Raises:
            MemoryError: Some process lacks memory.
        """
        return self._ranks.stack(own, device)

    def agree(self, own: Lack, *, is_lacking: bool) -> list[Lack]:
        """Send the buckets that were not sent, and hear which processes lacked memory.

        A process that did has forgotten its gradients, and sends zeros, so that all send the same.
        All memory that the update needs is taken before they agree, and nothing is changed.

        Args:
            own: How much this process has computed at once.
            is_lacking: Whether memory was lacking for it.

        Returns:
            What lacked memory; where there is nothing, `end` completes the update, else the
            gradients are not to be used, in any process.
        """
        while self._hooks:
            self._hooks.pop().remove()
        if not is_lacking and not _has_room(self._send_all):
            is_lacking = True
            self._model.forget()
            self._optimizer.zero_grad()
        self._send_all()
        has = {
            id(weight): is_there
            for bucket in self._buckets
            for weight, is_there in zip(bucket.weights, bucket.has, strict=True)
        }
        pairs, tables = list(self._optimizer.gradients()), list(self._model.rows())
        marks = [has.get(id(item), gradient is not None) for item, gradient in pairs]
        marks += [bucket.is_half for bucket in self._buckets]
        counts, used = self._marked(marks, [held.touched(table) for table, held in tables])
        self._settle(counts[len(pairs) :])
        counts = counts[: len(pairs)]
        is_lacking = is_lacking or not _has_room(
            lambda: self._lay_rest(has, (pairs, counts), (tables, used))
        )
        found = torch.zeros(self._ranks.place.world, 2, dtype=torch.int64)
        if is_lacking:
            found[self._ranks.place.rank] = torch.tensor([own.tokens, own.can_halve])
        self._ranks.add([found])()
        lacks = [
            Lack(tokens, bool(can_halve), self._ranks.words(rank))
            for rank, (tokens, can_halve) in enumerate(found.tolist())
            if tokens
        ]
        if lacks:
            self._wait()
        return lacks

    def end(self, total: Tensor) -> Tensor:
        """Add what no bucket holds, and wait for all sums.

        Args:
            total: () the loss of this process's texts, divided by the count of all.

        Returns:
            The loss of all.
        """
        rest = self._rest
        assert rest is not None, "processes agree before they end an update"
        rest.flat[0] = total
        self._ranks.add([*rest.large, rest.flat])()
        if self._joint is not None and self._memory is not None:
            sent = [(bucket.place, bucket.is_half) for bucket in self._buckets]
            self._joint.summed = self._memory.add_share(sent, calls.add_up)
        elif self._memory is not None:
            self._memory.add(self._ranks.meet)
        _spread(rest.flat[1:], rest.spread)
        for whole, places, sums in rest.rows:
            whole[places] = sums
        self._wait()
        return rest.flat[0]

    def _send_all(self) -> None:
        for bucket in self._buckets:
            if bucket.wait is None:
                self._send(bucket)

    def _wait(self) -> None:
        """Wait for the sums of all buckets."""
        self._rest = None
        for bucket in self._buckets:
            bucket.wait()
            bucket.is_complete, bucket.wait = False, None

    def _completed(self, bucket: Bucket) -> None:
        """Send the buckets whose turn it is."""
        self._model.collect()
        bucket.is_complete = True
        for one in self._buckets:
            if one.wait is None and not one.is_complete:
                return
            if one.wait is None:
                self._send(one)

    @torch.no_grad()
    def _send(self, bucket: Bucket) -> None:
        """Begin to add the gradients of a bucket; they lie in one stretch of fp32 from now on."""
        found = [self._gradient(weight) for weight in bucket.weights]
        bucket.has = [gradient is not None for gradient in found]
        flat = buckets.as_one(found)
        if self._memory is None:
            if flat is None:
                flat = bucket.weights[0].new_empty(bucket.place.stop - bucket.place.start)
                self._lay_all(bucket, found, flat)
            bucket.wait = self._ranks.add([flat])
            return
        place = self._memory.own[bucket.place]
        bucket.is_half = self._joint is not None and buckets.are_halves(found)
        if bucket.is_half:
            self._lay_halves(bucket, found, place, self._memory.own_halves[bucket.place])
        elif flat is None or flat.data_ptr() != place.data_ptr():
            self._lay_all(bucket, found, place)
            if bucket.block is not None:
                bucket.block.lay(place)
        bucket.wait = nothing  # all is added in the end

    def _lay_halves(
        self, bucket: Bucket, found: Sequence[Tensor | None], place: Tensor, halves: Tensor
    ) -> None:
        """Let gradients lie in bf16 where all see them, and those of the weights be their sums.

        Args:
            bucket: Whose gradients.
            found: In bf16.
            place: Where the sums will lie.
            halves: Where they lie themselves.
        """
        flat = buckets.as_one(found, torch.bfloat16)
        is_there = flat is not None and flat.data_ptr() == halves.data_ptr()
        sizes = [weight.numel() for weight in bucket.weights]
        pieces = zip(place.split(sizes), halves.split(sizes), strict=True)
        for weight, gradient, (total, piece) in zip(bucket.weights, found, pieces, strict=True):
            assert gradient is not None
            if not is_there:
                piece.view_as(gradient).copy_(gradient)
            weight.grad = total.view_as(weight)
            self._halves[id(weight)].gradient = None
        if not is_there and bucket.block is not None:
            bucket.block.lay(halves)

    def _settle(self, counts: Sequence[int]) -> None:
        """Lay down in fp32 what lies in bf16 in some processes alone, as so many have it."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if bucket.is_half and count < self._ranks.place.world:
                assert self._memory is not None
                self._memory.own[bucket.place] = self._memory.own_halves[bucket.place]
                bucket.is_half = False

    def _gradient(self, weight: nn.Parameter) -> Tensor | None:
        """Return a gradient, in fp32 or bf16."""
        half = self._halves.get(id(weight))
        return weight.grad if half is None or half.gradient is None else half.gradient

    def _lay_all(self, bucket: Bucket, found: Sequence[Tensor | None], place: Tensor) -> None:
        """Let the gradients of a bucket lie at a place end to end."""
        pieces = place.split([weight.numel() for weight in bucket.weights])
        for weight, gradient, piece in zip(bucket.weights, found, pieces, strict=True):
            self._lay(weight, gradient, piece.view_as(weight))

    def _lay(self, weight: nn.Parameter, gradient: Tensor | None, place: Tensor) -> None:
        """Let a gradient lie at a place, in fp32."""
        if gradient is None:
            place.zero_()
        else:
            place.copy_(gradient)
        weight.grad = place
        if (half := self._halves.get(id(weight))) is not None:
            half.gradient = None

    def _lay_rest(
        self,
        has: dict[int, bool],
        counted: tuple[Sequence[Pair], Sequence[int]],
        found: tuple[Sequence[tuple[nn.Parameter, Rows]], Sequence[Tensor]],
    ) -> None:
        """Lay down what no bucket holds, drop gradients that no process has; take memory for all.

        Args:
            has: Whether a weight of a bucket had a gradient here.
            counted: Parameters and their gradients here, and how many processes have each.
            found: Tables, and which of their rows any has.
        """
        (pairs, counts), (tables, used) = counted, found
        opened = [  # also where all rows go, so that all are cleared before the next update
            (id(table), held.open(table, places), places)
            for (table, held), places in zip(tables, used, strict=True)
            if len(places)
        ]
        some = {key: (whole, places) for key, whole, places in opened if len(places) < len(whole)}
        shared = [
            _laid_down(parameter, gradient)
            for (parameter, gradient), count in zip(pairs, counts, strict=True)
            if count and id(parameter) not in some and id(parameter) not in has
        ]
        large = [item for item in shared if item.numel() >= buckets.LARGE]
        small = [item for item in shared if item.numel() < buckets.LARGE]
        rows = [(whole, places, whole[places]) for whole, places in some.values()]  # (R, D) last
        spread = [*small, *(taken for *_, taken in rows)]
        loss = pairs[0][0].new_zeros(1)
        flat = torch.cat([loss, *(item.reshape(-1) for item in spread)])
        for (parameter, _), count in zip(pairs, counts, strict=True):
            if not count:
                parameter.grad = None
        self._optimizer.prepare()
        self._rest = Rest(large, spread, flat, rows)

    def _marked(
        self, marks: Sequence[bool], touched: Sequence[Tensor]
    ) -> tuple[list[int], list[Tensor]]:
        """Return how many processes have each gradient, and which rows of tables any has.

        Whether a process was asked to stop goes the same way.
        """
        stop = self._ranks.stop
        parts = [torch.tensor([*marks, stop is not None and stop.signal is not None]), *touched]
        both = torch.cat(parts).to(torch.int32)
        self._ranks.add([both])()
        first, *used = both.split([len(part) for part in parts])
        *counts, stopped = first.tolist()
        self._ranks.are_stopped = bool(stopped)
        return counts, [found.nonzero()[:, 0] for found in used]


def between(ranks: Ranks, model: Plain, optimizer: AdamW) -> Reducer | None:
    """Return what adds the gradients of several processes; None where there is one."""
    return Reducer(ranks, model, optimizer) if ranks.are_several else None


def _has_room(action: Callable[[], None]) -> bool:
    """Do something; tell whether there was memory for it."""
    try:
        action()
    except (RuntimeError, MemoryError) as error:
        if not is_lack(error):
            raise
        return False
    return True


def _laid_down(parameter: nn.Parameter, gradient: Tensor | None) -> Tensor:
    """Let a parameter have a gradient in fp32 that can be added to; return it."""
    if gradient is None:
        parameter.grad = torch.zeros_like(parameter)
    elif not gradient.is_contiguous():
        parameter.grad = gradient.contiguous()
    assert parameter.grad is not None
    return parameter.grad


def _spread(flat: Tensor, parts: Sequence[Tensor]) -> None:
    """Lay sums back into the gradients that they are of."""
    with torch.no_grad():
        for piece, part in zip(flat.split([part.numel() for part in parts]), parts, strict=True):
            part.copy_(piece.view_as(part))
