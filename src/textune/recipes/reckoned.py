"""Some updates of a training, with their seconds, become those of all of its updates."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from textune.recipes.shares import Held

clock = time.perf_counter  # what is reckoned in seconds of


@dataclass(slots=True)
class Training:
    """One training of a run, of which some updates are computed."""

    steps: int  # of the whole
    tokens: int  # of the whole
    validations: int
    first: int = 0  # tokens of the first update, which warms up
    computed: list[tuple[int, float]] = field(default_factory=list)  # tokens and seconds of others
    last: int = 0  # tokens of the last, whose time is not known apart
    began: float = 0.0  # when the last was begun
    warming: float = 0.0  # seconds of the first

    @property
    def rate(self) -> float:
        """Return the seconds of a token."""
        tokens = sum(size for size, _ in self.computed)
        if tokens:
            return sum(seconds for _, seconds in self.computed) / tokens
        return self.warming / max(self.first, 1)

    @property
    def spent(self) -> float:
        """Return the seconds of the updates that were computed."""
        return self.warming + sum(one for _, one in self.computed) + self.rate * self.last

    @property
    def whole(self) -> float:
        """Return the seconds of all updates."""
        extra = max(self.warming - self.rate * self.first, 0.0)
        return self.rate * self.tokens + (extra if self.steps else 0.0)


@dataclass(slots=True)
class Seen:
    """What was seen of a run on the way."""

    trainings: list[Training] = field(default_factory=list)
    judged: float = 0.0  # seconds from the last update to the first judgement of the best weights
    scored: float = 0.0  # seconds of judging the best weights
    cache: int = 0  # bytes of what is kept of the texts
    wall: float = 0.0  # seconds of all
    repeats: int = 1  # runs, by as many seeds
    sizes: Mapping[str, int] = field(default_factory=dict)  # bytes of each part of the folder
    state: int = 0  # bytes of a checkpoint
    beside: int = 0  # bytes of what lies beside checkpoints: the best weights, what folds found
    is_frozen: bool = False  # whether folds of a few updates chose the encoder as it is
    held: Held | None = None  # as the first update began
