"""A saved model becomes weights once they are needed: neither torch nor transformers before."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textune.runs.runs import Card
from textune.tasks.interface import Task
from textune.tasks.own import NOTHING, Own

if TYPE_CHECKING:
    from textune.evaluation.evaluate import Scorer


@dataclass(slots=True)
class Waiting:
    """The weights of a saved model, loaded once, when they are needed."""

    folder: Path
    card: Card
    task: Task
    device: str
    precision: str
    own: Own = NOTHING
    loaded: "Scorer | None" = None

    def load(self) -> "Scorer":
        """Return the encoder.

        Raises:
            ModelError: Its files are damaged.
            SettingsError: The device is not on this machine, or there is no such number format.
        """
        if self.loaded is None:
            from textune.encoder import saved  # with torch, which takes a second to import
            from textune.runs import sessions

            with sessions.unchanged():
                self.loaded = saved.load(
                    self.folder,
                    self.card.labels,
                    model_class=self.task.model_class,
                    asks=self.task.asks,
                    pool=self.card.pool,
                    pairs=self.card.shape.pairs,
                    device=self.device,
                    formats=(self.precision, self.card.precision),
                    head=self.own.head if "head" in self.card.own else None,
                )
        return self.loaded
