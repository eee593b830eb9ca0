"""The predictions that a run kept become the ones most worth reading: where it was wrong."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from textune.data import words
from textune.errors import RunError
from textune.metrics import catalogue, entities, spans
from textune.metrics.entities import Entity
from textune.report import pages
from textune.storage import columns
from textune.tasks.labels import are_listed

MOST = 20
MOST_MISSED = 8  # of them entities that were not found, about which nothing was sure
MOST_CHARACTERS = 500  # of a text
AROUND = 120  # characters on either side of what is marked in a long text
LONGEST_PIECE = 20  # characters of half a word that are left out there
PREDICTED = "predicted "  # begins the names of columns of numbers
SUREST = "The most confident mistakes"


@dataclass(frozen=True, slots=True)
class Extract:
    """Part of a text, and within it what a model spoke of."""

    before: str
    marked: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A text on which the model was wrong."""

    texts: tuple[Extract, ...]
    truth: str
    decision: str
    numbers: tuple[str, ...]
    hint: str  # what the first number is of
    origin: str


@dataclass(frozen=True, slots=True)
class Mistakes:
    """A list of them with its heads."""

    title: str
    texts: tuple[str, ...]  # heads of the texts
    numbers: tuple[str, ...]  # heads of the numbers
    rows: list[Mistake]


def read(path: Path) -> pa.Table | None:
    """Read the predictions of texts whose truth is known; None where none were kept.

    Raises:
        RunError: The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{path}: damaged ({error}); evaluate again or delete it") from error
    if "truth" not in table.column_names:
        return None
    return table.filter(table["truth"].is_valid()) if table["truth"].null_count else table


def find(table: pa.Table, *, single: bool) -> Mistakes:
    """Find the mistakes worth reading: those of which the model was most sure, or the largest.

    A decision is one name where `single` says so, and several else.
    """
    names = set(table.column_names)
    heads = ("Text", "Second text") if "pair" in names else ("Text",)
    if "decision" in names:
        return Mistakes(SUREST, heads, ("sure of",), _of_names(table, single=single))
    if "tags" in names:
        return _of_tags(table, has_entities="entities" in names)
    if {"answer", "passage"} <= names:
        both, beside = ("Question", "Passage"), (catalogue.title("f1"), "sure of")
        return Mistakes("The worst answers", both, beside, _of_answers(table))
    return Mistakes("The largest errors", heads, ("error",), _of_numbers(table))


def numbers(table: pa.Table) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Return names, true and predicted numbers of T targets; (N, T) each, no T for other tasks."""
    names = [name for name in table.column_names if name.startswith(PREDICTED)]
    if not names:
        return [], np.zeros((len(table), 0)), np.zeros((len(table), 0))
    cells = [cell.split(";") for cell in table["truth"].to_pylist()]
    truth = np.asarray(cells, dtype=np.float64).reshape(len(table), len(names))
    found = np.stack([columns.array(table[name]) for name in names], axis=1)
    return [name.removeprefix(PREDICTED) for name in names], truth, found


def texts(record: dict[str, Any]) -> tuple[Extract, ...]:
    """Show a text, or both texts of a pair."""
    return tuple(_whole(record[side]) for side in ("text", "pair") if side in record)


def _of_names(table: pa.Table, *, single: bool) -> list[Mistake]:
    labels = [name[2:-1] for name in table.column_names if re.fullmatch(r"p\(.*\)", name, re.S)]
    if not labels:
        return []
    scores = np.stack([columns.array(table[f"p({label})"]) for label in labels], axis=1)  # (N, C)
    true, given = (marks(table[side], labels, single=single) for side in ("truth", "decision"))
    wrong = (true != given) & (given if single else np.ones_like(given))  # (N, C)
    if "unscored" in table.column_names:  # nobody said whether these apply
        wrong &= ~marks(table["unscored"], labels, single=False)
    sure = np.where(given, scores, 1 - scores) * wrong  # (N, C)
    sure = np.nan_to_num(sure)
    rows = np.argsort(-sure.max(axis=1), kind="stable")[:MOST]
    picked = columns.rows(table, rows.tolist())
    return [
        Mistake(
            texts=texts(record),
            truth=record["truth"],
            decision=record["decision"] or "",
            numbers=(pages.number(float(sure[row].max()), 2),),
            hint=labels[int(sure[row].argmax())],
            origin=record.get("origin") or "",
        )
        for row, record in zip(rows.tolist(), picked, strict=True)
        if wrong[row].any()
    ]


