"""A path that knows what its owner says of the bytes behind it, for whoever opens it."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from textune.errors import DataError, Faults, Problems

if TYPE_CHECKING:
    Place = Path
else:
    Place = type(Path())  # the class of paths on this machine


SKIPPING = "or leave such rows out: --faulty skip"


class Told(Place):
    """A path as any other, with the encoding of a file there that is not UTF-8, as it was named.

    Where faulty rows are to be left out, it holds those that were found.
    """

    encoding: str | None = None
    faults: Faults | None = None
    is_mixed: bool | None = None  # whether lines that are not UTF-8 are few; None: not yet known
    is_utf8: bool | None = None  # whether the file is well-formed all the same; None: not yet known

    @classmethod
    def of(cls, path: Path, encoding: str | None, faults: Faults | None = None) -> Self:
        """Make it of a path."""
        made = cls(path)
        made.encoding, made.faults = encoding, faults
        return made


def below(folder: Path, path: Path) -> Path:
    """Return the path of a file in a folder, of which the same was said."""
    return Told.of(path, folder.encoding, folder.faults) if isinstance(folder, Told) else path


def problems_of(path: Path, name: str = "", known: list[DataError] | None = None) -> Problems:
    """Return what collects the faults of a file: to be raised, or noted as its owner asks.

    Args:
        path: The file.
        name: That messages have for it.
        known: Takes all faults, once they are found: then they are raised at the first of them.
    """
    faults = path.faults if isinstance(path, Told) else None
    return Problems(name or path.name, faults, option=SKIPPING, known=known)
