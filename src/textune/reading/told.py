"""A path that knows what its owner says of the bytes behind it, for whoever opens it."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    Place = Path
else:
    Place = type(Path())  # the class of paths on this machine


class Told(Place):
    """A path as any other, and the encoding that was named for a file there that is not UTF-8."""

    encoding: str | None = None
    is_utf8: bool | None = None  # whether the file is well-formed all the same; None: not yet known

    @classmethod
    def of(cls, path: Path, encoding: str | None) -> Self:
        """Make it of a path."""
        made = cls(path)
        made.encoding = encoding
        return made


def below(folder: Path, path: Path) -> Path:
    """Return the path of a file in a folder, of which the same was said."""
    return Told.of(path, folder.encoding) if isinstance(folder, Told) else path
