"""Examples become findings: what their owner should know before anything is trained.

Texts are compared by 64-bit hashes, so that a million of them take tens of megabytes.
"""

import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textune.data import missing
from textune.errors import some
from textune.metrics.one_label import is_blank
from textune.records import Contract, Example, Finding, Table
from textune.splits import alike, near
from textune.splits.origins import Origins
from textune.splits.sketches import MOST, Sketcher, letters
from textune.tasks import registry
from textune.tasks.kind import UNSCORED

FEW = 10  # examples of a label below which it is called rare
SHOWN = 5  # rows named in a finding
LOPSIDED = 10  # times the rarest label, from which imbalance is worth a note
MOST_LABELS = 20_000  # whose first rows are remembered
MISSING = {"na", "n/a", "nan", "none", "null", "nil", "unknown", "?", "-", "#n/a", "<na>"}
_GARBLED = re.compile("Ã[\u0080-\u00bf\u0152-\u2122]|Â[\u0080-\u00bf]|â€")  # "é" is "Ã©" so
Numbers = NDArray[np.int64]


def audit(examples: Iterable[Example], *, contract: Contract | None = None) -> list[Finding]:
    """Read examples once and report what is doubtful about them, the gravest first.

    Two texts are the same if they differ in case and white space only. They are near if they differ
    in punctuation and digits as well, or share most words. Labels are compared of texts that differ
    in case, white space, punctuation and the form of Unicode only.

    The contract adds labels that no text has, and leaves out what makes no sense for the task.
    """
    seen = _Seen()
    for example in examples:
        seen.add(example)
    found = list(_text_findings(seen))
    kind = registry.of(contract.task) if contract is not None else None
    is_labelled = kind is None or (kind.has_classes and kind.asks == "texts")
    names = contract.label if contract is not None and contract.form == "columns" else ()
    if is_labelled and seen.rows:
        known = {*names, *_asked_about(seen, contract)} if contract is not None else set()
        found += _label_findings(seen, names, known, kind.unscored if kind else UNSCORED)
    if kind is not None and kind.has_classes and not is_labelled:
        classes: Counter[str] = Counter()
        for name, count in seen.counts.items():
            classes[kind.class_of(name)] += count
        found += alike.findings(classes, of=kind.noun)
    order = ("error", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.severity))


class _Seen:
    """What is remembered of the examples: a few numbers for each."""

    def __init__(self) -> None:
        self.rows = 0
        self.same = array("Q")  # hash of each text, case and white space aside
        self.plain = array("Q")  # punctuation and the form of Unicode aside, too
        self.near = array("Q")  # hash of its letters alone
        self.label = array("Q")  # hash of its label; 0 where there is none to compare
        self.empty = array("q")  # positions
        self.garbled: list[int] = []  # first positions
        self.garbled_count = 0
        self.without: list[int] = []  # first positions without any label
        self.unlabelled = 0
        self.unscored = 0
        self.counts: Counter[str] = Counter()
        self.first: dict[str, list[int]] = {}  # label → its first positions
        self.lists = False
        self.origins = Origins()
        self.sketches = Sketcher(MOST)

    def add(self, example: Example) -> None:
        self.origins.add(example.origin)
        normal = alike.text_of(example)
        words = letters(normal)
        self.same.append(hash(normal) & alike.MASK)
        self.plain.append(hash(alike.plain_of(example)) & alike.MASK)
        self.near.append(hash(words or normal) & alike.MASK)
        self.sketches.add_example(example, normal)
        if is_blank(example.text) or (example.pair is not None and is_blank(example.pair)):
            self.empty.append(self.rows)
        if _GARBLED.search(example.text) or _GARBLED.search(example.pair or ""):
            self.garbled_count += 1
            self.garbled += [self.rows] if len(self.garbled) < SHOWN else []
        self._add_label(example)
        self.rows += 1

    def _add_label(self, example: Example) -> None:
        label = example.label
        names = (label,) if isinstance(label, str) else label or ()
        self.lists = self.lists or isinstance(label, tuple)
        self.label.append(alike.label_of(example))
        self.unscored += bool(example.unscored)
        if not names and not example.unscored:
            self.unlabelled += 1
            if len(self.without) < SHOWN:
                self.without.append(self.rows)
        for name in names:
            self.counts[name] += 1
            if len(self.first) < MOST_LABELS or name in self.first:
                places = self.first.setdefault(name, [])
                if len(places) < SHOWN:
                    places.append(self.rows)


