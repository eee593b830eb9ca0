"""Tensors become pointers: one typed function for each kernel.

All tensors lie on the CPU and are contiguous. Activations are fp32 or bf16, all of one call alike;
biases, gains, statistics and sums are fp32, ids and borders int64. Shapes: P tokens, D width of the
states, H heads, B texts.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from textune.fast import build

PARTS = 16  # that sums over rows are taken in; as in rows.h
FORMATS = {torch.float32: "f32", torch.bfloat16: "bf16"}
_KINDS = {"p": ctypes.c_void_p, "l": ctypes.c_long, "f": ctypes.c_float, "i": ctypes.c_int}
_DROP = "QIf"
# Arguments of every kernel: p pointer, l long, f float, Q and I unsigned, i the number of threads.
_SIGNATURES = {
    "attend_forward": "ppplllfpp" + _DROP + "i",
    "attend_backward": "pppplllfpp" + _DROP + "i",
    "first_tokens_forward": "ppplllfppp" + _DROP + "i",
    "first_tokens_backward": "ppppplllfppp" + _DROP + "i",
    "add_norm_forward": "pppppfpppll" + _DROP + "i",
    "add_norm_backward": "pppppppppll" + _DROP + "i",
    "embed_forward": "ppppppppfppppll" + _DROP + "i",
    "embed_backward": "ppppppppll" + _DROP + "i",
    "gelu_forward": "pppll" + "i",
    "gelu_backward": "pppppll" + "i",
    "column_sums": "pppll" + "i",
}
_PLAIN = {"add_rows": "ppplll" + "i", "squares": "pppl" + "i", "adamw": "ppppppplffffffffi"}


@dataclass(frozen=True, slots=True)
class Drop:
    """Which elements of one call are dropped: decided by the seed, by row and by place in it."""

    seed: int = 0
    rate: float = 0.0

    @property
    def numbers(self) -> tuple[int, int, float]:
        """What the kernels take: seed, rate in units of 2^-32, and the scale of what is kept."""
        return self.seed, round(self.rate * 2**32), 1.0 / (1.0 - self.rate)


NO_DROP = Drop()


def available() -> bool:
    """Tell whether the kernels can be called here."""
    return _library() is not None


def why() -> str:
    """Say why they can, or cannot, be called."""
    return build.library()[1]


def attend_forward(
    qkv: Tensor,
    bias: Tensor,
    borders: Tensor,
    heads: int,
    factor: float,
    drop: Drop,
    *,
    with_stats: bool,
) -> tuple[Tensor, Tensor | None]:
    """Attend within each text: (P, 3 D) and (3 D,) → (P, D), and statistics of the scores.

    Those are (P, H, 2): the greatest score, and 1 / the sum of exponentials relative to it.
    """
    rows, width = qkv.shape[0], qkv.shape[1] // 3
    out = qkv.new_empty(rows, width)
    stats = qkv.new_empty(rows, heads, 2, dtype=torch.float32) if with_stats else None
    sizes = (len(borders) - 1, heads, width // heads)
    _call("attend_forward", qkv, bias, borders, *sizes, factor, out, stats, *drop.numbers)
    return out, stats


def attend_backward(
    qkv: Tensor,
    bias: Tensor,
    grad: Tensor,
    borders: Tensor,
    factor: float,
    stats: Tensor,
    drop: Drop,
) -> Tensor:
    """From the gradient of what `attend_forward` returned, (P, D), to that of qkv, (P, 3 D)."""
    found = torch.empty_like(qkv)
    heads = stats.shape[1]
    sizes = (len(borders) - 1, heads, grad.shape[1] // heads)
    _call("attend_backward", qkv, bias, grad, borders, *sizes, factor, stats, found, *drop.numbers)
    return found


def first_tokens_forward(
    states: Tensor, projected: Tensor, borders: Tensor, factor: float, drop: Drop
) -> tuple[Tensor, Tensor, Tensor]:
    """Let queries (B, H, D) weigh the states (P, D) of their texts.

    Returns:
        (B, H, D) weighted states, (B, H) sums of the weights, (B, H) log-sums of the scores.
    """
    texts, heads, width = projected.shape
    weighted = torch.empty_like(projected)
    weight_sums, log_sums = projected.new_empty(texts, heads), projected.new_empty(texts, heads)
    sizes = (texts, heads, width)
    _call(
        "first_tokens_forward",
        states,
        projected,
        borders,
        *sizes,
        factor,
        weighted,
        weight_sums,
        log_sums,
        *drop.numbers,
    )
    return weighted, weight_sums, log_sums


def first_tokens_backward(
    states: Tensor,
    projected: Tensor,
    grad: tuple[Tensor, Tensor],
    borders: Tensor,
    factor: float,
    log_sums: Tensor,
    drop: Drop,
) -> tuple[Tensor, Tensor]:
    """From the gradients of both results to those of states and queries."""
    dprojected, dstates = torch.empty_like(projected), torch.empty_like(states)
    _call(
        "first_tokens_backward",
        states,
        projected,
        *grad,
        borders,
        *projected.shape,
        factor,
        log_sums,
        dprojected,
        dstates,
        *drop.numbers,
    )
    return dstates, dprojected


def add_norm_forward(
    product: Tensor, bias: Tensor, residual: Tensor, norm: torch.nn.LayerNorm, drop: Drop
) -> tuple[Tensor, Tensor, Tensor]:
    """Add the bias, drop, add the residual, normalise; the sum takes the product's place.

    Returns:
        (P, D) normalised, and the mean and 1 / deviation of each row, (P,).
    """
    rows, width = product.shape
    out = torch.empty_like(product)
    mean, rstd = bias.new_empty(rows), bias.new_empty(rows)
    _call(
        "add_norm_forward",
        product,
        bias,
        residual,
        norm.weight,
        norm.bias,
        norm.eps,
        out,
        mean,
        rstd,
        rows,
        width,
        *drop.numbers,
    )
    return out, mean, rstd


def add_norm_backward(
    grad: Tensor, total: Tensor, mean: Tensor, rstd: Tensor, gain: Tensor, drop: Drop
) -> tuple[Tensor, Tensor, Tensor]:
    """From the gradient of the normalised sum to those of residual, product and parameters.

    Returns:
        (P, D), (P, D), and (3, D) for gain, shift and bias.
    """
    rows, width = grad.shape
    residual, product = torch.empty_like(grad), torch.empty_like(grad)
    sums, parts = gain.new_empty(3, width), gain.new_empty(PARTS * 4 * width)
    pointers = (grad, total, mean, rstd, gain, residual, product, sums, parts)
    _call("add_norm_backward", *pointers, rows, width, *drop.numbers)
    return residual, product, sums


def embed_forward(
    tables: Sequence[Tensor],
    indices: Sequence[Tensor],
    norm: torch.nn.LayerNorm,
    drop: Drop,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sum the rows of words, positions and segments, normalise, drop.

    Returns:
        (P, D) the sum, (P, D) the result, and the mean and 1 / deviation of each row, (P,).
    """
    rows, width = indices[0].numel(), tables[0].shape[1]
    total = tables[0].new_empty(rows, width, dtype=dtype)
    out, mean, rstd = (
        torch.empty_like(total),
        tables[0].new_empty(rows),
        tables[0].new_empty(rows),
    )
    _plain(
        f"embed_forward_{FORMATS[dtype]}",
        *tables,
        *indices,
        norm.weight,
        norm.bias,
        norm.eps,
        total,
        out,
        mean,
        rstd,
        rows,
        width,
        *drop.numbers,
    )
    return total, out, mean, rstd


