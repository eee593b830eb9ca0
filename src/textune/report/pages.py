"""What the pages and pictures of a run are made from: its files read, its numbers in words."""

import json
import math
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from textune.errors import RunError
from textune.metrics import written
from textune.metrics.catalogue import Metric
from textune.metrics.metrics import Report
from textune.runs import exports, logged
from textune.runs.typed import Capsule, LogLine, PlainCard

UNKNOWN = "\N{EN DASH}"
THIN = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Files:
    """What a run wrote; nothing where a file is absent."""

    metrics: Report
    card: PlainCard  # of a run on plain text
    settings: Mapping[str, Any]
    capsule: Capsule
    log: Sequence[LogLine]

    @classmethod
    def read(cls, run_dir: Path, *, needed: bool = True) -> "Files":
        """Read them from a run's folder.

        Args:
            run_dir: The folder.
            needed: Whether there must be numbers of the run itself.

        Raises:
            RunError: There is no metrics.json, without which there is nothing to show, or a file
                is damaged.
        """
        metrics = _read(run_dir / "metrics.json")
        if not metrics and needed:
            exports.refuse(run_dir, "keeps no numbers")
            raise RunError(
                f"{run_dir}: no metrics.json, so there is nothing to report; train first"
            )
        return cls(
            metrics=metrics,
            card=cast("PlainCard", _read(run_dir / "data_card.json")),
            settings=_read(run_dir / "config.toml"),
            capsule=cast("Capsule", _read(run_dir / "capsule.json")),
            log=[line for _, line in logged.read(run_dir / "log.jsonl")],
        )

    @property
    def is_plain(self) -> bool:
        """Tell whether the run learned from plain text."""
        return "objective" in self.metrics


def _read(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    parse = tomllib.loads if path.suffix == ".toml" else json.loads
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: damaged ({error}); train again or delete the file") from error
    return found if isinstance(found, dict) else {}


def flat(nested: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value with its dotted name; what is None is left out."""
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", ", ".join(map(str, value))
        elif value is not None:
            yield f"{prefix}{key}", str(value)


def times(log: Sequence[LogLine]) -> list[tuple[str, str, str]]:
    """Say of each epoch how long its updates took, and its validations; the last row is the sum.

    An epoch that was not finished has none of its own; a log of an earlier version has no epochs.
    """
    training = {
        int(line["epoch"]): float(line["seconds"]) for line in log if line.get("kind") == "epoch"
    }
    judging: defaultdict[int, float] = defaultdict(float)
    for line in log:
        if line.get("kind") == "validation" and "seconds" in line:
            judging[math.ceil(line.get("epoch", 0))] += line["seconds"]
    rows = [
        (str(epoch), written.clock(training[epoch]), written.clock(judging[epoch]))
        for epoch in sorted(training)
    ]
    whole = written.clock(sum(training.values())), written.clock(sum(judging.values()))
    return [*rows, ("all", *whole)] if rows else []


def number(value: float | None, digits: int = 3) -> str:
    """Write a number; a dash for what is unknown or not finite."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return written.decimals(value, digits)


def span(interval: Sequence[float] | None, show: Callable[[float], str] = number) -> str:
    """Write an interval; nothing where there is none."""
    return f"{show(interval[0])} to {show(interval[1])}" if interval else ""


def scores(
    measures: Sequence[Metric],
    parts: Sequence[Report],
    *,
    show: Callable[[Metric, float | None], str],
) -> list[dict[str, object]]:
    """List each measure that any part has, with its value and interval in each part."""
    return [
        {
            "name": measure.heading,
            "arrow": measure.arrow,
            "cells": [
                (
                    show(measure, part.get(measure.name)),
                    span((part.get("intervals") or {}).get(measure.name), partial(show, measure)),
                )
                for part in parts
            ],
        }
        for measure in measures
        if any(part.get(measure.name) is not None for part in parts)
    ]


def count(value: int) -> str:
    """Write a count in groups of three digits."""
    return f"{value:,}".replace(",", THIN)


def percent(share: float | None) -> str:
    """Write a share of 1 as a percentage; a dash for what is unknown or not finite."""
    shown = number(None if share is None else 100 * share, 1)
    return shown if shown == UNKNOWN else f"{shown}{THIN}%"


def filled(template: str, values: Mapping[str, Any]) -> Markup:
    """Fill a file of `templates/`; what is text in the values is escaped."""
    return Markup(_environment().get_template(template).render(values).strip())


def source(template: str) -> str:
    """Return a file of `templates/` as it is."""
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, template)[0]


def compile_all() -> None:
    """Compile all templates: those of a page take longer to compile than to fill."""
    environment = _environment()
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)


@cache
def _environment() -> Environment:
    """Return what fills templates; it keeps them compiled for the next page."""
    found = Environment(
        loader=PackageLoader("textune.report"), autoescape=True, undefined=StrictUndefined
    )
    found.filters |= {"number": number, "count": count, "percent": percent}
    return found
