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
Finite = Annotated[float, Field(allow_inf_nan=False)]
Numbers = dict[str, float | None]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)  # what else it holds is of no use to a reader
    step: Count


class _Step(_Line):  # what may be absent, runs of an earlier version did not say
    kind: Literal["step"]
    epoch: Finite = 0.0
    seconds: Finite = 0.0
    loss: float | None = None
    lr: float | None = None
    norm: float | None = None


class _Epoch(_Line):
    kind: Literal["epoch"]
    epoch: Finite
    seconds: Finite


class _Validation(_Line):
    kind: Literal["validation"]
    epoch: Finite = 0.0
    seconds: Finite = 0.0
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
        except (ValidationError, ValueError):
            continue
