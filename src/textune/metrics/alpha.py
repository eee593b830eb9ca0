"""What several people say of the same things becomes Krippendorff's alpha, thing after thing.

K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): 1 is agreement, 0 is what chance
gives, and below 2/3 nothing should be concluded from the labels.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

TENTATIVE = 2 / 3  # below which nothing should be concluded, by the author's own words


class Names:
    """Alpha of names: two are alike or not."""

    def __init__(self) -> None:
        self._counts: Counter[Hashable] = Counter()  # of all that can be compared
        self._observed = 0.0

    def add(self, said: Sequence[Hashable]) -> None:
        """Take into account what each of some people said of one thing."""
        if len(said) < 2:
            return
        here = Counter(said)
        alike = sum(count * count for count in here.values())
        self._observed += (len(said) ** 2 - alike) / (len(said) - 1)
        self._counts += here

    def value(self) -> float | None:
        """Return alpha; None where nothing was said twice, or everybody said the same of all."""
        total = sum(self._counts.values())
        alike = sum(count * count for count in self._counts.values())
        expected = (total * total - alike) / max(1, total - 1)
        return 1 - self._observed / expected if expected else None


class Numbers:
    """Alpha of numbers: two differ by the square of their distance."""

    def __init__(self) -> None:
        self._count = 0
        self._sum = self._squares = self._observed = 0.0

    def add(self, said: Sequence[float]) -> None:
        """Take into account what each of some people said of one thing."""
        if len(said) < 2:
            return
        total, squares = sum(said), sum(number * number for number in said)
        self._observed += 2 * (len(said) * squares - total * total) / (len(said) - 1)
        self._count += len(said)
        self._sum += total
        self._squares += squares

    def value(self) -> float | None:
        """Return alpha; None where nothing was said twice, or everybody said the same of all."""
        spread = 2 * (self._count * self._squares - self._sum * self._sum)
        return 1 - self._observed * (self._count - 1) / spread if spread > 0 else None