def _some(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _text_findings(seen: _Seen) -> Iterator[Finding]:
    full = np.ones(seen.rows, dtype=bool)
    full[np.asarray(seen.empty, dtype=np.int64)] = False
    places = np.flatnonzero(full)
    same = np.asarray(seen.same, dtype=np.uint64)[places]
    near_keys = np.asarray(seen.near, dtype=np.uint64)[places]
    label = np.asarray(seen.label, dtype=np.uint64)[places]
    if len(seen.empty):
        rows = seen.origins.at(seen.empty[:SHOWN])
        verb = "is" if len(seen.empty) == 1 else "are"
        message = f"{_some(len(seen.empty), 'text')} {verb} empty; first: {rows[0]}"
        yield Finding("empty", "warning", message, len(seen.empty), rows)
    if seen.garbled_count:
        rows = seen.origins.at(seen.garbled)
        message = (
            f"{_some(seen.garbled_count, 'text')} with signs such as 'Ã©': UTF-8 that was read as "
            "another encoding, by --encoding or by the program that wrote the file; first: "
            f"{rows[0]}"
        )
        yield Finding("encoding", "warning", message, seen.garbled_count, rows)
    repeats, sources = _repeats(same)
    what = "an earlier one (but for case and white space)"
    yield from _pairs("duplicate", "warning", what, seen, places[repeats], places[sources])
    yield from _nearly(seen, near_keys, places, set(places[repeats].tolist()))
    plain = np.asarray(seen.plain, dtype=np.uint64)[places]
    yield from _conflict(seen, plain, label, places)


def _nearly(
    seen: _Seen, keys: NDArray[np.uint64], places: Numbers, same: set[int]
) -> Iterator[Finding]:
    repeats, sources = _repeats(keys)
    partners = near.repeats(seen.sketches.done())
    found = np.flatnonzero(partners >= 0)
    pairs = dict(zip(found.tolist(), partners[found].tolist(), strict=True))
    pairs.update(zip(places[repeats].tolist(), places[sources].tolist(), strict=True))
    later = np.asarray(sorted(pairs.keys() - same), dtype=np.int64)
    first = np.asarray([pairs[place] for place in later.tolist()], dtype=np.int64)
    limit = f" (words were compared in the first {MOST:,})" if seen.rows > MOST else ""
    what = f"an earlier one but for punctuation, digits or a few words{limit}"
    yield from _pairs("near", "note", what, seen, later, first)


def _repeats(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the positions whose key came before, ascending, and where it first did."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    source = first[inverse]
    again = np.flatnonzero(source != np.arange(len(keys)))
    return again, source[again]


def _pairs(
    kind: str, severity: str, what: str, seen: _Seen, again: Numbers, sources: Numbers
) -> Iterator[Finding]:
    if not len(again):
        return
    rows = seen.origins.at(again[:SHOWN].tolist())
    origin = seen.origins.at([int(sources[0])])[0]
    verb = "repeats" if len(again) == 1 else "repeat"
    message = f"{_some(len(again), 'text')} {verb} {what}; first: {rows[0]} repeats {origin}"
    yield Finding(kind, severity, message, len(again), rows)


def _conflict(
    seen: _Seen, plain: NDArray[np.uint64], label: NDArray[np.uint64], places: Numbers
) -> Iterator[Finding]:
    known = np.flatnonzero(label != 0)
    if not len(known):
        return
    _, group = np.unique(plain[known], return_inverse=True)
    labels = label[known]
    least = np.full(group.max() + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    most = np.zeros(group.max() + 1, dtype=np.uint64)
    np.minimum.at(least, group, labels)
    np.maximum.at(most, group, labels)
    torn = np.flatnonzero(least != most)
    if not len(torn):
        return
    concerned = np.flatnonzero(np.isin(group, torn))
    first = concerned[group[concerned] == group[concerned[0]]]
    shown = [
        *first[:SHOWN].tolist(),
        *[place for place in concerned.tolist() if place not in first],
    ]
    rows = seen.origins.at(places[known[shown[: 2 * SHOWN]]].tolist())
    verb = "stands" if len(torn) == 1 else "stand"
    message = (
        f"{_some(len(torn), 'text')} {verb} there more than once, with different labels "
        f"({len(concerned):,} rows); first: {' and '.join(rows[: min(3, len(first))])}"
    )
    yield Finding("conflict", "warning", message, len(concerned), rows)


def _asked_about(seen: _Seen, contract: Contract) -> Iterator[str]:
    """Yield labels of which somebody said what they mean, or is asked by `data.unlabelled`."""
    column = contract.label[0] if len(contract.label) == 1 else None
    asked = [name for name in seen.counts if name.lower() in missing.ASKED]
    is_asked = contract.form == "name" and len(seen.counts) - len(asked) >= missing.FEWEST
    for name in asked:
        if is_asked or f"{column}={name}" in contract.no_skip:
            yield name


def _label_findings(
    seen: _Seen, names: Sequence[str], known: Collection[str], unscored: str
) -> Iterator[Finding]:
    yield from _one_class(seen)
    yield from _absent(seen, names)
    yield from _variants(seen)
    yield from _missing(seen, known)
    yield from _rare(seen)
    yield from _imbalance(seen)
    yield from _unlabelled(seen, unscored)


def _one_class(seen: _Seen) -> Iterator[Finding]:
    if not seen.counts:
        is_bare = seen.unscored == 0 and not seen.lists
        what = "no text has a label" if is_bare else "no label applies to any text"
        rows = seen.origins.at(seen.without)
        yield Finding("class", "error", f"{what}: there is nothing to learn", seen.rows, rows)
    elif not seen.lists and len(seen.counts) == 1:
        ((name, count),) = seen.counts.items()
        message = f"every label is {name!r}: there is nothing to tell apart"
        yield Finding("class", "error", message, count, _rows(seen, name))
    always = [name for name, count in seen.counts.items() if count == seen.rows and seen.lists]
    for name in always[:SHOWN]:
        message = f"label {name!r} applies to every text: nothing can be learned about it"
        yield Finding("class", "warning", message, seen.rows, _rows(seen, name))


def _absent(seen: _Seen, names: Sequence[str]) -> Iterator[Finding]:
    absent = [name for name in names if not seen.counts[name]]
    if not absent or not seen.counts:
        return
    listed = some(list(map(repr, absent)), SHOWN)
    message = f"no text has label {listed}: nothing can be learned about it"
    yield Finding("absent", "warning", message, len(absent))


def _variants(seen: _Seen) -> Iterator[Finding]:
    groups = alike.variants(seen.counts)
    for finding, (_, other, *_) in zip(alike.findings(seen.counts), groups, strict=True):
        yield replace(finding, rows=_rows(seen, other))


def _missing(seen: _Seen, known: Collection[str]) -> Iterator[Finding]:
    """Find labels by which other programs mean that there is none, but for those of `known`."""
    found = sorted(
        (name for name in seen.counts if name.casefold() in MISSING and name not in known),
        key=lambda name: -seen.counts[name],
    )
    if not found:
        return
    counted = ", ".join(f"{name!r} ({seen.counts[name]:,})" for name in found)
    message = (
        f"{counted} {'is a label' if len(found) == 1 else 'are labels'} as any other; if no label "
        "is meant, take these rows out of the file"
    )
    count = sum(seen.counts[name] for name in found)
    yield Finding("missing", "warning", message, count, _rows(seen, found[0]))


def _rare(seen: _Seen) -> Iterator[Finding]:
    single = sorted(name for name, count in seen.counts.items() if count == 1)
    few = sorted(
        (name for name, count in seen.counts.items() if 1 < count < FEW),
        key=seen.counts.__getitem__,
    )
    if single:
        listed = ", ".join(map(repr, single[:SHOWN])) + (", …" if len(single) > SHOWN else "")
        message = (
            f"{_some(len(single), 'label')} with one text only, which cannot be both learned and "
            f"judged: {listed}"
        )
        rows = seen.origins.at(
            place for name in single[:SHOWN] for place in seen.first.get(name, ())
        )
        yield Finding("rare", "warning", message, len(single), rows)
    if few:
        listed = ", ".join(f"{name!r} ({seen.counts[name]})" for name in few[:SHOWN])
        dots = ", …" if len(few) > SHOWN else ""
        message = f"{_some(len(few), 'label')} with fewer than {FEW} texts: {listed}{dots}"
        count = sum(seen.counts[name] for name in few)
        yield Finding("rare", "note", message, count, _rows(seen, few[0]))


def _imbalance(seen: _Seen) -> Iterator[Finding]:
    if seen.lists or len(seen.counts) < 2:
        return
    (most, many), *_, (least, few) = seen.counts.most_common()
    if many < LOPSIDED * few:
        return
    message = (
        f"{many / seen.rows:.0%} of the texts are {most!r}, and {many / few:.0f} times fewer "
        f"{least!r}: accuracy alone would say little"
    )
    yield Finding("imbalance", "note", message, few, _rows(seen, least))


def _unlabelled(seen: _Seen, unscored: str) -> Iterator[Finding]:
    if seen.unlabelled and seen.counts:
        share = seen.unlabelled / seen.rows
        verb = "has" if seen.unlabelled == 1 else "have"
        message = f"{_some(seen.unlabelled, 'text')} ({share:.0%}) {verb} no label"
        rows = seen.origins.at(seen.without)
        yield Finding("unlabelled", "note", message, seen.unlabelled, rows)
    if seen.unscored and unscored:
        message = f"{_some(seen.unscored, 'text')} with {unscored}"
        yield Finding("unscored", "note", message, seen.unscored)


def _rows(seen: _Seen, name: str) -> tuple[str, ...]:
    return seen.origins.at(seen.first.get(name, ()))


def faulty(*tables: Table) -> Iterator[Finding]:
    """Say which rows are left out for a fault, as asked."""
    for table in tables:
        if table.faults:
            origins = tuple(fault.origin for fault in islice(table.faults, SHOWN))
            said = table.faults.said(table.name)
            yield Finding("faulty", "warning", said, len(table.faults), origins)
