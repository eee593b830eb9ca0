"""Scores of texts become those of the texts that training did not see, beside those of all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textune.errors import counted
from textune.evaluation import by_length
from textune.metrics import catalogue, written
from textune.metrics.metrics import Report
from textune.records import Example, Scores
from textune.splits.leaking import KINDS
from textune.tasks.interface import Task

WORDS = {  # of the ways in which texts leak
    "exact": "word for word",
    "normalised": "equal but for case, white space, punctuation",
    "near": "equal but for a few words",
}


def told(
    task: Task,
    scores: Scores,
    texts: Sequence[Example],
    leaked: Sequence[str] | None,
    whole: Report,
) -> dict[str, Any]:
    """Judge the texts that training did not see.

    Args:
        task: Judges by its main metric.
        scores: Of N texts.
        texts: The texts.
        leaked: For each how it stands in the training data, one of KINDS; "" if not. None: that
            is not known.
        whole: What all of them were judged as.

    Returns:
        Nothing where it is not known, or none leaks. Else `without_leaks`: `n` texts that training
        did not see, the `metric` by its name, the main metric of these texts (None where they
        cannot give it), its 95 % `interval`, and how many texts leak in which way (`leaked`).
    """
    counts = {kind: (leaked or ()).count(kind) for kind in KINDS}
    if not any(counts.values()):
        return {}
    rows = np.flatnonzero([not kind for kind in leaked or ()])
    key = task.main_metric
    value = interval = None
    if len(rows):
        part, those = by_length.part_of(task, scores, rows), [texts[row] for row in rows.tolist()]
        value = task.judge(part, those).get(key)
        interval = task.intervals(part, those).get(key)
    found = {"n": len(rows), "metric": key, key: value, "interval": interval, "leaked": counts}
    return {"without_leaks": found | {"said": _said(found, catalogue.value(whole, key))}}


def _said(found: Mapping[str, Any], whole: float | None) -> str:
    key, value = found["metric"], found[found["metric"]]
    leaked = sum(found["leaked"].values())
    ways = "; ".join(f"{n:,} {WORDS[kind]}" for kind, n in found["leaked"].items() if n)
    every = counted(leaked + found["n"], "text")
    part = f"{leaked:,} of {every}" if found["n"] else f"all {every}" if leaked > 1 else "the text"
    stand = "stands" if leaked == 1 else "stand"
    start = f"{part} {stand} in the training data, too ({ways})"
    if not found["n"]:
        return f"{start}: no score is of texts that training did not see"
    others = "the other" if found["n"] == 1 else f"the {found['n']:,} others"
    if value is None:
        return f"{start}; of {others} there is no {catalogue.title(key)}"
    beside = "" if whole is None else f", of all {written.decimals(whole)}"
    span = f" (95 % interval {written.interval(found['interval'])})" if found["interval"] else ""
    return f"{start}; {catalogue.title(key)} of {others} {written.decimals(value)}{span}{beside}"
