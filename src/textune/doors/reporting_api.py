"""The files that a run keeps become its report anew: a page, or Markdown."""

from pathlib import Path
from typing import Any

FORMS = ("html", "md")


def require_form(form: str | None, option: str) -> None:
    """Refuse a form that there is not.

    Raises:
        SettingsError: It is none of them.
    """
    from textune.errors import SettingsError, among

    if form is not None and form not in FORMS:
        raise SettingsError(f"{option} {form}: {among(form, FORMS)}")


def require_labels(run: Path, form: str | None) -> None:
    """Refuse a report of what a model that fills in masks is judged by.

    Raises:
        SettingsError: One is asked for.
    """
    from textune.errors import SettingsError
    from textune.runs import runs

    if form is not None and runs.is_language(run):
        raise SettingsError(
            "--report: there is no page of plain text that a model was judged by; leave it out"
        )


def remake(
    run: str | Path, *, as_: str | None = None, on: Any = None, explain: bool = False
) -> str:
    """Write the page of a run anew from its files, or return its report as Markdown.

    Args:
        run: Folder that a command which trains wrote.
        as_: "html" (the default), a page in the run's folder, or "md", for a pull request.
        on: A file that the run was judged by (with evaluate), in place of the run's own texts.
        explain: Explain the worst errors first: the words that moved them, of at most 20 texts.

    Returns:
        The place of the page, or the Markdown.

    Raises:
        SettingsError: There is no such form.
        RunError: The run is not finished, was not judged by the file, or a file of it is damaged.
    """
    from textune.errors import RunError
    from textune.runs import evaluations
    from textune.storage import objects
    from textune.storage.names import to_path

    require_form(as_, "--as")
    folder = to_path(run, "RUN")
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; RUN is a folder that a command of textune wrote")
    if explain:
        _explain(folder, on)
    from textune.report import markdown, report  # draws
    from textune.report.pages import Files
    from textune.report.section import Subject

    if on is None:
        if as_ == "md":
            return markdown.text(Subject.read(folder, Files.read(folder)))
        return str(report.write(folder))
    answers = evaluations.answers_of(folder, on)
    found = objects.read(answers.with_suffix(".json"))
    if not found:
        raise RunError(
            f"{folder}: was not judged by {on}; judge it first: textune evaluate {folder} {on}"
        )
    if "perplexity" in found:
        raise RunError(f"{folder}: there is no page of plain text that a model was judged by")
    if as_ == "md":
        return markdown.text(Subject.evaluated(folder, found, answers))
    return str(report.write_evaluation(folder, found, answers))


def _explain(folder: Path, on: Any) -> None:
    """Keep explanations of a run's worst errors in its folder."""
    from textune.errors import SettingsError
    from textune.predicting.explaining import worst
    from textune.predicting.predictor import Predictor

    if on is not None:
        raise SettingsError("--explain: explains the errors on the run's own texts; leave out --on")
    worst.write(folder, Predictor.load(folder, precision="fp32"))


def renew(run: Path) -> None:
    """Write the page of a run anew, where it has one, with what happened since."""
    from textune.runs import openings

    page = openings.home(run) / "report.html"
    if page.is_file():
        from textune.report import report  # draws

        report.write(page.parent)


def write_beside(run: Path, form: str, on: Any = None) -> Path:
    """Write a report that was asked for with the run, beside its numbers.

    Returns:
        The page, or report.md in the run's folder; of another file beside its numbers.
    """
    from textune.runs import evaluations
    from textune.storage import atomic

    told = remake(run, as_=form, on=on)
    if form == "html":
        return Path(told)
    place = run / "report.md" if on is None else evaluations.answers_of(run, on).with_suffix(".md")
    atomic.write_text(place, told)
    return place
