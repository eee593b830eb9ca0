"""The libraries by which NumPy and SciPy multiply matrices compute with one thread for a while.

Theirs wait for each other by computing: of many small products that takes longer with two threads
than with one, and beside other programs many times as long.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController

HAVE_PRODUCTS = ("numpy", "scipy.linalg", "sklearn", "torch")  # each brings libraries of its own


@contextmanager
def alone() -> Iterator[None]:
    """Compute the products of NumPy and SciPy with one thread, by what is loaded already."""
    loaded = frozenset(name for name in HAVE_PRODUCTS if name in sys.modules)
    with _loaded(loaded).limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=4)
def _loaded(packages: frozenset[str]) -> ThreadpoolController:
    """Find the libraries of products that are loaded with these packages, which takes a while."""
    return ThreadpoolController()
