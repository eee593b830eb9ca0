"""A data card becomes the section that says what was learned from, and what was found in it."""

from textune.report.section import Section, Subject, section

SHOWN = ("task", "text", "label", "form", "separator", "group")  # of a contract


def data(subject: Subject) -> Section | None:
    """Show how the files were understood, their labels, findings and sums."""
    card, contract = subject.card, subject.contract
    if not (contract or card.files or card.labels or card.findings):
        return None
    values = {
        "contract": contract,
        "shown": [(key, _words(contract[key])) for key in SHOWN if contract.get(key)],
        "card": card,
        "most": max(card.labels.values(), default=1) or 1,
    }
    return section("data", "Data", "data.html", values)


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
