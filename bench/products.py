"""Products of a layer by kernels and by torch: `python -m bench.products`.

Each is computed forward, and back to the states and to the weights, in turns, of the same number of
tokens each time, and of another each time, as packed batches have.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from textune.fast import memory, products

FORMATS = {"bf16": torch.bfloat16, "fp32": torch.float32}
Way = Callable[[Tensor, Tensor, Tensor, Tensor], object]


def by_kernels(states: Tensor, grad: Tensor, weight: Tensor, out: Tensor) -> None:
    """Compute the three products as training does: by kernels, where this processor can."""
    products.times_rows(states, weight)
    products.times_columns(grad, weight)
    products.over_tokens(grad, states, out)


def by_torch(states: Tensor, grad: Tensor, weight: Tensor, out: Tensor) -> None:
    """Compute them by torch alone."""
    torch.mm(states, weight.t())
    torch.mm(grad, weight)
    torch.mm(grad.t(), states, out=out)


WAYS: dict[str, Way] = {"kernels": by_kernels, "torch": by_torch}


def seconds(shape: tuple[int, int], tokens: Sequence[int], dtype: torch.dtype) -> dict[str, float]:
    """Time the products of weights (N, K) with so many tokens, one after the other; the medians."""
    weights = [torch.randn(shape).to(dtype) for _ in range(6)]  # as many layers as they are of
    out, found = torch.empty(shape, dtype=dtype), {name: list[float]() for name in WAYS}
    for turn, count in enumerate(tokens):
        grad, states = (torch.randn(count, side).to(dtype) for side in shape)
        for name, way in WAYS.items():
            began = time.perf_counter()
            way(states, grad, weights[turn % len(weights)], out)
            found[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Time both ways, and print what they take."""
    parser = argparse.ArgumentParser("python -m bench.products", description=__doc__)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--inner", type=int, default=1536)
    parser.add_argument("--tokens", type=int, nargs="+", default=[128, 352, 1024, 4096])
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--precision", choices=tuple(FORMATS), default="bf16")
    options = parser.parse_args(arguments)
    memory.keep()
    dtype = FORMATS[options.precision]
    name, threads = options.precision, torch.get_num_threads()
    print(f"{name} by kernels: {products.takes(dtype)}; {threads} threads")
    width, inner = options.width, options.inner
    shapes = [(3 * width, width), (width, width), (inner, width), (width, inner)]
    for most in options.tokens:
        changing = [most - turn % (most // 2) for turn in range(options.turns)]
        for words, counts in (("the same", [most] * options.turns), ("changing", changing)):
            found = [seconds(shape, counts, dtype) for shape in shapes]
            total = {way: 1e3 * sum(each[way] for each in found) for way in WAYS}
            print(
                f"{most:,} tokens, {words}: "
                + ", ".join(f"{way} {value:.2f} ms" for way, value in total.items())
                + f"; torch / kernels {total['torch'] / total['kernels']:.2f}"
            )


if __name__ == "__main__":
    main()
