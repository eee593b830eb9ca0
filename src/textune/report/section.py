"""What a section of a page is, and what it is made from: a run or an evaluation, read once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from textune.metrics import catalogue
from textune.metrics.catalogue import METRICS
from textune.metrics.metrics import Report
from textune.report import mistakes, pages
from textune.report.pages import Files
from textune.runs.written import Best, DataCard

EVALUATION = "evaluation"  # the part of a page that is not of the run, but of another file
PARTS = {"valid": "Validation", "test": "Test"}
MAIN = {
    "confusion": "mcc",
    "confusion_cells": "mcc",
    "rmse": "rmse",
    "entities": "f1",
    "exact_match": "f1",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of a page and what stands below it."""

    anchor: str  # unique on the page: letters, digits, hyphens
    title: str  # of the heading and of the table of contents; escaped where it is shown
    body: Markup  # HTML that begins with <h3>, if with a heading; a user's texts are escaped in it


@dataclass(frozen=True, slots=True)
class Part:
    """Texts whose truth is known, and what the model said of them."""

    name: str  # "valid" or "test"
    title: str
    found: Report  # as metrics.json has it
    table: pa.Table | None  # predictions; None where none were kept

    @property
    def labels(self) -> list[str]:
        """Name the labels, in the order of the outputs."""
        return list(self.found.get("labels") or {})

    @property
    def is_single(self) -> bool:
        """Tell whether a text has exactly one label."""
        return self.found.get("confusion") is not None or "confusion_cells" in self.found


@dataclass(frozen=True, slots=True)
class Subject:
    """What a page is about."""

    folder: Path  # of the run
    files: Files
    card: DataCard  # empty of a run on plain text
    parts: tuple[Part, ...]  # none of a run on plain text
    name: str  # the title of the page

    @classmethod
    def read(cls, folder: Path, files: Files) -> "Subject":
        """Read what labelled text was understood as, and what the model said of it.

        Raises:
            RunError: A file of the run is damaged.
        """
        if files.is_plain:
            return cls(folder, files, DataCard(), (), _name(folder))
        parts = tuple(
            Part(
                name,
                catalogue.judged_by(found, title),
                found,
                mistakes.read(folder / "predictions" / f"{name}.parquet"),
            )
            for name, title in PARTS.items()
            if (found := files.metrics.get(name))
        )
        return cls(folder, files, DataCard.read(folder), parts, _name(folder))

    @classmethod
    def evaluated(cls, folder: Path, found: Report, answers: Path) -> "Subject":
        """Read what a run's model said of another file.

        Args:
            folder: Of the run.
            found: The numbers that `evaluate` kept.
            answers: The table beside them.

        Raises:
            RunError: A file of the run is damaged.
        """
        title = Path(str(found.get("source") or answers.stem)).name
        files = replace(Files.read(folder, needed=False), log=())
        files = replace(files, metrics={EVALUATION: found, "best": files.metrics.get("best")})
        part = Part(EVALUATION, title, found, mistakes.read(answers))
        name = f"{_name(folder)} on {title}"
        return cls(folder, files, DataCard.read(folder), (part,), name)

    @property
    def contract(self) -> Mapping[str, Any]:
        """Return how the files were understood."""
        return self.card.contract or self.files.settings.get("run", {}).get("contract") or {}

    @property
    def main(self) -> str:
        """Name the metric that chose the model."""
        chosen = Best.of(self.files.metrics).metric
        if chosen.rpartition(".")[2] in METRICS:
            return chosen
        known = {key for part in self.parts for key in part.found}
        return next((main for mark, main in MAIN.items() if mark in known), "macro_f1")

    def part(self, *names: str) -> Part | None:
        """Return the first of these parts that there is."""
        known = {part.name: part for part in self.parts}
        return next((known[name] for name in names if name in known), None)


def _name(folder: Path) -> str:
    return folder.resolve().name


Source = Callable[[Subject], Section | None]
"""What makes a section; None where there is nothing to show."""


def section(anchor: str, title: str, template: str, values: Mapping[str, Any]) -> Section:
    """Make a section by a file of `templates/`, which escapes what it is given."""
    return Section(anchor, title, pages.filled(template, values))


def sections(subject: Subject, sources: Sequence[Source]) -> list[Section]:
    """Make those sections of which there is something to show."""
    return [made for source in sources if (made := source(subject)) is not None]
