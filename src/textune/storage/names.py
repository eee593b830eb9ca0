"""A file's name as the system gives it becomes text, and the name of a run."""

import itertools
import os
from glob import has_magic
from pathlib import Path

from textune.errors import SettingsError

UTF8_WAY_OUT = "rename it, or go into it and name . in its place"


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


def to_path(given: object, name: str) -> Path:
    """Take a path that was handed over.

    Args:
        given: What was handed over.
        name: Of the option that it stands for.

    Raises:
        SettingsError: It is no path.
    """
    if not isinstance(given, str | os.PathLike):
        raise SettingsError(f"{name} {given!r:.40}: is no path; give a string or a Path")
    if "\0" in str(given):
        raise SettingsError(f"{name} {given!r:.40}: holds a NUL character, which no path has")
    return Path(given)


def require_utf8(folder: Path, way_out: str) -> None:
    """Refuse a folder whose name, as it is given, is no UTF-8: no file of weights opens in it.

    Args:
        folder: Of a run or a model.
        way_out: What to do instead.

    Raises:
        SettingsError: It is such a name.
    """
    try:
        os.fsencode(folder).decode("utf-8")  # the bytes on the disk, whatever the locale is
    except UnicodeError as error:
        raise SettingsError(
            f"{utf8(str(folder))}: is no UTF-8, and libraries that read weights and tokenizers "
            f"open nothing there; {way_out}"
        ) from error


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
