"""What was asked of a sweep is kept in its folder, so that whoever goes on asks for the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from textune.errors import BusyError, RunError
from textune.recipes.requests import TrainRequest
from textune.settings.config import Settings
from textune.settings.refusals import checked
from textune.storage import atomic, contents
from textune.sweeping import spaces, study
from textune.sweeping.spaces import Space
from textune.sweeping.study import Rules

FILE = "sweep.json"
TRIALS, FINAL, BEST, TABLE, RESULT = "trials", "final", "best.toml", "trials.csv", "result.json"
PAGE, PICTURES, JOBS = "sweep.html", "pictures", "jobs"
WRITTEN = (
    *(FILE, TRIALS, FINAL, BEST, TABLE, RESULT, PAGE, PICTURES, JOBS),
    *(study.DATABASE, f"{study.DATABASE}-journal", study.LOCK, study.WORKERS, f"{FINAL}.lock"),
)
SEEDS = 3  # by which the winner is trained again


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What somebody asked of a sweep, or of one that goes on."""

    train: TrainRequest  # of what all trials have in common
    space: Space | None = None
    trials: int | None = None
    seconds: float | None = None  # after which no trial begins
    jobs: int = 1
    pruner: str | None = None
    joins: bool = False  # goes on with all that is kept in the folder, nothing else named


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same in all sessions of a sweep."""

    source: Any  # None for data that Python held
    valid: Any
    test: Any
    settings: Mapping[str, Any]  # that were given
    space: Sequence[Mapping[str, Any]]
    pruner: str
    is_grid: bool
    metric: str
    is_higher: bool
    is_crossed: bool  # each trial is judged by cross-validation
    has_own_valid: bool  # a file, or part of the data set, validates
    files: Sequence[Sequence[str]]  # that are read by trials, and their checksums
    texts: int  # that judge
    trials: int
    seeds: int

    @property
    def rules(self) -> Rules:
        """Return how trials are chosen."""
        seed = self.of_all.seed
        return Rules(self.dimensions, seed, self.is_higher, self.pruner, self.is_grid)

    @property
    def dimensions(self) -> Space:
        """Return the space."""
        return spaces.restored(self.space)

    @property
    def of_all(self) -> Settings:
        """Return the settings that all trials have in common."""
        return checked(Settings, self.settings)

    def write(self, folder: Path) -> None:
        """Write it into the sweep's folder."""
        atomic.write_json(folder / FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """Read it from a sweep's folder.

        Raises:
            RunError: There is none, or it is damaged.
        """
        file = folder / FILE
        if not file.is_file():
            raise RunError(f"{folder}: nothing to resume there")
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(
                f"{file}: damaged ({error}); start anew with --overwrite or another --out"
            ) from error

    def differences(self, other: "Plan") -> list[str]:
        """Say in which ways another one asks for something else; counts may differ."""
        free = {"trials", "seeds"}
        found = []
        for name, mine in asdict(self).items():
            theirs = getattr(other, name)
            if name not in free and _plain(mine) != _plain(theirs):
                found.append(f"{name}: {_shown(mine)} → {_shown(theirs)}")
        return found


def given(settings: Settings) -> dict[str, Any]:
    """Return the settings that somebody gave, as plain values."""
    return settings.model_dump(mode="json", exclude_unset=True)


def request_of(plan: Plan, request: TrainRequest) -> TrainRequest:
    """Return a request that asks for what is kept in a sweep's folder.

    Raises:
        RunError: It was made of data that Python held, and nobody holds it here.
    """
    if plan.source is None:
        raise RunError(
            f"{request.out}: this sweep is of data that Python held; resume it there, with "
            "textune.sweep(DATA, …, resume=True)"
        )
    return replace(
        request,
        source=_sources(plan.source),
        valid=_sources(plan.valid),
        test=_sources(plan.test),
        settings=plan.of_all,
        seeds=request.seeds or plan.seeds,
    )


def make_room(request: TrainRequest) -> None:
    """Refuse a folder in which something is, or empty it where that is asked for.

    Raises:
        RunError: It exists and may not be replaced, or holds what no sweep writes.
        BusyError: Somebody works in it.
    """
    folder = request.out
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; --out names a folder")
    inside = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    inside = [name for name in inside if not atomic.UNFINISHED.fullmatch(name)]
    if not inside:
        return
    strangers = [name for name in inside if name not in WRITTEN or FILE not in inside]
    if strangers:
        raise RunError(
            f"{folder}: holds {strangers[0]!r}, which no sweep wrote; textune deletes only what is "
            "its own: choose another --out"
        )
    _refuse_used(request)
    for name in (*(name for name in inside if name != FILE), FILE):
        atomic.remove(folder / name)


def _refuse_used(request: TrainRequest) -> None:
    """Refuse to delete a sweep that nobody said may be replaced, or in which somebody works."""
    folder = request.out
    if not request.overwrite:
        raise RunError(
            f"{folder}: already exists; --resume continues it, --overwrite starts anew, or "
            "choose another --out"
        )
    for name, value in request.inputs().items():
        if isinstance(value, str | Path) and contents.is_inside(folder, Path(value)):
            raise RunError(
                f"{folder}: --overwrite would delete {name} ({value}), which this command reads; "
                "choose another --out"
            )
    if study.is_busy(folder):
        raise BusyError(
            f"{folder}: another process is at this sweep; wait for its end, join it with --resume, "
            "or choose another --out"
        )


def _sources(value: Any) -> Any:
    return [*value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"
