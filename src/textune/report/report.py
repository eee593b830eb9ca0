"""A run folder becomes one HTML page that needs no network and no other file."""

import base64
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from textune.metrics.metrics import Report
from textune.report import drawn, facts, pages, pictures
from textune.report.pages import Files
from textune.report.section import Section, Subject, sections
from textune.report.sections import EVALUATED, LABELLED, PLAIN
from textune.storage import atomic

PAGE = "report.html"


def write(run_dir: Path) -> Path:
    """Write the page of a run, and the pictures of one that learned from plain text.

    Returns:
        The page.

    Raises:
        RunError: There is no metrics.json, or a file of the run is damaged.
    """
    files = Files.read(run_dir)
    if files.is_plain:
        pictures.draw(run_dir, files)
    return write_page(run_dir, files)


def write_page(run_dir: Path, files: Files) -> Path:
    """Write report.html into a run folder; whatever else the folder lacks is left out."""
    subject = Subject.read(run_dir, files)
    with drawn.keeping(run_dir / PAGE):
        shown = sections(subject, PLAIN if files.is_plain else LABELLED)
    return put(run_dir, PAGE, subject.name, facts.of(subject), shown)


def write_evaluation(run_dir: Path, found: Report, answers: Path) -> Path:
    """Write the page of another file that a run's model was judged by, beside its numbers."""
    subject = Subject.evaluated(run_dir, found, answers)
    page = answers.with_suffix(".html")
    with drawn.keeping(page):
        shown = sections(subject, EVALUATED)
    return put(page.parent, page.name, subject.name, facts.of(subject), shown)


def put(
    folder: Path,
    name: str,
    title: str,
    facts_of: Sequence[tuple[str, str]],
    shown: Sequence[Section],
) -> Path:
    """Write a page of sections into a folder."""
    script = pages.source("page.js")
    values = {
        "name": title,
        "facts": facts_of,
        "sections": shown,
        "script": Markup(script),  # ours
        "script_hash": f"sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}",
    }
    file = folder / name
    atomic.write_text(file, pages.filled("page.html", values) + "\n")
    return file
