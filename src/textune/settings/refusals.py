"""What is wrong with settings becomes words: which setting, what was allowed, what was found."""

from typing import Any

from pydantic import BaseModel, ValidationError

from textune.errors import among


def explain(error: ValidationError, kind: type[BaseModel]) -> str:
    """Put all that is wrong with some settings into words, each with what was allowed."""
    lines = [
        _explain_one(kind, item["loc"], item["type"], item["msg"], item["input"])
        for item in error.errors()
    ]
    head = "1 setting is wrong:" if len(lines) == 1 else f"{len(lines)} settings are wrong:"
    return "\n  ".join([head, *lines])


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
