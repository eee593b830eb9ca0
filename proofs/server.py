"""A command becomes a process of its own, quickly: all is imported once, each command is a fork.

A start of its own would take seconds for each of thousands of trials.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIXED = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
FIXED["TEXTUNE_AUTO_PRECISION"] = "fp32"  # a measurement must not decide what is compared
FIXED["TEXTUNE_RECIPE"] = "classic"  # nor may the number of rows

PICTURES = "TEXTUNE_PICTURES"  # of a command: as it is here when the command starts
DOOR = "door"  # where the process that has loaded everything is reached

RUNNING = 1 << 16  # the answer where a process has no code yet


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int  # negative where a signal ended it
    output: str
    errors: str  # what went to the error stream

    @property
    def is_clean(self) -> bool:
        """Tell whether it ended as a program may: no bug, no traceback."""
        return self.code != 1 and "Traceback" not in self.output + self.errors


class Server:
    """Runs commands of textune one after another, or side by side, in forked processes."""

    def __init__(self, connection: socket.socket, folder: Path):
        self._in = connection.makefile("r", encoding="utf-8")
        self._out = connection.makefile("w", encoding="utf-8")
        self._folder, self._cache = folder / "logs", folder / "cache"
        self._count, self._lock = 0, threading.Lock()
        self._logs: dict[int, Path] = {}
        self._folder.mkdir()

    def start(self, words: Sequence[object], *, limits: Mapping[str, int] | None = None) -> int:
        """Start a command and return its process id.

        Args:
            words: After `textune`.
            limits: Of the process, by the names of `resource`.
        """
        self._count += 1
        log = self._folder / f"log-{self._count}"
        streams = [f"{log}.out", f"{log}.err"]
        for stream in streams:  # a process that is killed at once opens none
            Path(stream).touch()
        more = {PICTURES: os.environ.get(PICTURES, "1"), "TEXTUNE_CACHE": str(self._cache)}
        job = {"words": [str(word) for word in words], "streams": streams, "limits": limits or {}}
        pid = self._ask(job | {"more": more})
        self._logs[pid] = log
        return pid

    def start_module(
        self,
        module: str,
        arguments: Sequence[Path | str],
        log: Path,
        variables: Mapping[str, str],
        *,
        load: Sequence[str] = (),
    ) -> int:
        """Start `python -m MODULE ARGUMENTS` and return its process id.

        Args:
            module: Of this repository.
            arguments: Of the command line.
            log: Where both of its streams go.
            variables: Of its environment: these and no others.
            load: Modules that it needs, which are loaded once for all that are started here.
        """
        words, streams = [str(each) for each in arguments], [str(log)] * 2
        job = {"module": module, "words": words, "variables": dict(variables), "streams": streams}
        return self._ask(job | {"load": list(load)})

    def poll(self, pid: int) -> int | None:
        """Return the code that a process ended with, or None while it runs."""
        code = self._ask({"poll": pid})
        return None if code == RUNNING else code

    def wait(self, pid: int) -> Ended:
        """Wait for a command."""
        code = self._ask({"wait": pid})
        log = self._logs.pop(pid)
        files = [log.with_suffix(ending) for ending in (".out", ".err")]
        output, errors = (file.read_text(encoding="utf-8", errors="replace") for file in files)
        for file in files:
            file.unlink()
        return Ended(code, output, errors)

    def run(self, words: Sequence[object], *, limits: Mapping[str, int] | None = None) -> Ended:
        """Run a command to its end."""
        return self.wait(self.start(words, limits=limits))

    def _ask(self, job: Mapping[str, object]) -> int:
        with self._lock:
            self._out.write(json.dumps(job) + "\n")
            self._out.flush()
            return int(self._in.readline())

    def close(self) -> None:
        """Ask for nothing any more."""
        self._in.close()
        self._out.close()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Give a server whose commands keep their caches and logs in a folder."""
    with loaded(folder), connected(folder / DOOR, folder) as server:
        yield server


@contextmanager
def loaded(folder: Path) -> Iterator[None]:
    """Keep a process that has loaded everything; each who is `connected` has a fork of it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "proofs.child"]
    with (folder / "server.txt").open("w", encoding="utf-8") as errors:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(folder / DOOR))
            door.listen()
            process = subprocess.Popen(
                [*command, str(door.fileno())],
                cwd=ROOT,
                env={**os.environ, **FIXED},
                pass_fds=[door.fileno()],
                stdin=subprocess.PIPE,  # whose end ends it
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        with process:
            try:
                yield
            finally:
                (folder / DOOR).unlink()
                assert process.stdin is not None
                process.stdin.close()


@contextmanager
def connected(door: Path, folder: Path) -> Iterator[Server]:
    """Give a server whose commands keep their caches and logs in a folder."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(door))
        server = Server(connection, folder)
        yield server
        server.close()
