"""Numbers become TensorBoard's events, in `tensorboard/` of the run."""

from collections.abc import Mapping
from typing import Any

from textune.trackers.tracker import Opening, Status


class TensorBoard:
    """Events in the run's folder."""

    def __init__(self, opening: Opening):
        self._folder = str(opening.folder / "tensorboard")
        self._writer = self._open(opening.after + 1 if opening.goes_on else None)

    def _open(self, purge: int | None) -> Any:
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(self._folder, purge_step=purge)

    def send(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Take numbers of a step."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        if kind != "step":
            self._writer.flush()

    def restart(self) -> None:
        """Let TensorBoard leave out what was sent."""
        self._writer.close()
        self._writer = self._open(0)

    def finish(self, numbers: Mapping[str, Any], values: Mapping[str, float]) -> None:
        """Write what the run scored as text, since it belongs to no step."""
        rows = [f"| {name} | {value:.4f} |" for name, value in values.items()]
        self._writer.add_text("scores", "\n".join(["| | |", "|---|---|", *rows]))

    def close(self, status: Status) -> None:
        """Write what is left."""
        self._writer.close()
