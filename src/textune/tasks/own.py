"""What a user brings instead of what is built in: a head, a loss, metrics, an optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SHAPES = ("head", "loss", "optimizer", "preprocess", "metrics", "callbacks")
ANSWERS = ("head", "preprocess")  # without which a model gives other answers, or none


@dataclass(frozen=True, slots=True)
class Source:
    """Where the code of a part stands."""

    name: str  # "focal.py:loss", "my_package.heads:Mean"
    sha256: str  # of the text
    text: str = field(repr=False)  # of the whole file, where there is one

    def told(self) -> dict[str, str]:
        """Return what is kept of it beside a model."""
        return {"name": self.name, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A number of the user's own that says how good a model is."""

    name: str
    compute: Callable[..., Any]
    is_better_higher: bool = True

    @property
    def wants_probabilities(self) -> bool:
        """Tell whether the function takes probabilities after truth and decisions."""
        return positions(self.compute) > 2


@dataclass(frozen=True, slots=True)
class Own:
    """Everything of a run that is the user's own."""

    head: Callable[..., Any] | None = None
    loss: Callable[..., Any] | None = None
    metrics: tuple[OwnMetric, ...] = ()
    optimizer: Callable[..., Any] | None = None
    callbacks: tuple[Any, ...] = ()
    preprocess: Callable[[str], str] | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)  # by part; metrics as "metrics"

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return any(getattr(self, name) for name in SHAPES)

    def told(self) -> dict[str, dict[str, str]]:
        """Return what is kept beside a model: the name and the sum of each part's code."""
        return {part: source.told() for part, source in self.sources.items()}


NOTHING = Own()


def positions(function: Callable[..., Any]) -> int:
    """Count the arguments that a function must be given by their places."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a function in C
        return 2
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in places and each.default is inspect.Parameter.empty for each in found)
