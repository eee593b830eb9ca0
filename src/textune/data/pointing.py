"""Parts of a text that other columns repeat become findings: what a label may be said of.

So come pronouns and what they may stand for (Winograd, GAP), words in context, and the two ends of
a relation: a text comes with the parts that are asked about, often with their places in it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textune.data import names
from textune.data.choice import option, quoted
from textune.data.columns import Column, Scan
from textune.data.numerals import is_number
from textune.data.sampling import SAMPLE_CHARACTERS
from textune.records import Contract, Finding

FORMS = frozenset(["name", "columns", "classes", "list"])  # of labels that are said of whole texts
MOST = 0.9  # share of rows in which a part stands in the text, and at its place
FEWEST = 4  # different parts
LEAST = 10  # rows that are compared
ASKED = frozenset(
    [
        "entity",
        "expression",
        "mention",
        "phrase",
        "pronoun",
        "span",
        "target",
        "term",
        "token",
        "word",
    ]
)
"""Parts of names by which one column without places is what is asked about, and no keyword."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A column whose cells stand in a text, and the one that says where."""

    column: Column
    text: Column
    place: Column | None


def findings(contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Say that what a label may be said of is not read, or is taken for the label."""
    if contract.form not in FORMS:
        return
    by_name = {column.name: column for column in seen.columns}
    texts = [by_name[name] for name in contract.text]
    used = {*contract.text, *contract.label, contract.group}
    free = [column for column in seen.columns if column.name not in used]
    parts = [part for column in free if (part := _part(column, texts, free, seen))]
    sure = [part for part in parts if part.place is not None]
    sure = sure or [part for part in parts if ASKED & {*names.parts(part.column.name)}]
    if sure or len(parts) > 1:
        yield Finding("unread", "warning", _said(contract, sure or parts), seen.rows)
    for name in contract.label[:1] if contract.form == "name" else ():
        if _part(by_name[name], texts, [], seen):
            yield Finding("label in text", "warning", _in_text(name, texts), seen.rows)


def _part(
    column: Column, texts: Sequence[Column], free: Sequence[Column], seen: Scan
) -> _Part | None:
    if column.kind not in ("text", "words", "category") or column.classes < FEWEST:
        return None
    if all(map(is_number, column.cells)):
        return None
    for text in texts:
        rows = [row for row in seen.sample if row[column.place] and row[text.place]]
        rows = [row for row in rows if len(row[text.place]) < SAMPLE_CHARACTERS]
        if len(rows) < LEAST or 2 * column.words > text.words:
            continue
        found = [row for row in rows if _stands(row[column.place], row[text.place])]
        if len(found) >= MOST * len(rows):
            both = [(row[column.place], row[text.place], row) for row in found]
            return _Part(column, text, next((one for one in free if _says_where(one, both)), None))
    return None


def _stands(part: str, text: str) -> bool:
    """Tell whether a part stands in a text as a word, or as several."""
    at = text.lower().find(part.lower())
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(part) : at + len(part) + 1]
        if not (_is_letter(before) or _is_letter(after)):
            return True
        at = text.lower().find(part.lower(), at + 1)
    return False


def _is_letter(sign: str) -> bool:
    """Tell a letter of a script that puts spaces between words."""
    return re.fullmatch(r"[^\W\d_]", sign) is not None and sign < "\u0e00"


def _says_where(place: Column, found: Sequence[tuple[str, str, Sequence[str]]]) -> bool:
    """Tell numbers of the characters, or of the words, at which parts begin."""
    if not place.cells or not all(map(is_number, place.cells)):
        return False
    right = sum(_begins_at(part, text, row[place.place]) for part, text, row in found)
    return right >= MOST * len(found)


def _begins_at(part: str, text: str, written: str) -> bool:
    if not is_number(written) or float(written) % 1 or float(written) < 0:
        return False
    at, words = int(float(written)), text.split()
    if text[at : at + len(part)].lower() == part.lower():
        return True
    return at < len(words) and words[at].lower().startswith(part.lower().split()[0])


def _said(contract: Contract, parts: Sequence[_Part]) -> str:
    named = quoted(part.column.name for part in parts)
    many = len(parts) > 1
    places = list(dict.fromkeys(part.place.name for part in parts if part.place is not None))
    where = f" at the places in {quoted(places)}," if places else ""
    pair = [parts[0].text, parts[0].column]
    way_out = (
        f", or give {'one of them' if many else 'it'} as the other text of a pair: "
        f"{option('--text', pair)}"
    )
    return (
        f"{named} {'stand' if many else 'stands'} in {parts[0].text.name!r},{where} and "
        f"{'are' if many else 'is'} not read: if the label is said of {'them' if many else 'it'}, "
        "the model does not know of what; write the text with marks around "
        f"{'them' if many else 'it'} ('so [she] said') to a column, and name that with --text"
        f"{way_out * (len(contract.text) == 1)}"
    )


def _in_text(name: str, texts: Sequence[Column]) -> str:
    return (
        f"{name!r} stands word for word in {quoted(text.name for text in texts)}: a model would "
        "learn to find it there, or it is what the label is said of; name the label with --label"
    )
