"""A labelled file says whether adapting pays: fine-tuned with it and without, seed by seed."""

import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from textune import config, recipe
from textune.errors import SettingsError
from textune.recipe import Request
from textune.records import Said

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Proof:
    """A labelled file, and how often to fine-tune on it."""

    file: str
    seeds: int = 3
    changes: tuple[str, ...] = ()  # settings of the fine-tuning: "train.epochs=1"


def check(proof: Proof) -> None:
    """Refuse what cannot show anything.

    Raises:
        SettingsError: There is no such file, or there are too few seeds.
    """
    if not Path(proof.file).is_file():
        raise SettingsError(f"--prove {proof.file}: there is no such file")
    if proof.seeds < 2:
        raise SettingsError(
            f"--prove-seeds {proof.seeds}: two seeds at least are needed to tell a difference "
            "from chance"
        )


def prove(proof: Proof, base: str | None, run: Path) -> Generator[Said, None, dict[str, Any]]:
    """Fine-tune from the base and from the run on the same split, and compare.

    Args:
        proof: What to fine-tune on.
        base: What the run started from.
        run: With the adapted model.

    Returns:
        "metric", the values "without" and "with", their mean "difference" with its "interval"
        (paired t; Student, 1908), and what that means in "words".
    """
    seeds = list(range(1, proof.seeds + 1))
    values: dict[str, list[float]] = {"without": [], "with": []}
    metric = ""
    for seed in seeds:
        for name, start in (("without", base), ("with", str(run))):
            assert start is not None
            metric, value = _fine_tune(proof, start, run / "prove" / f"{name}-{seed}", seed)
            values[name].append(value)
            yield Said(f"prove: {name} adaptation, seed {seed}: {metric} {value:.4f}")
    found = compare(values["without"], values["with"])
    yield Said(f"prove: {metric}: {found['words']}")
    return {"file": proof.file, "metric": metric, "seeds": seeds, **values, **found}


def compare(without: Sequence[float], with_: Sequence[float]) -> dict[str, Any]:
    """Return the mean paired difference, its interval, and what it shows in words."""
    gaps = np.asarray(with_) - np.asarray(without)
    mean, count = float(gaps.mean()), len(gaps)
    width = float(gaps.std(ddof=1) / np.sqrt(count) * stats.t.ppf((1 + LEVEL) / 2, count - 1))
    low, high = mean - width, mean + width
    if low > 0:
        words = f"adaptation helps: {mean:+.4f} ({low:+.4f} to {high:+.4f})"
    elif high < 0:
        words = f"adaptation harms: {mean:+.4f} ({low:+.4f} to {high:+.4f})"
    else:
        words = (
            f"no difference that {count} seeds can show: {mean:+.4f} ({low:+.4f} to {high:+.4f})"
        )
    return {"difference": mean, "interval": [low, high], "words": words}


def _fine_tune(proof: Proof, base: str, out: Path, seed: int) -> tuple[str, float]:
    """Fine-tune once; of the run only its numbers stay."""
    settings = config.resolve(
        None, proof.changes, {"base": base, "seed": seed, "data.split_seed": 1}
    )
    request = Request(source=proof.file, settings=settings, out=out, overwrite=out.exists())
    events = recipe.training(request)
    while True:
        try:
            next(events)
        except StopIteration as end:
            numbers = end.value.metrics
            break
    for part in ("model", "checkpoints", "predictions"):
        shutil.rmtree(out / part, ignore_errors=True)
    best = numbers["best"]
    return best["metric"], float(best["value"])
