"""A tag for each word: cross-entropy at its first piece, the likeliest sequence that can be."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.errors import DataError, among
from textune.metrics import confusions, entities
from textune.metrics.metrics import Parts, Report
from textune.records import OUTSIDE, Batch, Entity, Example, Prediction, Scores
from textune.splits import splits
from textune.tasks import imbalance, priors
from textune.tasks import labels as named
from textune.tasks.interface import Borders, Column, Floats, Task

if TYPE_CHECKING:
    from torch import Tensor

UNSHOWN = -100  # the target of a word that no window shows: it is not learned


@dataclass(frozen=True, slots=True)
class Tag(Task):
    """One of C tags for each word."""

    labels: tuple[str, ...]
    weights: tuple[float, ...] | None = None  # (C,) in the loss; None: all 1
    smoothing: float = 0.0  # share of each target that is spread over all labels
    criterion: imbalance.Loss = imbalance.PLAIN  # what is made smaller

    name = "tags"
    model_class = "AutoModelForTokenClassification"
    asks: ClassVar[Literal["words"]] = "words"
    tie_metric = "log_loss"

    @property
    def marks_entities(self) -> bool:
        """Tell whether tags mark stretches of words (B-, I-, O)."""
        return not entities.is_plain(self.labels)

    @property
    def main_metric(self) -> str:
        """Return F1 of entities, or the accuracy of tags that stand alone."""
        return "f1" if self.marks_entities else "accuracy"

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold."""
        found = named.config(self.labels, "")
        del found["problem_type"]
        return found

    def weighted(self, targets: NDArray[np.generic]) -> Tag:
        """Weigh each tag by the inverse of its frequency; targets of all words, (I,)."""
        known = targets[targets != UNSHOWN]
        counts = np.bincount(known, minlength=len(self.labels))
        weights = splits.class_weights(counts)
        return replace(self, weights=tuple(weights.tolist()))

    def prior(self, targets: NDArray[Any]) -> Floats:
        """Return the logarithms of the tags' shares, over all words; (C,)."""
        known = targets[targets != UNSHOWN]
        return priors.exclusive(known, len(self.labels), self.weights, smoothing=self.smoothing)

    def target(self, example: Example) -> NDArray[np.generic]:
        """Return the tag of each word; (words,) int64.

        Raises:
            DataError: There are none, or one was not seen in training.
        """
        if example.label is None or isinstance(example.label, str):
            raise DataError(f"{example.origin}: no tags; every word needs one here")
        for tag in example.label:
            if tag not in self.labels:
                raise DataError(
                    f"{example.origin}: tag {tag!r} was not seen in training; "
                    f"{among(tag, self.labels)}"
                )
        return np.asarray([self.labels.index(tag) for tag in example.label], dtype=np.int64)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of (weighted) losses over the words; () fp32."""
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.classes(
            logits,
            batch,
            self.weights,
            smoothing=self.smoothing,
            unknown=UNSHOWN,
            criterion=self.criterion,
        )

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of words that are learned, or the sum of their weights."""
        is_known = targets != UNSHOWN
        known = targets[is_known]
        own = np.ones(len(known)) if self.weights is None else np.asarray(self.weights)[known]
        return float(own.sum() if weights is None else own @ weights[is_known]) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """(words, C) → (words, C), rows sum to 1; what no window shows is O, or the first tag."""
        found = named.softmax(logits)
        outside = self.labels.index(OUTSIDE) if OUTSIDE in self.labels else 0
        found[_is_unshown(logits)] = np.eye(len(self.labels))[outside]
        return np.asarray(found, dtype=np.float64)

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return the likeliest sequence of tags that can be, for each text; (words,)."""
        return entities.decode(probabilities, self.labels, borders)

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Compare with the truth, over all words: what no window shows counts as missed."""
        truth, given = _truth(examples), self._judged(scores)
        found = entities.judge(truth, given, plain=not self.marks_entities)
        if self.marks_entities:
            found["confusions"] = confusions.count(truth, given)
        return found | {"log_loss": self._log_loss(scores)}

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return the intervals of precision, recall and F1, by resampling texts."""
        found = entities.intervals(
            _truth(examples), self._judged(scores), plain=not self.marks_entities, seed=0
        )
        return {name: list(span) for name, span in found.items()}

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: Parts | None = None,
    ) -> dict[str, object]:
        """Return what each word's most frequent tag in training would have scored."""
        tags: list[list[str]] = [[] for _ in examples]
        for learned, judged in parts or [(np.arange(len(training)), np.arange(len(examples)))]:
            mine, texts = [training[row] for row in learned], [examples[row] for row in judged]
            words = [_words(item) for item in texts]
            given = entities.baseline(_truth(mine), [_words(item) for item in mine], words)
            for place, one in zip(judged.tolist(), given, strict=True):
                tags[place] = one
        found = entities.judge(_truth(examples), tags, plain=not self.marks_entities)
        return {"word": found}

    def default_decision(self) -> Decision:
        """Return the rule of the likeliest sequence."""
        return Decision("tags")

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each text a tag for each word, and the entities that they mark."""
        return self._predicted(scores, examples, self._sequences(scores))

    def as_judged(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each text the tags that `judge` counts: O where no window shows the word."""
        return self._predicted(scores, examples, self._judged(scores))

    def _predicted(
        self, scores: Scores, examples: Sequence[Example], sequences: list[list[str]]
    ) -> Iterator[Prediction]:
        chosen = scores.probabilities[np.arange(len(scores.decisions)), scores.decisions]
        logs = np.log(chosen.clip(np.finfo(np.float64).tiny)).tolist()  # of each word
        assert scores.borders is not None
        for example, tags, first in zip(
            examples, sequences, scores.borders[:-1].tolist(), strict=True
        ):
            sure = logs[first : first + len(tags)]
            words = example.words or ()
            marked = tuple(
                Entity(
                    start=words[begin][0],
                    end=words[end - 1][1],
                    text=example.text[words[begin][0] : words[end - 1][1]],
                    label=kind,
                    score=math.exp(sum(sure[begin:end]) / (end - begin)),
                )
                for kind, begin, end in (entities.entities(tags) if self.marks_entities else ())
            )
            yield Prediction(example.text, tuple(tags), {}, marked, tuple(words), asks="words")

    def columns(self) -> list[Column]:
        """Name the tags of the words, and the entities where tags mark them."""
        return [("tags", False), *([("entities", False)] if self.marks_entities else [])]

    def cells(self, prediction: Prediction) -> list[Any]:
        """Return tags and entities as JSON."""
        found = [_json(list(prediction.labels))]
        if self.marks_entities:
            found.append(
                _json(
                    [
                        {
                            "start": item.start,
                            "end": item.end,
                            "label": item.label,
                            "text": item.text,
                            "score": round(item.score, 6),
                        }
                        for item in prediction.entities
                    ]
                )
            )
        return found

    def truth(self, example: Example) -> str:
        """Return the tags as JSON."""
        return _json(list(example.label or ()))

    def _sequences(self, scores: Scores) -> list[list[str]]:
        return _parted([self.labels[number] for number in scores.decisions.tolist()], scores)

    def _judged(self, scores: Scores) -> list[list[str]]:
        """Return the tags of each text, O for a word that no window shows."""
        unshown = _is_unshown(scores.logits).tolist()
        names = [
            OUTSIDE if is_unshown else self.labels[number]
            for number, is_unshown in zip(scores.decisions.tolist(), unshown, strict=True)
        ]
        return _parted(names, scores)

    def _log_loss(self, scores: Scores) -> float | None:
        assert scores.truth is not None
        known = scores.truth != UNSHOWN
        if not known.any():
            return None
        chosen = scores.probabilities[known, scores.truth[known]]
        return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def _is_unshown(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(logits).any(axis=1))


def _parted(names: list[str], scores: Scores) -> list[list[str]]:
    assert scores.borders is not None
    return [names[first:end] for first, end in itertools.pairwise(scores.borders.tolist())]


def _truth(examples: Sequence[Example]) -> list[list[str]]:
    return [list(example.label or ()) for example in examples]


def _words(example: Example) -> list[str]:
    return [example.text[first:end] for first, end in example.words or ()]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
