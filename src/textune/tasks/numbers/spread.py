"""Numbers that come one by one become their extremes, mean and standard deviation."""

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Spread:
    """Numbers that come one by one, described in little memory (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared distances from the mean
    low: float = math.inf
    high: float = -math.inf

    def add(self, value: float) -> None:
        """Add one number."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)
        self.low, self.high = min(self.low, value), max(self.high, value)

    def describe(self) -> dict[str, float]:
        """Return `min`, `mean`, `max` and `spread`, the standard deviation, in the user's unit."""
        if not self.count:
            return dict.fromkeys(("min", "mean", "max", "spread"), 0.0)
        spread = math.sqrt(self.squares / self.count)
        return {"min": self.low, "mean": self.mean, "max": self.high, "spread": spread}
