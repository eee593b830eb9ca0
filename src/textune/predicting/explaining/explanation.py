"""Why a model decided as it did: the words of a text, each with what it moved."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textune.predicting.explaining.values import Measure
from textune.records import Prediction

TOP = 5  # words that are named in a cell
Method = Literal["occlusion", "gradients"]


@dataclass(frozen=True, slots=True)
class Part:
    """A word of a text, or neighbouring words of a long one."""

    text: str  # as it stands there
    start: int  # characters
    end: int
    side: int = 1  # 1: of the text, or of the first of a pair; 2: of the second
    words: int = 1


@dataclass(frozen=True, slots=True)
class Reason:
    """What moved one decision.

    Contributions are in the unit of the value: above 0 for what spoke for the label, below 0 for
    what spoke against it.
    """

    label: str
    decided: bool  # whether the model decided on it
    measure: Measure
    value: float  # of the whole text
    base: float  # of a text in which no word is said
    score: float | None  # probability as predicting says it; of a number, the number
    contributions: tuple[float, ...]  # of each part
    spot: tuple[int, int] | None = None  # characters of the entity or the answer that it is about

    def ranked(self, *, most: int) -> list[int]:
        """Return the places of the parts that moved most, at most so many."""
        order = sorted(range(len(self.contributions)), key=lambda at: -abs(self.contributions[at]))
        return [at for at in order[:most] if self.contributions[at]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text, what was predicted of it, and why."""

    text: str
    pair: str | None
    prediction: Prediction
    method: Method
    parts: tuple[Part, ...]  # that the model reads
    reasons: tuple[Reason, ...]
    unread: int = 0  # words beyond what the model reads
    window: tuple[int, int] | None = None  # characters of the stretch that spoke most for the first
    # reason, where a text is read in several
    remarks: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model decided on."""
        return self.prediction.labels

    def top(self, label: str | None = None, *, most: int = 5) -> list[tuple[str, float]]:
        """Return the words that moved a label most, the strongest first.

        Args:
            label: That was explained; the first if not given.
            most: How many words.
        """
        for reason in self.reasons:
            if label in (None, reason.label):
                return [
                    (self.parts[at].text, reason.contributions[at])
                    for at in reason.ranked(most=most)
                ]
        return []

    def about(self, reason: Reason) -> str:
        """Return the words of the entity that a reason is about; "" where it is the whole text."""
        if reason.spot is None or self.pair is not None:
            return ""
        return self.text[slice(*reason.spot)]

    def told(self) -> dict[str, Any]:
        """Return it as JSON would hold it."""
        found: dict[str, Any] = {"text": self.text}
        if self.pair is not None:
            found["pair"] = self.pair
        found |= {"labels": list(self.labels), "method": self.method}
        found["reasons"] = [self._told(reason) for reason in self.reasons]
        if self.unread:
            found["unread_words"] = self.unread
        if self.window is not None:
            found["window"] = list(self.window)
        if self.remarks:
            found["remarks"] = list(self.remarks)
        return found

    def cell(self) -> str:
        """Return the words that moved each decision most, as JSON in a cell of a table."""
        found = [
            {
                "label": reason.label,
                "words": [
                    [self.parts[at].text, rounded(reason.contributions[at])]
                    for at in reason.ranked(most=TOP)
                ],
            }
            for reason in self.reasons
        ]
        return json.dumps(found, ensure_ascii=False)

    def _told(self, reason: Reason) -> dict[str, Any]:
        found: dict[str, Any] = {
            "label": reason.label,
            "decided": reason.decided,
            "measure": reason.measure,
            "value": rounded(reason.value),
            "base_value": rounded(reason.base),
            "score": None if reason.score is None else rounded(reason.score),
        }
        if reason.spot is not None:
            found["span"] = list(reason.spot)
        return found | {"words": list(self._words(reason.contributions))}

    def _words(self, contributions: Sequence[float]) -> Iterator[Mapping[str, Any]]:
        for part, number in zip(self.parts, contributions, strict=True):
            place = {"text": part.text, "start": part.start, "end": part.end}
            side = {} if self.pair is None else {"of": part.side}
            count = {} if part.words == 1 else {"words": part.words}
            yield place | side | count | {"contribution": rounded(number)}


def rounded(number: float) -> float:
    """Return six decimals; what is less is rounding."""
    return round(number, 6) + 0.0
