"""A run becomes Markdown for a pull request: the three sentences, the scores, what to look at."""

import re
from collections.abc import Iterator, Sequence

from textune.metrics import catalogue
from textune.metrics.catalogue import METRICS
from textune.report import facts, learned, pages, plain_page, results, summary, suspected
from textune.report.section import Part, Subject

MOST_SUSPECTS = 10
MOST_LABELS = 30  # the most frequent ones
SIGNS = re.compile(r"([\\`*_\[\]|~<>&$])")  # of which Markdown may make something
CALLS = re.compile(r"@(?=\w)|#(?=\d)")  # of people and issues, by GitHub; backslashes don't help
OF_LABEL = ("precision", "recall", "f1", "rmse", "pearson")


def text(subject: Subject) -> str:
    """Write what a reviewer should see of a run."""
    lines = [f"## {escaped(subject.name)}", ""]
    for sentence in sentences(subject):
        lines += [escaped(sentence), ""]
    named = [f"{escaped(name)}: **{escaped(value)}**" for name, value in facts.of(subject)]
    lines += [" · ".join(named), ""]
    for title, rows in _tables(subject):
        lines += [f"### {escaped(title)}", "", *_table(rows), ""]
    if command := learned.command(subject):
        lines += ["### How to repeat it", "", "```", command.replace("```", "'''"), "```", ""]
    return "\n".join(lines)


def sentences(subject: Subject) -> list[str]:
    """Say in a few sentences what came of a run."""
    if subject.files.is_plain:
        return list(filter(None, plain_page.said(subject)))
    return summary.sentences(subject)


def escaped(words: str) -> str:
    """Write words so that Markdown shows them as they are, in one line."""
    return CALLS.sub(r"\g<0><!-- -->", SIGNS.sub(r"\\\1", " ".join(words.split())))


def _tables(subject: Subject) -> Iterator[tuple[str, list[Sequence[str]]]]:
    """Return tables with their titles, the heads first."""
    if subject.files.is_plain:
        heads, lines = plain_page.table(subject)
        yield "Held-out text", [("", *heads), *map(_line, lines)]
        return
    titles = [part.title for part in subject.parts]
    lines = results.lines(subject)
    if lines:
        yield "Scores, with 95 % intervals", [("Metric", *titles), *map(_line, lines)]
    models = results.models(subject)
    if models and models[1][1:]:
        rows = [(name, pages.number(value)) for name, value, _ in models[1]]
        head = f"{catalogue.title(subject.main)}, {models[0]}"
        yield "Beside simple rules", [("", head), *rows]
    for part in subject.parts[-1:]:
        yield from _of_labels(part)
    yield from _doubted(subject)


def _doubted(subject: Subject) -> Iterator[tuple[str, list[Sequence[str]]]]:
    """Return the rows whose labels may be wrong, without their texts, which are in the page."""
    found = suspected.of(subject)
    if found is None or not found.rows:
        return
    rows = [
        (one.origin or pages.UNKNOWN, one.given, one.suggested, *one.numbers)
        for one in found.rows[:MOST_SUSPECTS]
    ]
    title = f"Labels that may be wrong, {found.part}: {found.likely:,} of {found.texts:,}"
    yield title, [("Row", "label", "suggested", "p(label)", "p(suggested)"), *rows]


def _of_labels(part: Part) -> Iterator[tuple[str, list[Sequence[str]]]]:
    """Return the table of the labels of a part, the most frequent first."""
    labels = part.found.get("labels") or {}
    order = sorted(labels, key=lambda label: -(labels[label].get("support") or 0))
    keys = [key for key in OF_LABEL if any(key in row for row in labels.values())]
    if len(labels) < 2 or not keys:
        return
    rows: list[Sequence[str]] = [("Label", "how many", *(METRICS[key].title for key in keys))]
    for label in order[:MOST_LABELS]:
        numbers = [pages.number(labels[label].get(key)) for key in keys]
        rows.append((label, str(labels[label].get("support", pages.UNKNOWN)), *numbers))
    more = len(order) - MOST_LABELS
    title = f"Label by label, {part.title}"
    yield (f"{title} ({more:,} more in report.html)" if more > 0 else title), rows


def _line(line: dict[str, object]) -> tuple[str, ...]:
    """Return a row of scores: its name, and each value with its interval."""
    cells = line["cells"]
    assert isinstance(cells, list)
    shown = [f"{value} ({span})" if span else value for value, span in cells]
    return f"{line['name']} {line['arrow']}", *shown


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a table, of which all columns but the first hold numbers."""
    heads, *others = [" | ".join(map(escaped, row)) for row in rows]
    rule = " | ".join(["---", *["---:"] * (len(rows[0]) - 1)])
    return [f"| {line} |" for line in (heads, rule, *others)]
