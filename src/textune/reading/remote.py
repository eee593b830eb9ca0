"""An address, as https:// or s3://, becomes a copy on this machine, fetched anew where it changed.

What a web server has is fetched by Python itself; other places by fsspec, and the package that it
needs for each. Copies lie in textune's cache.
"""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from textune.errors import DataError, first_line
from textune.storage import atomic, caches, objects

SECONDS = 30  # that a server may be silent
FRESH = 60  # seconds for which a copy is not asked about again by the same process
WEB = ("http", "https")
PACKAGES = {  # what fsspec needs for a place, by the word before ://
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "oss": "ossfs",
    "smb": "smbprotocol",
}
CARD = "about.json"

_PAGE = re.compile(r"(https://(?:github\.com|huggingface\.co)/.+?)/blob/(.+)")
_ASKED: dict[str, tuple[float, Path]] = {}  # address → when it was asked about, and its copy


def is_address(source: object) -> bool:
    """Tell an address from a path."""
    return "://" in str(source)


def fetch(address: str) -> Path:
    """Fetch what stands at an address, unless the copy of it is what stands there still.

    Raises:
        DataError: Nothing stands there, or it cannot be reached; or a package is needed.
    """
    when, path = _ASKED.get(address, (-FRESH, Path()))
    if time.monotonic() - when < FRESH and path.is_file():
        return path
    scheme = urlsplit(address).scheme.lower()
    folder = folder_of(address)
    caches.hold(folder)
    folder.mkdir(exist_ok=True)  # which may have been deleted until then
    path = (_from_web if scheme in WEB else _by_fsspec)(address, folder)
    _ASKED[address] = time.monotonic(), path
    return path


def address_of(path: Path) -> str:
    """Return the address of which a file is the copy; the path itself where it is none."""
    card = objects.read(path.parent / CARD) if path.parent.parent.name == "remote" else {}
    return str(card.get("address", path))


def folder_of(address: str, kind: str = "remote") -> Path:
    """Return the folder of the cache for what stands at an address.

    Raises:
        DataError: There is none that can be written.
    """
    try:
        folder = caches.folder(kind) / hashlib.sha256(address.encode()).hexdigest()[:24]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{address}: there is no place for a copy ({error.strerror or error}); name a folder "
            "that can be written: TEXTUNE_CACHE=/path"
        ) from error
    return folder


def _copy_of(folder: Path, card: dict[str, Any]) -> Path | None:
    path = folder / str(card.get("name", ""))
    return path if card and path.is_file() and path.stat().st_size == card.get("bytes") else None


def _keep(
    address: str, folder: Path, name: str, state: object, write: Callable[[Path], object]
) -> Path:
    """Write a copy whole, and beside it what it is a copy of."""
    path = folder / name
    atomic.clear_unfinished(folder)
    write(path)
    size = path.stat().st_size
    atomic.write_text(
        folder / CARD,
        json.dumps({"address": address, "name": name, "bytes": size, "state": state}),
    )
    return path


def _from_web(address: str, folder: Path) -> Path:
    """Fetch from a web server.

    Raises:
        DataError: It does not answer, or has no such file, or broke off.
    """
    import urllib.request  # which a file on this machine does not need
    from http.client import HTTPException
    from urllib.error import HTTPError

    card = objects.read(folder / CARD)
    copy = _copy_of(folder, card)
    place = _PAGE.sub(_raw, address)
    request = urllib.request.Request(place, headers={"User-Agent": "textune"})
    state = card.get("state")
    if copy is not None and isinstance(state, dict):
        for name, asks in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
            if state.get(name):
                request.add_header(asks, state[name])
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            name = _name(address, answer.headers.get_filename())
            state = {key: answer.headers.get(key) for key in ("ETag", "Last-Modified")}
            return _keep(address, folder, name, state, lambda path: _write(answer, path))
    except HTTPError as error:
        error.close()
        if error.code == 304 and copy is not None:
            return copy
        raise DataError(
            f"{address}: the server answers {error.code} {error.reason}; check the address"
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or first_line(error)
        raise DataError(
            f"{address}: cannot be fetched ({reason}); check the address and the network"
        ) from error


def _raw(found: "re.Match[str]") -> str:
    """Return the address of a file, where that of a page about it was given."""
    middle = "raw" if "github.com" in found[1] else "resolve"
    return f"{found[1]}/{middle}/{found[2]}"


def _write(answer: Any, path: Path) -> None:
    wanted = answer.headers.get("Content-Length")
    with atomic.writing(path) as file:
        shutil.copyfileobj(answer, file, 1 << 20)
        if wanted is not None and file.tell() < int(wanted):
            raise ValueError(f"it broke off after {file.tell():,} of {int(wanted):,} bytes")


def _name(address: str, told: str | None = None) -> str:
    """Return a name for the copy: that of the file at the address, or the server's for it."""
    name = unquote(urlsplit(address).path).rstrip("/").rpartition("/")[2]
    if told and not Path(name).suffix:
        name = told
    return re.sub(r"[^\w. +()=,-]", "_", name).lstrip(".")[-120:] or "data"


def _get(files: Any, place: str, path: Path) -> None:
    with atomic.replacing_file(path) as unfinished:
        files.get_file(place, str(unfinished))


def system_of(address: str) -> tuple[Any, str]:
    """Return the file system of an address by fsspec, and the place in it.

    Raises:
        DataError: It needs a package that is not installed.
        ValueError: It is of no kind that is known.
    """
    import fsspec  # which a file on this machine does not need

    scheme = urlsplit(address).scheme.lower()
    try:
        files, place = fsspec.core.url_to_fs(address)
    except ImportError as error:
        package = PACKAGES.get(scheme)
        way = f"pip install {package}" if package else first_line(error)
        raise DataError(f"{address}: {scheme}:// needs a package of its own: {way}") from error
    return files, str(place)


def _by_fsspec(address: str, folder: Path) -> Path:
    """Fetch from a place that fsspec knows.

    Raises:
        DataError: It does not know it, there is no such file, or it may not be read.
    """
    try:
        files, place = system_of(address)
        about = files.info(place)
        if about.get("type") == "directory":
            raise DataError(f"{address}: this is a folder; name a file in it")
        kept = ("size", "ETag", "etag", "LastModified", "mtime", "updated", "generation")
        state = {key: str(about[key]) for key in kept if key in about}
        card = objects.read(folder / CARD)
        copy = _copy_of(folder, card)
        if copy is not None and card.get("state") == state and len(state) > 1:
            return copy
        name = _name(address)
        return _keep(address, folder, name, state, lambda path: _get(files, place, path))
    except FileNotFoundError as error:
        raise DataError(f"{address}: there is no such file; check the address") from error
    except DataError:
        raise
    except Exception as error:  # whatever the package of a place raises
        raise DataError(
            f"{address}: cannot be fetched ({first_line(error, 200)}); check the address, the "
            "network, and who may read it"
        ) from error
