"""Texts become units that must stay together, and units become parts with labels in proportion."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.records import Example
from textune.splits import alike, near
from textune.splits.sketches import MOST, Places, Sketcher

TRAIN, VALID, TEST = 0, 1, 2
GROUP_SLACK = 0.05
"""With groups, a size within this share of the wanted one is enough: then the labels decide."""
SIZE_RULES = 1e6
"""One text too many costs more than any error in the labels' proportions."""
MOST_MOVES = 5_000
LARGEST, LEAST = 0.05, 4
"""Part of all texts, and number of texts, up to which nearly equal ones are joined: files of one
template could not be split else."""


@dataclass(frozen=True, slots=True)
class Units:
    """Texts that must stay together, as one thing each.

    U units, C labels, Z pairs of a unit and a label that it has.
    """

    of_text: NDArray[np.int64]  # (N,) the unit of each text
    sizes: NDArray[np.int64]  # (U,) texts in each
    unit: NDArray[np.int64]  # (Z,) sorted
    label: NDArray[np.int64]  # (Z,)
    count: NDArray[np.int64]  # (Z,) texts of this unit with this label
    totals: NDArray[np.int64]  # (C,) texts of each label


def label_names(example: Example) -> tuple[str, ...]:
    """List the labels of a text, each once; none where it has none or the file did not say."""
    if isinstance(example.label, str):
        return (example.label,)
    return tuple(dict.fromkeys(example.label or ()))


def repeats(examples: Sequence[Example]) -> Places:
    """Find for each text an earlier one that it repeats but for a few words; (N,), -1 for none.

    As `check` finds them between files: not texts of fewer than 7 words, nor questions.
    """
    sketcher = Sketcher(MOST)
    for example in examples:
        sketcher.add_example(example)
    found = near.repeats(sketcher.done())
    return np.append(found, np.full(len(examples) - len(found), near.NONE))


def together(examples: Sequence[Example], repeated: Places | None = None) -> Units:
    """Join equal texts and equal groups, also through each other, into units in order of text.

    Texts are equal that differ in case, white space, punctuation and the form of Unicode alone.
    Those that differ in a few words are joined as well, unless too many would be.

    Args:
        examples: The texts, N.
        repeated: An earlier text that each repeats but for a few words, (N,), -1 for none; found
            here where it is not given. One that is no place among them counts as none.
    """
    first = list(range(len(examples)))

    def root(position: int) -> int:
        while first[position] != position:
            first[position] = first[first[position]]
            position = first[position]
        return position

    seen: dict[tuple[str, ...], int] = {}
    for position, example in enumerate(examples):
        for key in _ties(example):
            one, other = root(seen.setdefault(key, position)), root(position)
            first[max(one, other)] = min(one, other)
    repeated = repeats(examples) if repeated is None else repeated
    sizes = np.bincount([root(position) for position in first], minlength=len(first))
    most = max(LEAST, LARGEST * len(first))
    for position in np.flatnonzero(repeated >= 0).tolist():
        one, other = root(int(repeated[position])), root(position)
        if one != other and sizes[one] + sizes[other] <= most:
            first[max(one, other)] = min(one, other)
            sizes[min(one, other)] = sizes[one] + sizes[other]
    roots = [root(position) for position in range(len(examples))]
    _, of_text = np.unique(np.array(roots, dtype=np.int64), return_inverse=True)
    return _count_labels(examples, of_text.astype(np.int64))


