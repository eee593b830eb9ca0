"""Frozen features become the linear head that fine-tuning starts from: linear probing."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.errors import DataError
from textune.evaluation import answered, evaluate
from textune.metrics import catalogue, written
from textune.metrics.metrics import Report
from textune.objectives.labelled import Labelled
from textune.probing import heads, names
from textune.probing.features import features
from textune.recipes.selection import ahead
from textune.records import LinearHead, Message
from textune.runs.written import Probe
from textune.splits import folds
from textune.tasks import label_texts, registry
from textune.tasks.interface import Task
from textune.training.learner import Learner

MOST_TEXTS = 8_192  # by which it is fitted; of more a sample
FOLDS = 5

Rows = NDArray[np.int64]


def begin(learner: Learner, corpus: Corpus, folder: Path, *, seed: int) -> Message:
    """Fit a linear head on frozen features of training texts, and let fine-tuning start from it.

    What it is worth stands in `probe.json` of the run's folder.

    Raises:
        NumericsError: The encoder answers with NaN or infinity.
    """
    rows = sample(corpus.split.train, seed)
    with ahead.importing(with_report=learner.is_frozen):
        read = features(learner.encoder, corpus.store, rows, micro_tokens=learner.micro_tokens)
    assert isinstance(learner.objective, Labelled)
    of_names, task = named(learner.encoder, corpus), learner.objective.task
    head, of_fold = fit(corpus, rows, read, of_names, seed=seed, task=task)
    heads.install(learner.encoder, head)
    learner.model.reload()
    found = cross_validated(corpus, rows, head)
    metric = learner.objective.metric
    probe = Probe(
        texts=len(rows),
        folds=0 if found is None else len(np.unique(of_fold[of_fold >= 0])),
        strength=head.strength,
        losses={f"{strength:g}": loss for strength, loss in head.scores.items()},
        metric=metric,
        value=None if found is None else catalogue.value(found, metric),
        test=_test(learner, corpus),
        reads_names=head.reads_names,
    )
    probe.write(folder)
    return Message(_words(probe, found, told_names(learner.encoder)))


def sample(rows: Rows, seed: int) -> Rows:
    """Return texts to fit a head by, in order: all, or of very many some."""
    if len(rows) <= MOST_TEXTS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_TEXTS, replace=False))


def named(encoder: Encoder, corpus: Corpus) -> NDArray[np.float32] | None:
    """Return what the head reads of the labels' names; None where they are no words.

    And of words near them, where such were found: (C, K, D), K texts of each label.
    """
    ids = label_texts.ids(corpus.task, corpus.tokenizer, corpus.examples)
    texts = encoder.named or [[name] for name in ids]
    return names.features(encoder, texts) if texts else None


def fit(
    corpus: Corpus,
    rows: Rows,
    read: NDArray[np.float32],
    of_names: NDArray[np.float32] | None,
    *,
    seed: int,
    task: Task | None = None,
) -> tuple[LinearHead, Rows]:
    """Fit the head of a task on what it reads of some texts, and of the labels' names.

    Equal texts, and texts of one group, are held out together. The task may be that of a run, with
    its class weights and its loss.

    Returns:
        The head, and the fold of each text in cross-validation.
    """
    of_fold = deal(corpus, rows, seed)
    per_item = of_fold
    if corpus.task.asks == "words":
        per_item = np.repeat(of_fold, np.diff(corpus.store.item_borders)[rows])
    head = heads.fit(
        task or corpus.task,
        read,
        corpus.targets[rows],
        seed=seed,
        weights=corpus.weights_of(rows),
        folds=per_item,
        shares=corpus.shares_of(rows),
        names=of_names,
    )
    return head, of_fold


def cross_validated(corpus: Corpus, rows: Rows, head: LinearHead) -> Report | None:
    """Judge what was said of texts while they were held out; None where nothing was."""
    logits = head.held_out_logits
    if logits is None:
        return None
    task, store = corpus.task, corpus.store
    of = np.arange(len(rows))
    if task.asks == "words":
        of = np.repeat(of, np.diff(store.item_borders)[rows])
    is_judged = np.zeros(len(rows), dtype=bool)
    is_judged[of[np.isfinite(logits).all(axis=1)]] = True
    mine = rows[is_judged]
    if not len(mine):
        return None
    parts = [(np.arange(len(mine)), logits[is_judged[of]])]
    scores = answered.scores(
        parts, task, store, mine, decision=task.default_decision(), targets=corpus.targets
    )
    return task.judge(scores, [corpus.examples[row] for row in mine.tolist()])


def baseline(folder: Path, before: Report | None, part: str) -> dict[str, Any]:
    """Return what the frozen encoder with the linear head scored on a part, if it is known.

    Args:
        folder: Of the run.
        before: What the validation texts said before the first update.
        part: "valid" or "test".
    """
    probe = Probe.read(folder)
    found = before if part == "valid" else probe and probe.test
    return {} if probe is None or not found else {"probe": found}


def deal(corpus: Corpus, rows: Rows, seed: int, *, most: int = FOLDS) -> Rows:
    """Deal texts into folds, fewer where labels are rare; where that is vain, none is held out."""
    texts = [corpus.examples[row] for row in rows.tolist()]
    if not registry.of(corpus.task.name).has_classes:  # numbers are not to be in proportion
        texts = [replace(text, label=None) for text in texts]
    for count in range(min(most, len(texts)), 1, -1):
        with suppress(DataError):  # some fold would stay empty
            return folds.deal(texts, count, seed=seed)
    return np.full(len(rows), folds.ALWAYS)


def _test(learner: Learner, corpus: Corpus) -> Report | None:
    """Judge the test texts by the head, where that takes no longer than a pass of training."""
    rows, task, lengths = corpus.split.test, corpus.task, corpus.store.lengths
    passes = learner.settings.train.epochs
    if not len(rows) or lengths[rows].sum() > 3 * passes * learner.objective.tokens:
        return None
    scores = evaluate.score(
        learner.encoder,
        task,
        corpus.store,
        rows,
        decision=task.default_decision(),
        targets=corpus.targets,
        micro_tokens=learner.micro_tokens,
    )
    return task.judge(scores, corpus.part("test"))


def told_names(encoder: Encoder) -> str:
    """Say what names labels beside the texts: the words near their names, too, or not."""
    has_words = any(len(texts) > 1 for texts in encoder.named)
    return f"the labels' names{' and of words near them' * has_words}"


def _words(probe: Probe, found: Report | None, named_by: str) -> str:
    """Say what it is worth."""
    texts = f"{probe.texts:,} text{'s' * (probe.texts != 1)}"
    texts += f" and of {named_by}" * probe.reads_names
    if found is None or probe.value is None:
        return f"linear head on frozen features of {texts}: fine-tuning starts from it"
    names = dict.fromkeys([probe.metric, *({"accuracy"} & found.keys())])
    values = ", ".join(
        f"{catalogue.title(name)} {written.decimals(value)}"
        for name in names
        if (value := catalogue.value(found, name)) is not None
    )
    return (
        f"linear head on frozen features: {values} by {probe.folds}-fold cross-validation of "
        f"{texts}: what you get without fine-tuning; fine-tuning starts from it"
    )
