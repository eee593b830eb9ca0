"""Memory that one update frees is kept for the next, instead of going back to the system."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names for mallopt, malloc.h
_LARGEST = 32 * 2**20  # bytes of a block that glibc takes from its own heap at most
_KEPT = 2**30  # bytes at the top of the heap that are not given back


def keep() -> None:
    """Tell the allocator to keep what is freed; without glibc nothing happens.

    Every activation of a step is freed in its backward pass. As the system fills each page that it
    hands out anew with zeros, taking them again costs more than the arithmetic on some of them.
    """
    if sys.platform != "linux":
        return
    allocator = getattr(ctypes.CDLL(None), "mallopt", None)
    if allocator is not None:
        allocator(_MMAP_THRESHOLD, _LARGEST)
        allocator(_TRIM_THRESHOLD, _KEPT)
