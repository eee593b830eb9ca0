"""What torch says of a process that does not answer becomes an error that names it."""

from collections.abc import Sequence

from textune.errors import OutOfMemoryError, RanksError, first_line
from textune.parallel.place import Place
from textune.parallel.pulse import Pulse


def named(error: RuntimeError, me: Place, pulse: Pulse) -> RanksError:
    """Say which process is lost, and of what; takes some seconds.

    Args:
        error: What torch, or the system, says of it.
        me: This process.
        pulse: Of all processes.
    """
    others = [rank for rank in range(me.world) if rank != me.rank]
    try:
        if not (faults := pulse.faults(others)):
            silent = pulse.silent(others)
            faults = pulse.faults(others)
        else:
            silent = []
        hosts = {rank: pulse.host(rank) for rank in (*faults, *silent)}
    except RuntimeError:  # the store has ended, which is the first process's or its agent's
        return _told_by(me, [0], f"rank 0 of {me.world}, or what started it, has ended")
    names = {rank: Place(rank, me.world).words(hosts[rank]) for rank in hosts}
    if faults:
        text = "; ".join(f"{names[rank]}: {text}" for rank, (text, _) in faults.items())
    elif silent:
        listed = ", ".join(names[rank] for rank in silent)
        text = f"{listed}: has ended, or stands still; nothing is heard of it"
    else:
        text = (
            f"the processes wait for each other in vain, though all {me.world} live "
            f"({first_line(error)})"
        )
    found = _told_by(me, silent, text)
    if any(code == OutOfMemoryError.exit_code for _, code in faults.values()):
        found.exit_code = OutOfMemoryError.exit_code
    return found


def _told_by(me: Place, lost: Sequence[int], text: str) -> RanksError:
    """Make the error of a lost process; where the first one is lost, the next one says so."""
    error = RanksError(text)
    living = (rank for rank in range(me.world) if rank not in lost)
    error.is_told_here = 0 in lost and me.rank == next(living, me.rank)
    return error
