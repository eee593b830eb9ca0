"""A file that is written here becomes one at an address, as s3://: whole, or not at all.

A folder, as brat's form is, is sent file by file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from textune.errors import RunError, SettingsError, TextuneError, first_line
from textune.reading import remote
from textune.storage import atomic


@contextmanager
def to(output: str, *, overwrite: bool) -> Iterator[tuple[Path, bool]]:
    """Give the path to write an output to, and whether a file there may be replaced.

    Of an address it is in the cache, from where the whole file is sent in the end: object stores
    show an object when all of it is there.

    Raises:
        RunError: Something stands at the address, or it takes no file, or is of no known kind.
        SettingsError: It is a web server's.
        DataError: The place needs a package that is not installed.
    """
    if output.startswith("file://"):
        output = unquote(urlsplit(output).path)
    if not remote.is_address(output):
        yield Path(output), overwrite
        return
    if urlsplit(output).scheme.lower() in remote.WEB:
        raise SettingsError(
            f"--output {output}: web servers take no files; name a file, or an object store "
            "(s3://, gs://, abfs://)"
        )
    with _reaching(output):
        files, place = remote.system_of(output)
        if not overwrite and files.exists(place):
            raise RunError(f"{output}: already exists; --overwrite replaces it")
    folder = remote.folder_of(output, "outgoing")
    path = folder / (place.rpartition("/")[2] or "output")
    yield path, True
    with _reaching(output, f"; the whole file is kept here: {path}"):
        if path.is_dir():  # of a form that is one
            files.put(str(path), place, recursive=True)
        else:
            files.put_file(str(path), place)
    atomic.remove(path)


@contextmanager
def _reaching(output: str, kept: str = "") -> Iterator[None]:
    try:
        yield
    except TextuneError:
        raise
    except Exception as error:  # whatever the package of a place raises
        raise RunError(
            f"{output}: cannot be written ({first_line(error, 200)}); check the address, the "
            f"network, and who may write there{kept}"
        ) from error
