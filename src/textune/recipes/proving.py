"""A labelled file says whether adapting pays: fine-tuned with it and without, seed by seed."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textune.corpora import corpus
from textune.encoder import bases
from textune.errors import DataError, SettingsError
from textune.metrics import catalogue, intervals
from textune.recipes import labelled_text
from textune.recipes.requests import Proof, TrainRequest
from textune.records import Message
from textune.runs.events import drained
from textune.settings import config
from textune.settings.config import Settings
from textune.storage import atomic
from textune.text import tokenizers


def check(proof: Proof, base: str, *, device: str) -> None:
    """Refuse what cannot be fine-tuned on or cannot show anything, before time is spent on it.

    Raises:
        DataError: The file cannot be learned from; with the place and the way out.
        SettingsError: There is no such file or setting, or there are too few seeds.
    """
    if not Path(proof.file).is_file():
        raise SettingsError(f"--prove {proof.file}: there is no such file")
    if proof.seeds < 2:
        raise SettingsError(
            f"--prove-seeds {proof.seeds}: two seeds at least are needed to tell a difference "
            "from chance"
        )
    settings = _settings(proof, base, seed=1, device=device)
    drained(corpus.gather(proof.file, settings, tokenizers.load(bases.find(base))))


def prove(
    proof: Proof, base: str, run: Path, *, device: str
) -> Generator[Message, None, dict[str, object]]:
    """Fine-tune from the base and from the run on the same split, and compare.

    Returns:
        "metric", the values "without" and "with", their mean "difference" with its "interval"
        (paired t; Student, 1908), and what that means in "words".
    """
    seeds = list(range(1, proof.seeds + 1))
    values: dict[str, list[float]] = {"without": [], "with": []}
    metric = ""
    for seed in seeds:
        for name, start in (("without", base), ("with", str(run))):
            settings = _settings(proof, start, seed=seed, device=device)
            metric, value = _fine_tune(proof, settings, run / "prove" / f"{name}-{seed}")
            values[name].append(value)
            yield Message(f"prove: {name} adaptation, seed {seed}: {metric} {value:.4f}")
    is_better_higher = catalogue.is_better_higher(metric)
    found = compare(values["without"], values["with"], is_better_higher=is_better_higher)
    yield Message(f"prove: {metric}: {found['words']}")
    return {"file": proof.file, "metric": metric, "seeds": seeds, **values, **found}


def compare(
    without: Sequence[float], with_: Sequence[float], *, is_better_higher: bool = True
) -> dict[str, Any]:
    """Return the mean paired difference, its interval, and what it shows in words."""
    gaps = np.asarray(with_) - np.asarray(without)
    mean, count = float(gaps.mean()), len(gaps)
    low, high = intervals.student(gaps)
    words = f"no difference that {count} seeds can show"
    if low > 0 or high < 0:
        words = f"adaptation {'helps' if (low > 0) == is_better_higher else 'harms'}"
    words += f": {mean:+.4f} ({low:+.4f} to {high:+.4f})"
    return {"difference": mean, "interval": [low, high], "words": words}


def _settings(proof: Proof, base: str, *, seed: int, device: str) -> Settings:
    changes = (f"device={device}", *proof.changes)
    return config.resolve(
        Settings, None, changes, {"base": base, "seed": seed, "data.split_seed": 1}
    )


def _fine_tune(proof: Proof, settings: Settings, out: Path) -> tuple[str, float]:
    """Fine-tune once; of the run only its numbers stay."""
    request = TrainRequest(source=proof.file, settings=settings, out=out, overwrite=out.exists())
    numbers = drained(labelled_text.learn(request)).metrics
    for part in ("model", "checkpoints", "predictions"):
        atomic.remove(out / part)
    metric = str(numbers["best"]["metric"])
    value = catalogue.value(numbers["valid"], metric)
    if value is None:
        raise DataError(
            f"--prove {proof.file}: its validation texts are too few for {metric}; name a larger "
            "file, or another metric, for example --prove-set train.metric=log_loss"
        )
    return metric, float(value)
