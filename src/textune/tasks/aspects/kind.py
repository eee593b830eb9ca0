"""A class of each of several columns: the row of the registry, and what `check` says of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data import missing
from textune.errors import DataError
from textune.metrics import by_column, catalogue
from textune.records import Contract, Example, LinearHead, Prediction, Row, Scores, Survey, Table
from textune.tasks import drawn, own_names, shown, texts
from textune.tasks.aspects import aspect_columns, outputs
from textune.tasks.aspects.aspect import Aspects
from textune.tasks.interface import Floats
from textune.tasks.kind import Chart, Kind, LabelTally, Places, Rows, ToExample
from textune.tasks.texts import Marked, ReadLabel


class ColumnTally(LabelTally):
    """Counts the classes of each column."""

    def in_order(self) -> dict[str, int]:
        """Return the counts in the order of the model's outputs."""
        return {
            name: self._counts[name]
            for name in outputs.in_order(self._counts, self._contract.label)
        }


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a text with a class of each column."""

    def to_reader(labels: Sequence[int]) -> ReadLabel:
        both = tuple(zip(labels, contract.label, strict=True))

        def read_classes(row: Row) -> Marked:
            label: list[str] = []
            unscored: list[str] = []
            for place, column in both:
                cell = row.cells[place].strip()
                is_kept = cell not in missing.EMPTY or f"{column}={cell}" in contract.no_skip
                if cell and is_kept:
                    label.append(outputs.named(column, cell))
                else:
                    unscored.append(column)
            return tuple(label) or None, tuple(unscored)

        return read_classes

    return texts.reader(places, to_reader)


def of_file(contract: Contract, table: Table, labels: Collection[str] = ()) -> Contract:
    """Take classes that training never saw for those of the same value in their column.

    Args:
        contract: Of the training.
        table: The file.
        labels: That the model knows.
    """
    known = {*labels, *dict(contract.merged)}
    found: list[tuple[str, str]] = []
    for column, cells in zip(contract.label, own_names.held(table, contract.label), strict=False):
        own = {
            outputs.value_of(label, column)
            for label in known
            if outputs.column_of(label, contract.label) == column
        }
        found += (
            (outputs.named(column, cell), outputs.named(column, other))
            for cell, other in own_names.same(cells, own, sorted(own))
        )
    return own_names.told(contract, tuple(found)) if labels else contract


def label_names(contract: Contract, examples: Iterable[Example]) -> tuple[str, ...]:
    """Name the outputs: the classes of each column, column after column.

    Raises:
        DataError: A column has less than two.
    """
    held = {name for example in examples for name in example.label or ()}
    found = outputs.in_order(held, contract.label)
    for column, at in outputs.places(found, contract.label).items():
        if len(at) < 2:
            alone = f"only {outputs.value_of(found[at[0]], column)!r}" if len(at) else "no class"
            raise DataError(
                f"column {column!r} has {alone} in the training texts: nothing can be learned of "
                "it; leave it out of --label"
            )
    return found


def picture(found: Survey) -> Iterator[Chart | str]:
    """Show how many texts have each class of each column, and of how many it is blank."""
    columns = found.contract.label
    for column in columns:
        counts = {
            outputs.value_of(label, column): count
            for label, count in found.labels.items()
            if outputs.column_of(label, columns) == column
        }
        yield Chart(column, counts, found.rows)
        if blank := found.rows - sum(counts.values()):
            yield f"  blank: {blank:,} ({blank / max(found.rows, 1):.1%})"


def show(item: Prediction) -> Iterator[shown.Line]:
    """Show what was decided beside the text, and below it a line for each column."""
    yield shown.head(", ".join(item.labels), item.text)
    width = max(map(len, item.columns), default=0)
    for column, value in item.columns.items():
        chances = {
            outputs.value_of(label, column): chance
            for label, chance in item.scores.items()
            if outputs.column_of(label, tuple(item.columns)) == column
        }
        yield (
            (f"    {column:{width}}  ", ""),
            (value, "bold"),
            (f"  {shown.scores(chances)}", "dim"),
        )


def plain(item: Prediction) -> dict[str, Any]:
    """Return the class of each column, and its probability."""
    return {
        "columns": {
            column: {"label": value, "score": item.scores[outputs.named(column, value)]}
            for column, value in item.columns.items()
        }
    }


def doubt(scores: Scores) -> Floats:
    """Return how far the likeliest classes are from certain, in the mean over columns, (N,)."""
    chances = (scores.probabilities * scores.decisions).sum(axis=1)
    return np.asarray(1 - chances / scores.decisions.sum(axis=1))


def probe(
    task: Aspects,
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    seed: int,
    weights: Floats | None,
    folds: NDArray[np.int64] | None,
    names: NDArray[np.float32] | None = None,
    strengths: Sequence[float] | None = None,
) -> LinearHead:
    """Fit the head on frozen features, column by column."""
    from textune.tasks.aspects import column_heads  # scipy: a while to import

    return column_heads.fit(
        task,
        features,
        targets,
        seed=seed,
        weights=weights,
        folds=folds,
        names=names,
        strengths=strengths,
    )


def called(task: Aspects) -> list[str]:
    """Return the names of classes as texts: with the column, since others may have the same."""
    return [label.replace(outputs.SIGN, " ") for label in task.labels]


def exclusive(task: Aspects, targets: NDArray[np.float32]) -> list[tuple[Rows, Rows]]:
    """Return the outputs of each column, and the class of each text in it."""
    found = []
    for at in task.places.values():
        classes = np.full(len(targets), -1, dtype=np.int64)
        rows = by_column.scored(targets.astype(np.float64), at)
        classes[rows] = targets[rows][:, at].argmax(axis=1)
        found.append((at, classes))
    return found


def of_names(task: Aspects) -> NDArray[np.float32]:
    """Return the targets of the classes' names: each is of its column alone."""
    found = np.full((len(task.labels),) * 2, np.nan, dtype=np.float32)
    for at in task.places.values():
        found[np.ix_(at, at)] = np.eye(len(at))
    return found


