"""What several annotators say of a text becomes one answer, and how far they agree a finding."""

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textune.errors import DataError, SettingsError, among
from textune.metrics import alpha
from textune.records import Annotators, Finding, Shares

RULES: tuple[Annotators, ...] = ("majority", "soft", "first", "refuse")
TIED = "has as many annotators for one label as for another"
MERGED = "label of the annotators"  # the column of what columns of people said
SHOWN = 3  # places that are named
MOST = 4  # columns whose agreement is named one by one
ENOUGH = 20  # texts of several people, from which their agreement is judged

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Judged:
    """A text, and what each of one or several annotators said of it, in columns of the table."""

    row: Mapping[str, Any]  # what is not annotated
    votes: tuple[Mapping[str, Any], ...]  # at least one
    is_settled: bool = False  # whether the first is marked as the truth


def settle(judged: Judged, rule: Annotators | None) -> dict[str, Any] | None:
    """Make the row of a text that several people may have annotated; None where it is tied.

    What is marked as the truth, or the only annotation, is taken as it is. Of names that of most is
    taken, of lists and spans what more than half of the annotators have, of numbers the mean. Where
    as many say one thing as another, the cell is blank, or the text left out if it has no other.
    """
    votes = judged.votes
    if judged.is_settled or rule == "first" or len(votes) == 1:
        return {**judged.row, **votes[0]}
    said = {column: said_of(votes, column) for column in _columns(judged)}
    tied = {column for column in said if rule != "soft" and is_tied(said[column])}
    if tied and len(said) == 1:
        return None
    taken = {name: None if name in tied else majority(held) for name, held in said.items()}
    return {**judged.row, **taken}


def shares(judged: Judged) -> dict[str, Shares]:
    """Return, of columns of names of which annotators differ, how many gave each, as shares."""
    if judged.is_settled:
        return {}
    found = {}
    for column in _columns(judged):
        said = said_of(judged.votes, column)
        counts = Counter(map(key_of, said))
        if len(counts) > 1 and not _are_lists(said) and not _are_numbers(said):
            found[column] = tuple((str(name), n / len(said)) for name, n in counts.items())
    return found


def said_of(votes: Iterable[Mapping[str, Any]], column: str) -> list[Any]:
    """List what those said of a column who said something."""
    return [vote[column] for vote in votes if vote.get(column) is not None]


def is_tied(said: Sequence[Any]) -> bool:
    """Tell whether as many say one thing as another, where only one can be."""
    if _are_lists(said) or _are_numbers(said):
        return False
    counts = Counter(map(key_of, said)).most_common(2)
    return len(counts) > 1 and counts[0][1] == counts[1][1]


def majority(said: Sequence[Any]) -> Any:
    """Take what most say; None where nobody says anything."""
    if not said:
        return None
    if _are_numbers(said):
        mean = sum(said) / len(said)
        return int(mean) if mean.is_integer() else mean
    if not _are_lists(said):
        most = Counter(map(key_of, said)).most_common(1)[0][0]
        return next(value for value in said if key_of(value) == most)
    items = {_item(item): item for value in said for item in value}
    counts = Counter(item for value in said for item in set(map(_item, value)))
    return [items[item] for item in items if 2 * counts[item] > len(said)]


def labels_of(judged: Judged) -> Iterable[str]:
    """Yield the names that people gave a text, in any column; of spans their labels."""
    for vote in judged.votes:
        for value in vote.values():
            for item in value if isinstance(value, list) and not _is_span(value) else [value]:
                yield from filter(lambda name: isinstance(name, str), _names(item))


def _names(item: Any) -> list[Any]:
    if isinstance(item, Mapping):
        return [item[key] for key in _LABELS if key in item]
    return [item[2]] if _is_span(item) else [item]


