"""Weights of a layer as its products use them: stacked, in the number format of the products.

Their gradients are written where they stay, update after update, which hooks of autograd do not
see. An update of four micro-batches of 128 tokens, through products of 768 × 3,072, takes 5 to 11 %
longer where autograd lays them down; with many more tokens the two are equal (docs/performance.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from textune.fast import products


@dataclass(slots=True)
class Half:
    """The bf16 side of an fp32 parameter."""

    copy: Tensor  # what the products use; refreshed after every update
    gradient: Tensor | None = None  # of the last micro-batch, until it is added to that in fp32


class Stretch:
    """Memory in which the gradients of several matrices lie end to end, so that they go as one."""

    def __init__(self) -> None:
        self._whole: Tensor | None = None
        self._size = 0

    def reserve(self, size: int) -> int:
        """Keep room for so many elements; return where it begins."""
        start, self._size = self._size, self._size + size
        return start

    def open(self, start: int, like: Tensor) -> Tensor:
        """Return the memory from there on, as a tensor like another one."""
        if self._whole is None:
            self._whole = like.new_empty(self._size)
        return self._whole[start : start + like.numel()].view_as(like)

    def release(self) -> None:
        """Give the memory back, once nobody else holds a part of it."""
        self._whole = None


class Matrix:
    """One or several linear maps of the same input, as one product.

    Args:
        maps: Linear maps whose weights are stacked by rows; their parameters become views of it.
        dtype: What the products are computed in.
        before: The same maps, as they were computed before; where it lies in memory still, nothing
            is copied. In the same number format it leaves its bf16 sides, which the optimizer of
            another training may hold.
        stretch: Where its gradients lie beside those of others; None for memory of its own.
    """

    def __init__(
        self,
        maps: Sequence[nn.Linear],
        dtype: torch.dtype,
        before: "Matrix | None" = None,
        stretch: Stretch | None = None,
    ):
        self._parts: list[nn.Parameter] = [cast("nn.Parameter", part.weight) for part in maps]
        self._biases = [part.bias for part in maps]
        self._dtype = dtype
        self._buffer: Tensor | None = None  # where gradients are written, update after update
        self._buffers: list[Tensor] = []  # the part of each parameter in it
        self._halves: list[Half] = []
        self._stretch = stretch or Stretch()
        self._start = self._stretch.reserve(sum(part.weight.numel() for part in maps))
        if before is not None and before._lies_whole(self._parts, self._biases):
            self._master: Tensor = before._master  # (N, K) in fp32
            self._shift: Tensor = before._shift  # (N,)
            if before._dtype == dtype:
                self._halves = before._halves
            self._cast()
        else:
            self._stack()

    @property
    def is_trained(self) -> bool:
        """Whether the weights get gradients."""
        return self._parts[0].requires_grad

    @property
    def weight(self) -> Tensor:
        """(N, K) as the products use it."""
        if not _is_whole(self._parts) or self._master.data_ptr() != self._parts[0].data_ptr():
            self._stack()
        return self._work

    @property
    def bias(self) -> Tensor:
        """(N,) in fp32."""
        if self._shift.data_ptr() != self._biases[0].data_ptr() or not _is_whole(self._biases):
            self._stack()
        return self._shift

    def forward(self, states: Tensor) -> Tensor:
        """(P, K) → (P, N), without the bias."""
        return products.times_rows(states, self.weight)

    def backward(self, grad: Tensor, onto: Tensor | None = None) -> Tensor:
        """From the gradient of the result, (P, N), to that of the states, (P, K), or onto it."""
        return products.times_columns(grad, self._work, onto)

    def accumulate(self, grad: Tensor, states: Tensor) -> None:
        """Add the gradient of the weights; (P, N) and (P, K)."""
        place = self.begin()
        if place is not None:
            products.over_tokens(grad, states, place[0], onto=place[1])
            self.end()

    def begin(self) -> tuple[Tensor, bool] | None:
        """Return where a gradient of the weights is to be written, (N, K), and whether added there.

        `end` comes after that. None where they are frozen.
        """
        if not self.is_trained:
            return None
        buffer = self._open_buffer()
        if self._parts[0].grad is None and not self._is_pending():
            return buffer, False
        if self._has_set_gradients():
            return buffer, True
        self.gradient_to_fp32()
        return buffer, False

    def end(self) -> None:
        """Let the parameters have the gradient that has been written."""
        if self._parts[0].grad is None:
            self._set_gradients()
        elif not self._has_set_gradients():
            for part, piece in zip(self._parts, self._buffers, strict=True):
                assert part.grad is not None
                part.grad += piece

    def gradient(self) -> tuple[Tensor, float]:
        """Return the buffer of the (N, K) fp32 gradient; 1 where one lies in it already, else 0."""
        buffer = self._open_buffer()
        if self._parts[0].grad is not None:
            return buffer, 1.0
        self._set_gradients()
        return buffer, 0.0

    def accumulate_nothing(self) -> None:
        """Let the fp32 weights and the bias have a gradient: 0, where there is none yet."""
        if self.is_trained:
            buffer, before = self.gradient()
            if not before:
                buffer.zero_()
        for bias in self._biases:
            if bias.grad is None:
                add_gradient(bias, torch.zeros_like(bias))

    def accumulate_bias(self, gradient: Tensor) -> None:
        """Add the gradient of the bias, (N,)."""
        for part, piece in zip(self._biases, gradient.chunk(len(self._biases)), strict=True):
            add_gradient(part, piece)

    def parameters(self) -> list[Tensor]:
        """Return the weights and biases that are views of this block."""
        return [*self._parts, *self._biases]

    def weights(self) -> list[nn.Parameter]:
        """Return the weights, in the order of their rows."""
        return list(self._parts)

    def halves(self) -> Iterator[tuple[nn.Parameter, Half]]:
        """Yield the bf16 side of every parameter, if there is one."""
        yield from zip(self._parts, self._halves, strict=False)

    @torch.no_grad()
    def refresh(self) -> None:
        """Copy the updated fp32 weights into the format of the products."""
        if self._work is not self._master:
            self._work.copy_(self._master)

    def release(self) -> None:
        """Give the memory of gradients back."""
        self._buffer, self._buffers = None, []
        self._stretch.release()
        for part, half in zip(self._parts, self._halves, strict=False):
            part.grad = half.gradient = None

    def lay(self, memory: Tensor) -> None:
        """Let the gradient be written there from now on, if it has that format; (N · K,)."""
        if self._dtype == memory.dtype:
            self._stretch.release()
            self._buffer = memory.view_as(self._master)
            self._buffers = self._pieces(self._buffer)

    @torch.inference_mode(False)
    @torch.no_grad()
    def move(self, master: Tensor | None = None, work: Tensor | None = None) -> None:
        """Let the weights lie elsewhere from now on, with the values that they have.

        Args:
            master: (N · K,) fp32; None: memory of this matrix's own.
            work: (N · K,) in the format of the products, where that is another one.
        """
        before = self._master
        self._master = torch.empty_like(before) if master is None else master.view_as(before)
        self._master.copy_(before)
        for part, piece in zip(self._parts, self._pieces(self._master), strict=True):
            part.data = piece
        self._cast(work)

    @torch.inference_mode(False)
    @torch.no_grad()
    def _stack(self) -> None:
        """Lay the parameters into one block of memory, of which they become views."""
        self._master = torch.cat([part.detach() for part in self._parts])
        self._shift = torch.cat([part.detach() for part in self._biases])
        for part, piece in zip(self._parts, self._pieces(self._master), strict=True):
            part.data = piece
        for bias, piece in zip(self._biases, self._shift.chunk(len(self._biases)), strict=True):
            bias.data = piece
        self._cast()

    def _lies_whole(self, parts: Sequence[Tensor], biases: Sequence[Tensor]) -> bool:
        """Tell whether these parameters are those of this block, and still lie in it."""
        blocks = ((self._master, self._parts, parts), (self._shift, self._biases, biases))
        return all(
            all(one is other for one, other in zip(mine, given, strict=True))
            and block.data_ptr() == mine[0].data_ptr()
            and _is_whole(mine)
            for block, mine, given in blocks
        )

    @torch.inference_mode(False)
    @torch.no_grad()
    def _cast(self, place: Tensor | None = None) -> None:
        """Make what the products use, at a place of (N · K,) or in memory of its own."""
        self._work = self._master
        if self._dtype == torch.float32:
            return
        if place is None:
            self._work = self._master.to(self._dtype)
        else:
            self._work = place.view_as(self._master).copy_(self._master)
        copies = self._pieces(self._work)
        if not self._halves:
            self._halves = [Half(piece) for piece in copies]
        for half, piece in zip(self._halves, copies, strict=True):  # an optimizer may hold them
            half.copy = piece

    def _pieces(self, whole: Tensor) -> list[Tensor]:
        return list(whole.split([len(part) for part in self._parts]))

    def _open_buffer(self) -> Tensor:
        if self._buffer is None:
            self._buffer = self._stretch.open(self._start, self._work)
            self._buffers = self._pieces(self._buffer)
        return self._buffer

    def _set_gradients(self) -> None:
        if self._dtype == torch.float32:
            for part, piece in zip(self._parts, self._buffers, strict=True):
                part.grad = piece
        else:
            for half, piece in zip(self._halves, self._buffers, strict=True):
                half.gradient = piece

    def _has_set_gradients(self) -> bool:
        """Tell whether the gradient lies in this buffer: a tied table may have one elsewhere."""
        gradient = self._parts[0].grad
        return gradient is not None and gradient.data_ptr() == self._buffers[0].data_ptr()

    def _is_pending(self) -> bool:
        return bool(self._halves) and self._halves[0].gradient is not None

    def gradient_to_fp32(self) -> None:
        """Turn a gradient in bf16 into one in fp32, to which others can add."""
        for part, half in zip(self._parts, self._halves, strict=False):
            if half.gradient is not None:
                part.grad = half.gradient.float()
                half.gradient = None


@dataclass(frozen=True, slots=True)
class Block:
    """Weights whose gradients kernels write, in the order of memory."""

    leaf: nn.Parameter  # whose hooks of autograd hear when all of them have gradients
    matrices: tuple[Matrix, ...]

    def weights(self) -> list[nn.Parameter]:
        """Return the weights."""
        return [weight for matrix in self.matrices for weight in matrix.weights()]

    def lay(self, memory: Tensor) -> None:
        """Let gradients of that format be written there from now on; (N,) for all weights."""
        sizes = [sum(part.numel() for part in matrix.weights()) for matrix in self.matrices]
        for matrix, piece in zip(self.matrices, memory.split(sizes), strict=True):
            matrix.lay(piece)


class Rows:
    """The gradient of an embedding: zero but for the rows that were touched since the last update.

    Its memory is kept, and only the touched rows are cleared.
    """

    def __init__(self) -> None:
        self._buffer: Tensor | None = None
        self._touched: list[Tensor] = []

    def open(self, table: Tensor, ids: Tensor) -> Tensor:
        """Return the (V, D) gradient of a table, to which rows of these ids will be added.

        Where another product has the same table and gave all rows a gradient, it is that one.
        """
        if table.grad is not None and table.grad is not self._buffer:
            return table.grad
        if self._buffer is None or self._buffer.shape != table.shape:
            self._buffer, self._touched = torch.zeros_like(table), []
        if table.grad is not self._buffer:
            for old in self._touched:
                self._buffer.index_fill_(0, old, 0.0)
            self._touched = []
            table.grad = self._buffer
        self._touched.append(ids)
        return self._buffer

    def touched(self, table: Tensor) -> Tensor:
        """Return which rows of a table have a gradient, (V,) bool; all by another product."""
        if table.grad is None:
            return torch.zeros(len(table), dtype=torch.bool)
        found = torch.full((len(table),), table.grad is not self._buffer)
        for ids in self._touched if table.grad is self._buffer else ():
            found.index_fill_(0, ids, value=True)
        return found


def add_gradient(parameter: nn.Parameter, gradient: Tensor) -> None:
    """Add to the gradient of a small parameter, if it is trained."""
    if not parameter.requires_grad:
        return
    if parameter.grad is None:
        parameter.grad = gradient
    else:
        parameter.grad = parameter.grad + gradient


def _is_whole(parts: Sequence[Tensor]) -> bool:
    """Tell whether the parts still follow each other in memory."""
    at = parts[0].data_ptr()
    for part in parts:
        if part.data_ptr() != at:
            return False
        at += part.numel() * part.element_size()
    return True
