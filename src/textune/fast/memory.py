"""Memory that a pass frees is kept for the next, instead of going back to the system."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names for mallopt, malloc.h
_LARGEST = 32 * 2**20  # bytes of a block that glibc takes from its own heap at most
_KEPT = 2**30  # bytes at the top of the heap that are not given back
_SMALL = 2**20  # bytes from which a block is taken from the system and given back by itself


def keep() -> None:
    """Tell the allocator to keep what is freed; without glibc nothing happens.

    Every activation of a step is freed in its backward pass, and of a forward pass alone even
    sooner. As the system fills each page that it hands out anew with zeros, taking them again costs
    more than the arithmetic on some of them.
    """
    system = _glibc()
    if system is not None:
        system.malloc_trim(0)  # what was freed before is not wanted back
        system.mallopt(_MMAP_THRESHOLD, _LARGEST)
        system.mallopt(_TRIM_THRESHOLD, _KEPT)


def spare() -> None:
    """Tell the allocator to give large blocks back as they are freed; see `keep`.

    Where all weights of a layer come and go again in blocks of many sizes, a heap that keeps them
    holds up to twice as much as there ever is at once.
    """
    system = _glibc()
    if system is not None:
        system.mallopt(_MMAP_THRESHOLD, _SMALL)
        system.mallopt(_TRIM_THRESHOLD, _SMALL)
        system.malloc_trim(0)


def give_back() -> None:
    """Return what was kept to the system: before judging and saving, and once training is over."""
    system = _glibc()
    if system is not None:
        system.malloc_trim(0)


def peak() -> int | None:
    """Return the most bytes of memory that this process has held; None where nobody counts them."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    system = ctypes.CDLL(None)
    is_glibc = hasattr(system, "mallopt") and hasattr(system, "malloc_trim")
    return system if is_glibc else None
