"""A run's answers about texts that it did not learn from become logits of a corpus."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.errors import RunError, excerpt, some
from textune.runs import exports, predictions

PLACES = (Path("out_of_fold.parquet"), Path("predictions") / "valid.parquet")


def logits(run: Path, corpus: Corpus) -> NDArray[np.float32]:
    """Return what a run said of texts that it held out, (N, C); NaN of the others.

    Args:
        run: Folder of textune folds, or of a run that was cross-validated or validated.
        corpus: The texts.

    Raises:
        RunError: It keeps no such answers, or of other labels or texts.
    """
    table = _read(run)
    labels, name = corpus.task.labels, corpus.table.name
    known = [one[6:-1] for one in table if one.startswith("logit(")]
    if {*known} != {*labels}:
        raise RunError(
            f"{run}: its labels are {some(known, 5) or 'none'}, and those of {name} "
            f"{some(list(labels), 5)}; give a run that learned from this file"
        )
    own = np.stack([np.asarray(table[f"logit({one})"], dtype=np.float32) for one in labels], axis=1)
    found = np.full((len(corpus.examples), len(labels)), np.nan, dtype=np.float32)
    places = {item.origin: place for place, item in enumerate(corpus.examples)}
    for row, (origin, text) in enumerate(zip(table["origin"], table["text"], strict=True)):
        if (place := places.get(origin)) is None:
            continue
        if corpus.examples[place].text != text:
            raise RunError(
                f"{run}: {origin} was {excerpt(text)} when it learned, and is "
                f"{excerpt(corpus.examples[place].text)} now; train again"
            )
        found[place] = own[row]
    if not np.isfinite(found).any():
        raise RunError(
            f"{run}: held out no text of {name}; give a run of textune folds {name}, or one of "
            "this file that was cross-validated"
        )
    return found


def _read(run: Path) -> dict[str, list[Any]]:
    """Read the table of answers.

    Raises:
        RunError: There is none, or it is damaged.
    """
    file = next((run / place for place in PLACES if (run / place).is_file()), None)
    if file is None:
        exports.refuse(run, "keeps no answers about texts that it did not learn from")
        raise RunError(
            f"{run}: keeps no answers about texts that it did not learn from; give a run of "
            "textune folds, or one that was cross-validated"
        )
    return predictions.read(file, ("origin", "text"))
