"""A run folder becomes one HTML page that needs no network, no script and no other file."""

from pathlib import Path

from textune.report import labelled_page, pages, pictures, plain_page
from textune.report.pages import Files


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
    shared = {
        "warmup": None,
        "name": run_dir.resolve().name,
        "times": pages.times(files.log),
        "settings": list(pages.flat(files.settings)),
        "capsule": list(pages.flat(files.capsule)),
    }
    if files.is_plain:
        return pages.write(run_dir, "plain.html", shared | plain_page.content(files))
    return pages.write(run_dir, "labelled.html", shared | labelled_page.content(run_dir, files))
