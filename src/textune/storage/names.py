"""A file's name as the system gives it becomes text, and the name of a run."""

import itertools
import os
from glob import has_magic
from pathlib import Path


def utf8(name: str) -> str:
    r"""Return a name with bytes that are no UTF-8 written as escapes, whatever the locale is.

    Example:
        >>> print(utf8("caf\udce9.csv"))
        caf\xe9.csv
    """
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, which is no byte of a name
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def file_name(source: object) -> str:
    """Return the stem of a file, for the name of a run; "frame" for a data frame.

    Of a pattern it is the last folder that is named in full; of several files that of the first.
    """
    if isinstance(source, list | tuple) and source and isinstance(source[0], str | Path):
        return file_name(source[0])
    if not isinstance(source, str | Path):
        return "frame"
    path = Path(source)
    if not path.exists():
        path = Path(*itertools.takewhile(lambda part: not has_magic(part), path.parts))
    return path.name.split(".")[0] or "run"


def on_disk(path: Path) -> Path:
    """Return the file in which a path lies that is a member of an archive; else the path itself.

    Example:
        >>> on_disk(Path("reviews.zip/train.csv"))  # doctest: +SKIP
        PosixPath('reviews.zip')
    """
    if os.path.lexists(path):
        return path
    return next((place for place in path.parents if place.is_file()), path)
