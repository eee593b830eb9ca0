"""What a run needs later is imported while its encoder computes, which leaves it a core.

A product of matrices does without Python's lock, an import holds it: of two cores, one would idle.
"""

from contextlib import AbstractContextManager, suppress
from functools import partial
from importlib import import_module

from textune.fast import threads

HEADS = ("scipy.optimize", "scipy.special")  # a second to import, with all that they bring
PICTURES = ("matplotlib.figure", "matplotlib.backends.backend_svg")
TABLES = ("pyarrow.parquet", "pandas")  # which pyarrow imports where it is installed


def importing(*, with_report: bool) -> AbstractContextManager[None]:
    """Import while something is computed what fits linear heads, and is needed next.

    Args:
        with_report: Whether what draws the page comes, too: where weights are updated first, its
            memory is better used for them.
    """
    return threads.meanwhile(partial(_import, with_report=with_report))


def _import(*, with_report: bool) -> None:
    names = (*HEADS, *((*TABLES, *PICTURES) if with_report else ()))
    for name in names:
        with suppress(Exception):  # where it is needed, it is imported again, and said
            import_module(name)
    if with_report:
        with suppress(Exception):
            from textune.report import pages, report  # noqa: F401  # a while to import

            pages.compile_all()
