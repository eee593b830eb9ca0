"""Tensors become pointers: one typed function for each kernel.

All tensors lie on the CPU and are contiguous. Activations are fp32 or bf16, all of one call alike;
biases, gains, statistics and sums are fp32, ids and borders int64. Shapes: P tokens, D width of the
states, H heads, B texts.
"""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from textune.fast import build

PARTS = 16  # that sums over rows are taken in; as in rows.h
FORMATS = {torch.float32: "f32", torch.bfloat16: "bf16"}
_NUMBERS = (int, float)  # of themselves: most arguments are
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
    "has_products": "i",
}
_PLAIN = {
    "add_rows": "ppplll" + "i",
    "squares": "pppl" + "i",
    "add_up": "plipl" + "i",
    "adamw": "ppppppplffffffffi",
}
_PRODUCTS = {
    "multiply_rows": "ppplpllliii",
    "multiply_over_tokens": "ppppplllii",
    "layer_forward": "pppppppppii",
    "layer_backward": "ppppppppppppi",
}
# For memory: they return whether it was lacking.
_ASKING = ("attend", "first_tokens", "layer_forward", "layer_backward")


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
    call("attend_forward", qkv, bias, borders, *sizes, factor, out, stats, drop)
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
    call("attend_backward", qkv, bias, grad, borders, *sizes, factor, stats, found, drop)
    return found


def first_tokens_forward(
    states: Tensor, projected: Tensor, borders: Tensor, factor: float, drop: Drop
) -> tuple[Tensor, Tensor, Tensor]:
    """Let queries (B, H, D) weigh the states (P, D) of their texts.

    Returns:
        (B, H, D) weighted states, (B, H) sums of the weights, (B, H) log-sums of the scores.
    """
    shape = projected.shape
    sums = projected.new_empty(shape[:2]), projected.new_empty(shape[:2])
    found = torch.empty_like(projected), *sums
    call("first_tokens_forward", states, projected, borders, shape, factor, found, drop)
    return found


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
    given = (states, projected, *grad, borders, *projected.shape, factor, log_sums)
    call("first_tokens_backward", *given, dprojected, dstates, drop)
    return dstates, dprojected


def add_norm_forward(
    product: Tensor, bias: Tensor, residual: Tensor, norm: torch.nn.LayerNorm, drop: Drop
) -> tuple[Tensor, Tensor, Tensor]:
    """Add the bias, drop, add the residual, normalise; the sum takes the product's place.

    Returns:
        (P, D) normalised, and the mean and 1 / deviation of each row, (P,).
    """
    rows = len(product)
    found = torch.empty_like(product), bias.new_empty(rows), bias.new_empty(rows)
    call("add_norm_forward", product, bias, residual, norm, found, product.shape, drop)
    return found


def add_norm_backward(
    grad: Tensor, total: Tensor, mean: Tensor, rstd: Tensor, gain: Tensor, drop: Drop
) -> tuple[Tensor, Tensor, Tensor]:
    """From the gradient of the normalised sum to those of residual, product and parameters.

    Returns:
        (P, D), (P, D), and (3, D) for gain, shift and bias.
    """
    width = grad.shape[1]
    found = torch.empty_like(grad), torch.empty_like(grad), gain.new_empty(3, width)
    parts = gain.new_empty(PARTS * 4 * width)
    call("add_norm_backward", grad, total, mean, rstd, gain, found, parts, grad.shape, drop)
    return found


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
    found = total, torch.empty_like(total), tables[0].new_empty(rows), tables[0].new_empty(rows)
    plain(f"embed_forward_{FORMATS[dtype]}", *tables, *indices, norm, found, rows, width, drop)
    return found


def embed_backward(
    grad: Tensor, total: Tensor, mean: Tensor, rstd: Tensor, gain: Tensor, drop: Drop
) -> tuple[Tensor, Tensor]:
    """From the gradient of the result to that of the sum, (P, D) fp32, and the norm's, (2, D)."""
    width = grad.shape[1]
    found = torch.empty_like(grad, dtype=torch.float32), gain.new_empty(2, width)
    parts = gain.new_empty(PARTS * 4 * width)
    call("embed_backward", grad, total, mean, rstd, gain, found, parts, grad.shape, drop)
    return found


def gelu_forward(products: Tensor, bias: Tensor) -> Tensor:
    """Add the bias and apply GELU; (P, D) → (P, D)."""
    found = torch.empty_like(products)
    call("gelu_forward", products, bias, found, products.shape)
    return found


