"""What candidates said of texts that they did not learn from: judged, compared, kept in a file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from textune.corpora.corpus import Corpus
from textune.encoder import weights
from textune.evaluation import answered
from textune.probing.remedies import NOTHING
from textune.recipes.selection.refitted import Refit
from textune.records import Example, LinearHead, Scores
from textune.storage import contents
from textune.text.ragged import ranges

FILE = Path(contents.SELECTION)

Rows = NDArray[np.int64]
Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to learn from all training texts, and what it said of each while it was held out."""

    name: str
    logits: Logits  # (I, C) of the items of all training texts, NaN of those never held out
    folds: int
    seed: int
    retry: Mapping[str, Any] | None = None  # the safer recipe by which a fold had to begin anew
    remedy: str = NOTHING  # for rare labels, with which it learned
    refit: Refit | None = None  # how its head was fitted anew at the end
    contrast: float = 0.0  # weight of a contrastive loss, with which it learned


@dataclass(frozen=True, slots=True)
class Outcome:
    """What cross-validation found: candidates, the simplest first, and which is the best."""

    candidates: tuple[Candidate, ...]
    of_fold: Rows  # (N,) the fold of each training text, -1 where it is always learned from
    is_judged: NDArray[np.bool_]  # (N,) training texts that each candidate has answered
    chosen: int  # place of the best among the candidates
    head: LinearHead | None = None  # of all texts, where fine-tuning starts from one
    remedies: tuple[Mapping[str, Any], ...] = ()  # what was measured of them
    averages: bool = True  # whether the mean of the folds' models answers as well as they do

    @property
    def best(self) -> Candidate:
        """Return the candidate that learns from all texts."""
        return self.candidates[self.chosen]

    def candidate(self, name: str) -> Candidate | None:
        """Return the first candidate of a name."""
        return next((one for one in self.candidates if one.name == name), None)


def borders_of(corpus: Corpus, rows: Rows) -> Rows:
    """Return where the items of each text begin among those of all; (N + 1,)."""
    sizes = np.ones(len(rows), dtype=np.int64)
    if corpus.store.shape.asks != "texts":
        sizes = np.diff(corpus.store.item_borders)[rows]
    return np.concatenate([[0], np.cumsum(sizes)])


def items_of(borders: Rows, places: Rows) -> Rows:
    """Return the items of some of the texts; (I,)."""
    return ranges(borders[places], borders[places + 1])


def scores(
    corpus: Corpus, logits: Logits, is_judged: NDArray[np.bool_]
) -> tuple[Scores, list[Example]]:
    """Return the answers about training texts while they were held out, and these texts."""
    rows, places = corpus.split.train[is_judged], np.flatnonzero(is_judged)
    mine = logits[items_of(borders_of(corpus, corpus.split.train), places)]
    task = corpus.task
    found = answered.scores(
        [(np.arange(len(rows)), mine)],
        task,
        corpus.store,
        rows,
        decision=task.default_decision(),
        targets=corpus.targets,
    )
    return found, [corpus.examples[row] for row in rows.tolist()]


def is_answered(corpus: Corpus, logits: Logits) -> NDArray[np.bool_]:
    """Tell which training texts have an answer for any of their items; (N,)."""
    borders = borders_of(corpus, corpus.split.train)
    known = np.concatenate([[0], np.cumsum(np.isfinite(logits).all(axis=1))])
    return np.asarray((np.diff(known[borders]) > 0) | (np.diff(borders) == 0))


def key_of(prints: Mapping[str, Any]) -> str:
    """Name by content all that cross-validation depends on."""
    return hashlib.sha256(json.dumps(prints, sort_keys=True, default=str).encode()).hexdigest()


def write(folder: Path, outcome: Outcome, key: str) -> None:
    """Keep what was found in a run's folder, whole or not at all.

    Raises:
        OSError: The disk is full or read-only.
    """
    tensors = {
        f"logits.{place}": torch.from_numpy(np.ascontiguousarray(one.logits))
        for place, one in enumerate(outcome.candidates)
    }
    tensors["is_judged"] = torch.from_numpy(outcome.is_judged)
    tensors["of_fold"] = torch.from_numpy(outcome.of_fold)
    if outcome.head is not None:
        tensors["weight"] = torch.from_numpy(np.ascontiguousarray(outcome.head.weight))
        tensors["bias"] = torch.from_numpy(np.ascontiguousarray(outcome.head.bias))
    told = {
        "candidates": [[one.name, one.folds, one.seed] for one in outcome.candidates],
        "retries": [one.retry for one in outcome.candidates],
        "remedy": [one.remedy for one in outcome.candidates],
        "refit": [one.refit and asdict(one.refit) for one in outcome.candidates],
        "contrast": [one.contrast for one in outcome.candidates],
        "remedies": list(outcome.remedies),
        "chosen": outcome.chosen,
        "averages": outcome.averages,
        "strength": None if outcome.head is None else outcome.head.strength,
    }
    metadata = {"key": key, "told": json.dumps(told)}
    metadata["sha256"] = weights.digest(tensors, metadata)
    (folder / FILE).parent.mkdir(exist_ok=True)
    weights.write(tensors, folder / FILE, metadata=metadata)


def read(folder: Path, key: str | None) -> Outcome | None:
    """Read what was found; None where it is absent, damaged, or of another key (None: of any)."""
    try:
        with safe_open(folder / FILE, framework="pt") as opened:
            metadata = dict(opened.metadata() or {})
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        digest = metadata.pop("sha256")
        if digest != weights.digest(tensors, metadata) or key not in (None, metadata["key"]):
            return None
        told = json.loads(metadata["told"])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError):
        return None
    head = None
    if "weight" in tensors:
        weight, bias = (tensors[name].numpy() for name in ("weight", "bias"))
        head = LinearHead(weight, bias, told["strength"], {}, None)
    retries = told.get("retries") or [None] * len(told["candidates"])
    taken = told.get("remedy") or [NOTHING] * len(told["candidates"])
    anew = told.get("refit") or [None] * len(told["candidates"])
    contrasts = told.get("contrast") or [0.0] * len(told["candidates"])
    found = [
        Candidate(
            name,
            tensors[f"logits.{place}"].numpy(),
            folds,
            seed,
            retries[place],
            taken[place],
            anew[place] and Refit(**anew[place]),
            contrasts[place],
        )
        for place, (name, folds, seed) in enumerate(told["candidates"])
    ]
    given = {name: tensors[name].numpy() for name in ("of_fold", "is_judged")} | {
        "remedies": tuple(told.get("remedies", ())),
        "averages": told.get("averages", True),
    }
    return Outcome(tuple(found), **given, chosen=told["chosen"], head=head)
