"""Scores and a column of the user's file become numbers for the texts of each of its values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textune.data import slicing
from textune.data.slicing import Slice
from textune.evaluation import by_length
from textune.metrics import apart, catalogue, comparing, intervals, written
from textune.metrics.apart import Gap
from textune.records import Example, Scores
from textune.splits import strata
from textune.tasks.interface import Task

SMALL = 30  # texts; of fewer a number says little, however it comes out
LEVEL = 0.05
MOST_LABELS = 20  # whose texts are counted in a slice

Entry = dict[str, Any]
Cells = Mapping[str, Sequence[str]]  # of each column, one for each text


def told(
    task: Task,
    scores: Scores,
    examples: Sequence[Example],
    cells: Cells,
    *,
    wider: float = 1.0,
) -> dict[str, Any]:
    """Say under `by` what `judge` finds; nothing where no column is asked for."""
    return {"by": judge(task, scores, examples, cells, wider=wider)} if cells else {}


def judge(
    task: Task,
    scores: Scores,
    examples: Sequence[Example],
    cells: Cells,
    *,
    wider: float = 1.0,
) -> dict[str, dict[str, Any]]:
    """Judge the texts of each value of some columns by the task's main metric.

    Each slice is compared with the rest of the texts; p is corrected for all comparisons together
    (Holm, 1979).

    Args:
        task: Judges.
        scores: Of N texts, with their lengths.
        examples: The texts, N.
        cells: Of each column that is asked for, N.
        wider: By which intervals are wider than those of as many independent texts.

    Returns:
        For each column the `metric`, how many `values` it has, and its `slices`: `value`, `kind`,
        `n`, the metric by its name (None where it is undefined, and `why`), its 95 % `interval`,
        `rest`, `difference` from it with `difference_interval`, `p`, `is_shown`, `is_small`, and of
        labels how many texts have each (`support`). `words` says what a person should know.
    """
    found: dict[str, dict[str, Any]] = {}
    for column, of_texts in cells.items():
        parts = slicing.parted(of_texts)
        found[column] = {
            "metric": task.main_metric,
            "values": sum(part.values for part in parts),
            "slices": _slices(task, scores, examples, parts, wider),
        }
    _correct([one for each in found.values() for one in _compared(each["slices"])])
    for column, each in found.items():
        if len(each["slices"]) == 2:
            each["slices"][1]["p"] = each["slices"][0]["p"]
        for one in each["slices"]:
            one["is_shown"] = one["p"] is not None and one["p"] < LEVEL
        each["words"] = _words(column, each, task.main_metric)
    return found


def _slices(
    task: Task,
    scores: Scores,
    examples: Sequence[Example],
    parts: Sequence[Slice],
    wider: float,
) -> list[Entry]:
    every = np.arange(len(examples))
    judged = [_judged(task, scores, examples, part.rows, wider) for part in parts]
    rests = judged[::-1]
    if len(parts) != 2:
        left = (np.setdiff1d(every, part.rows) for part in parts)
        rests = [_judged(task, scores, examples, rows, wider) for rows in left]
    return [
        _entry(task, part, own, rest, [examples[row] for row in part.rows.tolist()])
        for part, own, rest in zip(parts, judged, rests, strict=True)
    ]


def _judged(
    task: Task, scores: Scores, examples: Sequence[Example], rows: Any, wider: float
) -> Mapping[str, Any] | None:
    """Judge some texts; None where there are none."""
    if not len(rows):
        return None
    part, texts = by_length.part_of(task, scores, rows), [examples[row] for row in rows.tolist()]
    found = {**task.judge(part, texts), "intervals": task.intervals(part, texts)}
    return found if wider == 1.0 else intervals.widened(found, wider)


def _entry(
    task: Task,
    part: Slice,
    own: Mapping[str, Any] | None,
    rest: Mapping[str, Any] | None,
    texts: Sequence[Example],
) -> Entry:
    """Put together what is known of a slice; p is not corrected yet."""
    key = task.main_metric
    value, span, why = _number(own, key)
    other, other_span, _ = _number(rest, key)
    gap: Gap | None = None
    if None not in (value, span, other, other_span):
        assert value is not None
        assert span is not None
        assert other is not None
        assert other_span is not None
        gap = apart.gap(value, span, other, other_span)
    counts = Counter(name for item in texts for name in strata.label_names(item))
    support = dict(counts.most_common(MOST_LABELS))
    return {
        "value": part.name,
        "kind": part.kind,
        "n": len(part.rows),
        key: value,
        "interval": span,
        "rest": other,
        "difference": gap and gap.value,
        "difference_interval": gap and gap.interval,
        "p": gap and gap.p,
        "is_small": len(part.rows) < SMALL,
        **({"support": support} if support and task.asks == "texts" else {}),
        **({"why": why} if why else {}),
    }


def _number(found: Mapping[str, Any] | None, key: str) -> tuple[float | None, Any, str]:
    """Return a number, its interval, and why there is none."""
    if found is None:
        return None, None, "no other texts"
    return by_length.number_of(found, key)


def _compared(slices: Sequence[Entry]) -> list[Entry]:
    """Return the slices whose comparison is one of its own: of two, the first speaks for both."""
    return [one for one in slices[: 1 if len(slices) == 2 else None] if one["p"] is not None]


def _correct(entries: Sequence[Entry]) -> None:
    for one, p in zip(entries, comparing.holm([one["p"] for one in entries]), strict=True):
        one["p"] = p


def _words(column: str, found: Mapping[str, Any], metric: str) -> list[str]:
    """Say which slices are better or worse than the rest, and which are too small to tell."""
    slices, title = found["slices"], catalogue.title(metric)
    compared = _compared(slices)
    said = [_told(column, one, metric, title) for one in compared if one["p"] < LEVEL]
    if compared and not said:
        said.append(f"{column}: no value is shown to be better or worse than the rest")
    if len(slices) == 1:
        said.append(f"{column}: all texts have one value, {slices[0]['value']!r}")
    few = [one for one in slices if one["is_small"]]
    if few:
        listed = ", ".join(f"{one['value']} ({one['n']:,})" for one in few[:5])
        more = f" and {len(few) - 5:,} more" if len(few) > 5 else ""
        said.append(f"{column}: fewer than {SMALL} texts, which say little: {listed}{more}")
    return said


def _told(column: str, one: Entry, metric: str, title: str) -> str:
    is_better = (one["difference"] > 0) == catalogue.is_better_higher(metric)
    span = " to ".join(map(written.signed, one["difference_interval"]))
    return (
        f"{column} {one['value']}: {title} {'better' if is_better else 'worse'} than that of the "
        f"rest by {abs(one['difference']):.3f} (95 % interval {span}, "
        f"corrected p {written.chance(one['p'])})"
    )
