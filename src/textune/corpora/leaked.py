"""The parts of a run become what leaks: texts that judge, and that are learned from as well."""

from collections.abc import Sequence

from textune.records import Example, Finding, Split
from textune.splits import leaking
from textune.survey import leaks as telling


def look(
    parts: Sequence[Sequence[Example]], whole: Split, *, after: Sequence[Finding]
) -> tuple[list[Finding], dict[str, list[str]]]:
    """Look for texts of the files that judge among those that are learned from.

    Rows that were drawn need no look: the same texts stay on one side. What is found comes after
    other findings.
    """
    findings = [*after]
    found: dict[str, list[str]] = {}
    if not any(parts[1:]):
        return findings, found
    known = leaking.Texts(parts[0][row] for row in whole.train.tolist())
    for name, part in zip(("valid", "test"), parts[1:], strict=True):
        if part:
            others = leaking.Texts(part)
            leaks = leaking.find(known, others)
            findings += telling.findings(known, others, leaks, name)
            found[name] = leaks.words
    return findings, found