def embed_backward(
    grad: Tensor, total: Tensor, mean: Tensor, rstd: Tensor, gain: Tensor, drop: Drop
) -> tuple[Tensor, Tensor]:
    """From the gradient of the result to that of the sum, (P, D) fp32, and the norm's, (2, D)."""
    rows, width = grad.shape
    found = grad.new_empty(rows, width, dtype=torch.float32)
    sums, parts = gain.new_empty(2, width), gain.new_empty(PARTS * 4 * width)
    pointers = (grad, total, mean, rstd, gain, found, sums, parts)
    _call("embed_backward", *pointers, rows, width, *drop.numbers)
    return found, sums


def gelu_forward(products: Tensor, bias: Tensor) -> Tensor:
    """Add the bias and apply GELU; (P, D) → (P, D)."""
    found = torch.empty_like(products)
    _call("gelu_forward", products, bias, found, *products.shape)
    return found


def gelu_backward(products: Tensor, bias: Tensor, grad: Tensor) -> Tensor:
    """Turn products into GELU's result and its gradient into theirs, both in place.

    Returns:
        (D,) the gradient of the bias.
    """
    width = products.shape[1]
    sums, parts = bias.new_empty(width), bias.new_empty(PARTS * width)
    _call("gelu_backward", products, bias, grad, sums, parts, *products.shape)
    return sums


