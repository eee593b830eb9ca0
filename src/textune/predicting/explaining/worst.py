"""The worst errors of a run become their explanations, for its report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.predicting.predictor import Predictor
from textune.report import mistakes, reasons
from textune.report.pages import Files
from textune.report.section import Subject
from textune.storage import atomic
from textune.tasks import registry


def write(run: Path, predictor: Predictor) -> int:
    """Explain the errors that a run's page lists, at most `reasons.MOST` texts.

    Returns:
        How many texts were explained.

    Raises:
        RunError: The run kept no predictions.
    """
    part = Subject.read(run, Files.read(run)).part("test", "valid")
    if part is None or part.table is None:
        raise RunError(f"{run}: kept no predictions, so there are no errors to explain")
    listed = mistakes.find(part.table, single=part.is_single).rows
    wanted = dict.fromkeys(one.origin for one in listed if one.origin)
    origins = [*wanted][: reasons.MOST]
    known = {row["origin"]: row for row in part.table.to_pylist() if row["origin"] in {*origins}}
    texts = [_text(known[origin], predictor) for origin in origins]
    found = [
        {"origin": origin, "truth": known[origin]["truth"]} | one.told()
        for origin, one in zip(origins, predictor.explain(texts), strict=True)
    ]
    atomic.write_text(run / reasons.FILE, json.dumps(found, ensure_ascii=False, indent=1))
    return len(found)


def _text(row: Mapping[str, Any], predictor: Predictor) -> Any:
    """Return a text as it was predicted."""
    second = row.get(registry.of(predictor.task.name).second)
    if len(predictor.card.contract.text) == 2 and second is not None:
        return row["text"], second
    words = row["text"].split(" ")
    is_parted = predictor.task.asks == "words" and len(words) == len(json.loads(row["truth"]))
    return words if is_parted and all(words) else row["text"]