def marks(column: pa.ChunkedArray, labels: Sequence[str], *, single: bool) -> NDArray[np.bool_]:
    """Say which labels a column of names holds, as `tasks.labels` joins them: (N, C) bool."""
    places = {label: place for place, label in enumerate(labels)}
    found = np.zeros((len(column), len(labels)), dtype=np.bool_)  # (N, C)
    is_json = not single and are_listed(labels)
    for row, cell in enumerate(column.to_pylist()):
        if cell is None or (is_json and not cell):
            continue
        names = [cell] if single else json.loads(cell) if is_json else cell.split(";")
        found[row, [places[name] for name in names if name in places]] = True
    return found


def _of_tags(table: pa.Table, *, has_entities: bool) -> Mistakes:
    import pyarrow.compute as pc  # a while to import

    records = table.filter(pc.not_equal(table["truth"], table["tags"])).to_pylist()
    if not has_entities:
        return Mistakes("The most frequent mistakes", ("Text",), ("times",), _of_words(records))
    wrong: list[tuple[float, Mistake]] = []
    missed: list[Mistake] = []
    for record in records:
        true, given = (entities.entities(json.loads(record[side])) for side in ("truth", "tags"))
        places = _words(record)
        if not places:
            continue
        scores = [item["score"] for item in json.loads(record["entities"])]
        for item, score in zip(given, scores, strict=True):
            if item not in true:
                near = [other for other in true if _overlap(item, other)]
                wrong.append((score, _of_entity(record, places, item, near, score)))
        for item in true:
            if not any(_overlap(item, other) for other in given) and len(missed) < MOST_MISSED:
                missed.append(_of_missed(record, places, item))
    wrong.sort(key=lambda pair: -pair[0])
    rows = [mistake for _, mistake in wrong[: MOST - len(missed)]] + missed
    return Mistakes(SUREST, ("Text",), ("sure of",), rows)


def _of_entity(
    record: dict[str, Any],
    places: Sequence[tuple[int, int]],
    found: Entity,
    near: Sequence[Entity],
    score: float,
) -> Mistake:
    return Mistake(
        texts=(_around(record["text"], *_characters(places, found)),),
        truth="; ".join(_named(record["text"], places, item) for item in near),
        decision=_named(record["text"], places, found),
        numbers=(pages.number(score, 2),),
        hint=found[0],
        origin=record["origin"],
    )


def _of_missed(
    record: dict[str, Any], places: Sequence[tuple[int, int]], missed: Entity
) -> Mistake:
    return Mistake(
        texts=(_around(record["text"], *_characters(places, missed)),),
        truth=_named(record["text"], places, missed),
        decision="",
        numbers=(pages.UNKNOWN,),
        hint="",
        origin=record["origin"],
    )


