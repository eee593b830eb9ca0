"""How often the test file of a run was opened becomes a section: when, by what, what it scored."""

from textune.metrics import catalogue
from textune.report import pages
from textune.report.section import Section, Subject, section
from textune.runs import openings


def opened(subject: Subject) -> Section | None:
    """Show each opening of the test file, where there was one."""
    found = openings.read(subject.folder)
    if not found:
        return None
    said = openings.said(subject.folder)
    rows = [
        (
            one.when.replace("T", " ").replace("+00:00", " UTC") or "not noted",
            one.command,
            catalogue.title(one.metric) if one.metric else pages.UNKNOWN,
            pages.number(one.value),
        )
        for one in found
    ]
    return section("opened", "Test file", "opened.html", {"said": said, "rows": rows})
