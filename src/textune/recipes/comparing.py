"""What several runs said of the same texts becomes their differences, and what these show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from textune.errors import RunError, SettingsError, among, counted, some
from textune.metrics import comparing
from textune.metrics.comparing import Difference
from textune.predicting.predictor import Reading
from textune.reading import obtained
from textune.recipes import evaluating
from textune.runs import evaluations, openings, predictions, runs, test_files
from textune.runs.runs import Card
from textune.storage import objects
from textune.tasks import drawn, installed, registry
from textune.tasks.interface import Task
from textune.tasks.labels import in_one_cell, parted

PARTS = ("test", "valid")
WORDS = {"test": "test", "valid": "validation"}
SHOWN = 6  # labels that are named
Table = dict[str, list[Any]]
Answered = tuple[str, list[Mapping[str, Any]], list[Table]]  # what; numbers, answers of each run


@dataclass(frozen=True, slots=True)
class Compared:
    """Several runs beside the first of them."""

    names: tuple[str, ...]
    on: str  # which texts
    texts: int
    main: str  # the metric that decides
    differences: Mapping[str, Sequence[Difference]]  # metric → one for each run but the first
    alone: Sequence[tuple[int, int]] | None  # texts that only this run, only the first decides
    # rightly; of one label a text
    is_part: bool = True  # whether they are a part of the runs' own, and no other file
    leaked: Mapping[str, str] = field(default_factory=dict)  # run → which of them it learned from

    @property
    def words(self) -> str:
        """Name the texts with their number."""
        if self.is_part:
            return f"{counted(self.texts, self.on.removesuffix('s'))}"
        return f"{self.on} ({counted(self.texts, 'text')})"

    def told(self) -> dict[str, Any]:
        """Return all of it, as `--json` prints it."""
        return {
            "runs": list(self.names),
            "on": self.on,
            "texts": self.texts,
            "main": self.main,
            "differences": {
                name: {
                    key: comparing.as_json(found[place]) for key, found in self.differences.items()
                }
                for place, name in enumerate(self.names[1:])
            },
            "leaked": dict(self.leaked),
            "only_right": None if self.alone is None else [list(pair) for pair in self.alone],
        }


def compare(
    places: Sequence[Path],
    *,
    on: object = None,
    options: Reading | None = None,
    metric: str | None = None,
    final: bool = False,
) -> Compared:
    """Compare runs by the same texts.

    Args:
        places: Folders of two runs or more; the first is what the others are compared with.
        on: Labelled texts by which they are judged; None: those that all of them keep answers of.
        options: How `on` is read.
        metric: That decides; None: the main one of their task, or, where these texts do not give
            it, as of one class only, the first that they give.
        final: Whether `on` is the test file of one of them, and that is to be counted.

    Raises:
        RunError: They do not keep answers of the same texts.
        SettingsError: They are fewer than two, of different tasks or labels, or there is no such
            metric.
    """
    if len(places) < 2:
        raise SettingsError("give two runs or more to compare")
    if len({place.resolve() for place in places}) < len(places):
        raise SettingsError("a run is named twice; there is nothing to compare it with")
    task = _task(places)
    if on is None:
        part, judged, tables = _kept(places, task)
    else:
        part, judged, tables = _fresh(places, task, on, options or Reading(), final=final)
    draws = comparing.draws(len(tables[0]["truth"]))
    count = registry.of(task.name).drawn
    assert count is not None
    found = [count(task, table, draws) for table in tables]
    known = [key for key in found[0] if all(np.isfinite(one[key][0]) for one in found)]
    main = metric or next(key for key in (task.main_metric, *known) if key in known)
    if main not in known:
        raise SettingsError(f"--metric {main}: cannot be compared here; {among(main, known)}")
    alone = _alone(task, tables) if registry.of(task.name).judged.is_exclusive else None
    keys = [main, *(key for key in known if key != main)]
    return Compared(
        names=tuple(map(str, places)),
        on=part,
        texts=len(tables[0]["truth"]),
        main=main,
        differences={
            key: comparing.differences(
                key,
                [one[key] for one in found],
                texts=len(tables[0]["truth"]),
                only=alone if key == "accuracy" else None,
            )
            for key in keys
        },
        alone=alone,
        is_part=on is None,
        leaked=_leaked(places, judged),
    )


def _task(places: Sequence[Path]) -> Task:
    """Return the task that all runs have.

    Raises:
        SettingsError: They differ in it, or in its labels.
    """
    installed.load()
    cards = [runs.read_card(runs.model_folder(place)) for place in places]
    for place, card in zip(places, cards, strict=True):
        if card.task != cards[0].task:
            raise SettingsError(
                f"{places[0]} was trained for {cards[0].task!r} and {place} for {card.task!r}: "
                "models of one task can be compared"
            )
        if set(card.labels) != set(cards[0].labels):
            raise SettingsError(
                f"{places[0]} and {place} do not have the same labels ({_apart(cards[0], card)}): "
                "their scores cannot be compared"
            )
    first = cards[0]
    return registry.make(first.task, first.labels, first.state)


def _apart(one: Card, other: Card) -> str:
    """Name the labels that only one of two models has, and which."""
    first, second = ([*each.labels] for each in (one, other))
    lacking = {
        "in the first alone": [name for name in first if name not in second],
        "in the other alone": [name for name in second if name not in first],
    }
    return "; ".join(f"{where}: {some(names, SHOWN)}" for where, names in lacking.items() if names)


def _kept(places: Sequence[Path], task: Task) -> Answered:
    """Return the answers that all runs keep of the same texts: of test texts where they can.

    Raises:
        RunError: There are none.
    """
    odd: dict[Path, list[str]] = {}  # runs that keep others than the first does, and how many
    for part in PARTS:
        files = [place / "predictions" / f"{part}.parquet" for place in places]
        if not all(file.is_file() for file in files):
            continue
        tables = [_read(*both, task) for both in zip(files, places, strict=True)]
        first = _keys(tables[0])
        others = [place for place, each in zip(places, tables, strict=True) if _keys(each) != first]
        if not others:
            judged = [objects.read(place / "metrics.json").get(part) or {} for place in places]
            return f"{WORDS[part]} texts", judged, tables
        keys = _keys(tables[places.index(others[0])])
        same = (Counter(first) & Counter(keys)).total()
        said = f"{WORDS[part]}: {len(first):,} and {len(keys):,}, {same:,} of them the same"
        odd.setdefault(others[0], []).append(said)
    if not odd:
        raise RunError(
            f"{some([*map(str, places)], SHOWN)} do not all keep answers of test texts, nor all of "
            "validation texts; judge them by the same file: --on FILE"
        )
    other, numbers = next(iter(odd.items()))
    raise RunError(
        f"{places[0]} and {other} do not keep answers of the same texts ({'; '.join(numbers)}); "
        "judge them by the same file: --on FILE"
    )


def _fresh(
    places: Sequence[Path], task: Task, on: object, options: Reading, *, final: bool
) -> Answered:
    """Judge all runs by a file, and return their answers.

    Raises:
        RunError: They do not read the same rows of it.
    """
    part = ", ".join(obtained.named(on)) or "data"
    tested = _tested(places, on, final=final)
    both = [_judged(place, on, options, task, final=place in tested) for place in places]
    tables = [table for _, table in both]
    _require_same(places, tables, part)
    return part, [numbers for numbers, _ in both], tables


def _tested(places: Sequence[Path], on: object, *, final: bool) -> list[Path]:
    """Return the runs whose test file it is by which all are judged, where that is asked for.

    Raises:
        SettingsError: It is not asked for, or the file is no run's test file.
    """
    if not final:
        for place in places:
            once_more = "to judge by it once more, and have that counted: --final"
            test_files.refuse(place, on, f"{once_more}; or give another file")
        return []
    found = [place for place in places if test_files.is_test(place, on)]
    if not found:
        raise SettingsError(f"--final: {on} is the test file of none of these runs; leave it out")
    return found


def _judged(
    place: Path, on: object, options: Reading, task: Task, *, final: bool
) -> tuple[Mapping[str, Any], Table]:
    """Judge a run by a file, and return its numbers, and what it said of each text.

    A run that was trained without parts of its owner's is judged without them.
    """
    own = runs.read_card(runs.model_folder(place)).own
    options = options if own else replace(options, plugin=None)
    numbers = evaluating.evaluate(place, on, options, final=openings.COMPARE if final else "")
    return numbers, _read(evaluations.answers_of(place, on), place, task)


def _leaked(places: Sequence[Path], judged: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Say of each run which of the texts it has learned from, where it has."""
    told = [each.get("without_leaks") or {} for each in judged]
    return {str(place): one["said"] for place, one in zip(places, told, strict=True) if one}


