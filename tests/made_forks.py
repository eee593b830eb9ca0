"""Processes that are measured, or learn together, start as forks of one that has loaded all."""

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

import pytest
from filelock import FileLock

from bench import processes
from proofs.server import DOOR, FIXED, Server, connected, loaded

PEERS = "bench.peers"  # loads the Trainer


@contextmanager
def shared_server(folder: Path, place: Path) -> Iterator[Server]:
    """Give a server; what it forks has been loaded once for all workers.

    Args:
        folder: For the logs and caches of its commands.
        place: Of all workers: where the process that has loaded everything is, or will be.
    """
    alone = FileLock(place.with_suffix(".lock"))
    with ExitStack() as until_its_end:
        with alone:
            if not (place / DOOR).exists():
                with pytest.MonkeyPatch.context() as patch:  # else it finds no module of the tests
                    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
                    until_its_end.enter_context(loaded(place))
            found = until_its_end.enter_context(connected(place / DOOR, folder))
        yield found
        with alone:  # none comes in by a door that closes
            until_its_end.close()


class Fork:
    """What `processes.run` needs of a process, where a server forked it."""

    def __init__(self, server: Server, pid: int):
        self.pid = pid
        self.returncode: int | None = None
        self._server = server

    def __enter__(self) -> "Fork":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wait()

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._server.poll(self.pid)
        return self.returncode

    def wait(self) -> int:
        while (code := self.poll()) is None:  # others may be started meanwhile
            time.sleep(processes.PAUSE)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class Calls:
    """Makes calls of functions of the tests in processes of their own.

    They are forks of a process of its own kind: what it loads for them is not there for commands.
    """

    def __init__(self, server: Server, folder: Path):
        self._server, self._folder = server, folder
        self._count = 0

    def start(
        self,
        function: Callable[..., None],
        *arguments: object,
        log: Path,
        load: Sequence[str] = (),
        **variables: object,
    ) -> Fork:
        """Start one.

        Args:
            function: Of a module, by its name.
            arguments: Of the call; they are pickled.
            log: Where both of its streams go.
            load: Modules that it needs besides its own; each is loaded once.
            variables: Of its environment, beside those that are here.
        """
        self._count += 1
        call = self._folder / f"call-{self._count}"
        call.write_bytes(pickle.dumps((function, arguments)))
        given = {**os.environ, **FIXED, **{name: str(value) for name, value in variables.items()}}
        needed = [function.__module__, *load]
        return Fork(
            self._server, self._server.start_module("made_call", [call], log, given, load=needed)
        )


def starter(server: Server, kernels: Path) -> Callable[..., object]:
    """Return what takes the place of `processes.start`.

    What is run by a command of its own (a quota, a pin to one core) is started as ever.

    Args:
        server: Forks the processes.
        kernels: Folder of those that are compiled, for the caches of all.
    """
    start = processes.start

    def fork(
        module: str,
        arguments: Sequence[Path | str],
        log: Path | None,
        variables: Mapping[str, str],
        *,
        prefix: Sequence[str] = (),
    ) -> object:
        cache = Path(variables["TEXTUNE_CACHE"])
        cache.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            (cache / "kernels").symlink_to(kernels)
        if prefix:
            return start(module, arguments, log, variables, prefix=prefix)
        log = log or cache.with_name("said.txt")
        log.write_bytes(b"")
        load = [PEERS] if module.startswith("bench.") else []
        return Fork(server, server.start_module(module, arguments, log, variables, load=load))

    return fork
