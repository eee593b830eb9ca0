"""Lines of log.jsonl are read again: what is no whole line of one of its kinds is left out.

A run that was killed may have left half of one, and a disk may have changed any.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from textune.runs.typed import LogLine

Count = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Numbers = dict[str, Number | None]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)  # what else it holds is of no use to a reader
    step: Count


class _Step(_Line):
    kind: Literal["step"]
    epoch: Number
    seconds: Number
    loss: Number | None = None
    lr: Number | None = None
    norm: Number | None = None


class _Epoch(_Line):
    kind: Literal["epoch"]
    epoch: Number
    seconds: Number


class _Validation(_Line):
    kind: Literal["validation"]
    epoch: Number
    seconds: Number = 0.0  # which a run of an earlier version does not say
    metrics: Numbers = {}
    roc_auc: Numbers = {}
    train_metrics: Numbers = {}
    train_roc_auc: Numbers = {}


class _Retry(_Line):
    kind: Literal["retry"]


LINE: TypeAdapter[_Line] = TypeAdapter(
    Annotated[_Step | _Epoch | _Validation | _Retry, Field(discriminator="kind")]
)


def read(file: Path) -> list[tuple[str, LogLine]]:
    """Return the lines of a log that are whole, and what each says; none where there is no log."""
    return list(_read(file)) if file.is_file() else []


def _read(file: Path) -> Iterator[tuple[str, LogLine]]:
    for line in file.read_bytes().decode("utf-8", "replace").splitlines():
        try:
            LINE.validate_json(line)
            yield line, json.loads(line)
        except (ValidationError, ValueError, RecursionError):  # pydantic lets no number overflow
            continue
