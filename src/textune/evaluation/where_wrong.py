"""Decided texts and their truth become where they are wrong: labels confused, words of errors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.words import different_words
from textune.evaluation import by_length
from textune.metrics import confused, spans, telling_words, written
from textune.records import OUTSIDE, PASSAGES, Example, Scores
from textune.tasks import registry
from textune.tasks.interface import Task

FEWEST = 5  # errors, and right ones, without which nothing is looked for
LARGE = 0.75  # quantile of errors of numbers, above which they count as wrong
MOST_TEXTS = 20_000  # whose words are read; of more the first
MOST_CHARACTERS = 4_000  # of each
NAMED = 5  # words in a sentence

Unknown = Callable[[Sequence[str]], Sequence[int]]
"""Counts in each text the pieces that stand for what a tokenizer does not know."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """Units that are right or wrong: texts, or the different words of each text with tags."""

    of: str
    is_wrong: NDArray[np.bool_]  # (U,)
    words: list[set[str]]  # U
    errors: NDArray[np.float64]  # (N,) of each text: 0 and 1, a share of its words, a distance


def told(
    task: Task, scores: Scores, examples: Sequence[Example], unknown: Unknown | None = None
) -> dict[str, Any]:
    """Say where decisions are wrong.

    Args:
        task: By which they were made.
        scores: Of N texts, with their truth; those left undecided are neither right nor wrong.
        examples: The texts, N.
        unknown: Counts the pieces of texts that stand for what a tokenizer does not know.

    Returns:
        `wrong`: how many of `n` units (`of` texts or words) are, the `words` that go with errors,
        and `traits` (length, unknown pieces) that do, each with `q` (a false discovery rate of at
        most 0.05), `confused` pairs of labels, and `said`, the same in sentences. Nothing where
        truth and decisions of this task cannot be compared so.
    """
    if scores.truth is None or not len(examples):
        return {}
    if scores.undecided is not None:
        rows = np.flatnonzero(~scores.undecided)
        scores = by_length.part_of(task, scores, rows)
        examples = [examples[row] for row in rows.tolist()]
    whole, every = scores, examples
    if len(examples) > MOST_TEXTS:
        scores = by_length.part_of(task, scores, np.arange(MOST_TEXTS))
        examples = examples[:MOST_TEXTS]
    found = _decided(task, scores, examples)
    if found is None:
        return {}
    words, traits = [], []
    if FEWEST <= found.is_wrong.sum() <= len(found.is_wrong) - FEWEST:
        words = telling_words.over(found.words, found.is_wrong)
        traits = list(_traits(scores, examples[: len(found.errors)], found.errors, unknown))
    corrected = telling_words.benjamini_hochberg([one["p"] for one in (*traits, *words)])
    for one, q in zip((*traits, *words), corrected, strict=True):
        one["q"] = q
    words = [one for one in words if one["q"] <= telling_words.LEVEL][: telling_words.MOST]
    traits = [one for one in traits if one["q"] <= telling_words.LEVEL]
    wrong = {
        "of": found.of,
        "n": len(found.is_wrong),
        "wrong": int(found.is_wrong.sum()),
        "words": words,
        "traits": traits,
        "tested": len(corrected),
        "confused": _confused(task, whole, every),
    }
    return {"wrong": wrong | {"said": _sentences(wrong)}}


def looked_at(item: Example) -> str:
    """Return the text, or both of a pair, in which unknown pieces are counted."""
    return f"{item.text} {item.pair or ''}"[:MOST_CHARACTERS]


def _decided(task: Task, scores: Scores, examples: Sequence[Example]) -> _Decided | None:
    """Tell right from wrong; None of a task whose decisions are nothing of the kind."""
    if task.asks == "words":
        return _of_words(task, scores, examples)
    is_wrong, errors = _of_texts(task, scores, examples)
    if is_wrong is None or errors is None:
        return None
    return _Decided("texts", is_wrong, [_words(item, task) for item in examples], errors)


def _of_texts(
    task: Task, scores: Scores, examples: Sequence[Example]
) -> tuple[NDArray[np.bool_] | None, NDArray[np.float64] | None]:
    """Tell which texts are decided wrongly, and by how much."""
    assert scores.truth is not None
    count = len(examples)
    if task.asks == PASSAGES:
        said = ["".join(one.labels) for one in task.predictions(scores, examples)]
        right = [
            spans.exact(answer, [one.text for one in item.answers or ()])
            for answer, item in zip(said, examples, strict=True)
        ]
        is_wrong = np.asarray(right) == 0
        return is_wrong, is_wrong.astype(np.float64)
    truth, decisions = scores.truth[:count], scores.decisions[:count]
    if truth.shape != decisions.shape:
        return None, None
    kind = registry.of(task.name)
    if kind.has_classes:
        is_known = ~np.isnan(truth.astype(np.float64))
        wrong = is_known & (truth != decisions)
        is_wrong = wrong if wrong.ndim == 1 else wrong.any(axis=1)
        return is_wrong, is_wrong.astype(np.float64)
    if kind.judged.metrics[:1] != ("pearson",) and "rmse" not in kind.judged.metrics:
        return None, None
    spread = np.nanstd(truth, axis=0)
    errors = np.abs(decisions - truth) / np.where(spread > 0, spread, 1.0)
    errors = errors if errors.ndim == 1 else np.nan_to_num(errors).max(axis=1)
    return errors > np.quantile(errors, LARGE), errors


def _of_words(task: Task, scores: Scores, examples: Sequence[Example]) -> _Decided | None:
    """Tell which different words of each text are tagged wrongly anywhere in it."""
    if scores.borders is None or scores.truth is None or scores.truth.ndim != 1:
        return None
    is_wrong: list[bool] = []
    words: list[set[str]] = []
    errors: list[float] = []
    for item, right, given in zip(examples, *_tags(task, scores, examples), strict=True):
        mine = [tag != said for tag, said in zip(right, given, strict=True)]
        errors.append(sum(mine) / len(mine) if mine else 0.0)
        fails: dict[str, bool] = {}
        for (start, stop), bad in zip(item.words or (), mine, strict=False):
            form = item.text[start:stop].lower()
            fails[form] = fails.get(form, False) or bad
        words += [{form} for form in fails]
        is_wrong += fails.values()
    return _Decided("words", np.asarray(is_wrong), words, np.asarray(errors))


def _tags(
    task: Task, scores: Scores, examples: Sequence[Example]
) -> tuple[list[list[str]], list[list[str]]]:
    """Return the right tags of each text, and those given: O for a word that no window shows."""
    assert scores.truth is not None
    assert scores.borders is not None
    both = zip(scores.decisions.tolist(), (scores.truth >= 0).tolist(), strict=True)
    given = [task.labels[place] if is_shown else OUTSIDE for place, is_shown in both]
    parts = [given[first:end] for first, end in pairwise(scores.borders.tolist())]
    return [list(item.label or ()) for item in examples], parts


def _words(item: Example, task: Task) -> set[str]:
    """Return the different words of a text, or of both of a pair; of answers those asked with."""
    pair = "" if task.asks == PASSAGES else item.pair or ""
    texts = [text[:MOST_CHARACTERS] for text in (item.text, pair)]
    return {word for text in texts for word in different_words(text)}


def _traits(
    scores: Scores,
    examples: Sequence[Example],
    errors: NDArray[np.float64],
    unknown: Unknown | None,
) -> Iterator[dict[str, Any]]:
    """Test whether longer texts, and those with more unknown pieces, are wrong more often."""
    numbers = {}
    if scores.fulls is not None:
        numbers["tokens"] = scores.fulls[: len(errors)].astype(np.float64)
    if unknown is not None:
        texts = [looked_at(item) for item in examples]
        numbers["unknown pieces"] = np.asarray(unknown(texts), dtype=np.float64)
    for name, values in numbers.items():
        if values.max() > values.min():
            rho, p = telling_words.trend(values, errors)
            yield {"trait": name, "rho": rho, "p": p}


def _confused(task: Task, scores: Scores, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Count the pairs of labels that are taken for each other."""
    kind, truth = registry.of(task.name), scores.truth
    if not kind.has_classes or truth is None or truth.shape != scores.decisions.shape:
        return []
    if task.asks == "words":
        return _confused_tags(task, scores, examples)
    if truth.ndim == 1:
        return confused.of_classes(truth.astype(np.int64), scores.decisions, task.labels)
    columns = [at for at, _ in kind.exclusive(task, truth)] if kind.by_column else None
    return confused.of_marks(truth.astype(np.float64), scores.decisions, task.labels, columns)


def _confused_tags(task: Task, scores: Scores, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Count pairs of types of entities, or of tags; entities that no window shows are missed."""
    assert scores.truth is not None
    if task.main_metric != "f1" or scores.borders is None:  # tags of no entities
        return confused.of_classes(scores.truth.astype(np.int64), scores.decisions, task.labels)
    return confused.of_entities(*_tags(task, scores, examples))


def _sentences(found: dict[str, Any]) -> list[str]:
    """Say what was found; that nothing was, too."""
    said = []
    if found["words"]:
        named = [
            f"{one['word']!r} ({one['wrong']:,} of {one['n']:,} wrong; without it "
            f"{one['other_share']:.1%}; q {written.chance(one['q'])})"
            for one in found["words"][:NAMED]
        ]
        more = len(found["words"]) - len(named)
        said.append(f"words that go with errors: {', '.join(named)}{f'; {more} more' * (more > 0)}")
    elif found["tested"]:
        said.append("no word goes with the errors")
    for one in found["traits"]:
        which = "more" if one["rho"] > 0 else "fewer"
        said.append(
            f"texts with {which} {one['trait']} are wrong more often (rank correlation "
            f"{one['rho']:+.2f}, q {written.chance(one['q'])})"
        )
    return said
