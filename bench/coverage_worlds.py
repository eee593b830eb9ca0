"""Populations of texts whose every metric is known, and textune's intervals of what is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy import special

from textune.metrics import entities, intervals, metrics, numbers

MANY = 300_000  # texts by which a population is judged
RATES = tuple(0.3 / place for place in range(1, 21))  # of labels that are rarer and rarer
Case = tuple[Any, ...]


@dataclass(frozen=True)
class World:
    """A population."""

    draw: Callable[[np.random.Generator, int], Case]
    judge: Callable[[Case], Mapping[str, Any]]
    intervals: Callable[[Case], Mapping[str, Any]]
    texts: int | None = None  # by which it is judged, else `MANY`

    @cached_property
    def truth(self) -> dict[str, float]:
        """Return its numbers, by very many texts."""
        found = self.judge(self.draw(np.random.default_rng(12345), self.texts or MANY))
        return {name: value for name, value in found.items() if isinstance(value, float)}


def two_classes(rng: np.random.Generator, count: int, *, rate: float, apart: float) -> Case:
    """Draw two classes, the second of a rate, by a score whose means lie so far apart."""
    truth = (rng.random(count) < rate).astype(np.int64)
    score = rng.normal(apart * truth, 1.0)
    odds = apart * score - apart**2 / 2 + special.logit(rate)
    chance = special.expit(odds)
    return truth, np.stack([1 - chance, chance], axis=1), (chance >= 0.5).astype(np.int64)


def classes(
    rng: np.random.Generator, count: int, *, shares: tuple[float, ...], apart: float
) -> Case:
    """Draw classes of some shares; scores of each are higher for its own texts."""
    truth = rng.choice(len(shares), count, p=np.asarray(shares))
    score = rng.normal(size=(count, len(shares)))
    score[np.arange(count), truth] += apart
    chances = special.softmax(apart * score + np.log(shares), axis=1)
    return truth, chances, chances.argmax(axis=1)


def labels(
    rng: np.random.Generator,
    count: int,
    *,
    rates: tuple[float, ...],
    apart: float | tuple[float, float],
) -> Case:
    """Draw labels of some rates that come together more often than by chance.

    Where `apart` is two numbers, the first label is told by scores that lie as far apart as the
    first of them says, the last as the second says; the others lie between.
    """
    ends = apart if isinstance(apart, tuple) else (apart, apart)
    means = np.linspace(*ends, len(rates))  # (C,)
    base = rng.normal(size=(count, 1))
    own = rng.normal(size=(count, len(rates)))
    hidden = np.sqrt(0.3) * base + np.sqrt(0.7) * own
    truth = (hidden > -special.ndtri(np.asarray(rates))).astype(np.float64)
    score = rng.normal(means * truth, 1.0)
    odds = means * score - means**2 / 2 + special.logit(rates)
    chances = special.expit(odds)
    return truth, chances, (chances >= 0.35).astype(np.int64)


def targets(rng: np.random.Generator, count: int, *, share: float, heavy: bool) -> Case:
    """Draw numbers, and predictions that explain a share of their variance."""
    known = rng.normal(size=count)
    rest = rng.standard_t(4, size=count) / np.sqrt(2) if heavy else rng.normal(size=count)
    truth = np.sqrt(share) * known + np.sqrt(1 - share) * rest
    return truth[:, None], known[:, None]


def sentences(
    rng: np.random.Generator, count: int, *, shares: tuple[float, ...], right: tuple[float, float]
) -> Case:
    """Draw sentences of six words, two in five of them entities of types of some shares.

    The first type is found as often as `right` says first, the last as it says last; the others lie
    between. A sentence is hard or easy as a whole. What is missed is taken for another type as
    often as for none; some words that are none are taken for entities.
    """
    size = (count, 6)
    kinds = len(shares)
    truth = np.where(rng.random(size) < 0.4, rng.choice(kinds, size, p=np.asarray(shares)), -1)
    other = rng.choice(kinds, size, p=np.asarray(shares))
    odds = special.logit(np.linspace(*right, kinds))[truth] + 0.7 * rng.normal(size=(count, 1))
    is_found = rng.random(size) < special.expit(odds)
    missed = np.where(rng.random(size) < 0.5, other, -1)
    none = np.where(rng.random(size) < 0.05, other, -1)
    found = np.where(truth < 0, none, np.where(is_found, truth, missed))
    tags = np.asarray([*(f"B-{kind:03}" for kind in range(kinds)), "O"])
    return tags[truth].tolist(), tags[found].tolist()


def _names(case: Case) -> list[str]:
    return [str(place) for place in range(case[1].shape[1])]


def _judge(case: Case) -> Mapping[str, Any]:
    truth, chances, given = case
    judge = metrics.single if truth.ndim == 1 else metrics.multi
    return judge(truth, chances, given, _names(case))


def _intervals(case: Case) -> Mapping[str, Any]:
    truth, chances, given = case
    return intervals.bootstrap(truth, chances, given)


def _judge_numbers(case: Case) -> Mapping[str, Any]:
    truth, values = case
    return numbers.judge(truth, values, ["score"])


def _intervals_of_numbers(case: Case) -> Mapping[str, Any]:
    truth, values = case
    return numbers.intervals(truth, values)


def _judge_entities(case: Case) -> Mapping[str, Any]:
    return entities.judge(*case, plain=False)


def _intervals_of_entities(case: Case) -> Mapping[str, Any]:
    return entities.intervals(*case, plain=False)


def _decided(draw: Callable[..., Case], *, texts: int | None = None, **more: Any) -> World:
    return World(partial(draw, **more), _judge, _intervals, texts)


def _falling(count: int) -> tuple[float, ...]:
    """Return shares of classes, each half as large as one twice as frequent (Zipf)."""
    shares = 1 / np.arange(1, count + 1)
    return tuple((shares / shares.sum()).tolist())


def _numbers(**more: Any) -> World:
    return World(partial(targets, **more), _judge_numbers, _intervals_of_numbers)


def _tagged(**more: Any) -> World:
    return World(partial(sentences, **more), _judge_entities, _intervals_of_entities, 40_000)


WORLDS = {
    "two even classes": _decided(two_classes, rate=0.5, apart=1.5),
    "two even classes nearly perfect": _decided(two_classes, rate=0.5, apart=4.5),
    "a class of 10 %": _decided(two_classes, rate=0.1, apart=2.5),
    "a class of 3 %": _decided(two_classes, rate=0.03, apart=3.5),
    "five classes": _decided(classes, shares=(0.4, 0.3, 0.15, 0.1, 0.05), apart=2.0),
    "28 classes": _decided(classes, shares=tuple(np.full(28, 1 / 28).tolist()), apart=2.5),
    "100 unequal classes": _decided(classes, shares=_falling(100), apart=3.0, texts=100_000),
    "500 classes": _decided(classes, shares=(1 / 500,) * 500, apart=4.0, texts=40_000),
    "three labels": _decided(labels, rates=(0.5, 0.3, 0.2), apart=2.0),
    "rare labels": _decided(labels, rates=(0.2, 0.05, 0.05, 0.02, 0.02), apart=2.5),
    "20 labels": _decided(labels, rates=RATES, apart=2.5),
    "20 labels the rare harder": _decided(labels, rates=RATES, apart=(3.0, 1.8)),
    "20 labels the rare easier": _decided(labels, rates=RATES, apart=(2.0, 3.5)),
    "numbers": _numbers(share=0.5, heavy=False),
    "numbers near": _numbers(share=0.9, heavy=False),
    "numbers outliers": _numbers(share=0.6, heavy=True),
    "4 types": _tagged(shares=(0.4, 0.3, 0.2, 0.1), right=(0.9, 0.7)),
    "8 types": _tagged(shares=(0.125,) * 8, right=(0.95, 0.7)),
    "18 types": _tagged(shares=_falling(18), right=(0.9, 0.5)),
    "60 types": _tagged(shares=_falling(60), right=(0.8, 0.6)),
}
