"""A machine becomes its names, versions and rates of matrix products.

`python -m bench.machine JOB.json RESULT.json` measures the rates in a process of its own.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from bench import processes

PACKAGES = ("textune", "torch", "transformers", "accelerate", "tokenizers", "numpy", "scikit-learn")
TOKENS = 512  # rows of the encoder's own product
REPEATS = 5
MOST_SECONDS = 4.0  # after which a slow product is not repeated any more
FORMATS = ("fp32", "bf16")


def describe(base: str, threads: int, folder: Path, *, size: int = 2048) -> dict[str, Any]:
    """Return what the numbers depend on, the rates measured in a process of their own.

    Args:
        base: Directory or Hub name of the encoder, of whose own shape one product is.
        threads: Of the products.
        folder: For the files between the processes.
        size: Of the square product.
    """
    job = {"shapes": shapes(base, size), "threads": threads}
    measured = processes.run("bench.machine", job, folder)
    return {"versions": versions(), "machine": processor() | {"products": measured}}


def versions() -> dict[str, str]:
    """Return the version of each package that matters, and of Python."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "from source"
    return found


def processor() -> dict[str, Any]:
    """Name the processor, and tell whether it multiplies bf16 by itself."""
    flags: set[str] = set()
    name = platform.processor()
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.is_file() else []:
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            flags = set(value.split())
        elif key.strip() == "model name":
            name = value.strip()
    bf16 = sorted(flags & {"avx512_bf16", "amx_bf16"})
    return {"processor": name, "cores": os.cpu_count(), "bf16_instructions": bf16}


def shapes(base: str, size: int) -> dict[str, list[int]]:
    """Return rows, inner width and columns of each product that is measured."""
    found = {"square": [size, size, size]}
    file = Path(base) / "config.json"
    if file.is_file():
        config = json.loads(file.read_text(encoding="utf-8"))
        width = config.get("hidden_size") or config.get("dim")
        inner = config.get("intermediate_size") or config.get("hidden_dim")
        if width and inner:
            found["encoder"] = [TOKENS, int(width), int(inner)]
    return found


def in_words(machine: Mapping[str, Any]) -> str:
    """Say what the machine is and how fast it multiplies."""
    native = ", ".join(machine["bf16_instructions"]) or "none named"
    lines = [f"{machine['processor']}, {machine['cores']} cores, bf16 instructions: {native}"]
    for name, found in machine["products"].items():
        rows, inner, columns = found["shape"]
        rates = ", ".join(f"{key} {found[key]:.1f}" for key in FORMATS)
        lines.append(
            f"products {name} {rows}×{inner}×{columns}, GFLOP/s: {rates} ({found['device']})"
        )
    return "\n".join(lines)


def rates(asked: Mapping[str, list[int]]) -> dict[str, dict[str, Any]]:
    """Measure GFLOP/s of each product in each number format, the median of a few."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16}
    found: dict[str, dict[str, Any]] = {}
    for name, shape in asked.items():
        found[name] = {"shape": shape, "device": device}
        for key, dtype in dtypes.items():
            rows, inner, columns = shape
            left = torch.ones(rows, inner, device=device, dtype=dtype)
            right = torch.ones(columns, inner, device=device, dtype=dtype)

            def product(left: Any = left, right: Any = right) -> None:
                torch.nn.functional.linear(left, right)
                if device == "cuda":
                    torch.cuda.synchronize()

            found[name][key] = 2 * rows * inner * columns / seconds(product) / 1e9
    return found


def seconds(call: Callable[[], None]) -> float:
    """Return the median time of a few calls after one that warms up."""
    began = time.perf_counter()
    call()
    times = [time.perf_counter() - began]
    while len(times) <= REPEATS and sum(times) < MOST_SECONDS:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return median(times[1:] or times)


def main() -> None:
    """Measure what the parent asks for."""
    job, target = processes.read_job()
    processes.limit_threads(job["threads"])
    target.write_text(json.dumps(rates(job["shapes"])), encoding="utf-8")


if __name__ == "__main__":
    main()
