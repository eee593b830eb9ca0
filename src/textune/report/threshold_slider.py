"""What moving a threshold does becomes a section: a slider, curves, and a table without either."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from textune.report import bars, label_curves, pages, pictures
from textune.report.bars import Cells, Counts
from textune.report.section import EVALUATION, Part, Section, Subject, section

SHOWN = (0.1, 0.3, 0.5, 0.7, 0.9)  # thresholds of the table
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def thresholds(subject: Subject) -> Section | None:
    """Show what each threshold gives, on the texts by which thresholds may be chosen."""
    part = subject.part("valid", "test", EVALUATION)
    found = [] if part is None else bars.cells(part)
    if part is None or not found:
        return None
    whole = bars.together(part, found)
    every = [*([whole] if whole else []), *found]
    values = {
        "title": part.title,
        "n": part.found.get("n"),
        "is_exclusive": whole is not None,
        "is_test": part.name != "valid",
        "is_crossed": bool(part.found.get("decided")),
        "labels": [one.label for one in every],
        "data": _inlined({"stops": list(bars.STOPS), "labels": [bars.told(one) for one in every]}),
        "curves": curves(found, marked=True),
        "rows": [(one.label, _rows(one)) for one in every],
    }
    return section("thresholds", "What a threshold does", "thresholds.html", values)


def curves(found: Sequence[Cells], *, marked: bool) -> list[label_curves.Curves]:
    """Draw the curves of each label; none where no drawings are wanted."""
    if not pictures.are_wanted():
        return []
    return [label_curves.draw(one, marked=marked) for one in found]


def of_part(part: Part) -> list[label_curves.Curves]:
    """Draw the curves of each label of a part, to be looked at only."""
    return curves(bars.cells(part), marked=False)


def _rows(one: Cells) -> list[tuple[str, Counts, bool]]:
    """Count what a few thresholds give, and the model's own among them."""
    rows = [(f"{stop:g}", bars.count(one, stop), False) for stop in SHOWN if stop != one.own]
    rows.append((pages.number(one.own), bars.count(one, one.own), True))
    return sorted(rows, key=lambda row: row[1].threshold)


def _inlined(values: Mapping[str, Any]) -> Markup:
    """Write JSON that can stand in a page: nothing in it ends the element that it stands in."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return Markup("".join(UNSAFE.get(sign, sign) for sign in text))
