"""The worst errors of a run become their explanations, for its report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.predicting.explaining import occluding
from textune.predicting.predictor import Predictor
from textune.report import mistakes, reasons
from textune.report.pages import Files
from textune.report.section import Subject
from textune.storage import atomic
from textune.tasks import registry
from textune.text import store as stores


def write(
    run: Path, predictor: Predictor, *, most: int = reasons.MOST, tokens: int | None = None
) -> int:
    """Explain the errors that a run's page lists, the worst first.

    Args:
        run: Its folder.
        predictor: Its model.
        most: Texts.
        tokens: That the encoder may read for it, copies of texts without a word included: texts
            that would need more than what is left are passed over. None: any.

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
    known = {row["origin"]: row for row in part.table.to_pylist() if row["origin"] in wanted}
    texts_of = {origin: _text(known[origin], predictor) for origin in wanted}
    origins = [*wanted] if tokens is None else _within(texts_of, predictor, tokens)
    origins = origins[:most]
    texts = [texts_of[origin] for origin in origins]
    found = [
        {"origin": origin, "truth": known[origin]["truth"]} | one.told()
        for origin, one in zip(origins, predictor.explain(texts), strict=True)
    ]
    atomic.write_text(run / reasons.FILE, json.dumps(found, ensure_ascii=False, indent=1))
    return len(found)


def _within(texts: Mapping[str, Any], predictor: Predictor, tokens: int) -> list[str]:
    """Choose the texts that can be explained by so many tokens, in their order."""
    examples = predictor.examples([*texts.values()])
    lengths = stores.tokenize(examples, predictor.tokenizer, predictor.card.shape).lengths
    chosen = []
    for origin, length in zip(texts, lengths.tolist(), strict=True):
        cost = length * (min(length, occluding.MOST_COPIES) + 2)  # as if each piece were a word
        if cost <= tokens:
            chosen.append(origin)
            tokens -= cost
    return chosen


def _text(row: Mapping[str, Any], predictor: Predictor) -> Any:
    """Return a text as it was predicted."""
    second = row.get(registry.of(predictor.task.name).second)
    if len(predictor.card.contract.text) == 2 and second is not None:
        return row["text"], second
    words = row["text"].split(" ")
    is_parted = predictor.task.asks == "words" and len(words) == len(json.loads(row["truth"]))
    return words if is_parted and all(words) else row["text"]
