"""Truth and answers become intervals: where each number might lie with other texts of the kind.

- Shares of right texts: Wilson's score interval (1927), honest also at 0 and 1.
- Numbers that need only the decisions: percentiles of what fresh texts of the kind may give, drawn
  from the counts of texts with equal truth and decisions (`plausible`).
- ROC-AUC: by DeLong's variance, and by Newcombe's method where a label has few texts (`areas`).
- Log loss: on the log scale, and not below what mistakes that nobody saw may cost (`losses`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.metrics import areas, few_texts, losses, plausible
from textune.metrics.catalogue import METRICS
from textune.metrics.metrics import Floats, Ints, Report

Interval = list[float]
BOUNDS = {  # of metrics that are no shares
    **dict.fromkeys(("mcc", "macro_mcc", "pearson", "spearman"), (-1.0, 1.0)),
    **dict.fromkeys(("log_loss", "rmse", "mae"), (0.0, math.inf)),
}

RESAMPLES = 1_000
FEWEST_RESAMPLES = 200
MOST_DRAWS = 10_000_000
"""With more patterns than this allows, fewer resamples are drawn: the interval is narrow then."""
OUT_OF_FOLD = 1.2
"""By what intervals of out-of-fold answers are wider than those of as many texts that one model was
judged by: their models learned from the same texts, and from fewer than the final one."""


def bootstrap(
    truth: NDArray[Any],
    probabilities: Floats,
    decisions: Ints,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Give the interval of each headline number that has one.

    Args:
        truth: The right class (N,), or zeros, ones and NaN for "not scored" (N, C).
        probabilities: One for each class or label. (N, C)
        decisions: The class given (N,), or zeros and ones (N, C).
        confidence: How often such intervals hold the number of the whole population.
        seed: Selects the resamples.

    Returns:
        The name of a metric and its lower and upper bound; numbers that are undefined, those that
        so few texts can tell nothing of (`few_texts`), and the area under the precision-recall
        curve, are left out.
    """
    rng = np.random.default_rng(seed)
    if truth.ndim == 1:
        found = _single(truth, probabilities, decisions, confidence, rng) if len(truth) else {}
        return few_texts.spared(found, len(truth))
    truth = truth.astype(np.float64)
    rows = ~np.isnan(truth).all(axis=1)
    if not rows.any():
        return {}
    found = _multi(truth[rows], probabilities[rows], decisions[rows], confidence, rng)
    return few_texts.spared(found, int(rows.sum()), several=True)


def wilson(right: float, total: float, *, confidence: float = 0.95) -> Interval:
    """Give Wilson's interval of a share.

    Example:
        >>> [round(bound, 3) for bound in wilson(10, 10)]
        [0.722, 1.0]
    """
    share, squared = right / total, NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    spread = squared * (share * (1 - share) / total + squared / (4 * total**2))
    half = math.sqrt(spread) / (1 + squared / total)
    low, high = middle - half, middle + half
    return [0.0 if right == 0 else low, 1.0 if right == total else high]


