"""A path that knows what its owner says of the bytes behind it, for whoever opens it."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    Place = Path
else:
    Place = type(Path())  # the class of paths on this machine


class Told(Place):
    """A path as any other, and the encoding that was named for the file there."""

    encoding: str | None = None

    @classmethod
    def of(cls, path: Path, encoding: str | None) -> Self:
        """Make it of a path."""
        made = cls(path)
        made.encoding = encoding
        return made


def encoding_of(path: Path) -> str | None:
    """Return the encoding that was named for a file; None where nobody said."""
    return path.encoding if isinstance(path, Told) else None
