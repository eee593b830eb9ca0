"""Checked settings become TOML from which the same settings are read."""

from collections.abc import Mapping
from typing import Any

import tomli_w

from textune.settings.section import NONE, Section
from textune.storage.names import utf8


def to_toml(settings: Section, extra: Mapping[str, object] | None = None) -> str:
    """Write every setting as TOML that `resolve` reads back to an equal object.

    `extra` becomes the section `run`: the files and the contract that the run used.
    """
    values = _written(settings)
    if extra:
        values["run"] = extra
    return tomli_w.dumps(_storable(values))


def _written(section: Section) -> dict[str, object]:
    """Give a section as plain values; None is left out where that is the default anyway."""
    found: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            found[name] = _written(value)
        elif value is not None:
            found[name] = list(value) if isinstance(value, tuple) else value
        elif field.default is not None:
            found[name] = NONE
    return found


def _storable(values: object) -> Any:
    """Leave out what is None, and write names of files as UTF-8."""
    if isinstance(values, Mapping):
        return {utf8(key): _storable(value) for key, value in values.items() if value is not None}
    if isinstance(values, list | tuple):
        return [_storable(value) for value in values]
    return utf8(values) if isinstance(values, str) else values