def among(repeated: Places, rows: NDArray[np.int64]) -> Places:
    """Return what some of the texts repeat, as places among these: (N,), (M,) → (M,)."""
    place = np.full(len(repeated) + 1, near.NONE, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return np.asarray(place[repeated[rows]])  # -1 is the last, which is no row


def _ties(example: Example) -> Iterable[tuple[str, ...]]:
    if example.group:
        yield ("group", example.group)
    content = alike.plain_of(example)
    if content.strip("\x1f"):  # empty texts would tie unrelated groups to each other
        yield ("text", content)


def _count_labels(examples: Sequence[Example], of_text: NDArray[np.int64]) -> Units:
    names = [label_names(example) for example in examples]
    index = {name: n for n, name in enumerate(sorted({name for have in names for name in have}))}
    pairs = [(int(u), index[name]) for u, have in zip(of_text, names, strict=True) for name in have]
    keys = np.array([unit * len(index) + label for unit, label in pairs], dtype=np.int64)
    distinct, count = np.unique(keys, return_counts=True)  # (Z,) (Z,)
    unit, label = np.divmod(distinct, max(1, len(index)))
    totals = np.bincount(label, weights=count, minlength=len(index)).astype(np.int64)
    sizes = np.bincount(of_text).astype(np.int64)
    return Units(of_text, sizes, unit, label, count.astype(np.int64), totals)


class _Deal:
    """Which part each unit has been given to, and what the parts still lack."""

    def __init__(self, units: Units, wanted: NDArray[np.int64], rng: random.Random) -> None:
        self.rng = rng
        self.sizes: list[int] = units.sizes.tolist()
        self.open = [part for part in range(3) if wanted[part] > 0]
        self.room: list[float] = wanted.astype(np.float64).tolist()
        shares = wanted / wanted.sum()  # (3,)
        self.lacks = [(share * units.totals).tolist() for share in shares]  # 3 lists of C
        self.remaining: list[int] = units.totals.tolist()
        self.parts = [-1] * len(self.sizes)
        self.pinned = [False] * len(self.sizes)
        self.has: list[list[tuple[int, int]]] = [[] for _ in self.sizes]
        self.members: list[list[int]] = [[] for _ in units.totals]
        pairs = zip(units.unit.tolist(), units.label.tolist(), units.count.tolist(), strict=True)
        for unit, label, count in pairs:
            self.has[unit].append((label, count))
            self.members[label].append(unit)

    def give(self, unit: int, part: int) -> None:
        self.parts[unit] = part
        self.room[part] -= self.sizes[unit]
        for label, count in self.has[unit]:
            self.lacks[part][label] -= count
            self.remaining[label] -= count

    def keep_one(self, label: int) -> None:
        """See that training has a unit with this label, and that it stays there."""
        held = [unit for unit in self.members[label] if self.parts[unit] == TRAIN]
        if any(self.pinned[unit] for unit in held):
            return
        free = [unit for unit in self.members[label] if self.parts[unit] < 0]
        if not held and not free:  # others of its labels have sent them all away
            return
        unit = held[0] if held else self.rng.choice(free)
        if not held:
            self.give(unit, TRAIN)
        self.pinned[unit] = True

    def deal(self, queue: list[int], label: int | None) -> None:
        """Give each to the part that lacks the label most, then to the one with most room."""
        self.rng.shuffle(queue)
        queue.sort(key=lambda unit: -self.sizes[unit])  # large ones first, small ones fill gaps
        for unit in queue:
            needs = [lack[label] if label is not None else 0.0 for lack in self.lacks]
            self.give(unit, max(self.open, key=lambda p: (needs[p], self.room[p], -p)))


def stratify(
    units: Units, wanted: NDArray[np.int64], rng: random.Random
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Assign units to parts, those of the rarest label first (Sechidis et al. 2011, figure 1).

    Returns:
        The part of each unit, and whether it must stay there. (U,) (U,)
    """
    deal = _Deal(units, wanted, rng)
    todo = set(range(len(units.totals)))
    for label in sorted(todo, key=lambda name: (units.totals[name], name)):
        deal.keep_one(label)
    while todo:
        label = min(todo, key=lambda name: (deal.remaining[name], name))
        todo.remove(label)
        deal.deal([unit for unit in deal.members[label] if deal.parts[unit] < 0], label)
    deal.deal([unit for unit, part in enumerate(deal.parts) if part < 0], None)
    return np.array(deal.parts, dtype=np.int64), np.array(deal.pinned, dtype=np.bool_)


def rebalance(
    parts: NDArray[np.int64],
    pinned: NDArray[np.bool_],
    units: Units,
    wanted: NDArray[np.int64],
    *,
    grouped: bool,
) -> None:
    """Move single units, the best one at a time, while sizes and then proportions improve."""
    slack = GROUP_SLACK * wanted if grouped else np.zeros(3)  # (3,)
    weight = 1 / units.totals.clip(1) if grouped else np.ones(len(units.totals))  # (C,)
    over = np.stack([_label_counts(parts == part, units) for part in range(3)]) - np.outer(
        wanted / wanted.sum(), np.append(units.totals, wanted.sum())
    )  # (3, C + 1), the last column for the size
    routes = [(a, b) for a in range(3) for b in range(3) if a != b and wanted[a] and wanted[b]]
    for _ in range(MOST_MOVES):
        best = (-1e-9, -1, 0, 0)
        for a, b in routes:
            cost = _label_cost(units, over[b] - over[a], weight)  # (U,)
            cost = cost + SIZE_RULES * _size_cost(over[a, -1], -units.sizes, slack[a])
            cost = cost + SIZE_RULES * _size_cost(over[b, -1], units.sizes, slack[b])
            cost[(parts != a) | pinned] = np.inf
            unit = int(cost.argmin())
            best = min(best, (float(cost[unit]), unit, a, b))
        _, unit, a, b = best
        if unit < 0:
            return
        moved = _label_counts(np.arange(len(parts)) == unit, units)  # (C + 1,)
        over[a] -= moved
        over[b] += moved
        parts[unit] = b


def _label_cost(
    units: Units, gap: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By how much the squared errors of both parts' labels grow if a unit moves: (U,)."""
    each = weight[units.label] * units.count * (units.count + gap[units.label])  # (Z,)
    grown = np.bincount(units.unit, weights=each, minlength=len(units.sizes))
    return 2 * grown.astype(np.float64)


def _size_cost(over: float, change: NDArray[np.int64], slack: float) -> NDArray[np.float64]:
    after = np.maximum(0.0, np.abs(over + change) - slack)  # (U,)
    return after**2 - max(0.0, abs(over) - slack) ** 2


def _label_counts(chosen: NDArray[np.bool_], units: Units) -> NDArray[np.float64]:
    """Count the texts of each label in the chosen units, and all of them: (C + 1,)."""
    counts = units.count * chosen[units.unit]  # (Z,)
    labels = np.bincount(units.label, weights=counts, minlength=len(units.totals))
    return np.append(labels, units.sizes[chosen].sum()).astype(np.float64)
