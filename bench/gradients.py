"""What it saves that products write their gradients where they stay: `python -m bench.gradients`.

The same product, forward and backward, once by `Matrix`, whose gradients lie in one piece of memory
from update to update, and once by an autograd function that returns them, as hooks could see.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from textune.fast import memory
from textune.fast.matrices import Matrix


class Returned(torch.autograd.Function):
    """(P, K) and weights (N, K) → (P, N), by gradients that autograd lays down."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor) -> Tensor:
        """Multiply."""
        ctx.save_for_backward(states, weight)
        return states @ weight.t()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """Return both gradients."""
        states, weight = ctx.saved_tensors
        return gradients[0] @ weight, gradients[0].t() @ states


class Kept(torch.autograd.Function):
    """The same, whose weights get their gradient from the matrix itself."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, matrix: Matrix) -> Tensor:
        """Multiply."""
        ctx.save_for_backward(states)
        ctx.matrix = matrix
        return matrix.forward(states)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the states."""
        (states,) = ctx.saved_tensors
        ctx.matrix.accumulate(gradients[0], states)
        return ctx.matrix.backward(gradients[0]), None


def ways(maps: list[nn.Linear], states: Tensor) -> dict[str, Callable[[int], Tensor]]:
    """Return both ways through maps of the same input, each of which is given its number."""
    matrices = [Matrix([part], torch.float32) for part in maps]
    return {
        "kept": lambda n: Kept.apply(states, matrices[n]),  # type: ignore[no-untyped-call]  # torch's
        "returned": lambda n: Returned.apply(states, maps[n].weight),  # type: ignore[no-untyped-call]  # torch's
    }


def main() -> None:
    """Time updates of both in turns, and print the medians."""
    parser = argparse.ArgumentParser("python -m bench.gradients", description=__doc__)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--inner", type=int, default=1536)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--parts", type=int, default=2, help="Micro-batches of an update.")
    options = parser.parse_args()
    memory.keep()
    shape = (options.width, options.inner)
    maps = [nn.Linear(*shape) for _ in range(options.layers)]
    states = torch.randn(options.tokens, options.width, requires_grad=True)
    seconds: dict[str, list[float]] = {"kept": [], "returned": []}
    both = ways(maps, states)
    for _ in range(options.turns):
        for name, way in both.items():
            began = time.perf_counter()
            for _ in range(options.parts):
                for number in range(options.layers):
                    way(number).sum().backward()
            seconds[name].append(time.perf_counter() - began)
            for part in maps:
                part.weight.grad = None
            states.grad = None
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    print(*(f"{name}: {value * 1e3:.2f} ms an update" for name, value in medians.items()), sep="\n")
    print(f"returned / kept: {medians['returned'] / medians['kept']:.3f}")


if __name__ == "__main__":
    main()
