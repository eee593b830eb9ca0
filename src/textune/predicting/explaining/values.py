"""What a model decided of a text becomes the numbers that are explained, as functions of logits.

I items of a text (itself, its words, or the tokens of its passage), C outputs of the head, V
copies of the text. Of a label it is the log-odds of its probability before calibration: of several
labels a text that is its logit; of classes that exclude each other, how far its logit is above
those of the others, log(p / (1 - p)). So that words add up, and nothing is lost where a model is
sure of its answer. Of a number it is the number itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Measure = Literal["log-odds", "quantity", "log-probability"]


@dataclass(frozen=True, slots=True)
class Term:
    """Part of such a number: how far some logits are above others.

    The logarithm of the sum of exponentials of some, less that of the others; of one logit alone
    it is the logit.
    """

    own: tuple[int, ...]  # places among the I * C logits of a text
    rivals: tuple[int, ...] = ()  # none: nothing is subtracted
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Value:
    """A number that is explained."""

    label: str
    measure: Measure
    terms: tuple[Term, ...]
    shift: float = 0.0
    is_decided: bool = True  # whether the model decided on the label
    score: float | None = None  # its probability, as predicting says it
    spot: tuple[int, int] | None = None  # characters of what it speaks of: an entity, an answer
    words: tuple[int, ...] = field(default=(), repr=False)  # items that it speaks of

    def of(self, logits: NDArray[np.floating]) -> Floats:
        """Compute it for copies of the text; (V, I, C) → (V,)."""
        flat = logits.reshape(len(logits), -1).astype(np.float64)
        total = np.full(len(flat), self.shift)
        for term in self.terms:
            part = flat[:, term.own]
            found = part[:, 0] if len(term.own) == 1 else _log_sum(part)
            if term.rivals:
                found = found - _log_sum(flat[:, term.rivals])
            total += term.weight * found
        return total

    def slope(self, logits: NDArray[np.floating]) -> Floats:
        """Return its derivative by each logit; (I, C) → (I, C)."""
        flat = logits.reshape(-1).astype(np.float64)
        found = np.zeros(len(flat))
        for term in self.terms:
            np.add.at(found, [*term.own], term.weight * _shares(flat[[*term.own]]))
            if term.rivals:
                np.add.at(found, [*term.rivals], -term.weight * _shares(flat[[*term.rivals]]))
        return found.reshape(logits.shape)


def of_class(place: int, rivals: Sequence[int]) -> tuple[Term, ...]:
    """Weigh an output of a text against those that exclude it; none of them: by itself."""
    return (Term((place,), tuple(one for one in rivals if one != place)),)


def of_words(items: Sequence[int], own: Sequence[int], outputs: int) -> tuple[Term, ...]:
    """Weigh some outputs of words against all others, in the mean over the words."""
    others = [place for place in range(outputs) if place not in {*own}]
    return tuple(
        Term(
            tuple(item * outputs + place for place in own),
            tuple(item * outputs + place for place in others),
            1 / len(items),
        )
        for item in items
    )


def of_ends(first: int, last: int, *, items: int, lowest: int = 0) -> tuple[Term, ...]:
    """Weigh the two ends of an answer against all tokens of the passage.

    `lowest` is 1 where there is always an answer, so that item 0 is none.
    """
    return tuple(
        Term((2 * item + end,), tuple(2 * other + end for other in range(lowest, items)))
        for end, item in enumerate((first, last))
    )


def _log_sum(part: Floats) -> Floats:
    """(V, K) → (V,); what no window shows, NaN, counts as if it were not there."""
    known = np.where(np.isnan(part), -np.inf, part)
    top = known.max(axis=1, keepdims=True)
    return np.asarray((top + np.log(np.exp(known - top).sum(axis=1, keepdims=True)))[:, 0])


def _shares(part: Floats) -> Floats:
    """(K,) → (K,) softmax."""
    known = np.where(np.isnan(part), -np.inf, part)
    found = np.exp(known - known.max())
    return np.asarray(found / found.sum())
