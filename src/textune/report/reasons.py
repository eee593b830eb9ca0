"""Explanations that a run keeps of its worst errors become a section: the words that moved each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.errors import RunError
from textune.report import mistakes, pages
from textune.report.section import Section, Subject, section

FILE = "explained.json"  # in a run's folder
MOST = 20  # texts
MOST_REASONS = 3  # of a text
TOP = 5  # words that are named
SOME = 0.05  # of the strongest word's contribution, below which a word has no mark
LONGEST = 1500  # characters of a text


def why(subject: Subject) -> Section | None:
    """Show which words moved the decisions on the worst errors, where they were explained."""
    path, part = subject.folder / FILE, subject.part("test", "valid")
    if not path.is_file() or part is None or part.table is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        listed = mistakes.find(part.table, single=part.is_single).rows
        known = {one.origin for one in listed}
        rows = [_text(one) for one in found[:MOST] if one["origin"] in known]
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path}: damaged ({error!r:.100}); textune report {subject.folder} --explain makes "
            "it anew"
        ) from error
    if not rows:
        return None
    return section("why", "Why it was wrong", "why.html", {"part": part.title, "rows": rows})


def _text(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "origin": one["origin"],
        "truth": one["truth"],
        "reasons": [_reason(one, reason) for reason in one["reasons"][:MOST_REASONS]],
    }


def _reason(one: Mapping[str, Any], reason: Mapping[str, Any]) -> dict[str, Any]:
    words = reason["words"]
    order = sorted(words, key=lambda word: -abs(word["contribution"]))
    sides = [(one["text"], [word for word in words if word.get("of", 1) == 1])]
    if "pair" in one:
        sides.append((one["pair"], [word for word in words if word["of"] == 2]))
    top = abs(order[0]["contribution"]) if order else 0.0
    about = one["text"][slice(*reason["span"])] if "span" in reason and "pair" not in one else ""
    return {
        "label": f"{reason['label']}: {about}" if about else reason["label"],
        "decided": reason["decided"],
        "texts": [[*_pieces(text, of, top)] for text, of in sides],
        "top": [(word["text"], f"{word['contribution']:+.2f}") for word in order[:TOP]],
        "score": pages.number(reason["score"]),
    }


def _pieces(
    text: str, words: Sequence[Mapping[str, Any]], top: float
) -> Iterator[tuple[str, str, str]]:
    """Yield stretches of a text, each with its mark ("for", "against" or "") and its strength."""
    at = 0
    for word in words:
        number = word["contribution"]
        if word["end"] > LONGEST:
            break
        if not top or abs(number) < SOME * top:
            continue
        yield text[at : word["start"]], "", ""
        kind = "for" if number > 0 else "against"
        yield text[word["start"] : word["end"]], kind, f"{0.6 * abs(number) / top:.2f}"
        at = word["end"]
    yield text[at:LONGEST] + (" …" if len(text) > LONGEST else ""), "", ""