def _of_words(records: Sequence[dict[str, Any]]) -> list[Mistake]:
    """Count which tag was given for which; the first place of each pair is its example."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], tuple[dict[str, Any], int]] = {}
    for record in records:
        pairs = zip(json.loads(record["truth"]), json.loads(record["tags"]), strict=True)
        for word, pair in enumerate(pairs):
            if pair[0] != pair[1]:
                counts[pair] += 1
                first.setdefault(pair, (record, word))
    found = []
    for pair, often in counts.most_common(MOST):
        record, word = first[pair]
        places = _words(record)
        text = record["text"]
        extract = _around(text, *places[word]) if places else _whole(text)
        found.append(Mistake((extract,), *pair, (pages.count(often),), "", record["origin"]))
    return found


def _of_answers(table: pa.Table) -> list[Mistake]:
    wrong = []
    for record in table.to_pylist():
        references = json.loads(record["truth"])
        answer = record["answer"]
        if not spans.exact(answer, references):
            wrong.append((spans.overlap_f1(answer, references), references, record))
    wrong.sort(key=lambda found: (found[0], -found[2]["p(answer)"]))
    return [
        Mistake(
            texts=(_whole(record["text"]), _passage(record, references)),
            truth=" | ".join(dict.fromkeys(references)),
            decision=record["answer"],
            numbers=(pages.number(f1, 2), pages.number(record["p(answer)"], 2)),
            hint="",
            origin=record["origin"],
        )
        for f1, references, record in wrong[:MOST]
    ]


def _passage(record: dict[str, Any], references: Sequence[str]) -> Extract:
    """Cut a passage around the answer that was given, or around the one that was not."""
    passage, answer = record["passage"] or "", record["answer"]
    if answer:
        start = int(record["answer_start"])
        return _around(passage, start, start + len(answer))
    start = max(0, passage.find(references[0])) if references else 0
    return _around(passage, start, start)


def _of_numbers(table: pa.Table) -> list[Mistake]:
    names, truth, found = numbers(table)
    if not names or not len(table):
        return []
    spread = truth.std(axis=0)
    errors = np.nan_to_num(np.abs(found - truth) / np.where(spread > 0, spread, 1.0))  # (N, T)
    rows = np.argsort(-errors.max(axis=1), kind="stable")[:MOST]
    picked = columns.rows(table, rows.tolist())
    most = errors.argmax(axis=1)  # (N,)
    return [
        Mistake(
            texts=texts(record),
            truth=_numerals(names, truth[row]),
            decision=_numerals(names, found[row]),
            numbers=(f"{found[row, most[row]] - truth[row, most[row]]:+.3g}",),
            hint=names[int(most[row])] if len(names) > 1 else "",
            origin=record.get("origin") or "",
        )
        for row, record in zip(rows.tolist(), picked, strict=True)
        if errors[row].any()
    ]


def _numerals(names: Sequence[str], values: NDArray[np.float64]) -> str:
    if len(names) == 1:
        return f"{values[0]:.4g}"
    return "; ".join(f"{name} {value:.4g}" for name, value in zip(names, values, strict=True))


def _words(record: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    """Find the words of a text: parted by single spaces, or as running text; () if neither fits."""
    count, text = len(json.loads(record["truth"])), record["text"]
    for places in (words.joined(text.split(" "))[1], words.words_of(text)):
        if len(places) == count:
            return places
    return ()


def _overlap(one: Entity, other: Entity) -> bool:
    return one[1] < other[2] and other[1] < one[2]


def _characters(places: Sequence[tuple[int, int]], found: Entity) -> tuple[int, int]:
    return places[found[1]][0], places[found[2] - 1][1]


def _named(text: str, places: Sequence[tuple[int, int]], found: Entity) -> str:
    start, end = _characters(places, found)
    return f"{found[0]}: {text[start:end]}"


def _whole(text: str | None) -> Extract:
    """Give a text that needs no mark, its beginning if it is long."""
    if text is None or len(text) <= MOST_CHARACTERS:
        return Extract(text or "")
    return Extract(text[:MOST_CHARACTERS].rstrip() + " …")


def _around(text: str, start: int, end: int) -> Extract:
    """Mark a stretch of a text, and cut what is far from it."""
    before, marked, after = text[:start], text[start:end], text[end:]
    if len(before) > AROUND:
        piece, _, rest = before[-AROUND:].partition(" ")
        before = "… " + (rest if len(piece) < LONGEST_PIECE else before[-AROUND:])
    if len(marked) > MOST_CHARACTERS:
        marked = marked[:MOST_CHARACTERS] + " …"
    if len(after) > AROUND:
        rest, _, piece = after[:AROUND].rpartition(" ")
        after = (rest if len(piece) < LONGEST_PIECE else after[:AROUND]) + " …"
    return Extract(before, marked, after)