def column_sums(rows: Tensor) -> Tensor:
    """Sum over rows in fp32; (P, D) → (D,)."""
    width = rows.shape[1]
    sums = rows.new_empty(width, dtype=torch.float32)
    parts = rows.new_empty(PARTS * width, dtype=torch.float32)
    _call("column_sums", rows, sums, parts, *rows.shape)
    return sums


def add_rows(rows: Tensor, ids: Tensor, table: Tensor, *, skip: int | None) -> None:
    """Add rows (P, D) to those of a table, by id; those of `skip` are left out."""
    sizes = (*rows.shape, -1 if skip is None else skip)
    _plain("add_rows", rows, ids, table, *sizes)


def squares(gradients: Sequence[Tensor]) -> float:
    """Sum the squares over tensors of either format."""
    sizes = (ctypes.c_int64 * len(gradients))(*(item.numel() for item in gradients))
    return float(_plain("squares", _many(gradients), sizes, _halves(gradients), len(gradients)))


@dataclass(frozen=True, slots=True)
class AdamW:
    """Numbers of one update by AdamW."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    decay: float
    step: int  # from 1
    scale: float  # of the gradients

    def update(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        means: Sequence[Tensor],
        variances: Sequence[Tensor],
        copies: Sequence[Tensor | None],
    ) -> None:
        """Update the weights, their moments and their copies in bf16, in place."""
        sizes = (ctypes.c_int64 * len(weights))(*(item.numel() for item in weights))
        _plain(
            "adamw",
            _many(weights),
            _many(gradients),
            _halves(gradients),
            _many(means),
            _many(variances),
            _many(copies),
            sizes,
            len(weights),
            self.lr,
            self.beta1,
            self.beta2,
            self.eps,
            self.decay,
            1.0 - self.beta1**self.step,
            1.0 - self.beta2**self.step,
            self.scale,
        )


def _call(name: str, first: Tensor, *rest: object) -> None:
    """Call a kernel in the format of its first activations."""
    _plain(f"{name}_{FORMATS[first.dtype]}", first, *rest)


def _plain(name: str, *arguments: object) -> Any:
    library = _library()
    assert library is not None, "the kernels cannot be called here"
    pointers = [item.data_ptr() if isinstance(item, Tensor) else item for item in arguments]
    return getattr(library, name)(*pointers, torch.get_num_threads())


def _many(tensors: Sequence[Tensor | None]) -> Any:
    pointers = (None if item is None else item.data_ptr() for item in tensors)
    return (ctypes.c_void_p * len(tensors))(*pointers)


def _halves(tensors: Sequence[Tensor]) -> Any:
    return (ctypes.c_uint8 * len(tensors))(*(item.dtype == torch.bfloat16 for item in tensors))


_declared: ctypes.CDLL | None = None


def _library() -> ctypes.CDLL | None:
    global _declared
    if _declared is None:
        _declared = build.library()[0]
        if _declared is not None:
            _declare(_declared)
    return _declared


def _declare(library: ctypes.CDLL) -> None:
    kinds = _KINDS | {"Q": ctypes.c_uint64, "I": ctypes.c_uint32}
    names = {f"{name}_{kind}": s for name, s in _SIGNATURES.items() for kind in FORMATS.values()}
    for name, signature in (names | _PLAIN).items():
        function = getattr(library, name)
        function.argtypes = [kinds[letter] for letter in signature]
        function.restype = ctypes.c_double if name == "squares" else None
