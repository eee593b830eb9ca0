"""Texts and a model become explanations, many at a time.

How faithful both ways are is measured by `python -m bench.explain`: see docs/explaining.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textune.encoder.exported import Exported
from textune.errors import SettingsError, among
from textune.evaluation.answered import Windowed
from textune.predicting.explaining import choosing, lacking, occluding, tracing
from textune.predicting.explaining.choosing import Asked
from textune.predicting.explaining.explanation import Explanation, Method, Part, Reason
from textune.predicting.explaining.model import Model
from textune.predicting.explaining.tracing import Trace
from textune.predicting.explaining.values import Value
from textune.records import Example
from textune.tasks import own_tasks

Floats = NDArray[np.float64]
METHODS: tuple[Method, ...] = ("occlusion", "gradients")
DEFAULT: Method = "occlusion"
CHUNK = 64  # texts that are explained at once


@dataclass(frozen=True, slots=True)
class Found:
    """What the parts of a text moved, by one of the methods."""

    parts: Sequence[tuple[int, ...]]  # words of each
    moved: Floats  # (K, parts)
    value: Floats  # (K,)
    base: Floats  # (K,) without any word
    remark: str = ""


def check(model: Model, *, method: str | None = None, label: str | None = None) -> Method:
    """Refuse a label that the model does not know, and a method that there is not.

    Returns:
        The method.

    Raises:
        SettingsError: There is no such label, or no such method.
    """
    choosing.check(model, label)
    known = {name: name for name in METHODS}
    if method is not None and method not in known:
        raise SettingsError(f"--method {method!r}: {among(method, METHODS)}")
    return DEFAULT if method is None else known[method]


def require_gradients(encoder: object) -> None:
    """Refuse the method of gradients, where no torch computes the model.

    Raises:
        SettingsError: It is an export, or was opened for a few texts.
    """
    if isinstance(encoder, Exported):
        raise SettingsError(
            "--method gradients: an export computes none; take occlusion, or the run that it was "
            "made of"
        )
    if isinstance(encoder, Windowed):
        raise SettingsError(
            "--method gradients: a model that was opened for few texts computes none; load the "
            "model by Predictor.load"
        )


def explain(
    model: Model,
    examples: Iterable[Example],
    *,
    method: str | None = None,
    label: str | None = None,
) -> Iterator[Explanation]:
    """Explain texts as they come, in bounded memory.

    Args:
        model: That decides.
        examples: Texts.
        method: "occlusion" or "gradients"; by default occlusion.
        label: What is explained, instead of what was decided.

    Raises:
        SettingsError: There is no such label, or no such method.
    """
    way = check(model, method=method, label=label)
    rest = iter(examples)
    while chunk := list(islice(rest, CHUNK)):
        yield from _of_chunk(model, own_tasks.prepared(model.task, chunk), way, label)


def _of_chunk(
    model: Model, examples: Sequence[Example], method: Method, label: str | None
) -> Iterator[Explanation]:
    traces = [tracing.trace(one, model.tokenizer, model.shape) for one in examples]
    mask = lacking.blank(model.tokenizer)
    scores = model.scores(lacking.copies([(trace, ()) for trace in traces], mask=mask))
    predictions = list(model.task.predictions(scores, examples))
    borders = np.arange(len(traces) + 1) if scores.borders is None else scores.borders
    values = [
        choosing.choose(model, Asked(trace, prediction, scores.probabilities[first:end]), label)
        for trace, prediction, first, end in zip(
            traces, predictions, borders[:-1].tolist(), borders[1:].tolist(), strict=True
        )
    ]
    asked = [at for at in range(len(traces)) if values[at]]
    found = find(model, [traces[at] for at in asked], [values[at] for at in asked], method)
    known = dict(zip(asked, found, strict=True))
    for at, (trace, prediction) in enumerate(zip(traces, predictions, strict=True)):
        one = known.get(at)
        remarks = [_lacks(trace, one)] if one is None else [_lacks(trace, one), one.remark]
        yield Explanation(
            text=trace.example.text,
            pair=trace.example.pair,
            prediction=prediction,
            method=method,
            parts=() if one is None else tuple(_part(trace, words) for words in one.parts),
            reasons=() if one is None else tuple(_reasons(values[at], one)),
            unread=len(trace.spots) - int(trace.read.sum()),
            window=_window(model, trace, values[at]),
            remarks=tuple(filter(None, remarks)),
        )


def find(
    model: Model, traces: Sequence[Trace], values: Sequence[Sequence[Value]], method: Method
) -> list[Found]:
    """Find what moved the values of texts, by a method."""
    if not traces:
        return []
    if method == "occlusion":
        return [
            Found(one.parts, one.moved, one.value, one.base, _taken_apart(one))
            for one in occluding.occlude(model, traces, values)
        ]
    from textune.predicting.explaining import gradients  # with torch, a second to import

    found = gradients.attribute(model, traces, values)
    return [
        Found([(word,) for word in trace.words], one.words[:, trace.words], one.value, one.baseline)
        for trace, one in zip(traces, found, strict=True)
    ]


def _lacks(trace: Trace, found: Found | None) -> str:
    """Say which text has no word, where one has none."""
    is_pair = trace.example.pair is not None
    if found is None:
        return f"there is no word in {'either text' if is_pair else 'it'} that the model reads"
    held = {spot.text for spot in trace.spots}
    empty = [side for number, side in enumerate(("first", "second")) if number not in held]
    return f"the {empty[0]} text of the pair is empty: it has no word" if is_pair and empty else ""


def _taken_apart(found: occluding.Occluded) -> str:
    words = sum(map(len, found.parts))
    several = [part for part in found.parts if len(part) > 1]
    if not several:
        return ""
    return (
        f"{words:,} words: left out in {len(found.parts)} parts; those that moved most were taken "
        f"apart word by word, and {sum(map(len, several)):,} words stand in {len(several)} parts "
        "of several"
    )


def _part(trace: Trace, words: Sequence[int]) -> Part:
    first, last = trace.spots[words[0]], trace.spots[words[-1]]
    text = trace.example.text if first.text == 0 else trace.example.pair or ""
    written = text[first.start : last.end]
    return Part(written, first.start, last.end, side=first.text + 1, words=len(words))


def _reasons(values: Sequence[Value], found: Found) -> Iterator[Reason]:
    for value, whole, base, moved in zip(
        values, found.value.tolist(), found.base.tolist(), found.moved.tolist(), strict=True
    ):
        yield Reason(
            label=value.label,
            decided=value.is_decided,
            measure=value.measure,
            value=whole,
            base=base,
            score=value.score,
            contributions=tuple(moved),
            spot=value.spot,
        )


def _window(model: Model, trace: Trace, values: Sequence[Value]) -> tuple[int, int] | None:
    """Find the stretch that spoke most for the first value, where a text is read in several."""
    shape = trace.store.shape
    if len(trace.windows) < 2 or not values or shape.asks != "texts" or shape.pairs == "apart":
        return None
    logits, _ = model.logits(lacking.windows_of(trace))  # (W, C)
    best = int(values[0].of(logits[:, None]).argmax())
    words = np.unique(trace.windows[best])
    spots = [trace.spots[word] for word in words[words >= 0].tolist()]
    longer = max(
        (0, 1), key=lambda side: len({one.start for one in trace.spots if one.text == side})
    )
    shown = [spot for spot in spots if spot.text == longer]
    return (shown[0].start, shown[-1].end) if shown else None
