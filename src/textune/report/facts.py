"""The settings and sizes of a run become the facts below its name."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from textune.report import pages, plain_page
from textune.report.section import PARTS, Subject
from textune.runs.typed import PlainMetrics
from textune.runs.written import Best
from textune.tasks import registry


def of(subject: Subject) -> list[tuple[str, str]]:
    """Name what was learned, on what base, from how much, and when it was best."""
    files = subject.files
    if files.is_plain:
        metrics = cast("PlainMetrics", files.metrics)
        return plain_page.facts(metrics, files.card, files.settings)
    task = str(subject.contract.get("task") or "")
    best = Best.of(files.metrics)
    facts = [
        ("Task", registry.of(task).words if task in registry.TASKS else task),
        ("Base", Path(str(files.settings.get("base") or "")).name),
        *_sizes(subject.card.splits),
        ("Best epoch", f"{best.epoch:g}" if best.epoch else ""),
        ("Best step", str(best.step or "")),
    ]
    return [(name, value) for name, value in facts if value]


def _sizes(splits: Mapping[str, int]) -> list[tuple[str, str]]:
    names = {"train": "Training"} | PARTS
    return [
        (f"{title} texts", pages.count(splits[part]))
        for part, title in names.items()
        if splits.get(part)
    ]
