"""Products of tokens with weights: by kernels where the processor can, else by torch.

In bf16 they need no compiling for a new number of tokens, which costs oneDNN 2 ms for every shape
of weights and every batch that is packed to another number of tokens (docs/performance.md). In fp32
they take the place of MKL's where that has no strict mode: there the bits of a product depend on
the number of its rows and of threads.
"""

import threading
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from textune.fast import calls, exact, product_calls

SIDE = 32  # of a block; as in products.h
NEAR = 2**19  # numbers of a matrix that a core keeps near
MOST_FILLED = 2**20  # numbers of a matrix that is copied to be filled up to whole blocks


class _Memory(threading.local):
    """What products are computed in, kept from one to the next; of each thread its own."""

    def __init__(self) -> None:
        self.laid = {dtype: torch.empty(0, dtype=dtype) for dtype in calls.FORMATS}
        self.sums = torch.empty(0)

    def of(self, dtype: torch.dtype, laid: int, sums: int) -> tuple[Tensor, Tensor]:
        """Return memory for so many numbers in a format, and for sums in fp32."""
        before = self.laid[dtype]
        if before.numel() < laid or self.sums.numel() < sums:
            with torch.inference_mode(False):
                self.laid[dtype] = torch.empty(max(laid, before.numel()), dtype=dtype)
                self.sums = torch.empty(max(sums, self.sums.numel()))
        return self.laid[dtype], self.sums


_memory = _Memory()


def times_rows(states: Tensor, weight: Tensor) -> Tensor:
    """Return states @ weight.t(); (P, K) and (N, K) → (P, N)."""
    if _fits(states, weight):
        return _multiplied(states, weight, states.new_empty(len(states), len(weight)))
    is_fp32 = states.dtype == weight.dtype == torch.float32
    if is_fp32 and weight.numel() <= MOST_FILLED and _is_here(states):
        return times_few(states, weight)
    return torch.mm(states, weight.t())


def times_few(states: Tensor, weight: Tensor) -> Tensor:
    """Return states @ weight.t() in fp32 by kernels, of any sizes; (P, K) and (N, K) → (P, N).

    The weights may lie by columns, too.
    """
    if not len(states):
        return states.new_zeros(0, len(weight))
    rows, length = (-size % SIDE for size in weight.shape)
    if rows or length:
        weight_of_blocks = functional.pad(weight, (0, length, 0, rows))
        found = times_few(functional.pad(states, (0, length)), weight_of_blocks)
        return found[:, : len(weight)].contiguous()
    if weight.is_contiguous():
        return times_rows(states.contiguous(), weight)
    return times_columns(states.contiguous(), weight.t())


def times_columns(grad: Tensor, weight: Tensor, onto: Tensor | None = None) -> Tensor:
    """Return grad @ weight, (P, N) and (N, K) → (P, K), or what it is added to."""
    if not _fits(grad, weight):
        if onto is None:
            return torch.mm(grad, weight)
        return torch.addmm(onto, grad, weight, out=onto)
    out = grad.new_empty(len(grad), weight.shape[1]) if onto is None else onto
    return _multiplied(grad, weight, out, by_columns=True, onto=onto is not None)


def over_tokens(grad: Tensor, states: Tensor, out: Tensor, *, onto: bool = False) -> None:
    """Write grad.t() @ states, or add it, with the same bits whatever the threads.

    Args:
        grad: (P, N).
        states: (P, K).
        out: (N, K).
        onto: Whether to add.
    """
    if _fits(grad, out) and states.is_contiguous():
        threads = torch.get_num_threads()
        sums = out.numel() if len(grad) > product_calls.TOKENS else 0
        room = memory(out.dtype, laid_over_tokens(len(out), out.shape[1], threads), sums)
        product_calls.multiply_over_tokens(grad, states, *room, out, onto=onto, threads=threads)
        return
    sizes = exact.parts(len(grad))
    pairs = zip(grad.split(sizes), states.split(sizes), strict=True)
    for place, (some, others) in enumerate(pairs):
        if onto or place:
            out.addmm_(some.t(), others)
        else:
            torch.mm(some.t(), others, out=out)


def room_of(length: int, width: int) -> int:
    """Return the numbers that a thread lays at once of a matrix of so many columns, so long."""
    columns = SIDE * length  # numbers of 32 columns
    return columns * max(1, min(NEAR // columns, width // SIDE))


def laid_of_rows(length: int, width: int, threads: int) -> int:
    """Return the numbers that `multiply_rows` lays columns in, by so many threads."""
    return threads * room_of(length, width) + SIDE * length


def laid_over_tokens(width: int, length: int, threads: int) -> int:
    """Return the numbers that `multiply_over_tokens` lays a (width, length) gradient's parts in."""
    return threads * product_calls.TOKENS * (min(width, length) + SIDE)


def memory(dtype: torch.dtype, laid: int, sums: int) -> tuple[Tensor, Tensor]:
    """Return memory of this thread for products, kept from one to the next."""
    return _memory.of(dtype, laid, sums)


def _multiplied(
    rows: Tensor, weight: Tensor, out: Tensor, *, by_columns: bool = False, onto: bool = False
) -> Tensor:
    sizes, threads = (rows.shape[1], out.shape[1]), torch.get_num_threads()
    laid, _ = memory(out.dtype, laid_of_rows(*sizes, threads), 0)
    how: dict[str, Any] = {"by_columns": by_columns, "onto": onto, "threads": threads}
    product_calls.multiply_rows(rows, weight, laid, room_of(*sizes), out, **how)
    return out


def _fits(rows: Tensor, matrix: Tensor) -> bool:
    """Tell whether the kernels take such a product: of blocks, on this processor."""
    return (
        rows.dtype == matrix.dtype
        and not any(side % SIDE for side in matrix.shape)
        and rows.is_contiguous()
        and matrix.is_contiguous()
        and _is_here(rows)
    )


def _is_here(rows: Tensor) -> bool:
    """Tell whether the kernels take such rows on this processor."""
    return rows.device.type == "cpu" and len(rows) > 0 and takes(rows.dtype)


def takes(dtype: torch.dtype) -> bool:
    """Tell whether kernels multiply in a format here: in fp32 only where MKL is not exact."""
    is_wanted = dtype != torch.float32 or not exact.is_strict()
    return is_wanted and calls.available() and available(dtype)


@lru_cache(maxsize=4)
def available(dtype: torch.dtype = torch.bfloat16) -> bool:
    """Tell whether this processor multiplies in a format by kernels.

    For bf16 the system has to let us use the registers of tiles.
    """
    return dtype in calls.FORMATS and calls.available() and product_calls.has_products(dtype)
