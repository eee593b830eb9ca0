"""A labelled file becomes a forecast: what frozen features score on it, and with more labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora import corpus as corpora
from textune.corpora.corpus import Corpus
from textune.encoder import bases, devices
from textune.errors import SettingsError
from textune.metrics import catalogue
from textune.objectives.labelled import Labelled
from textune.probing import features as probing
from textune.probing import forecast as curves
from textune.probing import heads
from textune.recipes.selection import probed
from textune.recipes.selection.probed import Rows
from textune.runs.events import drained
from textune.settings.config import Settings
from textune.text import tokenizers
from textune.text.ragged import ranges

FEWEST = 10  # texts that are tried


def forecast(source: object, settings: Settings) -> dict[str, Any]:
    """Say what a linear head on frozen features scores at some sizes, and what a curve says.

    Returns:
        The metric and its title, `scores` and what is `ahead` (texts and score each), and words.

    Raises:
        TextuneError: The file or the base cannot be read, or its head is not linear.
    """
    gathering = corpora.gather(source, settings, tokenizers.load(bases.find(settings.base)))
    corpus = drained(gathering)
    objective = Labelled.of(corpus, settings)
    device = devices.choose(settings.device)
    encoder, _ = objective.encoder(corpus.tokenizer.place, settings.train, device)
    if not heads.can_probe(corpus.task, encoder):
        raise SettingsError("--forecast: the head of this task or base is not linear")
    rows = probed.sample(np.arange(len(corpus.store)), settings.seed)
    read = probing.features(encoder, corpus.store, rows, micro_tokens=4096)
    metric = "accuracy" if objective.metric == "mcc" else objective.metric
    of_names = probed.named(encoder, corpus)
    scores = _scores(corpus, rows, (read, of_names), metric, seed=settings.seed)
    return _told(scores, metric, len(rows))


def _scores(
    corpus: Corpus,
    rows: Rows,
    features: tuple[NDArray[np.float32], NDArray[np.float32] | None],
    metric: str,
    *,
    seed: int,
) -> dict[int, float]:
    """Cross-validate on parts of the texts: eight eighths, four quarters, both halves, and all."""
    read, of_names = features
    order = np.random.default_rng(seed).permutation(len(rows))
    sizes = np.ones(len(rows), dtype=np.int64)
    if corpus.task.asks == "words":
        sizes = np.diff(corpus.store.item_borders)[rows]
    borders = np.concatenate([[0], np.cumsum(sizes)])
    found = {}
    for size in curves.sizes(len(rows), fewest=FEWEST):
        values = []
        for part in np.array_split(order, len(rows) // size):
            mine = np.sort(part)
            items = read[ranges(borders[mine], borders[mine + 1])]
            head, _ = probed.fit(corpus, rows[mine], items, of_names, seed=seed)
            report = probed.cross_validated(corpus, rows[mine], head)
            value = None if report is None else catalogue.value(report, metric)
            values += [] if value is None else [value]
        if values:
            found[size] = float(np.mean(values))
    return found


def _told(scores: dict[int, float], metric: str, texts: int) -> dict[str, Any]:
    title = catalogue.title(metric)
    curve = curves.fit(scores, limit=1.0 if catalogue.is_better_higher(metric) else 0.0)
    ahead = curves.ahead(texts) if curve is not None else ()
    words = (
        "a power law through these scores; fine-tuning may score more"
        if curve is not None
        else "these scores tell nothing of more texts: too few sizes could be tried, or they do "
        "not get better with more texts"
    )
    return {
        "metric": metric,
        "title": title,
        "scores": [{"texts": size, "score": score} for size, score in scores.items()],
        "ahead": [{"texts": size, "score": curve.at(size)} for size in ahead if curve],
        "words": words,
    }
