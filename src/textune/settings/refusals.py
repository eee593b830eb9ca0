"""Values become settings, or words: which setting is wrong, what was allowed, what was found."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from textune.errors import SettingsError, among

Kind = TypeVar("Kind", bound=BaseModel)

EXPECTED = "Input should be "
WORDS = {  # of types, by the first word of pydantic's name for what is wrong with one
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "text",
}


def checked(kind: type[Kind], values: Mapping[str, object], place: str = "") -> Kind:
    """Make settings of values; the message about all wrong ones begins with a place."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found: dict[tuple[str, ...], list[Any]] = {}
        for item in error.errors():
            found.setdefault(_setting(kind, item["loc"]), []).append(item)
        lines = [_explain(kind, parts, faults) for parts, faults in found.items()]
        head = "1 setting is wrong:" if len(lines) == 1 else f"{len(lines)} settings are wrong:"
        raise SettingsError("\n  ".join([f"{place}{head}", *lines])) from error


def _setting(kind: type[BaseModel], place: Sequence[int | str]) -> tuple[str, ...]:
    """Return the names that lead to a setting, without those of the types that it may have."""
    parts = []
    section: Any = kind
    for part in place:
        is_section = isinstance(section, type) and issubclass(section, BaseModel)
        if not is_section and isinstance(part, str):
            break
        field = section.model_fields.get(part) if is_section else None
        section = None if field is None else field.annotation
        parts.append(str(part))
    return tuple(parts)


def _explain(kind: type[BaseModel], parts: tuple[str, ...], faults: Sequence[Any]) -> str:
    """Say what is wrong with one setting; of several types each was tried."""
    fault = faults[0]
    if fault["type"] == "extra_forbidden":
        section: Any = kind if len(parts) == 1 else kind.model_fields[parts[0]].annotation
        known = list(section.model_fields)
        return f"{'.'.join(parts)}: no such setting; {among(parts[-1], known)}"
    text = fault["msg"].removeprefix("Value error, ")
    if len(faults) > 1:
        text = EXPECTED + ", or ".join(dict.fromkeys(map(_allowed, faults)))
    text = text.replace("a valid tuple", "a list")
    value = f"{fault['input']!r:.60}"
    is_said = isinstance(fault["input"], BaseModel) or (
        isinstance(fault["input"], str) and value in text
    )
    return f"{'.'.join(parts)}: {text}{'' if is_said else f', found {value}'}"


def _allowed(fault: Any) -> str:
    """Say what one of several types would have allowed."""
    text = str(fault["msg"]).removeprefix("Value error, ").removeprefix(EXPECTED)
    return WORDS.get(fault["type"].partition("_")[0], text) if "valid" in text else text