def merged(judged: Judged, same: Mapping[str, str]) -> Judged:
    """Take labels for those that they are, before it is settled which of them most gave."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return same.get(value, value)
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            return list(dict.fromkeys(same.get(item, item) for item in value))
        return renamed(value, same)

    votes = tuple({name: read(value) for name, value in vote.items()} for vote in judged.votes)
    return Judged(judged.row, votes, judged.is_settled)


def renamed(spans: Any, same: Mapping[str, str]) -> Any:
    """Take the labels of spans for those that they are; what is no list of spans stays."""
    if not same or not isinstance(spans, list):
        return spans
    return [_renamed(span, same) for span in spans]


def _renamed(span: Any, same: Mapping[str, str]) -> Any:
    if isinstance(span, Mapping):
        held = {key: span[key] for key in _LABELS if isinstance(span.get(key), str)}
        return {**span, **{key: same.get(label, label) for key, label in held.items()}}
    if not _is_span(span) or not isinstance(span[2], str):
        return span
    return [*span[:2], same.get(span[2], span[2])]


def key_of(value: object) -> Hashable:
    """Make what is alike for annotations that are."""
    return frozenset(map(_item, value)) if isinstance(value, list) else str(value)


def _item(item: object) -> str:
    """Make what is alike for labels, or for spans, that are; what stands in a span is no matter."""
    if isinstance(item, Mapping):
        item = {key: held for key, held in item.items() if key in _OF_SPAN}
    return json.dumps(item, sort_keys=True, default=str)


_STARTS, _ENDS = ("start", "start_offset"), ("end", "end_offset")
_LABELS = ("label", "labels", "tag", "type", "entity", "entity_type", "category")
_OF_SPAN = (*_STARTS, *_ENDS, *_LABELS)


def _are_lists(said: Sequence[Any]) -> bool:
    return any(isinstance(value, list) for value in said)


def _are_numbers(said: Sequence[Any]) -> bool:
    return bool(said) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in said
    )


class Panel:
    """Counts the texts of which annotators differ, and how far they agree."""

    def __init__(self, rule: Annotators | None, *, blanks: bool = True) -> None:
        if rule is not None and rule not in RULES:
            raise SettingsError(f"--annotators {rule!r} is not known; {among(rule, RULES)}")
        self._rule = rule
        self._blanks = blanks  # whether a cell stays blank where as many say one thing as another
        self._shared = self._torn = self._settled = 0
        self._tied: Counter[str] = Counter()  # texts by column, where the cell is left blank
        self._places: list[str] = []
        self._names: dict[str, alpha.Names] = {}
        self._numbers: dict[str, alpha.Numbers] = {}
        self._unlike: set[str] = set()  # columns of which people differ

    def watch(self, judged: Judged, place: str) -> None:
        """Take a text into account."""
        if len(judged.votes) < 2:
            return
        self._shared += 1
        unlike = [name for name in _columns(judged) if self._differ(judged, name)]
        self._unlike.update(unlike)
        self._torn += bool(unlike)
        self._settled += bool(unlike) and judged.is_settled
        if self._leaves_blank(judged):
            for name in unlike:
                self._tied[name] += is_tied(said_of(judged.votes, name))
        if unlike and len(self._places) < SHOWN:
            self._places.append(place)

    def _leaves_blank(self, judged: Judged) -> bool:
        is_open = self._blanks and not judged.is_settled and self._rule not in ("first", "soft")
        return is_open and len(_columns(judged)) > 1

    def _differ(self, judged: Judged, column: str) -> bool:
        said = said_of(judged.votes, column)
        if _are_numbers(said):
            self._numbers.setdefault(column, alpha.Numbers()).add(said)
        else:
            found = self._names.setdefault(column, alpha.Names())
            if any(_is_span(item) for value in said for item in _listed(value)):
                for word in _words(judged.row, said):
                    found.add(word)
            else:
                found.add([key_of(value) for value in said])
        return len(set(map(key_of, said))) > 1

    def findings(self, name: str) -> list[Finding]:
        """Say how far the annotators agree, and whose label was taken.

        Raises:
            DataError: They differ, and that is to be refused.
        """
        if not self._shared:
            return []
        shared = f"{self._shared:,} text{'s' if self._shared > 1 else ''}"
        if not self._torn:
            message = f"several people annotated {shared}, and agree on all of them"
            return [Finding("annotators", "note", message, self._shared)]
        differ = (
            f"annotators differ in {self._torn:,} of {shared} that several of them annotated"
            f"{self._agreement()}; first: {', '.join(self._places)}"
        )
        if self._rule == "refuse":
            raise DataError(
                f"{name}: {differ}; settle them in the tool, or take the label of most of them: "
                "--annotators majority"
            )
        blank = "".join(
            f"; {name!r} is blank in {count:,}, where as many say one thing as another"
            for name, count in self._tied.items()
            if count
        )
        message = f"{differ}; {self._taken()}{blank}"
        return [Finding("annotators", "warning", message, self._torn, tuple(self._places))]

    def _agreement(self) -> str:
        both: dict[str, alpha.Names | alpha.Numbers] = {**self._names, **self._numbers}
        found = {column: both[column].value() for column in both if column in self._unlike}
        values = {column: value for column, value in found.items() if value is not None}
        if not values:
            return ""
        shown = ", ".join(
            f"{value:.2f}" + (f" for {column!r}" if len(values) > 1 else "")
            for column, value in values.items()
        )
        if len(values) > MOST:
            least, most = (choose(values, key=lambda name: values[name]) for choose in (min, max))
            shown = (
                f"{sum(values.values()) / len(values):.2f} on average, from {values[least]:.2f} "
                f"for {least!r} to {values[most]:.2f} for {most!r}"
            )
        low = self._shared >= ENOUGH and min(values.values()) < alpha.TENTATIVE
        return f" (Krippendorff's alpha {shown}" + (
            "; below 0.67 the labels themselves are unsure)" if low else ")"
        )

    def _taken(self) -> str:
        if self._torn == self._settled:
            return "the annotation marked as the truth was taken"
        but = ", where none is marked as the truth" if self._settled else ""
        if self._rule == "first":
            return f"the first annotation was taken{but}, as asked"
        whats = (
            "the mean of the numbers"
            if self._unlike <= self._numbers.keys()
            else ("the label of most of them")
        )
        if self._rule == "soft":
            return f"each of their labels counts by its share of them in training{but}, as asked"
        others = "soft learns from all, first takes the first, refuse stops"
        return f"{whats} was taken{but} (--annotators {others})"


def _columns(judged: Judged) -> dict[str, None]:
    return dict.fromkeys(name for vote in judged.votes for name in vote)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(row: Mapping[str, Any], said: Sequence[Any]) -> Iterable[list[str]]:
    """Yield for each word of the text under which label each annotator has it."""
    text = max((held for held in row.values() if isinstance(held, str)), key=len, default="")
    for word in _WORD.finditer(text):
        yield [
            next((str(label) for start, end, label in places if start <= word.start() < end), "O")
            for places in (list(_places(value)) for value in said)
        ]


def _is_span(item: object) -> bool:
    return isinstance(item, Mapping) or (isinstance(item, list) and len(item) == 3)


def _places(value: object) -> Iterable[tuple[int, int, object]]:
    for item in _listed(value):
        if isinstance(item, Mapping):
            start, end, label = (
                next((item[key] for key in keys if key in item), None)
                for keys in (_STARTS, _ENDS, _LABELS)
            )
        elif _is_span(item):
            start, end, label = item
        else:
            continue
        if isinstance(start, int) and isinstance(end, int):
            yield start, end, label
