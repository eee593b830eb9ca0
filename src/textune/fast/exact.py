"""Whether products give the same bits with any number of threads, and how they are made to.

Kernels do by construction. MKL does in its strict mode, oneDNN where the summed dimension is no
power of two: there it parts sums among threads. Elsewhere products are tried.
"""

import ctypes
import os
from functools import lru_cache
from pathlib import Path

import torch

STRICT = 0x10000  # MKL_CBWR_STRICT, the same bits whatever the threads
LEAST_PARTED = 2048  # length of a sum from which oneDNN may part it
TRIED = (  # rows, length of the sum, columns
    *((64, 777, 64), (64, 1500, 256), (128, 4000, 384), (48, 4000, 16)),
    *((8, 384, 384), (33, 384, 1152), (64, 1536, 384), (100, 1152, 384)),
)


@lru_cache(maxsize=1)
def is_strict() -> bool:
    """Ask MKL for its strict mode, as fast as the usual one; tell whether it holds.

    It can be set before the first product of a process only, and on Intel's processors only:
    on others it would be slow. Whoever sets `MKL_CBWR` decides himself.
    """
    if not torch.backends.mkl.is_available() or not _is_intel():
        return False
    library = _library()
    names = ("mkl_serv_cbwr_get_auto_branch", "mkl_serv_cbwr_set", "mkl_serv_cbwr_get")
    if library is None or not all(hasattr(library, name) for name in names):
        return False
    if "MKL_CBWR" not in os.environ:
        library.mkl_serv_cbwr_set(library.mkl_serv_cbwr_get_auto_branch() | STRICT)
    found = library.mkl_serv_cbwr_get(-1)  # of all, as MKL_CBWR_ALL
    return bool(found > 0 and found & STRICT)


@lru_cache(maxsize=8)
def holds(most: int) -> bool:
    """Tell whether products have the same bits with any threads up to so many."""
    return is_strict() or all(_agree(dtype, most) for dtype in (torch.float32, torch.bfloat16))


@torch.inference_mode()
def _agree(dtype: torch.dtype, most: int) -> bool:
    """Try products whose sums would be parted first: long ones of few results."""
    counts = sorted({1, 2, 3, most // 2, most} & set(range(1, most + 1)))
    before = torch.get_num_threads()
    draw = torch.Generator().manual_seed(0)
    try:
        for rows, length, columns in TRIED:
            left = torch.randn(rows, length, generator=draw).to(dtype)
            right = torch.randn(length, columns, generator=draw).to(dtype)
            pairs = ((left, right), (left.t().contiguous().t(), right.t().contiguous().t()))
            for pair in pairs:
                found = []
                for count in counts:
                    torch.set_num_threads(count)
                    found.append(torch.mm(*pair))
                if not all(torch.equal(found[0], other) for other in found):
                    return False
    finally:
        torch.set_num_threads(before)
    return True


def parts(length: int) -> tuple[int, ...]:
    """Part a sum where oneDNN would part it by threads.

    Example:
        >>> parts(4096), parts(4095)
        ((2080, 2016), (4095,))
    """
    if length < LEAST_PARTED or length & (length - 1):
        return (length,)
    return (length // 2 + 32, length // 2 - 32)


def _library() -> ctypes.CDLL | None:
    file = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        return ctypes.CDLL(str(file)) if file.is_file() else None
    except OSError:
        return None


def _is_intel() -> bool:
    try:
        return "GenuineIntel" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
