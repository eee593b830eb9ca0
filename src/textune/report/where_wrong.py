"""What was found of a run's errors becomes a section: slices, words, labels taken for others."""

from collections.abc import Mapping
from typing import Any

from textune.metrics import catalogue, written
from textune.report import pages
from textune.report.section import EVALUATION, Part, Section, Subject, section

MOST_PAIRS = 10
NOTHING = "nothing"


def wrong(subject: Subject) -> Section | None:
    """Show where the model is wrong, on the test texts or else those that validate."""
    part = subject.part(EVALUATION, "test", "valid")
    if part is None or not (part.found.get("wrong") or part.found.get("by")):
        return None
    return section("wrong", "Where it is wrong", "wrong.html", _values(part))


def _values(part: Part) -> dict[str, Any]:
    told: Mapping[str, Any] = part.found.get("wrong") or {}
    return {
        "part": part.title,
        "said": told.get("said", []),
        "of": told.get("of", "texts"),
        "words": [
            (
                one["word"],
                pages.count(one["n"]),
                pages.count(one["wrong"]),
                pages.percent(one["share"]),
                pages.percent(one["other_share"]),
                written.chance(one["q"]),
            )
            for one in told.get("words", [])
        ],
        "confused": [
            (
                one["truth"] or NOTHING,
                one["given"] or NOTHING,
                pages.count(one["n"]),
                pages.count(one["of"]) if one["of"] else "",
            )
            for one in told.get("confused", [])[:MOST_PAIRS]
        ],
        "slices": [
            _slices(column, found) for column, found in (part.found.get("by") or {}).items()
        ],
    }


def _slices(column: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Show the values of a column, each beside the rest of the texts."""
    key = found["metric"]
    return {
        "column": column,
        "metric": catalogue.title(key),
        "words": found["words"],
        "rows": [
            (
                one["value"],
                pages.count(one["n"]),
                "few" if one["is_small"] else "",
                pages.number(one[key]),
                pages.span(one["interval"]),
                "" if one["difference"] is None else written.signed(one["difference"]),
                "" if one["p"] is None else written.chance(one["p"]),
                "shown" if one["is_shown"] else "",
                one.get("why", ""),
            )
            for one in found["slices"]
        ],
    }
