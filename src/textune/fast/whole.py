"""A layer in one call of the kernels each way, where they compute all of its products.

The bits are those of its parts, call by call; what is saved is time between the calls: a fiftieth
of an update of few texts. Shapes: P tokens, D width, F inner width, B texts.
"""

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textune.fast import calls, product_calls, products
from textune.fast.calls import Drop
from textune.fast.matrices import Matrix, add_gradient


class Sizes(ctypes.Structure):
    """As `Sizes` in layer.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("B", "P", "H", "Dh", "F")),
        *((name, ctypes.c_int64 * 4) for name in ("rooms", "turned")),
        *((name, ctypes.c_float) for name in ("factor", "first_eps", "second_eps")),
    )


class Masks(ctypes.Structure):
    """As `Drop` in common.h."""

    _fields_ = (
        ("seed", ctypes.c_uint64),
        ("bound", ctypes.c_uint32),
        ("scale", ctypes.c_float),
    )


class Gradients(ctypes.Structure):
    """As `Gradients` in layer.h."""

    _fields_ = (("places", ctypes.c_void_p * 4), ("onto", ctypes.c_int64 * 4))


@dataclass(slots=True)
class Saved:
    """What one layer's backward pass needs of its forward pass."""

    states: Tensor  # (P, D)
    borders: Tensor  # (B + 1,)
    sizes: Sizes
    weights: Any  # pointers
    masks: Any
    kept: tuple[Tensor, ...]  # what was computed on the way, as `Kept` in layer.h


class Whole:
    """Computes a layer in one call.

    Args:
        matrices: Of queries, keys and values; after attention; into the inner width; out of it.
        norms: After attention, and after the feed-forward part.
        heads: Of attention.
        factor: Of the scores.
        dtype: What all products are computed in.
    """

    def __init__(
        self,
        matrices: Sequence[Matrix],
        norms: Sequence[nn.LayerNorm],
        heads: int,
        factor: float,
        dtype: torch.dtype,
    ):
        self._matrices, self._norms = tuple(matrices), tuple(norms)
        self._dtype = dtype
        width, inner = (self._matrices[at].weight.shape[0] for at in (1, 2))
        # (columns, length) of each product
        self._shapes = ((3 * width, width), (width, width), (inner, width), (width, inner))
        self._fits = not any(side % products.SIDE for side in (width, inner))
        sizes = Sizes(H=heads, Dh=width // heads, F=inner, factor=factor)
        sizes.rooms[:] = [products.room_of(length, columns) for columns, length in self._shapes]
        sizes.turned[:] = [products.room_of(*shape) for shape in self._shapes]
        sizes.first_eps, sizes.second_eps = (norm.eps for norm in self._norms)
        self._sizes = bytes(sizes)

    def takes(self, states: Tensor) -> bool:
        """Tell whether the kernels compute all of the layer for such states, (P, D), here."""
        is_here = states.device.type == "cpu" and states.dtype == self._dtype
        return self._fits and is_here and len(states) > 0 and products.takes(self._dtype)

    def forward(
        self, states: Tensor, borders: Tensor, drops: Iterable[Drop], *, keep: bool
    ) -> tuple[Tensor, Saved | None]:
        """Compute the layer, (P, D) → (P, D), and what its backward pass needs."""
        sizes = Sizes.from_buffer_copy(self._sizes)
        sizes.B, sizes.P = len(borders) - 1, len(states)
        masks = (Masks * 3)(*(Masks(*drop.numbers) for drop in drops))
        weights = self._weights()
        width, inner = states.shape[1], sizes.F
        kept = (
            *(states.new_empty(len(states), each) for each in (3 * width, width, width, width)),
            *(states.new_empty(len(states), each) for each in (inner, width)),
            states.new_empty(2 * sizes.H + 4, len(states), dtype=torch.float32),
        )
        activated, out = states.new_empty(len(states), inner), torch.empty_like(states)
        threads = torch.get_num_threads()
        laid = self._laid(len(states), threads)
        given = (ctypes.byref(sizes), masks, _pointers(kept), laid, activated, out)
        calls.call("layer_forward", states, weights, borders, *given, int(keep), threads=threads)
        return out, Saved(states, borders, sizes, weights, masks, kept) if keep else None

    def backward(self, saved: Saved, grad: Tensor) -> Tensor:
        """Add the gradients of all weights; return that of the states, (P, D)."""
        (rows, width), inner = saved.states.shape, saved.sizes.F
        places = [matrix.begin() for matrix in self._matrices]
        onto = Gradients()
        for at, place in enumerate(places):
            if place is not None:
                onto.places[at], onto.onto[at] = place[0].data_ptr(), int(place[1])
        small = grad.new_empty(9 * width + inner, dtype=torch.float32)
        out = torch.empty_like(saved.states)
        passing = (
            *(grad.new_empty(rows, each) for each in (width, width, max(inner, 3 * width))),
            grad.new_empty(calls.PARTS, max(inner, 4 * width), dtype=torch.float32),
        )
        known = (saved.weights, saved.borders, ctypes.byref(saved.sizes), saved.masks)
        threads = torch.get_num_threads()
        memory = (_pointers(saved.kept), _pointers(passing), self._laid(rows, threads))
        results = (ctypes.byref(onto), small, out)
        calls.call("layer_backward", grad, saved.states, *known, *memory, *results, threads=threads)
        for matrix, place in zip(self._matrices, places, strict=True):
            if place is not None:
                matrix.end()
        self._accumulate(*small.split([width] * 3 + [inner] + [width] * 3 + [3 * width]))
        return out

    def _accumulate(self, *found: Tensor) -> None:
        """Add the gradients of norms and biases, in the order in which the kernel writes them."""
        qkv, attended, inner, outer = self._matrices
        first, second = self._norms
        add_gradient(second.weight, found[0])
        add_gradient(second.bias, found[1])
        outer.accumulate_bias(found[2])
        inner.accumulate_bias(found[3])
        add_gradient(first.weight, found[4])
        add_gradient(first.bias, found[5])
        attended.accumulate_bias(found[6])
        qkv.accumulate_bias(found[7])

    def _weights(self) -> object:
        """As `Weights` in layer.h."""
        weights = (matrix.weight for matrix in self._matrices)
        biases = (matrix.bias for matrix in self._matrices)
        norms = (part for norm in self._norms for part in (norm.weight, norm.bias))
        return _pointers((*weights, *biases, *norms))

    def _laid(self, rows: int, threads: int) -> object:
        """As `Laid` in layer.h, for any of the products."""
        numbers = max(
            *(products.laid_of_rows(*shape, threads) for shape in self._shapes),
            *(products.laid_of_rows(length, columns, threads) for columns, length in self._shapes),
            *(products.laid_over_tokens(*shape, threads) for shape in self._shapes),
        )
        most = max(columns * length for columns, length in self._shapes)
        sums = most if rows > product_calls.TOKENS else 0
        return _pointers(products.memory(self._dtype, numbers, sums))


def _pointers(tensors: Sequence[Tensor]) -> object:
    return (ctypes.c_void_p * len(tensors))(*(part.data_ptr() for part in tensors))
