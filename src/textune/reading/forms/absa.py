"""SemEval's XML of aspects becomes rows: a sentence, its marked terms, and a column a category.

Of 2014 it has aspectTerms and aspectCategories, of 2015 and 2016 Opinions with a target and a
category. A category that a sentence does not name is "none", one of several polarities "conflict".
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from textune.errors import DataError
from textune.reading import jsonlines
from textune.reading.forms import xml_elements
from textune.reading.forms.interface import span
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "SemEval's aspects"
NONE, CONFLICT = "none", "conflict"


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is SemEval's XML of aspects."""
    return xml_elements.begins(head, "sentences", "Reviews")


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the sentences of a file.

    Raises:
        DataError: It is no XML, or its sentences have neither terms nor categories.
    """
    has_terms = False
    categories: dict[str, None] = {}
    for sentence, _ in xml_elements.elements(path, "sentence"):
        has_terms = has_terms or any(item.get("to", "0") != "0" for item in _terms(sentence))
        categories.update((name, None) for name, _ in _categories(sentence))
    if not has_terms and not categories:
        raise DataError(f"{path.name}: its sentences have no aspect terms, categories or opinions")
    names = tuple(sorted(categories))
    columns = ("id", "text", *["terms"] * has_terms, *names)
    reasons = (
        *why,
        f"format: {NAME} (XML), a row for each sentence",
        "'terms' holds the marked words, called by their polarity" * has_terms,
        f"a column for each category: its polarity, or {NONE!r}" * bool(names),
    )
    rows = partial(_rows, path, columns, names)
    return Table.of_file(path, "jsonl", columns, reasons, rows)


def _terms(sentence: Element) -> list[Element]:
    return [*sentence.iter("aspectTerm"), *sentence.iter("Opinion")]


def _categories(sentence: Element) -> Iterator[tuple[str, str]]:
    for item in (*sentence.iter("aspectCategory"), *sentence.iter("Opinion")):
        if item.get("category"):
            yield str(item.get("category")), str(item.get("polarity") or "")


def _rows(path: Path, columns: Sequence[str], names: Sequence[str]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for sentence, number in xml_elements.elements(path, "sentence"):
            name = sentence.get("id") or str(number)
            origin = f"{path.name}: sentence {name}"
            text = sentence.findtext("text") or ""
            try:
                spans = list(_spans(sentence))
            except ValueError as error:
                problems.add(f"{origin}: {error}", row=text, origin=origin)
                continue
            said: dict[str, str] = {}
            for category, polarity in _categories(sentence):
                same = said.get(category, polarity) == polarity
                said[category] = polarity if same else CONFLICT
            kept = [spans] if "terms" in columns else []
            held = (name, text, *kept, *(said.get(category, NONE) for category in names))
            if text:
                yield from jsonlines.sound(held, tuple(columns), origin, problems)


def _spans(sentence: Element) -> Iterator[dict[str, object]]:
    """Yield each marked term once; an opinion on nothing that is written (NULL) marks none.

    Raises:
        ValueError: A place is no number.
    """
    seen: dict[tuple[int, int], dict[str, object]] = {}
    for item in _terms(sentence):
        start, end = item.get("from", "0"), item.get("to", "0")
        if not start.isdecimal() or not end.isdecimal():
            raise ValueError(f"a term from {start!r} to {end!r}; allowed: whole numbers")
        place, polarity = (int(start), int(end)), str(item.get("polarity"))
        words = item.get("term") or item.get("target")
        if place[1] and words != "NULL":
            same = seen.get(place, {}).get("label", polarity) == polarity
            seen[place] = span(*place, polarity if same else CONFLICT, words)
    yield from seen.values()
