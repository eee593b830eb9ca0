"""Values become settings, or words: which setting is wrong, what was allowed, what was found."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from textune.errors import SettingsError, among

Kind = TypeVar("Kind", bound=BaseModel)


def checked(kind: type[Kind], values: Mapping[str, object], place: str = "") -> Kind:
    """Make settings of values; the message about all wrong ones begins with a place."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = [
            _explain_one(kind, item["loc"], item["type"], item["msg"], item["input"])
            for item in error.errors()
        ]
        head = "1 setting is wrong:" if len(lines) == 1 else f"{len(lines)} settings are wrong:"
        raise SettingsError("\n  ".join([f"{place}{head}", *lines])) from error


def _explain_one(
    kind: type[BaseModel], place: tuple[int | str, ...], fault: str, message: str, value: object
) -> str:
    parts = [str(part) for part in place]
    if fault == "extra_forbidden":
        section: Any = kind if len(parts) == 1 else kind.model_fields[parts[0]].annotation
        known = list(section.model_fields)
        return f"{'.'.join(parts)}: no such setting; {among(parts[-1], known)}"
    text = message.removeprefix("Value error, ")
    shown = "" if isinstance(value, dict) else f", found {value!r}"
    return f"{'.'.join(parts)}: {text}{shown}"
