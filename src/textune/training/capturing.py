"""The forward and backward pass of a micro-batch become one CUDA graph for each size of batch.

A graph is launched by one call, where Python makes thousands for a pass: on short texts a card
waits for those most of the time. What is captured reads and writes the same memory every time, so
batches are filled up to few sizes and copied there, and gradients are written where they stay, not
laid down by autograd: a graph writes to the memory that it was captured with, so no measurement is
needed for that, and hooks of parameters would not run in a replay anyway.

Dropout in a graph draws from the generator that `torch.manual_seed` sets, from where it stands when
the graph is replayed (torch moves it on by what a pass draws): other masks every time, the same
ones for the same seed, and after a checkpoint as without one.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder import pair_heads
from textune.encoder.model import Encoder
from textune.encoder.precision import Plain
from textune.errors import first_line
from textune.objectives.objective import Objective
from textune.records import Batch, Items
from textune.tasks.own import Own
from textune.text import batches, buckets
from textune.text.buckets import Size, Sizes

MOST = 16  # graphs that are kept: each has some megabytes of its own, and shares one memory
WARM = 2  # passes before a capture: libraries make their plans and their memory in them

CALLED = "TEXTUNE_GRAPHS"  # "called": by the same function on any device, not captured; for tests

Loss = Callable[[Any, Batch], Tensor]
Gradients = dict[nn.Parameter, Tensor]  # in fp32, where they stay


class Capturing:
    """Computes gradients of micro-batches by graphs.

    On a device without graphs the same function of the same memory is called instead: what a graph
    would do can so be compared with the plain way.

    Args:
        model: What learns.
        loss: Returns the sum of losses of a batch.
        sizes: To which batches are filled up.
    """

    def __init__(self, model: Plain, loss: Loss, sizes: Sizes):
        self._model, self._loss, self._sizes = model, loss, sizes
        self.device = model.encoder.device
        self._gradients: Gradients = {}
        self._steps: OrderedDict[Size, Captured] = OrderedDict()
        self._pool: Any = None
        self.news: list[str] = []  # that a person should know
        self.refusal: str | None = None  # why the plain way is taken from now on
        self.passes, self.plain_passes = 0, 0

    def backward(self, batch: Batch, count: float) -> Tensor | None:
        """Add the gradients of a micro-batch to those of the parameters.

        Args:
            batch: On the host, or where the model is.
            count: What the sum of losses is divided by.

        Returns:
            () the loss, divided; None where the plain way is to be taken.
        """
        size = None if self.refusal else self._sizes.of(buckets.size_of(batch))
        step = None if size is None else self._step(size, batch)
        if step is None or size is None:
            self.plain_passes += 1
            return None
        self.passes += 1
        step.take(buckets.fill(batch, size), count)
        return step.run()

    def _step(self, size: Size, batch: Batch) -> "Captured | None":
        """Return what computes batches of a size; the least recently used graph makes room."""
        if size in self._steps:
            self._steps.move_to_end(size)
            return self._steps[size]
        if len(self._steps) >= MOST:
            self._steps.popitem(last=False)
        first = buckets.fill(batch, size)
        try:
            made = Captured(self._model, self._loss, first, size, self._gradients)
            if self.device.type == "cuda":
                self._pool = self._pool or torch.cuda.graph_pool_handle()
                made.capture(self._pool)
        except (RuntimeError, NotImplementedError, TypeError) as error:  # of torch, or of a model
            self.give_up(f"{type(error).__name__}: {first_line(error)}")
            return None
        self._steps[size] = made
        return made

    def give_up(self, why: str) -> None:
        """Take the plain way from now on, and let go of all graphs and their memory."""
        self.refusal = why
        self._steps.clear()
        self._pool = None
        self.news.append(f"forward and backward pass are not captured as CUDA graphs: {why}")


def news(by: Capturing | None) -> list[str]:
    """Return what a person should know, once."""
    if by is None:
        return []
    found, by.news = by.news, []
    return found


def why_not(encoder: Encoder, own: Own) -> str | None:
    """Say why no graph can compute an encoder's passes; "" where nobody would ask for one."""
    if os.environ.get(CALLED) == "called" and not encoder.has_kernels and encoder.packed:
        return None
    if encoder.device.type != "cuda":
        return ""
    if not encoder.packed:
        return "its batches are padded"
    if own.loss or own.head:
        return "what a loss or a head of your own does is not known"
    return None


def sizes_of(objective: Objective, encoder: Encoder, micro_tokens: int) -> Sizes:
    """Choose the sizes of a run's batches from its plan."""
    found = objective.sizes(encoder, micro_tokens=micro_tokens)
    return buckets.choose(
        (size for size in found if size.tokens <= micro_tokens),
        in_pairs=pair_heads.of(encoder.model) is not None,
    )


