"""Tensors become pointers for the kernels of products; all lie on the CPU and are contiguous."""

import torch
from torch import Tensor

from textune.fast import calls

TOKENS = 512  # of a sum over tokens at once; as CHUNK in products.h


def multiply_rows(
    rows: Tensor,
    matrix: Tensor,
    laid: Tensor,
    room: int,
    out: Tensor,
    *,
    by_columns: bool,
    onto: bool,
    threads: int,
) -> None:
    """Write rows (P, K) @ matrix, or add it to what is there; N and K are multiples of 32.

    Args:
        rows: (P, K).
        matrix: (N, K), or (K, N) if taken by columns.
        laid: Memory for `room` numbers of each thread, and 32 * K more.
        room: At least 32 * K.
        out: (P, N).
        by_columns: Which of the two.
        onto: Whether to add.
        threads: That compute at most.
    """
    given = (rows, matrix, laid, room, out, *rows.shape, out.shape[1])
    calls.call("multiply_rows", *given, int(by_columns), int(onto), threads=threads)


def multiply_over_tokens(
    grad: Tensor,
    states: Tensor,
    laid: Tensor,
    sums: Tensor,
    out: Tensor,
    *,
    onto: bool,
    threads: int,
) -> None:
    """Write grad.t() @ states, (P, N) and (P, K), or add it; N and K are multiples of 32.

    Args:
        grad: (P, N).
        states: (P, K).
        laid: Memory for `TOKENS` * (32 + the lesser of N and K) numbers of each thread.
        sums: Memory for N * K numbers in fp32 where P exceeds `TOKENS`.
        out: (N, K).
        onto: Whether to add.
        threads: That compute at most.
    """
    given = (grad, states, laid, sums, out, *grad.shape, states.shape[1])
    calls.call("multiply_over_tokens", *given, int(onto), threads=threads)


def has_products(dtype: torch.dtype) -> bool:
    """Tell whether the kernels multiply in a format here; for bf16 the system is asked for AMX."""
    return bool(calls.plain(f"has_products_{calls.FORMATS[dtype]}"))
