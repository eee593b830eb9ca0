"""Results become medians, paired ratios and differences."""

from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Any

from bench.jobs import DEV_SETS, POLICIES, TUNED, Result


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Sum up each program, and compare textune with every other, turn by turn and seed by seed."""
    by_program: dict[str, list[Result]] = {}
    for result in results:
        by_program.setdefault(result.program, []).append(result)
    ours = by_program.get("textune", [])
    peers = {name: theirs for name, theirs in by_program.items() if name != "textune"}
    return {
        "programs": {name: _program(theirs) for name, theirs in by_program.items()},
        "ratios": _ratios(ours, peers) if ours else {},
        "mcc_difference": {name: _differences(ours, p) for name, p in peers.items() if ours},
    }


def _program(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "policy": POLICIES[results[0].program],
        "device": results[0].device,
        "precision": "/".join(sorted({each.precision for each in results})),
        "trainings": len(results),
        "examples_per_second": median(each.examples_per_second for each in results),
        "train_seconds": median(each.train_seconds for each in results),
        "padding": median(each.padding for each in results),
        "peak_memory_mb": max(each.peak_memory_mb for each in results),
        "mcc": {name: _spread(list(_by_seed(results, name).values())) for name in DEV_SETS},
    }


def _ratios(ours: Sequence[Result], peers: dict[str, list[Result]]) -> dict[str, Any]:
    """Divide our examples per second by theirs of the same turn; more than 1 is faster."""
    speeds = {
        name: {each.turn: each.examples_per_second for each in theirs}
        for name, theirs in peers.items()
    }
    tuned = [speeds[name] for name in TUNED if name in speeds]
    if tuned:
        turns = set.intersection(*(set(speed) for speed in tuned))
        speeds["best tuned"] = {turn: max(speed[turn] for speed in tuned) for turn in turns}
    found = {}
    for name, speed in speeds.items():
        pairs = [e.examples_per_second / speed[e.turn] for e in ours if e.turn in speed]
        if pairs:
            found[name] = {"median": median(pairs), "turns": pairs}
    return found


def _differences(ours: Sequence[Result], theirs: Sequence[Result]) -> dict[str, Any]:
    """Subtract their MCC from ours, seed by seed; more than 0 is better."""
    found = {}
    for name in DEV_SETS:
        a, b = _by_seed(ours, name), _by_seed(theirs, name)
        spread = _spread([a[seed] - b[seed] for seed in a if seed in b])
        error = spread["deviation"]
        spread["standard_error"] = None if error is None else error / spread["seeds"] ** 0.5
        found[name] = spread
    return found


def _by_seed(results: Sequence[Result], dev_set: str) -> dict[int, float]:
    """Return one MCC a seed: the mean where a seed was trained in several turns."""
    found: dict[int, list[float]] = {}
    for each in results:
        found.setdefault(each.seed, []).append(each.mcc[dev_set])
    return {seed: fmean(values) for seed, values in found.items()}


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": fmean(values) if values else None,
        "deviation": stdev(values) if len(values) > 1 else None,
        "seeds": len(values),
    }
