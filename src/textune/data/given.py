"""What a program hands over to be labelled becomes a list in its order, or is refused."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from textune.errors import SettingsError

LISTS = ("to_pylist", "to_list", "tolist")  # of Arrow, of pandas and polars, of numpy
WANTED = "predict takes a list of texts (of pairs, for a model of pairs) or a data frame"


def is_frame(given: object) -> bool:
    """Tell whether something has named columns, as data frames of pandas, polars and Arrow have.

    Going through one gives the names of its columns, which nobody wants labelled.
    """
    has_columns = hasattr(given, "columns") or hasattr(given, "column_names")
    return has_columns and hasattr(given, "__arrow_c_stream__")


def columns(frame: Any) -> tuple[str, ...]:
    """Name the columns of a data frame."""
    names = frame.column_names if hasattr(frame, "column_names") else frame.columns
    return tuple(map(str, names))


def rows(frame: Any) -> int:
    """Count the rows of a data frame."""
    return len(frame)


def to_list(given: object) -> list[Any]:
    """Make a list of texts that were handed over.

    Raises:
        SettingsError: It is no list, or has no order.
    """
    if isinstance(given, str | bytes):
        raise SettingsError("predict takes a list of texts; put the one text into a list")
    if isinstance(given, Mapping):
        keys = ", ".join(repr(key) for key in list(given)[:3])
        raise SettingsError(f"{WANTED}, and this is a dict with the keys {keys}; give its values")
    if isinstance(given, Set):
        raise SettingsError(f"{WANTED}, and a set has no order; give sorted(texts) or a list")
    for name in LISTS:
        method = getattr(given, name, None)
        if callable(method):
            given = method()
            break
    if (
        not isinstance(given, Iterable)
        or isinstance(given, str | bytes)
        or hasattr(given, "columns")
    ):
        raise SettingsError(f"{WANTED}, and this is {_named(given)}")
    return list(given)


def listed(given: Any) -> Any:
    """Make a list of one text, of what can be gone through once, or of nothing.

    Raises:
        SettingsError: It is no list.
    """
    if given is None or isinstance(given, str):
        return [] if given is None else [given]
    return given if hasattr(given, "__len__") else to_list(given)


def probability(given: object) -> float:
    """Take a threshold.

    Raises:
        SettingsError: It is no number between 0 and 1.
    """
    is_number = isinstance(given, int | float) or hasattr(given, "__float__")
    if not is_number or isinstance(given, bool | str):
        raise SettingsError(f"--threshold {given!r:.40}: a probability is a number between 0 and 1")
    value = float(given)  # type: ignore[arg-type]  # it has __float__
    if not 0 <= value <= 1:
        raise SettingsError(f"--threshold {given}: a probability lies between 0 and 1")
    return value


def _named(given: object) -> str:
    return "None" if given is None else f"{type(given).__name__} ({given!r:.40})"
