"""Processes that are measured start as forks of one that has loaded everything."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from bench import processes
from proofs.server import DOOR, Server, connected, loaded


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
        return Fork(server, server.start_module(module, arguments, log, variables))

    return fork
