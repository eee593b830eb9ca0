"""The signs that a user names, between cells and around them, are checked, and are a dialect's."""

from dataclasses import replace

from textune.errors import DataError
from textune.reading.delimited import Dialect

NAMED = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|"}


def delimiter_named(delimiter: str) -> str:
    """Return the delimiter that was named, by its sign or by its name.

    Raises:
        DataError: It cannot part cells.
    """
    found = NAMED.get(delimiter.lower(), delimiter)
    if not found or any(sign in found for sign in '\r\n"\0'):
        raise DataError(
            f"delimiter {delimiter!r} cannot be used; allowed: one character or several but quotes "
            "and line ends, as ',' ';' '|' '::' or a tab"
        )
    return found


def quotes_named(dialect: Dialect, quote: str) -> tuple[Dialect, str]:
    """Take the quote that was named.

    Raises:
        DataError: It cannot stand around cells.
    """
    if quote == "none":
        return replace(dialect, quoted=False), "quotes: part of the text, as told"
    if len(quote) != 1 or quote in "\r\n\0" or quote == dialect.delimiter:
        raise DataError(
            f"quote {quote!r} cannot be used; allowed: one character that is no delimiter, or none"
        )
    return replace(
        dialect, quoted=True, quote=quote
    ), f"quotes: {quote}…{quote} marks a cell, as told"
