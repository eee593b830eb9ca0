"""A situation of the machine is made, and ended: a busy neighbour, a quota of one core."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from textune.fast import cores

PERIOD = 100_000  # microseconds, the kernel's own choice
SITUATIONS = {
    "quiet": "alone",
    "neighbour": "beside one busy process",
    "pair": "two trainings of the program at once",
    "quota": "a quota of one core",
}


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Let a process compute beside the block, without end and without memory."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        try:
            yield
        finally:
            child.kill()


@contextmanager
def one_core(places: Sequence[Path] | None = None) -> Iterator[tuple[list[str], str]]:
    """Make a quota of one core, or pin to one where no control group may be made.

    Args:
        places: Folders of control groups in which to try; those of this process by default.

    Yields:
        A command that runs another one so, and how it is done, in words.
    """
    for place in cores.groups() if places is None else places:
        group = place / f"textune-bench-{os.getpid()}"
        if not _make(group):
            continue
        try:
            enter = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'
            yield ["sh", "-c", enter, "sh"], "quota of a control group"
        finally:
            with suppress(OSError):
                group.rmdir()
        return
    if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
        yield [], "no quota could be made here"
        return
    yield ["taskset", "-c", str(min(os.sched_getaffinity(0)))], "affinity to one core"


def _make(group: Path) -> bool:
    """Make a control group with a quota of one core; tell whether a process can enter it."""
    is_one = (group.parent / "cpu.cfs_period_us").is_file()
    try:
        group.mkdir()
    except OSError:
        return False
    try:
        if is_one:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD), encoding="ascii")
            (group / "cpu.cfs_quota_us").write_text(str(PERIOD), encoding="ascii")
        else:
            (group / "cpu.max").write_text(f"{PERIOD} {PERIOD}", encoding="ascii")
        done = subprocess.run(
            ["sh", "-c", f'echo $$ > "{group}/cgroup.procs"'], capture_output=True, check=False
        )
        if done.returncode == 0:
            return True
    except OSError:
        pass
    with suppress(OSError):
        group.rmdir()
    return False