def wilson_of_groups(
    right: NDArray[Any],
    totals: NDArray[Any],
    *,
    items: float | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Give Wilson's interval of a share of items that come in groups, as words in sentences.

    The items count for as many as would give the share its variance over groups (linearised), fewer
    where there are few groups (Korn and Graubard, 1998); Dean and Pagano (2015) find it to hold.
    Those of a single group, of which nobody knows how alike they are, count for one.

    Args:
        right: Right items of each group, (S,).
        totals: Its items, (S,), of which there is one at least.
        items: For how many all of them count, where they weigh differently; None: each for one.
        confidence: How often such intervals hold the share of the whole population.
    """
    from scipy import special  # heavy

    groups, total = len(totals), float(totals.sum())
    items = total if items is None else items
    share = float(right.sum()) / total
    rest = right - share * totals  # (S,)
    count = 1.0
    if groups > 1:
        variance = groups / (groups - 1) * float(rest @ rest) / total**2
        tail = (1 + confidence) / 2
        few = NormalDist().inv_cdf(tail) / float(special.stdtrit(groups - 1, tail))
        count = min(items, share * (1 - share) / variance if variance else math.inf) * few**2
    return wilson(share * count, count, confidence=confidence)


def student(values: Floats, *, overlap: float = 0.0) -> Interval:
    """Give Student's 95 % interval of a mean, of paired differences for example.

    Args:
        values: Two or more. (N,)
        overlap: Texts judged over texts learned from, where what the values were learned from
            overlaps (Nadeau and Bengio, 2003): without it the interval would be too narrow.
    """
    from scipy import special  # heavy

    count, mean = len(values), float(values.mean())
    error = float(values.std(ddof=1)) * np.sqrt(1 / count + overlap)
    half = float(error * special.stdtrit(count - 1, 0.975))
    return [mean - half, mean + half]


def widened(found: Report, factor: float) -> Report:
    """Give a report whose intervals are wider by a factor about their numbers, within bounds."""
    spans = {
        name: _wider(name, found.get(name), span, factor)
        for name, span in found.get("intervals", {}).items()
    }
    bins = [
        {**each, "interval": _wider(key, each[key], each["interval"], factor)}
        for each in found.get("by_length", ())
        for key in each.keys() & METRICS.keys()
    ]
    return found | {"intervals": spans} | ({"by_length": bins} if "by_length" in found else {})


def _wider(
    name: str, value: float | None, span: Sequence[float] | None, factor: float
) -> Interval | None:
    if value is None or span is None:
        return None if span is None else list(span)
    least, most = BOUNDS.get(name, (0.0, 1.0))
    low, high = (value + factor * (bound - value) for bound in span)
    return [max(least, low), min(most, high)]


def resample(counts: Ints, rng: np.random.Generator) -> Floats:
    """Draw counts of patterns that fresh texts may have, the counts first: (K,) → (1 + R, K)."""
    resamples = int(np.clip(MOST_DRAWS // len(counts), FEWEST_RESAMPLES, RESAMPLES))
    return plausible.shares(counts, resamples, rng)


def percentiles(numbers: Mapping[str, Floats], confidence: float) -> dict[str, Interval]:
    """Give the interval that holds so large a share of each number's resamples.

    Args:
        numbers: Name and (R,) values, NaN where a resample cannot give one; of a number that most
            of them cannot give there is no interval.
        confidence: The share.
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    known = {name: values[~np.isnan(values)] for name, values in numbers.items()}
    return {
        name: np.quantile(values, tails).tolist()
        for name, values in known.items()
        if len(values) and 2 * len(values) >= len(numbers[name])
    }


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide, giving 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _single(
    truth: Ints, probabilities: Floats, decisions: Ints, confidence: float, rng: np.random.Generator
) -> dict[str, Interval]:
    classes = probabilities.shape[1]
    cells, counts = np.unique(truth * classes + decisions, return_counts=True)  # (K,) (K,)
    draws = resample(counts, rng)  # (1 + R, K)
    true, given = np.divmod(cells, classes)  # (K,) (K,)
    hits = _sums(draws, np.where(true == given, true, -1), classes)  # (1 + R, C)
    totals, predicted = _sums(draws, true, classes), _sums(draws, given, classes)  # (1 + R, C)
    right = int((truth == decisions).sum())
    accuracy = wilson(right, len(truth), confidence=confidence)
    numbers = plausible_numbers(hits, totals, predicted, rng)
    if len(np.unique(truth)) < 2:
        del numbers["mcc"]
    spans = held(numbers, confidence)
    found = {"accuracy": accuracy, "micro_f1": accuracy} | spans
    if not np.isfinite(probabilities).all():
        return found
    one_hot = (truth[:, None] == np.arange(classes)).astype(np.float64)  # (N, C)
    judged = [1] if classes == 2 else list(range(classes))
    area = areas.interval(one_hot[:, judged], probabilities[:, judged], confidence)
    found |= {} if area is None else {"roc_auc": area}
    chosen = losses.clipped(probabilities[np.arange(len(truth)), truth])
    own = losses.of_classes(probabilities, 1 / len(truth))
    ones = np.ones(len(truth))
    return found | {
        "log_loss": losses.interval(-np.log(chosen), ones, [own], confidence=confidence)
    }


def held(numbers: Mapping[str, Floats], confidence: float) -> dict[str, Interval]:
    """Give intervals that hold what was counted, which comes first, at any rate."""
    found = percentiles({name: values[1:] for name, values in numbers.items()}, confidence)
    counted = {name: float(numbers[name][0]) for name in found}
    return {
        name: [min(low, counted[name]), max(high, counted[name])]
        for name, (low, high) in found.items()
    }


def plausible_numbers(
    hits: Floats, totals: Floats, predicted: Floats, rng: np.random.Generator
) -> dict[str, Floats]:
    """Compute each number of draws, the texts themselves first, with what nobody saw; (R, C)."""
    errors = totals[0] + predicted[0] - 2 * hits[0]  # (C,)
    more = plausible.unseen(hits[0], errors, len(hits), rng)
    own = more  # for all but macro F1
    if hits.shape[1] > plausible.MOST:
        own = plausible.unseen(hits[0], errors, len(hits), rng, pooled=False)
    # all of them would, of many classes, outweigh the texts
    few = own.part(min(1.0, plausible.MOST / hits.shape[1]))
    macro, others, mcc = (
        single_numbers(
            hits + one.right, totals + one.right + one.missed, predicted + one.right + one.wrong
        )
        for one in (more, own, few)
    )
    return others | {"macro_f1": macro["macro_f1"], "mcc": mcc["mcc"]}


def single_numbers(hits: Floats, totals: Floats, predicted: Floats) -> dict[str, Floats]:
    """Compute each number for each resample: (R, C) three times, (R,) each."""
    texts = totals.sum(axis=1)  # (R,)
    occurs = totals + predicted > 0
    f1 = ratio(2 * hits, totals + predicted)  # (R, C)
    spread = (texts**2 - (totals**2).sum(axis=1)) * (texts**2 - (predicted**2).sum(axis=1))
    covariance = hits.sum(axis=1) * texts - (totals * predicted).sum(axis=1)
    return {
        # errors that nobody saw are drawn for truth and answers apart, and may not fit each other
        "mcc": ratio(covariance, np.sqrt(spread.clip(0))).clip(-1, 1),
        "macro_f1": f1.sum(axis=1) / occurs.sum(axis=1),
        "weighted_f1": (f1 * totals).sum(axis=1) / texts,
        "balanced_accuracy": ratio(hits, totals).sum(axis=1) / (totals > 0).sum(axis=1),
    }


def _multi(
    truth: Floats,
    probabilities: Floats,
    decisions: Ints,
    confidence: float,
    rng: np.random.Generator,
) -> dict[str, Interval]:
    scored = ~np.isnan(truth)  # (N, C)
    wrong = scored & (truth != decisions)
    right = int((~wrong.any(axis=1)).sum())
    share = wilson(right, len(truth), confidence=confidence)
    cells = np.where(scored, 2 * (truth == 1) + (decisions == 1), 4).astype(np.int8)  # (N, C)
    patterns, counts = np.unique(cells, axis=0, return_counts=True)  # (K, C) (K,)
    of_kind = [(patterns == kind).astype(np.float64) for kind in range(4)]  # 4 of (K, C)
    draws = resample(counts, rng)  # (1 + R, K)
    kinds = [draws @ one for one in of_kind]  # 4 of (1 + R, C)
    numbers = _plausible_labels(kinds, np.asarray(scored.any(axis=0)), rng)
    one_sided = [len(np.unique(truth[scored[:, c], c])) < 2 for c in range(truth.shape[1])]
    if all(one_sided):
        del numbers["mcc"]
    spans = held(numbers, confidence)
    found = {"accuracy": share, "subset_accuracy": share} | spans
    if "mcc" in found:
        found["macro_mcc"] = found["mcc"]
    if not np.isfinite(probabilities[scored]).all():
        return found
    chosen = np.where(truth == 1, probabilities, 1 - probabilities)  # (N, C)
    each = np.where(scored, -np.log(losses.clipped(np.where(scored, chosen, 1.0))), 0.0)
    own = losses.of_labels(probabilities[scored], 1 / int(scored.sum()))
    counts = scored.sum(axis=1)
    loss = losses.interval(each.sum(axis=1), counts, [own], confidence=confidence)
    area = areas.interval(truth, probabilities, confidence)
    return found | ({} if area is None else {"roc_auc": area}) | {"log_loss": loss}


def _plausible_labels(
    kinds: Sequence[Floats], is_scored: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Floats]:
    """Compute each number of draws, the texts themselves first, with what nobody saw.

    Args:
        kinds: True negatives, false positives, false negatives, true positives; (R, C) each.
        is_scored: (C,) whether any text is scored for a label.
        rng: Draws.
    """
    found = []
    for each, counts in ((is_scored, kinds), (True, [kind.sum(axis=1)[:, None] for kind in kinds])):
        quiet, alarms, misses, hits = counts
        more = plausible.unseen(hits[0], alarms[0] + misses[0], len(hits), rng)
        some = alarms + each * more.wrong, misses + each * more.missed, hits + each * more.right
        found.append(multi_numbers(quiet, *some))
    return found[0] | {name: found[1][name] for name in ("micro_f1", "hamming_loss")}


def multi_numbers(quiet: Floats, alarms: Floats, misses: Floats, hits: Floats) -> dict[str, Floats]:
    """Compute each number for each resample from true negatives, …, true positives: (R, C) each."""
    errors = alarms + misses
    totals, predicted = hits + misses, hits + alarms
    spread = totals * (quiet + alarms) * predicted * (quiet + misses)  # (R, C)
    mcc = ratio(hits * quiet - alarms * misses, np.sqrt(spread))
    judged = (totals > 0) & (quiet + alarms > 0)
    is_scored = errors + hits + quiet > 0
    return {
        "mcc": (mcc * judged).sum(axis=1) / judged.sum(axis=1).clip(1),
        "macro_f1": ratio(2 * hits, 2 * hits + errors).sum(axis=1) / is_scored.sum(axis=1).clip(1),
        "micro_f1": ratio(2 * hits.sum(axis=1), (2 * hits + errors).sum(axis=1)),
        "hamming_loss": ratio(errors.sum(axis=1), (errors + hits + quiet).sum(axis=1)),
    }


def _sums(draws: Floats, classes_of: Ints, classes: int) -> Floats:
    """Add the patterns up by class, leaving out those of class -1: (R, K) → (R, C)."""
    found = np.zeros((len(draws), classes))
    places = np.flatnonzero(classes_of >= 0)
    order = places[np.argsort(classes_of[places], kind="stable")]
    if len(order):
        present, firsts = np.unique(classes_of[order], return_index=True)
        found[:, present] = np.add.reduceat(draws[:, order], firsts, axis=1)
    return found
