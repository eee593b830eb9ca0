"""Parts of a text that other columns repeat become findings: what a label may be said of.

So come pronouns and what they may stand for (Winograd, GAP), words in context, and the two ends of
a relation: a text comes with the parts that are asked about, often with their places in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from textune.data import names, pair_names
from textune.data.choice import option, quoted
from textune.data.columns import Column, Scan
from textune.data.numerals import is_number
from textune.data.sampling import SAMPLE_CHARACTERS
from textune.records import Contract, Finding

FORMS = frozenset(["name", "columns", "classes", "list"])  # of labels that are said of whole texts
MOST = 0.9  # share of rows in which a part stands in the text, and at its place
FEWEST = 4  # different parts
LEAST, ROWS = 10, 100  # rows that are compared, at least and about
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

_Row = Sequence[str]
_Told = tuple[str, str, _Row]  # a part, the text, and the row of both


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
    places = [column for column in free if _holds_places(column)]
    sample = seen.sample[:: -(-len(seen.sample) // ROWS) or 1]
    parts = [part for column in free if (part := _part(column, texts, places, sample))]
    sure = [part for part in parts if part.place is not None]
    sure = sure or [part for part in parts if ASKED & {*names.parts(part.column.name)}]
    unplaced = [part for part in parts if not _is_usual(part, parts)]
    if sure or len(unplaced) > 1:
        yield Finding("unread", "warning", _said(contract, sure or unplaced), seen.rows)
    for name in contract.label[:1] if contract.form == "name" else ():
        if _part(by_name[name], texts, [], sample):
            yield Finding("label in text", "warning", _in_text(name, texts), seen.rows)


def _is_usual(part: _Part, parts: Sequence[_Part]) -> bool:
    """Tell a column that most tables have beside a text that speaks of it: a title, a city.

    One that is called as another is but for its side ("name1", "name2"), or the subject of an
    object, is an end of a relation.
    """
    name = part.column.name
    others = [one.column.name for one in parts if one is not part]
    if any(pair_names.are_sides(*both) for one in others for both in ((name, one), (one, name))):
        return False
    if "subject" in names.parts(name) and any("object" in names.parts(one) for one in others):
        return False
    return names.text_evidence(name) != 0 or names.label_evidence(name) != 0


def _holds_places(column: Column) -> bool:
    """Tell numbers that may be places; of a column of 0 alone nobody knows."""
    return {*column.cells} - {"0"} != set() and all(map(is_number, column.cells))


def _part(
    column: Column, texts: Sequence[Column], places: Sequence[Column], sample: Sequence[_Row]
) -> _Part | None:
    if column.kind not in ("text", "words", "category") or column.classes < FEWEST:
        return None
    if all(map(is_number, column.cells)):
        return None
    for text in texts:
        if 2 * column.words > text.words:
            continue
        rows = [(row[column.place], row[text.place], row) for row in sample]
        rows = [row for row in rows if row[0] and row[1] and len(row[1]) < SAMPLE_CHARACTERS]
        if len(rows) >= LEAST and _mostly(rows, lambda part, said, _: _stands(part, said)):
            found = [row for row in rows if _stands(*row[:2])]
            where = (one for one in places if _mostly(found, partial(_begins_at, one.place)))
            return _Part(column, text, next(where, None))
    return None


def _mostly(rows: Sequence[_Told], is_right: Callable[[str, str, _Row], bool]) -> bool:
    """Tell whether most rows are right; the first that are too many wrong ones end the search."""
    wrong, most = 0, (1 - MOST) * len(rows)
    for row in rows:
        wrong += not is_right(*row)
        if wrong > most:
            return False
    return True


def _stands(part: str, text: str) -> bool:
    """Tell whether a part stands in a text as a word, or as several."""
    text, part = text.lower(), part.lower()
    at = text.find(part)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(part) : at + len(part) + 1]
        if not (_is_letter(before) or _is_letter(after)):
            return True
        at = text.find(part, at + 1)
    return False


def _is_letter(sign: str) -> bool:
    """Tell a letter of a script that puts spaces between words."""
    return re.fullmatch(r"[^\W\d_]", sign) is not None and sign < "\u0e00"


def _begins_at(place: int, part: str, text: str, row: _Row) -> bool:
    """Tell the number of the character, or of the word, at which a part begins."""
    written = row[place]
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