def gelu_backward(products: Tensor, bias: Tensor, grad: Tensor) -> Tensor:
    """Turn products into GELU's result and its gradient into theirs, both in place.

    Returns:
        (D,) the gradient of the bias.
    """
    width = products.shape[1]
    sums, parts = bias.new_empty(width), bias.new_empty(PARTS * width)
    call("gelu_backward", products, bias, grad, sums, parts, products.shape)
    return sums


def column_sums(rows: Tensor) -> Tensor:
    """Sum over rows in fp32; (P, D) → (D,)."""
    width = rows.shape[1]
    sums = rows.new_empty(width, dtype=torch.float32)
    parts = rows.new_empty(PARTS * width, dtype=torch.float32)
    call("column_sums", rows, sums, parts, rows.shape)
    return sums


def add_rows(rows: Tensor, ids: Tensor, table: Tensor, *, skip: int | None) -> None:
    """Add rows (P, D) to those of a table, by id; those of `skip` are left out."""
    plain("add_rows", rows, ids, table, rows.shape, -1 if skip is None else skip)


def squares(gradients: Sequence[Tensor]) -> float:
    """Sum the squares over tensors of either format."""
    sizes, halves = _sizes(gradients), _halves(gradients)
    return float(plain("squares", _many(gradients), sizes, halves, len(gradients)))


def add_up(rows: Sequence[Tensor], out: Tensor) -> float:
    """Add rows of one format, (N,) each, to a sum in fp32, (N,); return the sum of its squares.

    The first row may be the sum itself.
    """
    are_halves = int(rows[0].dtype == torch.bfloat16)
    return float(plain("add_up", _many(rows), len(rows), are_halves, out, out.numel()))


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
        found = map(_many, (means, variances, copies))
        pointers = (_many(weights), _many(gradients), _halves(gradients), *found)
        biases = (1.0 - beta**self.step for beta in (self.beta1, self.beta2))
        numbers = (self.lr, self.beta1, self.beta2, self.eps, self.decay, *biases, self.scale)
        plain("adamw", *pointers, _sizes(weights), len(weights), *numbers)


def call(name: str, first: Tensor, *rest: object, threads: int | None = None) -> None:
    """Call a kernel in the format of its first activations."""
    plain(f"{name}_{FORMATS[first.dtype]}", first, *rest, threads=threads)


def plain(name: str, *arguments: object, threads: int | None = None) -> Any:
    """Call a kernel, by as many threads as torch has where nothing else is said.

    Raises:
        MemoryError: There is none for what it computes on the way.
    """
    library = _library()
    assert library is not None, "the kernels cannot be called here"
    found = getattr(library, name)(*_flat(arguments), threads or torch.get_num_threads())
    if (name == "squares" and found < 0) or (name.startswith(_ASKING) and found):
        raise MemoryError(f"not enough memory for {name}")
    return found


def _flat(arguments: Iterable[object]) -> Iterator[object]:
    """Yield what a kernel takes of each argument."""
    for item in arguments:
        if type(item) in _NUMBERS:
            yield item
        elif isinstance(item, Tensor):
            yield item.data_ptr()
        elif isinstance(item, Drop):
            yield from item.numbers
        elif isinstance(item, torch.nn.LayerNorm):
            yield from (item.weight.data_ptr(), item.bias.data_ptr(), item.eps)
        elif isinstance(item, tuple):
            yield from _flat(item)
        else:
            yield item


def _sizes(tensors: Sequence[Tensor]) -> object:
    return (ctypes.c_int64 * len(tensors))(*(item.numel() for item in tensors))


def _many(tensors: Sequence[Tensor | None]) -> object:
    pointers = (None if item is None else item.data_ptr() for item in tensors)
    return (ctypes.c_void_p * len(tensors))(*pointers)


def _halves(tensors: Sequence[Tensor]) -> object:
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
    both = (_SIGNATURES | _PRODUCTS).items()
    names = {f"{name}_{kind}": s for name, s in both for kind in FORMATS.values()}
    for name, signature in (names | _PLAIN).items():
        if name.startswith(tuple(_PRODUCTS)) and not hasattr(library, name):
            continue  # this processor has no such products
        function = getattr(library, name)
        function.argtypes = [kinds[letter] for letter in signature]
        function.restype = ctypes.c_double if name in ("squares", "add_up") else None
        if name.startswith((*_ASKING, "has")):
            function.restype = ctypes.c_int
