"""Answers in a passage: softmax over its tokens for both ends, the likeliest span, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from textune.decisions.rule import Decision
from textune.errors import DataError, counted
from textune.metrics import spans
from textune.metrics.metrics import Parts, Report
from textune.records import Batch, Entity, Example, Prediction, Scores
from textune.tasks.answers import ends
from textune.tasks.interface import Borders, Column, Floats, Task

if TYPE_CHECKING:
    from torch import Tensor

NONE = "none"
UNKNOWN = -1  # the target of an answer that no window shows: it is not learned
SHOWN = 5  # likeliest answers that a prediction holds
TRIED = 4 * SHOWN  # likeliest spans of tokens, of which some are parts of the same words
TINIEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class Found:
    """Answers to one question, the likeliest first."""

    places: NDArray[np.int64]  # (n, 2) first and last item
    chances: NDArray[np.float64]  # (n,)
    none: float  # probability that the passage has no answer


@dataclass(frozen=True, slots=True)
class AnswerSpan(Task):
    """The stretch of a passage that answers a question; item 0 of a text stands for none."""

    labels: tuple[str, ...]
    may_be_none: bool = False  # whether training had questions without an answer
    longest: int = 30  # tokens of an answer

    name = "answers"
    model_class = "AutoModelForQuestionAnswering"
    asks: ClassVar[Literal["answers"]] = "answers"
    main_metric = "f1"
    tie_metric = "exact_match"

    def config(self) -> dict[str, object]:
        """Return what the model's configuration must hold."""
        return {"num_labels": 2}

    def state(self) -> dict[str, object]:
        """Return whether there may be no answer, and how long one may be."""
        return {"may_be_none": self.may_be_none, "longest": self.longest}

    def fitted(self, targets: NDArray[Any]) -> AnswerSpan:
        """Learn from items of answers, (N, 2), whether there may be none, and how long they are."""
        lengths = (targets[:, 1] - targets[:, 0])[targets[:, 0] > 0] + 1
        longest = int(lengths.max()) if len(lengths) else self.longest
        return replace(
            self,
            may_be_none=bool((targets[:, 0] == 0).any()),
            longest=max(self.longest, min(longest, 4 * self.longest)),
        )

    def target(self, example: Example) -> NDArray[np.generic]:
        """Return the characters of the first answer, (2,) first and end, or -1 for none.

        Raises:
            DataError: It is not known.
        """
        if example.answers is None:
            raise DataError(f"{example.origin}: no answers; every question needs them here")
        if not example.answers:
            return np.asarray([-1, -1], dtype=np.int64)
        answer = example.answers[0]
        return np.asarray([answer.start, answer.start + len(answer.text)], dtype=np.int64)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum over questions of the mean cross-entropy of both ends; () fp32.

        The softmax goes over the tokens of the passage alone, in all its windows, and over "none"
        where there may be none (shared normalisation: Clark and Gardner, 2018).
        """
        from textune.tasks import losses  # torch: a second to import, for training alone

        return losses.ends(logits, batch, may_be_none=self.may_be_none, unknown=UNKNOWN)

    def count(self, targets: NDArray[Any], weights: Floats | None = None) -> float:
        """Return the number of questions that are learned, or the sum of their weights."""
        is_learned = targets[:, 0] != UNKNOWN
        return float(is_learned.sum() if weights is None else weights[is_learned].sum()) or 1.0

    def probabilities(
        self, logits: NDArray[np.float32], borders: Borders = None
    ) -> NDArray[np.float64]:
        """Return the probability of each item to be the first, and the last; (I, 2)."""
        found = np.zeros(logits.shape, dtype=np.float64)
        for first, end in ends.ranges(borders, len(logits)):
            part = np.where(np.isnan(logits[first:end]), -np.inf, logits[first:end].astype(float))
            if not self.may_be_none:
                part[0] = -np.inf
            found[first:end] = ends.softmax(part)
        return found

    def decide(
        self, probabilities: NDArray[np.float64], decision: Decision, borders: Borders = None
    ) -> NDArray[np.int64]:
        """Return first and last item of each answer, (N, 2); 0 and 0 for none."""
        bar = decision.thresholds.get(NONE, 0.5)
        found = np.zeros((0 if borders is None else len(borders) - 1, 2), dtype=np.int64)
        for number, (first, end) in enumerate(ends.ranges(borders, len(probabilities))):
            best = self._find(probabilities[first:end], 1)
            if len(best.places) and not (self.may_be_none and _nothing(best) > bar):
                found[number] = best.places[0]
        return found

    def judge(self, scores: Scores, examples: Sequence[Example]) -> Report:
        """Compare with all references, by the official exact match and F1.

        `always_answers` says of how many that have no answer the model gives one nevertheless.
        """
        found = spans.judge(self._written(scores, examples), _references(examples))
        without = sum(not item.answers for item in examples)
        if self.may_be_none or not without:
            return found
        have, count = ("has", "counts") if without == 1 else ("have", "count")
        return found | {
            "always_answers": "training had no question without an answer, so the model always "
            f"gives one: {without:,} of the {counted(len(examples), 'question')} here {have} none, "
            f"and {count} as wrong; for a model that says so, train with such questions, too"
        }

    def intervals(self, scores: Scores, examples: Sequence[Example]) -> dict[str, list[float]]:
        """Return the intervals of exact match and F1, by resampling questions."""
        found = spans.intervals(self._written(scores, examples), _references(examples), seed=0)
        return {name: list(span) for name, span in found.items()}

    def baselines(
        self,
        training: Sequence[Example],
        scores: Scores,
        examples: Sequence[Example],
        parts: Parts | None = None,
    ) -> dict[str, object]:
        """Return what the sentence with most words of the question would have scored."""
        found = [ends.nearest_sentence(item.text, item.pair or "") for item in examples]
        return {"sentence": spans.judge(found, _references(examples))}

    def default_decision(self) -> Decision:
        """Return the rule that says none where that is likelier than the best answer.

        The threshold is how likely "none" must be beside the best answer: it is given above it.
        """
        return Decision("answer", {NONE: 0.5} if self.may_be_none else {})

    def decision(self, scores: Scores, examples: Sequence[Example]) -> Decision:
        """Fit on held-out questions above which chance beside the best answer "none" is given."""
        if not self.may_be_none or all(item.answers for item in examples):
            return self.default_decision()
        assert scores.borders is not None
        best = [
            self._find(scores.probabilities[first:end], 1)
            for first, end in ends.ranges(scores.borders, len(scores.probabilities))
        ]
        places = np.stack([_first(item) for item in best])
        answers = self._written(replace(scores, decisions=places), examples)
        f1 = np.asarray(
            [
                spans.overlap_f1(text, references)
                for text, references in zip(answers, _references(examples), strict=True)
            ]
        )
        nothing = np.asarray([_nothing(item) for item in best])
        has_answer = np.asarray([bool(item.answers) for item in examples])
        bar, _ = spans.best_threshold(nothing, f1, has_answer)
        return Decision("answer", {NONE: min(max(bar, 0.0), 1.0)}, fitted=True)

    def predictions(self, scores: Scores, examples: Sequence[Example]) -> Iterator[Prediction]:
        """Give each question its likeliest answers, the chosen one as the label."""
        assert scores.borders is not None
        assert scores.spans is not None
        ranges = ends.ranges(scores.borders, len(scores.probabilities))
        answers = self._written(scores, examples)
        for example, (first, end), answer in zip(examples, ranges, answers, strict=True):
            found = self._find(scores.probabilities[first:end], TRIED)
            shown = _shown(example.pair or "", scores.spans[first:end], found)
            chances = {NONE: found.none} if self.may_be_none else {}
            given = (answer,) if answer else ()
            yield Prediction(example.text, given, chances, shown, asks="answers")

    def columns(self) -> list[Column]:
        """Name the answer, where it stands, how sure it is, and the likeliest ones."""
        return [
            ("answer", False),
            ("answer_start", False),
            ("p(answer)", True),
            ("answers", False),
        ]

    def cells(self, prediction: Prediction) -> list[object]:
        """Return those cells; an empty answer where there is none."""
        shown = [
            {"text": item.text, "start": item.start, "score": round(item.score, 6)}
            for item in prediction.entities
        ]
        listed = json.dumps(shown, ensure_ascii=False)
        if not prediction.labels or not prediction.entities:
            return ["", "", prediction.scores.get(NONE, 0.0), listed]
        best = prediction.entities[0]
        return [best.text, str(best.start), best.score, listed]

    def truth(self, example: Example) -> str:
        """Return all references as JSON."""
        return json.dumps([item.text for item in example.answers or ()], ensure_ascii=False)

    def _find(self, probabilities: NDArray[np.float64], count: int) -> Found:
        places, chances, none = ends.likeliest(probabilities, longest=self.longest, count=count)
        return Found(places, chances, none)

    def _written(self, scores: Scores, examples: Sequence[Example]) -> list[str]:
        """Cut the decided answers out of their passages; "" where there is none."""
        assert scores.borders is not None
        assert scores.spans is not None
        found = []
        for example, (one, two), first in zip(
            examples, scores.decisions.tolist(), scores.borders[:-1].tolist(), strict=True
        ):
            passage = example.pair or ""
            start, end = scores.spans[first + one, 0], scores.spans[first + two, 1]
            start, end = ends.whole_words(passage, int(start), int(end)) if one else (0, 0)
            found.append(passage[start:end])
        return found


def _shown(passage: str, spans: NDArray[np.int32], found: Found) -> tuple[Entity, ...]:
    """Write the likeliest answers, each stretch of the passage once."""
    shown: dict[tuple[int, int], float] = {}
    for (one, two), chance in zip(found.places.tolist(), found.chances.tolist(), strict=True):
        place = ends.whole_words(passage, int(spans[one, 0]), int(spans[two, 1]))
        if place[0] < place[1]:
            shown.setdefault(place, chance)
    return tuple(
        Entity(start, end, passage[start:end], label="", score=chance)
        for (start, end), chance in list(shown.items())[:SHOWN]
    )


def _first(found: Found) -> NDArray[np.int64]:
    return found.places[0] if len(found.places) else np.zeros(2, dtype=np.int64)


def _nothing(found: Found) -> float:
    """Return how likely "none" is beside the best answer alone; above 0, at most 1."""
    best = float(found.chances[0]) if len(found.chances) else 0.0
    total = found.none + best
    share = found.none / total if total > 0 else 0.0
    return max(share, TINIEST)  # so that a threshold of 0 leaves no question with an answer


def _references(examples: Sequence[Example]) -> list[list[str]]:
    return [[answer.text for answer in item.answers or ()] for item in examples]
