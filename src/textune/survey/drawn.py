"""A table becomes a few of its rows, drawn at random: a first look at the data."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from textune.data import naming
from textune.errors import SettingsError, among
from textune.records import OUTSIDE, Example, Survey
from textune.splits import strata
from textune.tasks import examples, registry


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of a table: some of all, and some of each label that was asked for."""

    rows: tuple[Example, ...]  # in the order of the file
    of: dict[str, tuple[Example, ...]]

    def told(self) -> dict[str, Any]:
        """Return them as plain values that JSON can hold."""
        return {
            "rows": list(map(_told, self.rows)),
            "of": {label: list(map(_told, rows)) for label, rows in self.of.items()},
        }


def draw(
    found: Survey, *, count: int, labels: Sequence[str] = (), each: int = 5, seed: int = 42
) -> Drawn:
    """Draw rows of a table that was surveyed; it is read once more, in bounded memory.

    Args:
        found: What `check` returned.
        count: Of all rows.
        labels: Of whose rows some are drawn as well.
        each: Of each of these labels.
        seed: The same seed draws the same rows.

    Raises:
        SettingsError: A label is none of the table's.
    """
    for label in labels:
        if label not in found.labels:
            held = among(label, found.labels) if found.labels else "this table has no classes"
            raise SettingsError(f"--show-of {label}: {held}")
    agreed = found.contract
    class_of = registry.of(agreed.task).class_of if agreed.task in registry.TASKS else str
    draws = [_Draw(count, random.Random(f"{seed}"))]
    draws += [_Draw(each, random.Random(f"{seed} {label}")) for label in labels]
    is_labelled = agreed.task != "plain"
    table = naming.named(found.table, agreed)
    for example in examples.read(table, agreed, labelled=is_labelled):
        names = {class_of(name) for name in strata.label_names(example)}
        draws[0].see(example)
        for label, one in zip(labels, draws[1:], strict=True):
            if label in names:
                one.see(example)
    first, *others = (one.in_order() for one in draws)
    return Drawn(first, dict(zip(labels, others, strict=True)))


class _Draw:
    """Keeps some of what it sees, each as likely as any other."""

    def __init__(self, most: int, random: random.Random):
        self._most, self._random = most, random
        self._seen = 0
        self._kept: list[tuple[int, Example]] = []

    def see(self, example: Example) -> None:
        self._seen += 1
        if len(self._kept) < self._most:
            self._kept.append((self._seen, example))
        elif self._most and (place := self._random.randrange(self._seen)) < self._most:
            self._kept[place] = self._seen, example

    def in_order(self) -> tuple[Example, ...]:
        """Return what is kept, in the order of the file."""
        return tuple(example for _, example in sorted(self._kept, key=lambda pair: pair[0]))


def labels_of(example: Example) -> str:
    """Write the labels of a text in a cell; of words those that mark something."""
    if example.answers is not None:
        return "; ".join(answer.text for answer in example.answers)
    return "; ".join(_marked(strata.label_names(example)))


def _marked(names: Iterable[str]) -> list[str]:
    return [name for name in names if name != OUTSIDE]


def _told(example: Example) -> dict[str, Any]:
    pair = {} if example.pair is None else {"pair": example.pair}
    return {"row": example.origin, "labels": labels_of(example), "text": example.text, **pair}
