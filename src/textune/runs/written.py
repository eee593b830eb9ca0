"""What a fine-tuning run writes of its data and of its best weights, and reads back by one type."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.storage import atomic

CARD = "data_card.json"
PROBE = "probe.json"


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read."""

    path: str
    sha256: str
    bytes: int = 0
    part: str = "train"  # for which it was given: "train", "valid" or "test"


@dataclass(frozen=True, slots=True)
class DataCard:
    """What a run learned from: `data_card.json`."""

    contract: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[File, ...] = ()  # none of a data frame
    columns: tuple[str, ...] = ()
    layout: tuple[str, ...] = ()  # how the first file's layout was recognised
    labels: Mapping[str, int] = field(default_factory=dict)  # texts, or words, of each
    max_tokens: int | None = None
    splits: Mapping[str, int] = field(default_factory=dict)  # texts of each part
    findings: tuple[Mapping[str, Any], ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)  # columns that were not used, and why

    def write(self, folder: Path) -> None:
        """Write it into a run's folder."""
        atomic.write_json(folder / CARD, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "DataCard":
        """Read it from a run's folder; nothing in it where there is none.

        Raises:
            RunError: The file is damaged.
        """
        file = folder / CARD
        if not file.is_file():
            return cls()
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            known = {key: found[key] for key in cls.__slots__ if key in found}
            known["files"] = tuple(_file(item) for item in found.get("files", ()))
            return cls(**{key: _as_tuple(value) for key, value in known.items()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{file}: damaged ({error}); train again or delete the file") from error


@dataclass(frozen=True, slots=True)
class Best:
    """Which weights were kept: `best` in `metrics.json`."""

    step: int | None = None
    metric: str = ""
    value: float | None = None
    epoch: float | None = None  # passes until then; unknown of runs of the version before

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> "Best":
        """Take it out of what a run scored."""
        found = metrics.get("best") or {}
        return cls(**{key: found[key] for key in cls.__slots__ if key in found})


@dataclass(frozen=True, slots=True)
class Probe:
    """The linear head on frozen features from which fine-tuning began: `probe.json`."""

    texts: int  # by which it was fitted
    folds: int  # of cross-validation; 0 where there was none
    strength: float  # scikit-learn's C
    losses: Mapping[str, float]  # strength → mean loss of what was held out
    metric: str  # that selects
    value: float | None  # of it, by cross-validation
    test: Mapping[str, Any] | None = None  # what the test texts said of it
    reads_names: bool = False  # whether it learned from the names of labels, too

    def write(self, folder: Path) -> None:
        """Write it into a run's folder."""
        atomic.write_json(folder / PROBE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Probe | None":
        """Read it from a run's folder; None where there is none, or it is damaged."""
        try:
            found = json.loads((folder / PROBE).read_text(encoding="utf-8"))
            return cls(**{key: found[key] for key in cls.__slots__ if key in found})
        except (OSError, ValueError, TypeError):
            return None


def _file(item: Mapping[str, Any]) -> File:
    return File(**{key: item[key] for key in File.__slots__ if key in item})


def _as_tuple(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value
