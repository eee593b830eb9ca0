"""The process behind `server`: a fork of it for each who connects, which forks a process a job."""

import gc
import importlib
import json
import os
import resource
import runpy
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from proofs.server import RUNNING

MODULES = (
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.feature_extraction.text",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "textune.recipes.evaluating",
    "textune.recipes.fine_tuning",
    "textune.recipes.masked_lm",
    "textune.recipes.plain_trial",
    "textune.training.learning",
    "textune.report.report",
    "textune.doors.cli",
    "textune.doors.keywords",
    "textune.doors.labelling",
    "textune.metrics.baselines",
    "textune.sweeping.sweep",
    "textune.tasks.losses",
    "textune.__main__",
    "encodings.utf_8_sig",
    "platformdirs.unix",
    "pydantic.dataclasses",
    "textune.recipes.planned",
    "textune.training.determinism",
    "textune.training.leading",
    "textune.training.resuming",
    "torch.profiler",
)


def main() -> None:
    """Serve each who comes in by the door that was given, until the input ends."""
    _prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who serve
    with socket.socket(fileno=int(sys.argv[1])) as door:
        while door in select.select([door, sys.stdin], [], [])[0]:
            client, _ = door.accept()
            with client:
                if os.fork() == 0:
                    door.close()
                    try:
                        _serve(client)
                    finally:  # whatever happens: what follows is not this process's work
                        os._exit(0)


def _serve(client: socket.socket) -> None:
    """Answer each line: with a process id, or with the code that a process ended with."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with client.makefile("r", encoding="utf-8") as jobs:
        for line in jobs:
            client.sendall(f"{_answer(json.loads(line))}\n".encode())


def _prepare() -> None:
    """Load, compile and try once what each process would anew."""
    import transformers

    for name in MODULES:
        importlib.import_module(name)
    for name in ("BertForSequenceClassification", "BertForMaskedLM", "AutoTokenizer"):
        getattr(transformers, name)
    from textune.fast import exact, libraries
    from textune.report import pages

    pages.compile_all()
    exact.holds(1)  # the threads of all of them
    with libraries.alone():
        pass  # the libraries are found
    _keep()


def _keep() -> None:
    """Leave what is there out of the collections of garbage in each process."""
    gc.collect()
    gc.freeze()


def _answer(job: dict[str, Any]) -> int:
    if "wait" in job:
        return os.waitstatus_to_exitcode(os.waitpid(job["wait"], 0)[1])
    if "poll" in job:
        pid, status = os.waitpid(job["poll"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else RUNNING
    if lacking := [name for name in job.get("load", ()) if name not in sys.modules]:
        for name in lacking:
            importlib.import_module(name)
        _keep()
    return _fork(job)


def _fork(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for stream, file in enumerate(job["streams"], start=1):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for name, value in job.get("limits", {}).items():
            kind = getattr(resource, name)
            resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
        code = _code_of(lambda: _run(job))
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):  # it was closed
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(job: dict[str, Any]) -> None:
    if "module" not in job:
        from textune import __main__ as program

        os.environ.update(job["more"])
        sys.argv = ["textune", *job["words"]]
        program.main()
        return
    os.environ.clear()
    os.environ.update(job["variables"])
    sys.argv = [job["module"], *job["words"]]
    runpy.run_module(job["module"], run_name="__main__", alter_sys=True)


def _code_of(call: Callable[[], None]) -> int:
    try:
        call()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
