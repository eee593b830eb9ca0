"""Results become medians, paired ratios and differences."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median, stdev
from typing import Any

from bench.jobs import POLICIES, TUNED, Result

OURS = "textune"
Speeds = Mapping[str, Mapping[int, float]]  # program → turn → how fast


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Sum up each program, and compare textune with every other, turn by turn and seed by seed."""
    by_program: dict[str, list[Result]] = {}
    for result in results:
        by_program.setdefault(result.program, []).append(result)
    speeds = {
        name: {each.turn: each.examples_per_second for each in theirs}
        for name, theirs in by_program.items()
    }
    ours = by_program.get(OURS, [])
    peers = {name: theirs for name, theirs in by_program.items() if name != OURS}
    return {
        "programs": {name: _program(theirs) for name, theirs in by_program.items()},
        "ratios": ratios(speeds, best={"best tuned": TUNED}),
        "score_difference": {name: _differences(ours, p) for name, p in peers.items() if ours},
    }


def ratios(speeds: Speeds, *, best: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Divide textune's speed by each peer's of the same turn; more than 1 is faster.

    Args:
        speeds: Programs without textune's give no ratios.
        best: Names for the fastest, in each turn, of several peers; of those that ran.
    """
    peers = {name: dict(speed) for name, speed in speeds.items() if name != OURS}
    for title, names in best.items():
        ran = [peers[name] for name in names if name in peers]
        if ran:
            turns = set.intersection(*(set(speed) for speed in ran))
            peers[title] = {turn: max(speed[turn] for speed in ran) for turn in sorted(turns)}
    ours = speeds.get(OURS, {})
    found = {}
    for name, speed in peers.items():
        pairs = [value / speed[turn] for turn, value in ours.items() if turn in speed]
        if pairs:
            found[name] = {"median": median(pairs), "turns": pairs}
    return found


def ratio_lines(found: Mapping[str, Any], words: str) -> list[str]:
    """Write ratios, with every turn."""
    return [
        f"textune against {name}: {ratio['median']:.2f} {words} "
        f"(turns: {', '.join(f'{value:.2f}' for value in ratio['turns'])})"
        for name, ratio in found.items()
    ]


def _program(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "policy": POLICIES[results[0].program],
        "device": results[0].device,
        "precision": "/".join(sorted({each.precision for each in results})),
        "trainings": len(results),
        "examples_per_second": median(each.examples_per_second for each in results),
        "tokens_per_second": median(each.tokens_per_second for each in results),
        "train_seconds": median(each.train_seconds for each in results),
        "padding": median(each.padding for each in results),
        "peak_memory_mb": max(each.peak_memory_mb for each in results),
        "scores": {
            name: _spread(list(_by_seed(results, name).values())) for name in _names(results)
        },
    }


def _differences(ours: Sequence[Result], theirs: Sequence[Result]) -> dict[str, Any]:
    """Subtract their score from ours, seed by seed; more than 0 is better."""
    found = {}
    for name in _names(ours):
        a, b = _by_seed(ours, name), _by_seed(theirs, name)
        spread = _spread([a[seed] - b[seed] for seed in a if seed in b])
        error = spread["deviation"]
        spread["standard_error"] = None if error is None else error / spread["seeds"] ** 0.5
        found[name] = spread
    return found


def _names(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(name for each in results for name in each.scores))


def _by_seed(results: Sequence[Result], name: str) -> dict[int, float]:
    """Return one score a seed: the mean where a seed was trained in several turns."""
    found: dict[int, list[float]] = {}
    for each in results:
        value = each.scores.get(name)
        if value is not None:  # a set of one class has no MCC
            found.setdefault(each.seed, []).append(value)
    return {seed: fmean(values) for seed, values in found.items()}


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": fmean(values) if values else None,
        "deviation": stdev(values) if len(values) > 1 else None,
        "seeds": len(values),
    }
