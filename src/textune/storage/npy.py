"""A file of NumPy's becomes an array, or an error of two kinds, whatever its header holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # heavy
    from numpy.typing import NDArray


def read(file: Path) -> "NDArray[Any]":
    """Read an array of numbers.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged. NumPy reads the header as Python: of a flipped bit come errors of
            its parser, of an empty file the end of input, of a large shape a lack of memory.
    """
    import numpy as np

    try:
        found: NDArray[Any] = np.load(file, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # of many kinds
        raise ValueError(f"no array of NumPy's: {type(error).__name__}") from error
    return found
