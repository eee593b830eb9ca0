"""Decided texts become every number of them, and a table of what was said of each."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.evaluation import by_length, where_wrong
from textune.metrics import few_texts
from textune.metrics.metrics import Report
from textune.records import Example, Scores
from textune.runs import predictions
from textune.splits import strata
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.tasks.labels import in_one_cell

TOKENS, UNKNOWN = "tokens", "unknown pieces"  # counts that are kept of each text


def judge(task: Task, scores: Scores, texts: Sequence[Example]) -> Report:
    """Compute every metric over all texts at once, the main ones with 95 % intervals, by length.

    What has no interval because the texts are few is told under `no_interval`.
    """
    found = {**task.judge(scores, texts), "intervals": task.intervals(scores, texts)}
    if (few := few_texts.reason(found)) is not None:
        found["no_interval"] = few
    return found | {"by_length": by_length.judge(task, scores, texts, found)}


def write_scores(
    file: Path,
    task: Task,
    texts: Sequence[Example],
    scores: Scores,
    leaked: Sequence[str] | None = None,
    *,
    by: Mapping[str, Sequence[str]] | None = None,
    unknown: Mapping[str, int] | None = None,
) -> None:
    """Write what was decided of each text beside its truth, and what else is known of it.

    Args:
        file: Parquet.
        task: Of the model.
        texts: N.
        scores: Of them.
        leaked: How each stands in the training data.
        by: Cells of each column by whose values the texts are judged apart, N.
        unknown: How many unknown pieces were counted in texts, by `where_wrong.looked_at`; with
            them and the tokens kept beside the table, they can be judged again without a tokenizer.
    """
    columns: dict[str, list[Any]] = {
        "origin": [item.origin for item in texts],
        "text": [item.text for item in texts],
    }
    if any(item.pair is not None for item in texts):
        columns[registry.of(task.name).second] = [item.pair for item in texts]
    columns |= _truth(task, texts)
    said = list(task.as_judged(scores, texts))
    answers = [task.cells(item) for item in said]
    for (name, _), own in zip(task.columns(), zip(*answers, strict=True), strict=True):
        columns[name] = list(own)
    if scores.members is not None:
        columns["set"] = [in_one_cell(item.members or (), task.labels) for item in said]
    if task.asks == "texts":
        for number, label in enumerate(task.labels):
            columns[f"logit({label})"] = scores.logits[:, number].tolist()
    if any(leaked or ()):
        columns["leak"] = list(leaked or ())
    columns |= {predictions.by(name): list(each) for name, each in (by or {}).items()}
    counts = {}
    if unknown is not None and scores.fulls is not None:
        pieces = [unknown.get(where_wrong.looked_at(item), predictions.UNCOUNTED) for item in texts]
        counts = {TOKENS: scores.fulls.tolist(), UNKNOWN: pieces}
    predictions.write(file, columns, counts)


def _truth(task: Task, texts: Sequence[Example]) -> dict[str, list[Any]]:
    """Return what is true of each text, beside it what is not known, and what the task lacks."""
    found: dict[str, list[Any]] = {"truth": [task.truth(item) for item in texts]}
    if any(item.unscored for item in texts):
        found["unscored"] = [in_one_cell(task.unscored(item), task.labels) for item in texts]
    if any(unseen := [_unseen(task, item) for item in texts]):
        found["unseen"] = [json.dumps(names, ensure_ascii=False) for names in unseen]
    return found


def _unseen(task: Task, text: Example) -> list[str]:
    """Return the labels of a text that its task does not have, where several share a cell."""
    kind = registry.of(task.name)
    if not (kind.several or kind.by_column):
        return []
    return [name for name in strata.label_names(text) if name not in task.labels]