def page(task: Aspects) -> str:
    """Say how logits are parted into columns, by whoever loads the model without textune."""
    groups = ",\n".join(f"    {name!r}: {at.tolist()}" for name, at in task.places.items())
    return f"""
Each output is a class of one column ("column: class"). The outputs of a column exclude each other:
a softmax over them gives their probabilities, one column at a time. No softmax or sigmoid over all
outputs does.

```python
import torch

columns = {{
{groups},
}}


def parted(logits):  # (texts, outputs)
    return {{name: torch.softmax(logits[:, places], dim=1) for name, places in columns.items()}}
```
"""


KIND = Kind(
    name=Aspects.name,
    words="a class of each of several columns a text",
    make=Aspects,
    judged=catalogue.Judged(
        (*by_column.MEANS, by_column.LOSS, "all_right"),
        loss=by_column.LOSS,
        of_label=catalogue.OF_CLASSES,
    ),
    read=read,
    of_file=of_file,
    has_classes=True,
    by_column=True,
    unscored="",
    fewest=2,
    decisions=frozenset(["argmax"]),
    calibrates=True,
    problem="multi_label_classification",
    together=aspect_columns.together,
    weight=aspect_columns.weight,
    form=aspect_columns.form,
    instead=aspect_columns.instead,
    findings=aspect_columns.findings,
    in_cells=lambda contract, labels: outputs.values_of(labels, contract.label),
    begun=lambda contract: {"names": contract.label},
    label_names=label_names,
    tally=ColumnTally,
    picture=picture,
    show=show,
    plain=plain,
    page=page,
    probe=probe,
    probes_names=True,
    refits=True,
    exclusive=exclusive,
    of_names=of_names,
    called=called,
    doubt=doubt,
    drawn=drawn.by_column,
)
