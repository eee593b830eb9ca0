"""The log and the settings of a run become sections: how it learned, and how to repeat it."""

import shlex
from typing import cast

from textune.report import drawings, pages, pictures
from textune.report.section import Section, Subject, section
from textune.runs.typed import PlainMetrics


def training(subject: Subject) -> Section | None:
    """Show curves over the steps, and what each epoch took."""
    return trained(subject, warmup=None)


def trained(subject: Subject, *, warmup: object) -> Section | None:
    """Show how a run learned, and what its head alone learned before."""
    files = subject.files
    values = {
        "curves": _curves(subject) if pictures.are_wanted() else [],
        "warmup": warmup,
        "times": pages.times(files.log),
    }
    if not any(values.values()):
        return None
    return section("training", "Training", "training.html", values)


def _curves(subject: Subject) -> list[tuple[str, object]]:
    files = subject.files
    if not files.is_plain:
        return list(drawings.curves(files.log, subject.main))
    charts = pictures.charts(files.log, cast("PlainMetrics", files.metrics))
    return [(chart.title, pictures.to_svg(chart)) for chart in charts]


def repeat(subject: Subject) -> Section | None:
    """Show all settings, versions and the machine."""
    tables = {"Settings": subject.files.settings, "Versions and machine": subject.files.capsule}
    shown = [(title, list(pages.flat(of))) for title, of in tables.items() if of]
    if not shown:
        return None
    values = {
        "tables": shown,
        "command": command(subject),
        "seed": subject.files.settings.get("seed"),
    }
    return section("repeat", "How to repeat it", "repeat.html", values)


def command(subject: Subject) -> str:
    """Return the command that repeats a run; "" where its sources are not told."""
    told = subject.files.settings.get("run") or {}
    if isinstance(taught := told.get("distilled"), dict):
        words = ["textune", "distill", taught["run"], "--to", str(taught["layers"])]
        words += [word for text in taught["texts"] for word in ("--text", text)]
        return shlex.join([*words, "--out", f"{subject.folder}-again"])
    source = told.get("sources") or told.get("source")
    if not source:
        return ""
    words = ["textune", "train"]  # which reads its files and seeds in the settings
    if subject.files.is_plain:
        kind = "adapt" if subject.files.settings.get("base") else "pretrain"
        words = ["textune", kind, *([source] if isinstance(source, str) else source)]
    folder = subject.folder
    words += ["--config", str(folder / "config.toml"), "--out", f"{folder}-again"]
    return shlex.join(map(str, words))
