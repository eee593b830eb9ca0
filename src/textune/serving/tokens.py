"""Who may ask: a bearer token, where the server has one."""

import hmac
import os
import re
from pathlib import Path

from textune.errors import SettingsError
from textune.serving.refusals import UNKNOWN_TOKEN, RefusedError

VARIABLE = "TEXTUNE_TOKEN"
TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can hold
FEWEST = 8  # characters
MOST = 65_536  # bytes that are read of a file


def read(file: Path | None) -> str | None:
    """Read the token from a file, or from the environment; None where there is none.

    Raises:
        SettingsError: The file cannot be read, or what it holds is no token.
    """
    if file is None:
        if VARIABLE not in os.environ:
            return None
        place, found = VARIABLE, os.environ[VARIABLE]
    else:
        place = f"--token-file {file}"
        try:
            found = _head(file).decode("utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "is not UTF-8"
            raise SettingsError(f"{place}: cannot be read: {why}") from None
    found = found.strip()
    if not TOKEN.fullmatch(found) or len(found) < FEWEST:
        raise SettingsError(
            f"{place}: holds no token; expected {FEWEST} or more letters, digits and signs of "
            "ASCII, without white space, as `openssl rand -hex 32` makes them"
        )
    return found


def _head(file: Path) -> bytes:
    """Read what a file begins with; a pipe that nobody writes into is empty, and is not waited for.

    A pipe of the shell's, as <(pass show token), has its writer.
    """
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    with open(handle, "rb") as opened:  # noqa: PTH123  # by its number
        os.set_blocking(handle, True)
        return opened.read(MOST)


def require(header: str | None, token: str | None) -> None:
    """Refuse a request without the token; how long that takes says nothing of the token.

    Args:
        header: Of the request, "Bearer …".
        token: Of the server; None: everybody may ask.

    Raises:
        RefusedError: It is not that token.
    """
    if token is None:
        return
    scheme, _, given = (header or "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not is_right:
        raise RefusedError(
            UNKNOWN_TOKEN,
            "authorization: this server asks for its token, as authorization: Bearer TOKEN",
            headers={"www-authenticate": "Bearer"},
        )
