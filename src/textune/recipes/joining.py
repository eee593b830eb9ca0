"""Processes that were started together become one run: the first makes it, the others help."""

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from textune.errors import RanksError, SettingsError, TextuneError, first_line
from textune.fast import cores
from textune.parallel.place import Place
from textune.recipes.requests import Request
from textune.records import Message
from textune.runs import runs
from textune.storage import contents

if TYPE_CHECKING:  # with torch, which takes seconds to import
    from textune.parallel.ranks import Ranks

Asked = TypeVar("Asked", bound=Request)
HEARD = timedelta(seconds=10)  # in which the others hear that the first process has failed


@contextmanager
def joined(request: Asked, *, parts: bool = True) -> "Iterator[tuple[Asked, Ranks | None]]":
    """Join the processes that torchrun or SLURM has started, where it has.

    Args:
        request: What is asked of all of them.
        parts: Whether train.shard needs several.

    Yields:
        What is asked of this process, and the processes; None where this one is alone, or where a
        run of several processes makes another run on its way, which its first one does alone.

    Raises:
        SettingsError: There is no device for each of them, or one process shall be parted.
        RanksError: They do not come together.
    """
    place = Place.here()
    if place.world == 1:
        if request.settings.train.shard and parts:
            raise SettingsError(
                "train.shard=true parts a run between several processes, and this is one; give "
                "--gpus all or --processes N to train, adapt or pretrain; folds, sweep and --try "
                "are for one process: leave train.shard out"
            )
        yield request, None
        return
    import torch

    from textune.parallel import ranks as processes

    if torch.distributed.is_initialized():
        yield request, None
        return
    asked = _restarted(_on_own_device(request, place), place)
    seconds = request.settings.train.rank_timeout
    device = asked.settings.device
    try:
        ranks = processes.join(place, seconds=seconds, by_cards=device.startswith("cuda"))
    except RanksError as error:
        error.is_told_here = place.local_rank == 0
        raise
    try:
        yield asked, ranks
    except BaseException as error:
        _tell_fault(ranks, error)
        raise
    finally:
        ranks.leave()


def introduce(ranks: "Ranks | None") -> Iterator[Message]:
    """Say how many processes learn."""
    if ranks is not None:
        from textune.fast import threads  # with torch, imported already

        place, each = ranks.place, threads.used()[0]
        by = "1 thread" if each == 1 else f"{each} threads"
        yield Message(
            f"{place.world} processes learn together, {place.local_world} on this machine (on a "
            f"CPU by {by} each); what is no update and no validation the first one does alone"
        )


def computing(asked: int | None, ranks: "Ranks | None") -> AbstractContextManager[object]:
    """Compute with the threads that are asked for, with a share of the cores, or with free ones."""
    from textune.fast import threads  # with torch

    if asked is not None or ranks is None:
        return threads.shared(asked)
    return threads.shared(threads_each(ranks.place), why="the share of each process")


def threads_each(place: Place) -> int:
    """Return how many threads suit each of the processes of a machine."""
    free = cores.threads_for(len(cores.allowed()), cores.quota())
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if given.isdigit() and "SLURM_PROCID" in os.environ and "RANK" not in os.environ:
        return max(min(free, int(given)), 1)
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 1:  # torchrun sets it to 1 where nobody has set it
        return int(asked)
    return max(free // place.local_world, 1)


def share(ranks: "Ranks | None", settings: Any) -> None:
    """Let the others begin, by the settings that the first process has come to."""
    if ranks is not None:
        values = settings.model_dump(mode="json", exclude_unset=True)
        ranks.say({"do": "begin", "settings": values})


def conclude(ranks: "Ranks | None", numbers: Mapping[str, Any]) -> None:
    """Let the others go, with the numbers of the run, which is done even if one is lost now."""
    if ranks is not None:
        with suppress(RanksError):
            ranks.say({"do": "end", "numbers": dict(numbers)})


def _on_own_device(request: Asked, place: Place) -> Asked:
    """Let each process of a machine compute on a card of its own, where there are cards.

    Raises:
        SettingsError: There are too few, or one was named.
    """
    import torch

    name = request.settings.device
    has_cards = torch.cuda.is_available()
    if name == "cpu" or (name == "auto" and not has_cards):
        return _with_device(request, "cpu")
    if name not in ("auto", "cuda"):
        raise SettingsError(
            f"device {name!r}: each of {place.world} processes takes a card of its own; give "
            "--device cuda, or cpu"
        )
    cards = torch.cuda.device_count()
    if place.local_rank >= cards:
        raise SettingsError(
            f"{place.local_world} processes on a machine with {cards} cards: each needs its own; "
            f"start {cards}, or give --device cpu"
        )
    torch.cuda.set_device(place.local_rank)
    return _with_device(request, f"cuda:{place.local_rank}")


def _with_device(request: Asked, device: str) -> Asked:
    settings = request.settings.model_copy(update={"device": device})
    return replace(request, settings=settings)


def _restarted(request: Asked, place: Place) -> Asked:
    """Let a run go on that torchrun has started anew, perhaps with other processes."""
    is_begun = bool(contents.inside(request.out))
    if not place.restarts or not is_begun:
        return request
    if request.overwrite and runs.is_finished(request.out):  # that of before, not replaced yet
        return request
    return replace(request, resume=True, overwrite=False, accept_changes=True)


def _tell_fault(ranks: "Ranks", error: BaseException) -> None:
    """Tell the other processes that this one stops, and why."""
    if isinstance(error, RanksError):
        return
    if isinstance(error, TextuneError | KeyboardInterrupt | GeneratorExit):
        text = str(error) or type(error).__name__
    else:
        text = "".join(traceback.format_exception(error)).strip()
    code = getattr(error, "exit_code", 1)
    ranks.fail(text, code)
    if ranks.is_first:
        word = {"do": "end", "failed": first_line(Exception(text)), "code": code}
        with suppress(RanksError):  # who waits for a part of an update hears nothing
            ranks.say(word, within=HEARD)


def drained_last(word: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a run from the last word of its first process.

    Raises:
        RanksError: It has failed; it has said why itself.
    """
    if "failed" in word:
        error = RanksError(f"rank 0: {word['failed']}")
        error.exit_code = word["code"]
        raise error
    return dict(word["numbers"])
