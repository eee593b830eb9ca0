"""A run's time, over all its sessions, and how much of it is spent where it is limited."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Runs since a session began.

    Args:
        budget: Seconds that the whole run may take; None for no limit.
        before: Seconds that earlier sessions took.
        reserve: Seconds that are needed after the last update.
    """

    budget: float | None = None
    before: float = 0.0
    reserve: float = 0.0
    began: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        """Return the seconds of all sessions."""
        return self.before + time.perf_counter() - self.began

    def share(self) -> float:
        """Return how much of the time for updates is spent, from 0 to 1; 0 without a limit."""
        if self.budget is None:
            return 0.0
        return min(self.seconds() / max(self.budget - self.reserve, 1e-9), 1.0)

    def is_over(self) -> bool:
        """Tell whether the limit is reached."""
        return self.share() >= 1.0

    def left(self) -> float | None:
        """Return the seconds that are left for updates; None without a limit."""
        if self.budget is None:
            return None
        return max(self.budget - self.reserve - self.seconds(), 0.0)
