"""The settings of decisions, and a file of costs, become what is wanted of decisions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textune.decisions import aims
from textune.decisions.wishes import Costs, Wish
from textune.errors import DataError, among
from textune.evaluation import fitting
from textune.settings.decision_config import DecisionSettings
from textune.tasks import registry
from textune.tasks.interface import Task

if TYPE_CHECKING:  # a while to import
    from textune.settings.config import Settings


def of(settings: "Settings", labels: Sequence[str] = (), task: str = "") -> Wish:
    """Return what settings want of decisions.

    Args:
        settings: Of a run.
        labels: Of the task, in the order of its outputs, for costs.
        task: Its name.

    Raises:
        DataError: The file of costs is not as it should be.
    """
    return wish(settings.decision, labels, task, calibrates=calibrates(settings))


def check(settings: "Settings", task: Task) -> None:
    """Refuse decisions that cannot be, and a faulty file of costs, before anything is learned.

    Raises:
        DataError: The file of costs is not as it should be.
        SettingsError: The task, or its labels, have no place for what is wanted.
    """
    fitting.refuse(task, of(settings, task.labels, task.name))


def calibrates(settings: "Settings") -> bool:
    """Tell whether probabilities may be calibrated: unless the recipe is classic, if not said."""
    own = settings.decision.calibrate
    return settings.train.recipe != "classic" if own is None else own


def fits_thresholds(settings: "Settings", task: str) -> bool:
    """Tell whether the labels of a task get thresholds whatever they are learned by."""
    own, kind = settings.decision.aim, registry.of(task)
    is_fitting = own is not None or calibrates(settings)
    return kind.several and is_fitting and (own or kind.aim) != aims.LIKELIEST


def wish(own: DecisionSettings, labels: Sequence[str], task: str, *, calibrates: bool) -> Wish:
    """Return what settings of decisions want, with the costs of their file."""
    aim = None if own.aim is None else aims.read(own.aim)
    found = Wish(aim, calibrates=calibrates, answers=own.abstain, covers=own.sets)
    if aim is None or aim.kind != "cost":
        return found
    return replace(found, costs=costs(aim.file, labels, several=registry.of(task).several))


def costs(file: str, labels: Sequence[str], *, several: bool) -> Costs:
    """Read what wrong decisions cost.

    Args:
        file: A table. One label a text: a first column of true labels, and a column for each
            decision. Several: columns `label`, `missed` and `wrong` (given wrongly).
        labels: Of the model.
        several: Whether a text may have several labels.

    Returns:
        (C, C) by truth and decision, or (C, 2) missed and wrong.

    Raises:
        DataError: A label is missing or unknown, a cost is no number from 0 on, or a right
            decision costs more than a wrong one.
    """
    from textune.reading import sources  # a while to import, and few give costs

    table = sources.read(file, sources.USUAL)
    wanted = ("missed", "wrong") if several else tuple(labels)
    names = [name.strip() for name in table.columns]
    for name in wanted:
        if name not in names[1:]:
            raise DataError(f"{file}: no column {name!r}; {among(name, names[1:])}")
    places = [names.index(name, 1) for name in wanted]
    rows = {}
    for row in table.rows():
        label = row.cells[0].strip()
        if label not in labels or label in rows:
            why = "comes twice" if label in rows else f"is unknown; {among(label, labels)}"
            raise DataError(f"{row.origin}: label {label!r} {why}")
        rows[label] = tuple(_cost(row.cells[place], row.origin) for place in places)
    missing = [label for label in labels if label not in rows]
    if missing:
        raise DataError(f"{file}: no row for label {missing[0]!r}; each label needs its costs")
    found = tuple(rows[label] for label in labels)
    if several:
        if any(sum(pair) == 0 for pair in found):
            raise DataError(f"{file}: a label costs nothing when missed and nothing when wrong")
    else:
        _require_costs(file, labels, found)
    return found


def _require_costs(file: str, labels: Sequence[str], costs: Costs) -> None:
    """Refuse a table by which a wrong decision is better than the right one, or none is worse.

    Raises:
        DataError: It is one, such as a table of gains.
    """
    for truth, row in enumerate(costs):
        best = min(range(len(row)), key=row.__getitem__)
        if row[best] < row[truth]:
            raise DataError(
                f"{file}: where {labels[truth]!r} is true, deciding so costs {row[truth]:g}, and "
                f"deciding {labels[best]!r} {row[best]:g}; rows are true labels, columns are "
                "decisions, and the right one costs no more than any other (usually 0)"
            )
    if all(len(set(row)) == 1 for row in costs):
        raise DataError(
            f"{file}: every decision costs the same; give wrong ones a cost above that of the "
            "right one"
        )


def _cost(cell: str, origin: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise DataError(f"{origin}: cost {cell!r:.30} is no number from 0 on")
    return value
