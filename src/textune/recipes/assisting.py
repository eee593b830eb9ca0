"""A process that is not the first reads the same files, and computes what the first one says."""

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textune.recipes import joining
from textune.recipes.requests import Request
from textune.runs.events import drained
from textune.runs.runs import Run
from textune.storage import atomic
from textune.training import guards
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.parallel.ranks import Ranks


def assist(request: Request, story: Any, ranks: "Ranks") -> Generator[Any, None, Run]:
    """Help with a run until the first process ends it; nothing is written, nothing is said.

    It begins once the first one has found nothing wrong, so that a mistake is told once.

    Args:
        request: The same as the first one's.
        story: Of the run; see `recipe.Story`.
        ranks: The processes.

    Returns:
        The run that the first process has made, as the generator's value.

    Raises:
        RanksError: The first process has failed, or is lost.
    """
    with guards.stopping() as stop, stop.between_steps():
        ranks.stop = stop  # who stops is the first process, which hears of it at the next update
        word = ranks.hear()
        if word["do"] == "begin":
            word = _helped(request, story, ranks, word["settings"])
    numbers = joining.drained_last(word)
    yield from ()
    return Run(request.out, numbers)


def _helped(request: Request, story: Any, ranks: "Ranks", values: dict[str, Any]) -> dict[str, Any]:
    """Read, build and learn as the first process says; return its last word."""
    from textune.training import determinism, following  # with torch

    train = request.settings.train
    with (
        atomic.scratch() as place,
        joining.computing(train.threads, ranks),
        determinism.required(is_asked=train.deterministic),
    ):
        gathered = drained(story.gather(request, place))
        settings = type(request.settings).model_validate(
            values | {"device": request.settings.device}
        )
        job = story.build(replace(request, settings=settings), gathered, Clock(request.seconds))
        job.learner.ranks = ranks
        return following.follow(job.learner, ranks)
