"""Texts and a run become how faithful each method of explaining is, by deleting words.

V values of all texts; a method gives each word of a text a score for each value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.predicting.explaining import choosing, gradients, lacking, occluding, tracing
from textune.predicting.explaining.choosing import Asked
from textune.predicting.explaining.lacking import How, Lacking
from textune.predicting.explaining.model import Model, in_chunks
from textune.predicting.explaining.tracing import Trace
from textune.predicting.explaining.values import Value
from textune.predicting.predictor import Predictor

Floats = NDArray[np.float64]
Scored = list[Floats]  # of each text, (K, words)
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)  # of the words, that are deleted or kept
WAYS: tuple[How, ...] = ("removed", "masked")
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Texts:
    """What is explained."""

    model: Model
    traces: Sequence[Trace]
    values: Sequence[Sequence[Value]]
    seed: int


def _occluded(how: How) -> Callable[[Texts], Scored]:
    def score(of: Texts) -> Scored:
        found = occluding.occlude(of.model, of.traces, of.values, how=how, most=10_000)
        return [one.moved for one in found]

    return score


def _integrated(baseline: gradients.Baseline, steps: int) -> Callable[[Texts], Scored]:
    def score(of: Texts) -> Scored:
        found = gradients.attribute(of.model, of.traces, of.values, baseline=baseline, steps=steps)
        return [one.words[:, trace.words] for one, trace in zip(found, of.traces, strict=True)]

    return score


def _drawn(of: Texts) -> Scored:
    draw = np.random.default_rng(of.seed)
    pairs = zip(of.traces, of.values, strict=True)
    return [draw.random((len(values), len(trace.words))) for trace, values in pairs]


METHODS: Mapping[str, Callable[[Texts], Scored]] = {
    "occlusion, removed": _occluded("removed"),
    "occlusion, masked": _occluded("masked"),
    "integrated gradients, padding": _integrated("padding", gradients.STEPS),
    "integrated gradients, mask": _integrated("mask", gradients.STEPS),
    "gradient x input": _integrated("zero", 1),
    "random order": _drawn,
}


def measured(run: Path, texts: Sequence[str], *, seed: int) -> dict[str, Any]:
    """Measure every method on texts of a run; explained is each label that was decided on."""
    predictor = Predictor.load(run, precision="fp32")
    of = prepared(predictor, texts, seed=seed)
    scored = {name: method(of) for name, method in METHODS.items()}
    owners = np.repeat(np.arange(len(of.traces)), [len(one) for one in of.values])
    draws = np.random.default_rng(seed).integers(len(of.traces), size=(RESAMPLES, len(of.traces)))
    found = {
        name: {way: judged(of, scores, way) for way in WAYS} for name, scores in scored.items()
    }
    return {
        "texts": len(of.traces),
        "values": len(owners),
        "words a text": float(np.mean([len(trace.words) for trace in of.traces])),
        "methods": {
            name: {way: _summary(one, owners, draws) for way, one in ways.items()}
            for name, ways in found.items()
        },
        "words": [*_differences(found, owners, draws)],
    }


def prepared(predictor: Predictor, texts: Sequence[str], *, seed: int) -> Texts:
    """Predict texts, and choose the labels that were decided on; texts without any are left out."""
    model = predictor.asked()
    examples = predictor.examples(texts)
    traces = [tracing.trace(one, model.tokenizer, model.shape) for one in examples]
    mask = lacking.blank(model.tokenizer)
    scores = model.scores(lacking.copies([(trace, ()) for trace in traces], mask=mask))
    predictions = model.task.predictions(scores, examples)
    values = [
        [one for one in choosing.choose(model, Asked(*each), None) if one.is_decided]
        for each in zip(traces, predictions, scores.probabilities[:, None], strict=True)
    ]
    kept = [at for at, one in enumerate(values) if one]
    return Texts(model, [traces[at] for at in kept], [values[at] for at in kept], seed)


def judged(of: Texts, scores: Scored, way: How) -> dict[str, Floats]:
    """Compute comprehensiveness and sufficiency of a method for each value; (V,) each."""
    rows: list[Lacking] = []
    owners: list[Value] = []
    for trace, values, ranks in zip(of.traces, of.values, scores, strict=True):
        for value, rank in zip(values, ranks, strict=True):
            order = np.asarray(trace.words)[np.argsort(-rank, kind="stable")].tolist()
            rows.append((trace, ()))
            for share in SHARES:
                count = max(1, round(share * len(order)))
                rows += [(trace, order[:count]), (trace, order[count:])]
            owners += [value] * (1 + 2 * len(SHARES))
    chances = _chances(of.model, rows, owners, way).reshape(-1, 1 + 2 * len(SHARES))
    falls = chances[:, :1] - chances[:, 1:]  # (V, 2 shares): without them, and with nothing else
    return {
        "comprehensiveness": falls[:, 0::2].mean(axis=1),
        "sufficiency": falls[:, 1::2].mean(axis=1),
    }


def _chances(model: Model, rows: Sequence[Lacking], values: Sequence[Value], way: How) -> Floats:
    """Return the probability of each value's label in each copy."""
    found = []
    mask = lacking.blank(model.tokenizer)
    for chunk in in_chunks([len(trace.store.ids) for trace, _ in rows]):
        store = lacking.copies([rows[at] for at in chunk], how=way, mask=mask)
        logits, _ = model.logits(store)
        odds = [values[at].of(one[None, None])[0] for at, one in zip(chunk, logits, strict=True)]
        found.append(1 / (1 + np.exp(-np.asarray(odds))))
    return np.concatenate(found)


def _means(one: Floats, owners: NDArray[np.int64], draws: NDArray[np.int64]) -> Floats:
    """Return the mean over values as texts are drawn again; (R,)."""
    texts = draws.shape[1]
    sums = np.bincount(owners, one, texts)
    counts = np.bincount(owners, minlength=texts)
    return np.asarray(sums[draws].sum(axis=1) / counts[draws].sum(axis=1))


def _summary(
    found: Mapping[str, Floats], owners: NDArray[np.int64], draws: NDArray[np.int64]
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for key, one in found.items():
        told[key] = float(one.mean())
        told[f"{key} interval"] = _interval(_means(one, owners, draws))
    return told


def _differences(
    found: Mapping[str, Mapping[How, Mapping[str, Floats]]],
    owners: NDArray[np.int64],
    draws: NDArray[np.int64],
) -> Any:
    """Say how far the methods are from the best of each way, on the same texts."""
    for way in WAYS:
        for key, sign in (("comprehensiveness", 1), ("sufficiency", -1)):
            of_way = {name: sign * ways[way][key] for name, ways in found.items()}
            means = {name: float(one.mean()) for name, one in of_way.items()}
            best = max(means, key=means.__getitem__)
            for name, one in of_way.items():
                if name != best:
                    gaps = of_way[best] - one
                    low, high = _interval(_means(gaps, owners, draws))
                    yield (
                        f"{way}: {best} better than {name} in {key} by {gaps.mean():.3f} "
                        f"({low:.3f} to {high:.3f})"
                    )


def _interval(means: Floats) -> tuple[float, float]:
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return low, high
