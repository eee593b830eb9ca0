"""The learning curve of a run, written into its folder and read back: `curve.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from textune.storage import atomic

CURVE = "curve.json"
FROZEN, TUNED = "frozen", "fine-tuned"
CONTRASTED = "contrasted"  # fine-tuned, with a contrastive loss beside that of the labels
WAYS = {FROZEN: "linear head, frozen", TUNED: "fine-tuning"}


@dataclass(frozen=True, slots=True)
class Point:
    """What was scored by learning from some of the training texts."""

    way: str  # one of `WAYS`
    texts: int
    value: float | None  # the mean of the draws; None where these texts give no such number
    draws: int = 1
    seconds: float | None = None  # that it took; None of the run itself


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Scores at some numbers of texts, and what more labels would buy."""

    key: str  # names all that the points depend on
    metric: str
    judged: str  # by what, in words
    texts: int  # that the run learned from
    points: tuple[Point, ...] = ()
    ahead: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # way → texts → forecast
    score: float | None = None  # of the run, and its 95 % interval
    interval: Sequence[float] | None = None
    words: str = ""  # what more labels would buy; "" while points are missing

    def of(self, way: str) -> dict[int, float]:
        """Return the scores of one way that are known, by the number of texts."""
        found = {each.texts: each.value for each in self.points if each.way == way}
        return {texts: value for texts, value in sorted(found.items()) if value is not None}

    def ways(self) -> dict[str, dict[int, float]]:
        """Return the scores of each way that has any, in the order of `WAYS`."""
        return {way: found for way in WAYS if (found := self.of(way))}

    def forecast(self, way: str) -> dict[int, float]:
        """Return what more texts would score by one way, by their number."""
        return {int(texts): value for texts, value in self.ahead.get(way, {}).items()}

    def told(self) -> dict[str, object]:
        """Return what there is to read of it, for programs."""
        return {name: value for name, value in asdict(self).items() if name != "key"}

    def write(self, folder: Path) -> None:
        """Write it into a run's folder."""
        atomic.write_json(folder / CURVE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "LearningCurve | None":
        """Read it from a run's folder; None where there is none, or it is damaged."""
        try:
            found = json.loads((folder / CURVE).read_text(encoding="utf-8"))
            points = tuple(Point(**each) for each in found.pop("points"))
            return cls(**found, points=points)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
