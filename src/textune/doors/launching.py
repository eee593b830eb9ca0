"""A command becomes as many processes as were asked for, started by torchrun's own agent."""

import logging
import os
import sys
import uuid
from collections.abc import Mapping
from typing import Any, NoReturn

from textune.errors import RanksError, SettingsError
from textune.parallel.place import Place

PATIENCE = "300"  # seconds in which processes that are to stop may save their state


def start(processes: int | None, gpus: str | None) -> None:
    """Start this command in several processes and end with them, where that is asked for.

    In a process that was started so, or where one is asked for, nothing is done.

    Raises:
        SettingsError: The numbers are none, or there are not so many cards.
    """
    if processes is None and gpus is None:
        return
    wanted, place = _count(processes, gpus), Place.here()
    if place.world > 1:
        if wanted != place.local_world:
            raise SettingsError(
                f"{wanted} processes are asked for, and torchrun has started {place.local_world} "
                "here; leave out --processes and --gpus beside torchrun"
            )
        return
    if wanted > 1:
        _launch(wanted)


def _count(processes: int | None, gpus: str | None) -> int:
    """Return how many processes are asked for."""
    if processes is not None and gpus is not None:
        raise SettingsError("--processes and --gpus both say how many there are; give one")
    if gpus is None:
        if processes is None or processes < 1:
            raise SettingsError(f"--processes {processes}: expected a number from 1 on")
        return processes
    if gpus != "all" and not gpus.isdigit():
        raise SettingsError(f"--gpus {gpus}: expected all, or a number of cards")
    import torch

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    wanted = cards if gpus == "all" else int(gpus)
    if not 1 <= wanted <= cards:
        raise SettingsError(
            f"--gpus {gpus}: this machine has {cards} cards of NVIDIA; --processes N starts "
            "processes on its processor"
        )
    return wanted


def _launch(count: int) -> NoReturn:
    """Run this command so often at once; end with the exit code of what went wrong first."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as torchrun: a run decides for itself
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", PATIENCE)
    logging.disable(logging.CRITICAL)  # of the agent's own, which would tell everything twice
    config: Any = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(log_dir=os.devnull),
    )
    try:
        elastic_launch(config, sys.executable)("-m", "textune", *sys.argv[1:])
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
        sys.exit(_code(codes, error.get_first_failure()[0]))
    except SignalException as error:
        sys.exit(128 + error.sigval)
    sys.exit(0)


def _code(codes: Mapping[int, int], first: int) -> int:
    """Return the exit code of a command whose processes failed.

    Args:
        codes: Exit codes by rank; below 0 of those that a signal ended, as the agent's does once
            one has failed.
        first: Rank of the one that failed first.
    """
    found = (codes.get(rank, 0) for rank in (0, first, *codes))
    return next((code for code in found if code > 0), RanksError.exit_code)
