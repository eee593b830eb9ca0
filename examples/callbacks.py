"""Two callbacks: halve the learning rate where the score falls, and stop when it is good enough.

textune train reviews.csv --plugin examples/callbacks.py
"""

from typing import Any


class HalveWhereItFalls:
    """Goes on with half the learning rate after an epoch that was worse than the one before."""

    def __init__(self, metric: str = "accuracy"):
        self.metric, self.before = metric, 0.0

    def on_epoch_end(self, run: Any, epoch: int, numbers: dict[str, Any]) -> None:
        """Compare with the epoch before; the numbers are those of the validation."""
        now = numbers.get(self.metric, self.before)
        if now < self.before:
            run.scale_lr(0.5)
        self.before = now

    def state_dict(self) -> dict[str, float]:
        """Return what a run that goes on must know."""
        return {"before": self.before}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Take it up again."""
        self.before = state["before"]


class GoodEnough:
    """Stops once a score is reached."""

    def on_epoch_end(self, run: Any, epoch: int, numbers: dict[str, Any]) -> None:
        """Look at the validation."""
        if numbers.get("accuracy", 0.0) > 0.99:
            run.stop(f"accuracy {numbers['accuracy']:.3f} after epoch {epoch}")


callbacks = [HalveWhereItFalls(), GoodEnough()]
