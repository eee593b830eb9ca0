"""A run and the smaller one that learned from it become what was lost and what was gained."""

import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from textune.metrics import catalogue, comparing, written
from textune.predicting.predictor import Predictor
from textune.recipes import comparing as compared
from textune.records import Example
from textune.runs import predictions, runs

TURNS = 5  # in which both answer the same texts, by turns
MOST = 1_000  # texts of a turn


def measure(run: Path, smaller: Path, *, device: str) -> dict[str, Any]:
    """Measure size, speed and scores of both.

    Args:
        run: That was distilled.
        smaller: What came of it; its model is there, and its answers.
        device: Where both compute.

    Returns:
        `bytes` of the weights and `texts_per_second` of both, in this order, the ratio of the
        latter in the median turn (`times_as_fast`), and `scores`: each metric's values, with a 95 %
        interval of the paired difference by the same held-out texts.
    """
    both = (run, smaller)
    found = compared.compare(both)
    speeds = _speeds([Predictor.load(place, device=device) for place in both], _texts(run))
    return {
        "bytes": [_bytes(runs.model_folder(place)) for place in both],
        "texts_per_second": [round(statistics.median(each), 1) for each in speeds],
        "times_as_fast": round(
            statistics.median(one / other for other, one in zip(*speeds, strict=True)), 3
        ),
        "on": found.on,
        "texts": found.texts,
        "main": found.main,
        "scores": {name: comparing.as_json(each[0]) for name, each in found.differences.items()},
    }


def words(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what was lost and gained."""
    before, after = found["bytes"]
    slow, fast = found["texts_per_second"]
    yield (
        f"{found['times_as_fast']:.2f} times as fast ({fast:,.0f} texts a second instead of "
        f"{slow:,.0f}, by turns); {after / 2**20:,.0f} MiB instead of {before / 2**20:,.0f}"
    )
    for name in dict.fromkeys((found["main"], "accuracy")):
        if (score := found["scores"].get(name)) is not None:
            span = " … ".join(map(written.signed, score["interval"] or ()))
            none = (
                comparing.ALIKE.format(found["texts"])
                if score.get("is_alike")
                else "too few texts for an interval"
            )
            interval = f"95 % interval {span}" if span else none
            yield (
                f"{catalogue.title(name)} {written.decimals(score['other'])} instead of "
                f"{written.decimals(score['first'])} on {found['texts']:,} {found['on']}: "
                f"{written.signed(score['gain'])}, {interval} (above 0 is better)"
            )


def _texts(run: Path) -> list[Example]:
    """Return held-out texts, by which speed is measured."""
    for part in compared.PARTS:
        file = run / "predictions" / f"{part}.parquet"
        if file.is_file():
            table = predictions.read(file, ("text", "origin"))
            seconds = table.get("pair") or [None] * len(table["text"])
            rows = zip(table["text"], table["origin"], seconds, strict=True)
            return [Example(text, origin, pair=pair) for text, origin, pair in rows][:MOST]
    raise AssertionError("it was compared by them")


def _speeds(predictors: list[Predictor], texts: list[Example]) -> list[list[float]]:
    """Let both answer the same texts by turns, after one turn that does not count."""
    found: list[list[float]] = [[] for _ in predictors]
    for turn in range(TURNS + 1):
        for each, speeds in zip(predictors, found, strict=True):
            began = time.perf_counter()
            each.score(texts, each.card.decision)
            if turn:
                speeds.append(len(texts) / (time.perf_counter() - began))
    return found


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
