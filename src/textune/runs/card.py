"""What predicting needs beside the weights, and how `decision.json` becomes it again.

`runs.read_card` holds each part against the others, by pydantic. What was checked and sealed when
it was exported is read here by the standard library alone.
"""

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from textune.decisions.rule import Decision
from textune.errors import ModelError
from textune.records import Contract, Pool, Shape

NAME = "decision.json"


@dataclass(frozen=True, slots=True)
class Card:
    """What predicting needs beside the weights: `model/decision.json`."""

    task: str
    labels: tuple[str, ...]
    decision: Decision
    shape: Shape
    contract: Contract
    header: bool
    delimiter: str | None
    pool: Pool = "mean"
    precision: str | None = None  # number format that it was trained in
    state: Mapping[str, Any] = field(default_factory=dict)  # of the task
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # part of the user's → its
    # code's name and sum


def read(folder: Path) -> Card:
    """Read the card of an exported model.

    Raises:
        ModelError: It is absent, or not of this form.
    """
    file = folder / NAME
    try:
        found: Card = made(Card, json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
        raise ModelError(f"{file}: not what textune export wrote: {error!r:.200}") from error
    return found


def made(kind: Any, value: Any) -> Any:
    """Make of JSON what a type asks for: records, and tuples of what they hold.

    Example:
        >>> made(tuple[int, ...], [1, 2])
        (1, 2)
    """
    origin, inner = get_origin(kind), get_args(kind)
    if value is None:
        return None
    if origin in (Union, types.UnionType):
        return made(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        each = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(made(one, item) for one, item in zip(each, value, strict=True))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [one.name for one in fields(kind) if one.name in value]
        return kind(**{name: made(hints[name], value[name]) for name in names})
    return value
