"""Texts are answered by actors of a Ray cluster, each with a model of its own."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from textune.errors import MissingExtraError, RanksError, first_line
from textune.fast import memory
from textune.predicting.answering import Answering, Cells
from textune.predicting.files import Ask
from textune.predicting.predictor import Predictor
from textune.predicting.workers import Later, Opening
from textune.records import Example

SECONDS = 5  # in which a cluster must be heard
AGAIN = -1  # an actor that is lost starts anew, and what it was asked is asked again, always


@contextmanager
def started(opening: Opening, address: str, count: int | None) -> Iterator[tuple[Ask, int]]:
    """Give a function that hands texts to the actors in turn, and how many parts may wait.

    Args:
        opening: Of the model, by a path that every machine of the cluster has.
        address: Of the cluster, "auto" for the one that this machine is in, "local" for a new one
            on this machine alone.
        count: Actors; None for one a core of the cluster.

    Raises:
        MissingExtraError: Ray is not installed.
        RanksError: The cluster cannot be reached, or an actor could not answer.
    """
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("--ray needs ray; pip install 'textune[ray]'") from error
    with _reaching(address, ray):
        _knock(address)
        ray.init(address, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    try:
        count = count or max(1, int(ray.cluster_resources().get("CPU", 1)))
        made: Any = ray.remote(num_cpus=1, max_restarts=AGAIN, max_task_retries=AGAIN)(_Actor)
        actors = [made.remote(opening) for _ in range(count)]
        turns = cycle(actors)

        def ask(texts: Sequence[Example]) -> Later:
            asked = next(turns).answer.remote(list(texts))

            def answers() -> Cells:
                with _reaching(address, ray):
                    found: Cells = ray.get(asked)
                return found

            return answers

        yield ask, 2 * count
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Make sure that something listens at HOST:PORT, on which Ray would wait for minutes.

    Raises:
        OSError: Nothing does.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in address:
        socket.create_connection((host, int(port)), SECONDS).close()


class _Actor:
    """A model in a process of the cluster."""

    def __init__(self, opening: Opening) -> None:
        memory.keep()  # what a batch frees is wanted by the next
        predictor = Predictor.opened(
            opening.run, device=opening.device, precision=opening.precision, plugin=opening.plugin
        )
        self._answering = Answering(predictor, opening.threshold, opening.explain)

    def answer(self, texts: list[Example]) -> Cells:
        """Return the cells of each text."""
        return self._answering.cells(texts)


@contextmanager
def _reaching(address: str, ray: Any) -> Iterator[None]:
    """Say in our own words what went wrong in the cluster."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise RanksError(
            f"--ray {address}: {first_line(error, 300)}; check that the cluster runs, and that "
            "every machine of it has the run's folder"
        ) from error
