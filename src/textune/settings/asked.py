"""A TOML file, and what stands after `--set`, become plain values."""

import tomllib
from pathlib import Path
from typing import Any

from textune.errors import SettingsError


def load(file: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SettingsError: It is absent, or no TOML.
    """
    if file.exists() and not (file.is_file() or file.is_dir()):  # which would be waited for
        raise SettingsError(
            f"{file}: this is no regular file (a pipe, a socket or a device) and cannot be read "
            "twice; write its content to a file first"
        )
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise SettingsError(f"{file}: no such settings file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: not a TOML file that can be read: {error}") from error


def put(values: dict[str, Any], name: str, value: object) -> None:
    """Set the value of a dotted name.

    Raises:
        SettingsError: What should be a section is a setting.
    """
    *sections, key = name.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise SettingsError(f"--set {name}: {section!r} is a setting, not a section")
    values[key] = value


def to_value(text: str) -> object:
    """Read what stands after `--set x=` as TOML; what TOML takes for a date stays a text."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, str | int | float | list | dict) else text