def _require_same(places: Sequence[Path], tables: Sequence[Table], on: str) -> None:
    for place, table in zip(places, tables, strict=True):
        if _keys(table) != _keys(tables[0]):
            raise RunError(f"{on}: {places[0]} and {place} do not read the same rows of it")


def _read(file: Path, place: Path, task: Task) -> Table:
    """Read a run's table of answers, sorted by texts, so that rows of several stand for the same.

    Raises:
        RunError: It is damaged.
    """
    table = predictions.read(file, ("text", "truth", "origin"))
    own = runs.read_card(runs.model_folder(place)).labels
    if own != task.labels:
        table["truth"] = [_in_order(cell, own, task) for cell in table["truth"]]
    keys = list(zip(_keys(table), table["origin"], strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return {name: [column[row] for row in order] for name, column in table.items()}


def _in_order(cell: str, own: Sequence[str], task: Task) -> str:
    """Write a truth as the first run does, whose labels may stand in another order."""
    kind = registry.of(task.name)
    if kind.several or kind.by_column:
        held = parted(cell, own)
        return in_one_cell([name for name in task.labels if name in held], task.labels)
    values = cell.split(";")
    if kind.has_classes or task.asks != "texts" or len(values) != len(own):
        return cell
    return ";".join(values[own.index(name)] for name in task.labels)


def _keys(table: Table) -> list[tuple[Any, ...]]:
    """Return what a row is of: its text, or both of a pair, and the truth."""
    seconds = table.get("pair") or table.get("passage") or [""] * len(table["text"])
    return list(zip(table["text"], seconds, table["truth"], strict=True))


def _alone(task: Task, tables: Sequence[Table]) -> list[tuple[int, int]]:
    """Count, of each run but the first, the texts that it alone, and that the first alone, has."""
    right = [
        np.asarray(drawn.decided(task.labels, table), dtype=object)
        == np.asarray(table["truth"], dtype=object)
        for table in tables
    ]
    return [(int((one & ~right[0]).sum()), int((right[0] & ~one).sum())) for one in right[1:]]
