"""Texts that judge, and that training saw as well, become a section: the scores without them."""

from textune.metrics import catalogue
from textune.report import pages
from textune.report.section import Section, Subject, section


def leaks(subject: Subject) -> Section | None:
    """Show how many texts of each part training saw, and what the others score."""
    found = [(part, told) for part in subject.parts if (told := part.found.get("without_leaks"))]
    if not found:
        return None
    rows = []
    for part, told in found:
        key = told["metric"]
        counts = [pages.count(told["leaked"][kind]) for kind in ("exact", "normalised", "near")]
        scores = (
            catalogue.title(key),
            pages.number(part.found.get(key)),
            pages.span(part.found.get("intervals", {}).get(key)),
            pages.count(told["n"]),
            pages.number(told[key]),
            pages.span(told["interval"]),
        )
        rows.append((part.title, *counts, *scores))
    return section("leaks", "Texts that training saw", "leaks.html", {"rows": rows})