class Captured:
    """One pass over a batch of a size, as a function of memory that stays where it is.

    Args:
        model: What learns.
        loss: Returns the sum of losses of a batch.
        first: A batch of the size; the memory is made like it.
        size: What it is filled up to.
        gradients: Where gradients are written, shared by all sizes.
    """

    def __init__(self, model: Plain, loss: Loss, first: Batch, size: Size, gradients: Gradients):
        self._model, self._loss, self._gradients = model, loss, gradients
        device = model.encoder.device
        self.batch = standing(first, device, longest=size.longest)
        self._count = torch.ones((), device=device)
        self._found = torch.zeros((), device=device)
        self._graphs: dict[bool, torch.cuda.CUDAGraph] = {}
        pairs = model.trained()
        self._copies = [copy for _, copy in pairs]
        given = [gradient is not None for gradient in self.compute()[1]]
        self._used = [item for (item, _), is_used in zip(pairs, given, strict=True) if is_used]
        for item in self._used:
            if item not in gradients:
                gradients[item] = torch.empty_like(item, memory_format=torch.contiguous_format)

    def take(self, batch: Batch, count: float) -> None:
        """Copy a batch of the size to where it is read."""
        lay(batch, self.batch)
        self._count.fill_(count)

    def run(self) -> Tensor:
        """Add the gradients of the batch that was taken; return its loss, ()."""
        adds = self._make_room()
        graph = self._graphs.get(adds)
        if graph is None:
            self.accumulate(adds=adds)
        else:
            graph.replay()
        return self._found.clone()

    def compute(self) -> tuple[Tensor, Sequence[Tensor | None]]:
        """Return the loss of the batch and its gradients, None for what has no part in it."""
        loss = self._model.loss(self._loss, self.batch) / self._count
        scaled = self._model.scaled(loss)
        return loss.detach(), torch.autograd.grad(scaled, self._copies, allow_unused=True)

    def accumulate(self, *, adds: bool) -> None:
        """Write the loss and the gradients to where they stay, or add them there."""
        loss, found = self.compute()
        new = [gradient for gradient in found if gradient is not None]
        places = [self._gradients[item] for item in self._used]
        with torch.no_grad():
            self._found.copy_(loss)
            (torch._foreach_add_ if adds else torch._foreach_copy_)(places, new)

    def capture(self, pool: Any) -> None:
        """Capture both ways of writing gradients; the generator stands afterwards as before.

        Raises:
            RuntimeError: Something in the pass cannot be captured.
        """
        device = self.batch.ids.device
        current, side = torch.cuda.current_stream(device), torch.cuda.Stream(device)
        generator = torch.cuda.default_generators[current.device_index]
        state, spare = generator.get_state(), generator.clone_state()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(WARM):
                self.compute()
        current.wait_stream(side)
        try:
            for adds in (False, True):
                graph = torch.cuda.CUDAGraph()
                how = {"pool": pool, "stream": side, "capture_error_mode": "thread_local"}
                with torch.cuda.graph(graph, **how):
                    self.accumulate(adds=adds)
                self._graphs[adds] = graph
        except RuntimeError:
            torch.cuda.set_stream(current)  # a capture that failed leaves its own stream, and a
            generator.graphsafe_set_state(spare)  # generator that draws in captures alone
            raise
        generator.set_state(state)

    def _make_room(self) -> bool:
        """Let each parameter's gradient be where it is written; tell whether there were some."""
        adds = any(item.grad is not None for item in self._used)
        for item in self._used:
            place = self._gradients[item]
            if item.grad is place:
                continue
            if item.grad is not None:
                place.copy_(item.grad)  # the plain way's, of a batch before
            elif adds:
                place.zero_()
            item.grad = place
        return adds


def standing(batch: Batch, device: torch.device, *, longest: int) -> Batch:
    """Return memory for batches of this one's size, which says nothing to the host but its size.

    Its texts are there, but nothing is to be learned of them: passes that warm up leave no trace in
    what listens to the loss.
    """
    changes: dict[str, Any] = {
        each.name: torch.empty_like(value, device=device)
        for each in fields(batch)
        if isinstance(value := getattr(batch, each.name), Tensor)
    }
    if batch.targets is not None and batch.targets.dtype == torch.float64:
        changes["targets"] = changes["targets"].to(batches.precise(device))
    if batch.items is not None:
        groups, count = len(batch.items.sizes), sum(batch.items.sizes)
        counts = torch.empty(groups, dtype=torch.int64, device=device)
        sizes = (*(0,) * (groups - 1), count)  # how many there are in all; not whose they are
        changes["items"] = Items(sizes, torch.empty_like(batch.items.of, device=device), counts)
    changes["nsp_weight"] = torch.empty((), device=device)
    found = replace(batch, **changes, lengths=(), longest=longest)
    lay(batch, found)
    if found.weights is not None:
        found.weights.zero_()
    if found.targets is not None and not found.targets.is_floating_point():
        found.targets.fill_(buckets.UNKNOWN)
    return found


def lay(batch: Batch, where: Batch) -> None:
    """Copy a batch to memory of its size, without waiting for a card."""
    for each in fields(batch):
        value, place = getattr(batch, each.name), getattr(where, each.name)
        if isinstance(value, Tensor):
            place.copy_(_pinned(value, place), non_blocking=True)
    if batch.items is not None and where.items is not None:
        assert where.items.counts is not None
        counts = torch.tensor(batch.items.sizes)
        where.items.of.copy_(_pinned(batch.items.of, where.items.of), non_blocking=True)
        where.items.counts.copy_(_pinned(counts, where.items.counts), non_blocking=True)
    if not isinstance(batch.nsp_weight, Tensor):
        assert isinstance(where.nsp_weight, Tensor)
        where.nsp_weight.fill_(batch.nsp_weight)


def _pinned(value: Tensor, place: Tensor) -> Tensor:
    """Return memory of the host from which a card reads by itself, where it is on a card."""
    is_far = place.device.type == "cuda" and value.device.type == "cpu"
    return value.pin_memory() if is_far else value
