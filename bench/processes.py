"""A job becomes a process of its own, and what it answered."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAUSE = 0.02  # seconds between two looks at a process that is watched


class ProgramError(Exception):
    """A measured process ended with an error."""


def run(
    module: str,
    job: Mapping[str, Any],
    folder: Path,
    *,
    watch: Callable[[int], None] | None = None,
    prefix: Sequence[str] = (),
    changes: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Run `python -m MODULE JOB.json RESULT.json` and return its result.

    Its memory and its threads are its own. The caller must have loaded nothing heavy: Linux counts
    the peak memory of a parent as that of the child that it starts.

    Args:
        module: Of this package.
        job: Plain values; `threads` also limits the libraries that read the environment.
        folder: For the files between the processes, and textune's cache: one of a whole command,
            so that kernels are compiled once.
        watch: Called with the process's id again and again while it runs.
        prefix: A command that the process is run by, for example `taskset`.
        changes: To the variables of its environment; None takes one away.

    Raises:
        ProgramError: It failed; with what it wrote to the error stream.
    """
    source, target, log = (folder / name for name in ("job.json", "result.json", "log.txt"))
    source.write_text(json.dumps(job), encoding="utf-8")
    target.unlink(missing_ok=True)
    surroundings: dict[str, str | None] = {**environment(int(job["threads"]), folder)}
    surroundings |= changes or {}
    variables = {name: value for name, value in surroundings.items() if value is not None}
    with start(module, (source, target), log, variables, prefix=prefix) as child:
        try:
            while watch is not None and child.poll() is None:
                watch(child.pid)
                time.sleep(PAUSE)
            child.wait()
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise ProgramError(f"{module} ended with {child.returncode}:\n{said[-4000:]}")
    return dict(json.loads(target.read_text(encoding="utf-8")))


def timed(
    module: str, arguments: Sequence[Path | str], log: Path, variables: Mapping[str, str]
) -> float:
    """Run `python -m MODULE ARGUMENTS`, and return its seconds from its start to its end.

    Raises:
        ProgramError: It failed; with what it said last.
    """
    began = time.perf_counter()
    with start(module, arguments, log, variables) as child:
        child.wait()
    seconds = time.perf_counter() - began
    if child.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise ProgramError(f"{module} ended with {child.returncode}:\n{said[-4000:]}")
    return seconds


def start(
    module: str,
    arguments: Sequence[Path | str],
    log: Path | None,
    variables: Mapping[str, str],
    *,
    prefix: Sequence[str] = (),
) -> "subprocess.Popen[bytes]":
    """Start `python -m MODULE ARGUMENTS`, which writes all that it says to a log.

    Without a log it goes to the error stream: the numbers alone go to the output.
    """
    command = [*prefix, sys.executable, "-m", module, *map(str, arguments)]
    if log is None:
        return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=2)
    with log.open("wb") as opened:
        return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=opened, stderr=opened)


def environment(threads: int, folder: Path) -> dict[str, str]:
    """Give every program the same threads, and textune a cache that is thrown away in the end."""
    count = str(threads)
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "RAYON_NUM_THREADS": count,
        "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "PYTHONPATH": os.pathsep.join(paths),
        "TEXTUNE_CACHE": str(folder / "cache"),
    }


def read_job() -> tuple[dict[str, Any], Path]:
    """Return, inside such a process, what it was told and where its result goes."""
    source, target = (Path(name) for name in sys.argv[1:3])
    return json.loads(source.read_text(encoding="utf-8")), target


def limit_threads(threads: int) -> None:
    """Give torch so many threads; the environment has told the other libraries."""
    import torch

    torch.set_num_threads(threads)


def peak_memory_mb() -> float:
    """Return the most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
